# SPDX-License-Identifier: Apache-2.0
"""tools/vm guest test container: processes in namespaces of their own are governed like any other: by
unshare, by chroot, and in containers of runc and crun. uid 0 inside is nobody special."""
import hashlib
import json

from . import guest, image, part, programs, stage

BOX = "/srv/box"                       # the bundle; its root file system is BOX/rootfs
ROOT = BOX + "/rootfs"
LOG = "/run/box.log"
SLICE = "/containers.slice"
RUNTIMES = ("runc", "crun")
BUSYBOX = "/bin/busybox"
# Name of the bundle's configuration: whether its root is another user outside.
KINDS = {"root": False, "mapped": True}


def configuration(mapped, command):
    """config.json of the OCI runtime specification (1.0)."""
    spaces = ["pid", "mount", "ipc", "uts", "network", "cgroup"] + (["user"] if mapped else [])
    linux = {"namespaces": [{"type": name} for name in spaces], "cgroupsPath": f"{SLICE}/box",
             "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"]}
    if mapped:
        mapping = [{"containerID": 0, "hostID": 100000, "size": 65536}]
        linux |= {"uidMappings": mapping, "gidMappings": mapping}
    capabilities = ["CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN", "CAP_CHOWN", "CAP_FOWNER", "CAP_SYS_CHROOT"]
    return {
        "ociVersion": "1.0.2",
        "process": {"terminal": False, "user": {"uid": 0, "gid": 0}, "cwd": "/", "args": command,
                    "env": ["PATH=/bin"], "noNewPrivileges": False,
                    "capabilities": {name: capabilities for name in
                                     ("bounding", "effective", "permitted")}},
        "root": {"path": "rootfs", "readonly": False}, "hostname": "box",
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                   {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
                    "options": ["nosuid", "mode=755"]},
                   {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"]}],
        "linux": linux}


class ContainerPart(part.Part):
    """Each question is asked outside, in namespaces by hand, and in containers."""

    name = "container"
    variant = guest.CONTAINERS
    limit = 900
    without_first = True

    def plan(self):
        self._stage_files()
        self.ask("the root file system of the box is ready", SETUP, part.said(""), without=part.said(""))
        self.run_program("outside: an authorized program runs", part.said("RAN\n"), f"{ROOT}/good", uid=1000,
                         without=part.said("RAN\n"))
        self.refuse("outside: what only the container may run is refused", f"{ROOT}/boxed",
                    reason="initiator identity mismatch", without=part.said("RAN\n"))
        self._by_hand()
        for runtime in RUNTIMES:
            for kind in KINDS:
                self._container(runtime, kind)
        self._overlay()

    def _stage_files(self):
        payloads = {name: stage.refill(programs.payload().read_bytes(), f"box-{name}".encode(), name)
                    for name in ("good", "boxed", "bad")}
        files = payloads | {"dynamic": programs.payload_dynamic().read_bytes(),
                            "bad-dynamic": programs.payload_dynamic("BAD").read_bytes(),
                            "bin/busybox": image.busybox().read_bytes()}
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        for name, data in files.items():
            self.session.file(f"{ROOT}/{name}", data)
        # What the release engineer signs for the image: its own programs, for this place only.
        self.session.artifact("box", {"initiator": {"cgroup": SLICE}},
                              {name: digests[name] for name in ("boxed", "bin/busybox", "dynamic")})
        self.session.artifact("good", {}, {"good": digests["good"]})
        for kind, mapped in KINDS.items():
            config = configuration(mapped, [BUSYBOX, "sleep", "1000"])
            self.session.file(f"{BOX}/{kind}.json", json.dumps(config).encode(), 0o644)

    # ---- unshare and chroot

    def _by_hand(self):
        unshare = ("/usr/bin/unshare", "--user", "--map-root-user")
        self._try_in("namespaces of a user's own", (*unshare, "--mount", "--pid", "--fork", "--mount-proc"), ROOT)
        self._try_in("a chroot in a user's own namespace", (*unshare, "/usr/sbin/chroot", ROOT), "")

    def _try_in(self, way, words, folder):
        self.run_program(f"{way}: an authorized program runs", part.said("RAN\n"), *words, f"{folder}/good", uid=1000,
                         without=part.said("RAN\n"))
        step = f"{way}: an unsigned one is refused with EPERM"
        self.run_program(step, _says_not_permitted, *words, f"{folder}/bad", uid=1000, without=part.said("RAN\n"))
        self.expect_denial(step, f"{folder}/bad", "missing authorization")

    # ---- a container runtime

    def _container(self, runtime, kind):
        way = f"{runtime}, {kind}"
        self.ask(f"{way}: a container is started",
                 # The agent is a service: runc would wait for the container to tell systemd that it is ready.
                 f"unset NOTIFY_SOCKET; cp {BOX}/{kind}.json {BOX}/config.json && {PREPARE[kind]} && "
                 f"{{ {runtime} run --detach --bundle {BOX} box > {LOG} 2>&1 < /dev/null || cat {LOG}; }} && "
                 f"{runtime} list -q",  # what is detached keeps its output, on which the agent would wait
                 part.said("box\n"), without=part.said("box\n"), cgroup=f"{SLICE}/runtime")

        def inside(name, command, judge_result, without):
            self.run_program(f"{way}: {name}", judge_result, f"/usr/bin/{runtime}", "exec", "box", *command,
                             without=without, cgroup=f"{SLICE}/runtime")

        inside("uid 0 inside", (BUSYBOX, "id", "-u"), part.said("0\n"), part.said("0\n"))
        for name in ("good", "boxed", "dynamic"):
            inside(f"{name} runs", (f"/{name}",), part.said("RAN\n"), part.said("RAN\n"))
        for name, text in (("bad", "RAN\n"), ("bad-dynamic", "BAD\n")):
            step = f"an unsigned program is refused ({name})"
            inside(step, (BUSYBOX, "sh", "-c", f"/{name}"), _says_not_permitted, part.said(text))
            self.expect_denial(f"{way}: {step}", f"/{name}", "missing authorization")
        step = "a copy of it on a tmpfs inside"
        inside(step, (BUSYBOX, "sh", "-c", "cp /bad /tmp/copy && /tmp/copy"), _says_not_permitted, part.said("RAN\n"))
        self.expect_denial(f"{way}: {step}", "/tmp/copy", "missing authorization")
        inside("a copy of an authorized one on a tmpfs inside", (BUSYBOX, "sh", "-c", "cp /good /tmp/good && /tmp/good"),
               part.said("RAN\n"), part.said("RAN\n"))
        step = "writing into an authorized program"
        inside(step, (BUSYBOX, "sh", "-c", "echo changed >> /good"), _says_not_permitted, None)
        self.expect_denial(f"{way}: {step}", "/good", "write conflict")
        self.ask(f"{way}: the container is ended", f"{runtime} delete --force box", part.said(""),
                 without=part.said(""), cgroup=f"{SLICE}/runtime")

    def _overlay(self):
        """Images of container engines lie on overlays, which are never measured: docs/limitations.md."""
        step = "an authorized program on an overlay is refused, too"
        self.ask("an overlay of the box", f"modprobe overlay && mkdir -p /run/over/upper /run/over/work /run/over/all && "
                 f"mount -t overlay -o lowerdir={ROOT},upperdir=/run/over/upper,workdir=/run/over/work none /run/over/all",
                 part.said(""), without=part.said(""))
        self.refuse(step, "/run/over/all/good", reason="unmeasurable content", without=part.said("RAN\n"))


# The loader and libc of the dynamic program, whose content the guest's baseline names; devices for sh.
SETUP = f"""cd {ROOT} && mkdir -p lib64 lib/x86_64-linux-gnu proc dev tmp sys etc &&
cp /lib64/ld-linux-x86-64.so.2 lib64/ && cp /lib/x86_64-linux-gnu/libc.so.6 lib/x86_64-linux-gnu/"""
PREPARE = {"root": f"chown -R 0:0 {ROOT}", "mapped": f"chown -R 100000:100000 {ROOT}"}


def _says_not_permitted(result):
    """A shell or a runtime tells on standard error what execve answered."""
    if result["exit"] > 0 and "peration not permitted" in result["stderr"] + result["stdout"]:
        return ""
    return part.refused(result)
