# SPDX-License-Identifier: Apache-2.0
"""Everything that the harness knows about the product's commands, paths and documents."""
import base64
import dataclasses
import datetime
import hashlib
import json
import os
import pathlib
import re
import shutil
import struct
import time

from . import place

CONFIG = "/etc/warrant"
ARTIFACTS = CONFIG + "/artifacts"
STATE = "/var/lib/warrant"
LINEAGE = STATE + "/lineage"
LATER = "/stage/artifacts"             # artifacts that a step installs
COUNTED = "baseline.counted.json"      # beside the guest's keys
HOST = "guest"
SOCKET = "/run/warrant/control.sock"
DAEMON_COMMAND = ["/usr/sbin/warrantd", "--config", CONFIG, "--state", STATE, "--pin",
                  "/sys/fs/bpf/warrant", "--socket", SOCKET, "--host", HOST]
ACTIONS = {"exec": 1, "map": 2, "interpret": 4, "update": 8, "load": 16}
MANIFEST_RECORD = 72
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def build_folder():
    """Where the built binaries lie: $WARRANT_BUILD, or the dev preset's folder. Never a guess: a
    sanitized build in an emulated guest is several times slower and misses time limits."""
    folder = pathlib.Path(os.environ.get("WARRANT_BUILD") or place.ROOT / "build/dev").absolute()
    if not all((folder / program).exists() for program in ("daemon/warrantd", "tools/warrant")):
        raise place.HarnessError(f"nothing is built in {folder}: cmake --preset dev && cmake --build "
                                 "--preset dev (or name another build folder in WARRANT_BUILD)")
    return folder


def programs():
    """{path in the guest: path here} of the product's own programs."""
    folder = build_folder()
    return {"/usr/sbin/warrantd": stripped(folder / "daemon/warrantd"),
            "/usr/bin/warrant": stripped(folder / "tools/warrant")}


def stripped(program):
    """A copy without symbols for debuggers: the guest hashes what it runs, and they are most of it."""
    folder = place.cache_dir("stripped", place.digest_of(program))
    target = folder / program.name
    if not target.exists():
        scratch = target.with_suffix(".new")
        place.run([place.tool("strip"), "-o", scratch, program])
        scratch.rename(target)
    return target


def warrant(*words, **options):
    """Runs the CLI of the build here, on this machine; nothing it is used for touches the kernel."""
    return place.run([build_folder() / "tools/warrant", *words], **options)


def seconds_of(span):
    """"-2h", "+90s" and the like, in seconds."""
    match = re.fullmatch(r"([+-]\d+)([smhd])", span)
    if not match:
        raise place.HarnessError(f"{span!r} is no span of time like -2h or +90s")
    return int(match.group(1)) * UNITS[match.group(2)]


def timestamp(seconds):
    """RFC 3339 in UTC."""
    moment = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def guest_inputs():
    """What the Debian guest's image depends on besides the bare system."""
    return [*programs().values(), place.ROOT / "daemon/warrantd.service", pathlib.Path(__file__)]


def install_into(root, folder):
    """Installs the product into the root file system of the Debian guest, captures its baseline and
    signs it. The keys stay in `folder`, so that a later run can sign for the same guest; what
    `baseline capture` counted too."""
    place.run([place.tool("cmake"), "--install", build_folder(), "--strip", "--prefix", "/usr"],
              env={**os.environ, "DESTDIR": str(root)})
    wants = root / "etc/systemd/system/sysinit.target.wants"  # as `systemctl enable` would, without it
    wants.mkdir(parents=True, exist_ok=True)
    (wants / "warrantd.service").symlink_to("/usr/lib/systemd/system/warrantd.service")
    authority = Authority.make(folder, time.time(), {})
    artifacts = root / ARTIFACTS.strip("/")
    artifacts.mkdir(parents=True)
    for name in ("trust-root.json", "policy.json"):
        shutil.copy(authority.folder / name, artifacts.parent / name)
    draft = folder / "baseline.draft"
    counted = warrant("baseline", "capture", "--json", "--root", root, "--out", draft)
    (folder / COUNTED).write_text(counted)
    warrant("baseline", "sign", "--policy", authority.folder / "policy.json", "--key",
            authority.folder / "issuer.key", "--out", artifacts / "baseline.json", draft)


def counted(folder):
    """What `baseline capture` counted when it was installed."""
    return json.loads((folder / COUNTED).read_text())


