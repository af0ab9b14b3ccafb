# SPDX-License-Identifier: Apache-2.0
"""tools/vm guest test apt: a Debian that is behind is upgraded under enforcement, by apt and under an
update artifact, from libc to systemd; then the update window is closed. No reboot."""
import hashlib

from . import aging, baselines, guest, part, product, system

GROUP = "/update.slice"                # where updates run
# What may write into authorized code, there and as root: dpkg, and what maintainer scripts call.
UPDATERS = ("dpkg", "dpkg-deb", "tar", "apt-get", "dash", "cp", "cat", "dd", "install", "mv", "sed", "perl")
QUIET = "export DEBIAN_FRONTEND=noninteractive; "
APT = QUIET + "apt-get -y -q -o Dpkg::Use-Pty=0 "
SAMPLE = "perl-base"                   # a package that is upgraded, and its program
OLD, NEW, KEPT = "/usr/bin/perl", "/root/new/usr/bin/perl", "/root/old-perl"
RESTARTED = ("systemd-journald", "systemd-udevd", "dbus", "systemd-logind", "systemd-timesyncd", "cron",
             "ssh", "warrantd")
PLACE = "/usr/bin/in-place"            # a program that its package overwrites in place


class AptPart(part.Part):
    """Before, the upgrade, new packages, writes in place, and the end of the window."""

    name = "apt"
    variant = guest.AGED
    limit = 3000

    def plan(self):
        self._upgrades = aging.Upgrades.known(self.variant.group)
        self._packages = self._upgrades.packages()
        self._sign()
        self.ask("the system is up and running", "systemctl is-system-running --wait", part.said("running\n"),
                 seconds=200)
        self.ask("the boot's id", "cat /proc/sys/kernel/random/boot_id; systemctl show -P MainPID ssh.service",
                 self._remember)
        self._before()
        self._upgrade()
        self._new_packages()
        self._writes_in_place()
        self._end_of_the_window()

    # ---- the release engineer

    def _sign(self):
        signed = [path for name, path in self._packages.items() if name not in aging.UNSIGNED]
        self._own_packages()
        draft, names = baselines.capture_packages([*signed, self._second], self.session.folder)
        envelope, manifest = baselines.sign(self.session.authority, draft, "--initiator", "any")
        self.session.stage("packages", envelope, manifest)
        old = baselines.names_of_guest(self.session.authority)
        updaters = {f"{when}-{path}": content[0] for when, known in (("old", old), ("new", names))
                    for path, content in known.items()
                    if path.split("/")[-1] in UPDATERS and "/bin/" in path and "map" in content[1]}
        # debconf executes an empty file for a package that has questions and no config script (libc6).
        updaters["empty"] = hashlib.sha256(b"").hexdigest()
        self.session.stage("update", self.session.authority.artifact(
            "update", {"actions": ["exec", "map", "update"], "initiator": {"uid": 0, "cgroup": GROUP}},
            updaters))
        after = baselines.records(baselines.upgraded(old, names))
        fields = {"kind": "baseline", "manifest": True, "records": after, "recovery": False,
                  "actions": sorted({action for actions in after.values() for action in actions})}
        envelope = self.session.authority.artifact("after", fields, {})
        self.session.stage("after", envelope, self.session.authority.manifest_file("after"))

    def _own_packages(self):
        folder = self.session.folder
        scripts = {"postinst": f"#!/bin/sh\nset -e\n# in place, as packages should not\n"
                               f"cat /usr/share/in-place/program > {PLACE}\n"}
        self._first_program = system.payload("apt-first")
        self._second = baselines.build_package(
            folder, "in-place", "2", {"/usr/share/in-place/program": system.payload("apt-second")}, scripts)
        self._scripted = baselines.build_package(folder, "unsigned-script", "1", {},
                                                 {"preinst": "#!/bin/sh\necho nobody signed this\n"})
        for path in (self._second, self._scripted):
            self.session.file(f"/srv/{path.name}", path.read_bytes(), 0o644)

    # ---- what is asked

    def _before(self):
        versions = "".join(f"{name} {version}\n" for name, version in sorted(self._upgrades.old.items()))
        self._versions = "dpkg-query -W -f '${Package} ${Version}\\n' " + " ".join(self._upgrades.old) + " | sort -u"
        self.ask("the packages are old", self._versions, part.said(versions))
        self.ask("apt reads the archive's signed index", APT + "update", part.told("Reading package lists"),
                 seconds=300)
        self.ask("a new package is unpacked by hand",
                 f"dpkg-deb -x {aging.ARCHIVE}/{self._packages[SAMPLE].name} /root/new && cp {OLD} {KEPT}",
                 part.said(""))
        self.run_program("before the window: the old program runs", part.said("ran\n"), OLD, "-e",
                         'print "ran\\n"')
        self.refuse("before the window: the new one is refused", NEW, "-v")
        self.put_in_force("the baseline of the new packages is put beside the old one",
                          f"cp {product.LATER}/packages.json {product.LATER}/*.manifest .")
        self.put_in_force("and an artifact with the action update", f"cp {product.LATER}/update.json .")
        for when, path in (("old", OLD), ("new", NEW)):
            self.run_program(f"within the window: the {when} program runs", part.said("ran\n"), path, "-e",
                             'print "ran\\n"')

    def _upgrade(self):
        count = len(self._upgrades.old)
        versions = "".join(f"{name} {self._upgrades.new[name]}\n" for name in sorted(self._upgrades.old))
        self.ask(f"apt-get upgrade of {count} packages", APT + "upgrade",
                 part.told(f"{count} upgraded, 0 newly installed, 0 to remove and 0 not upgraded"),
                 seconds=1500, cgroup=GROUP)
        self.ask("the packages are new", self._versions, part.said(versions))
        self.ask("dpkg finds nothing half done", "dpkg --audit", part.said(""))
        for path in (OLD, KEPT):
            self.run_program(f"after the upgrade: {path} runs", part.said("ran\n"), path, "-e",
                             'print "ran\\n"')
        self.ask("systemd itself is the new one, in the same boot",
                 "readlink /proc/1/exe; cat /proc/sys/kernel/random/boot_id", self._same_boot)
        self.ask("sshd was restarted by its package", "systemctl show -P MainPID ssh.service", self._another_sshd)
        self.ask("no unit failed", "systemctl --failed --plain --no-legend", part.said(""))

    def _new_packages(self):
        self.ask("apt-get install of a package and its libraries", APT + "install jq",
                 part.told("3 newly installed"), seconds=600)
        self.run_program("the new package's program runs", part.said("2\n"), "/usr/bin/jq", "-n", "1 + 1", uid=1000)
        self.ask("apt-get install of a package that nobody signed", APT + "install hello",
                 part.told("1 newly installed"), seconds=600, cgroup=GROUP)
        for uid in part.UIDS:
            self.refuse(f"its program is refused as uid {uid}", "/usr/bin/hello", uid=uid)
        step = "a package whose script nobody signed is not installed"
        self.ask(step, QUIET + f"dpkg -i /srv/{self._scripted.name}",
                 part.failed_saying("Operation not permitted"), cgroup=GROUP)
        self.expect_denial(step, "/var/lib/dpkg/tmp.ci/preinst", "missing authorization")

    def _writes_in_place(self):
        self.session.file(PLACE, self._first_program)
        self.session.artifact("in-place", {}, {"first": hashlib.sha256(self._first_program).hexdigest()})
        self.run_program("a program that is to be overwritten runs", part.said("RAN\n"), PLACE)
        install = QUIET + f"dpkg -i /srv/{self._second.name}"
        step = "its package overwrites it in place: refused outside of the update's cgroup"
        self.ask(step, install, part.failed_saying("Operation not permitted"))
        self.expect_denial(step, PLACE, "write conflict")
        self.ask("the same under the update artifact", install, part.told("Setting up in-place (2)"),
                 cgroup=GROUP)
        self.run_program("the program that was written in place runs", part.said("RAN\n"), PLACE, uid=1000)
        self.ask("and is the new one", f"cmp {PLACE} /usr/share/in-place/program", part.said(""))
        step = "another uid in that cgroup may not write, not even into a copy of his own"
        copy = "/home/agent/copy"
        self.ask(step, f"cp {PLACE} {copy} && {copy} && echo no >> {copy}",
                 part.failed_saying("Operation not permitted"), uid=1000, cgroup=GROUP)
        self.expect_denial(step, copy, "write conflict")

    def _end_of_the_window(self):
        self.ask("what runs the old libraries is restarted",
                 "systemctl restart " + " ".join(f"{unit}.service" for unit in RESTARTED), part.said(""))
        self.put_in_force("one baseline takes the place of all: of the system as it is now",
                          f"cp {product.LATER}/*.manifest . && cp {product.LATER}/after.json baseline.json.new && "
                          "mv baseline.json.new baseline.json && rm packages.json update.json")
        self.run_program("after the window: the new program runs", part.said("ran\n"), OLD, "-e",
                         'print "ran\\n"', uid=1000)
        self.refuse("after the window: the old one is refused", KEPT, "-v")
        self.ask("units restart", "systemctl restart systemd-journald systemd-udevd dbus cron ssh",
                 part.said(""))
        self.ask("no unit failed in all of this", "systemctl --failed --plain --no-legend", part.said(""))

    # ---- what is judged

    def _remember(self, result):
        self._boot, self._sshd = result["stdout"].split()
        return part.fine(result)

    def _same_boot(self, result):
        return part.said(f"/usr/lib/systemd/systemd\n{self._boot}\n")(result)

    def _another_sshd(self, result):
        pid = result["stdout"].strip()
        return part.fine(result) or ("still the old one" if pid in ("0", self._sshd) else "")