@dataclasses.dataclass
class Authority:
    """Keys, trust root and policy of one run, made anew each time."""
    folder: pathlib.Path
    now: float

    @classmethod
    def make(cls, folder, now, policy):
        """Root, policy and issuer keys; a stranger's key that no trust root names."""
        authority = cls(folder, now)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("root", "policy", "issuer", "stranger"):
            warrant("key", "generate", "--out", folder / name)
        warrant("trust", "init", "--root-key", folder / "root.key", "--policy-key",
                folder / "policy.pub", "--issuer-key", folder / "issuer.pub", "--out",
                folder / "trust-root.json")
        warrant("policy", "sign", "--key", folder / "policy.key", "--mode",
                policy.get("mode", "enforce"), "--audit", policy.get("audit", "optional"), "--out",
                folder / "policy.json")
        return authority

    def policy_sha256(self):
        envelope = json.loads((self.folder / "policy.json").read_text())
        return hashlib.sha256(base64.b64decode(envelope["payload"])).hexdigest()

    def artifact_id(self, label):
        """The id of the artifact of that label, unless its fields say another."""
        return hashlib.sha256(f"{self.now}/{label}".encode()).hexdigest()[:32]

    def statement(self, label, fields, subjects):
        """The in-toto statement of one artifact. `subjects`: {label: sha256}. With a manifest, it is
        written beside the drafts, where the CLI looks for it."""
        first, last = fields.get("window", ["-1h", "+1h"])
        predicate = {
            "id": fields.get("id", self.artifact_id(label)), "kind": fields.get("kind", "task"),
            "issuedAt": timestamp(self.now - 7200),
            "validity": {"notBefore": timestamp(self.now + seconds_of(first)),
                         "notAfter": timestamp(self.now + seconds_of(last))},
            "policy": {"sha256": "11" * 32 if fields.get("policy") == "other"
                       else self.policy_sha256()},
            "actions": fields.get("actions", ["exec", "map"]),
            "initiator": fields.get("initiator", {"any": True}),
            "governance": fields.get("governance", {"scenario": label}),
        }
        if fields.get("jit"):
            predicate["constraints"] = {"jit": True}
        if fields.get("host"):
            predicate["environment"] = {"host": fields["host"]}
        if fields.get("recovery"):
            predicate["recovery"] = True
        if fields.get("manifest"):
            manifest = manifest_of(subjects.values(), predicate["actions"])
            digest = hashlib.sha256(manifest).hexdigest()
            (self.folder / f"{digest}.manifest").write_bytes(manifest)
            predicate["manifest"] = {"format": "warrant-manifest-v1", "sha256": digest,
                                     "count": len(manifest) // MANIFEST_RECORD}
            subjects = {"manifest": digest}
        return {"_type": "https://in-toto.io/Statement/v1",
                "predicateType": "urn:warrant:authorization:v1",
                "subject": [{"name": name, "digest": {"sha256": digest}}
                            for name, digest in subjects.items()],
                "predicate": predicate}

    def artifact(self, label, fields, subjects):
        """A signed envelope (bytes), tampered with afterwards if the scenario wants it so."""
        draft = self.folder / f"{label}.draft.json"
        draft.write_text(json.dumps(self.statement(label, fields, subjects)))
        target = self.folder / f"{label}.json"
        key = self.folder / f"{fields.get('signer', 'issuer')}.key"
        warrant("artifact", "sign", "--key", key, "--out", target, draft)
        return tamper(target.read_bytes(), fields.get("tamper"))


def manifest_of(digests, actions):
    """A manifest file: sorted records of digest, verity digest (none), actions, reserved."""
    bits = sum(ACTIONS[action] for action in actions)
    return b"".join(bytes.fromhex(digest) + bytes(32) + struct.pack("<II", bits, 0)
                    for digest in sorted(set(digests)))


def more_digests(label, count):
    """{name: sha256} of code that does not exist."""
    return {f"{label}-{i}": hashlib.sha256(f"{label}/{i}".encode()).hexdigest()
            for i in range(count)}


def tamper(envelope, what):
    """Nothing, or one changed character: in the signature, or in the signed payload."""
    if what is None:
        return envelope
    document = json.loads(envelope)
    holder, member = {"signature": (document["signatures"][0], "sig"),
                      "payload": (document, "payload")}[what]
    text = holder[member]
    holder[member] = text[:20] + ("B" if text[20] == "A" else "A") + text[21:]
    return json.dumps(document).encode()
