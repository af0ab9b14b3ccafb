# SPDX-License-Identifier: Apache-2.0
"""Who signs in a run: keys, trust root, policy, artifacts and revocation lists, by the product's CLI."""
import base64
import dataclasses
import hashlib
import json
import pathlib
import shutil
import struct

from . import place
from .product import ACTIONS, MANIFEST_RECORD, seconds_of, timestamp, warrant

KEYS = ("root", "policy", "issuer", "delegate", "revoker", "breaker", "enroller", "carrier", "stranger")


@dataclasses.dataclass
class Authority:
    """Keys, trust root and policy of one run, made anew each time."""
    folder: pathlib.Path
    now: float

    @classmethod
    def make(cls, folder, now, policy):
        """Keys of all roles; a delegate's, whom artifacts may name; a stranger's, whom nobody does."""
        authority = cls(folder, now)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in KEYS:
            warrant("key", "generate", "--out", folder / name)
        warrant("trust", "init", "--root-key", folder / "root.key", "--policy-key",
                folder / "policy.pub", "--issuer-key", folder / "issuer.pub", "--revocation-key",
                folder / "revoker.pub", "--breakglass-key", folder / "breaker.pub",
                "--enrollment-key", folder / "enroller.pub", "--lineage-key", folder / "carrier.pub",
                "--out", folder / "trust-root.json")
        authority.sign_policy("policy", policy)
        return authority

    def public_key(self, name):
        return json.loads((self.folder / f"{name}.pub").read_text())["key"]

    def fingerprint(self, name):
        """As ssh-keygen prints it (RFC 4253, section 6.6)."""
        words = (b"ssh-ed25519", base64.b64decode(self.public_key(name)))
        blob = b"".join(struct.pack(">I", len(word)) + word for word in words)
        return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")

    def sign_policy(self, label, members):
        """The policy of that label: the least there is, and what the scenario says of it."""
        policy = {"version": 1, "mode": "enforce", "audit": "optional",
                  "issuedAt": timestamp(self.now - 7200)} | members
        for rule in policy.get("issuers", []):
            rule["keys"] = [self.fingerprint(name) for name in rule["keys"]]
        policy["honours"] = [self.payload_sha256(name) for name in policy.get("honours", [])]
        if not policy["honours"]:
            del policy["honours"]
        draft = self.folder / f"{label}.draft.json"
        draft.write_text(json.dumps(policy))
        warrant("policy", "sign", "--key", self.folder / "policy.key", "--out",
                self.folder / f"{label}.json", draft)

    def next_root(self):
        """The trust root that follows the one in force (bytes)."""
        target = self.folder / "trust-root-2.json"
        warrant("trust", "rotate", "--trust-root", self.folder / "trust-root.json", "--key",
                self.folder / "root.key", "--out", target)
        return target.read_bytes()

    def revocations(self, label, fields):
        """{name: signed list}. A series alternates: the named things revoked, then nothing."""
        count = 2 * fields.get("series", 0)
        if not count:
            return {label: self.revocation(label, fields)}
        empty = {"signer": fields.get("signer", "revoker")}
        return {f"{label}-{i}": self.revocation(
            f"{label}-{i}", (empty if i % 2 else fields) | {"epoch": fields["epoch"] + i})
            for i in range(count)}

    def revocation(self, label, fields):
        """A signed revocation list (bytes)."""
        words = ["--epoch", fields["epoch"]]
        for name in fields.get("artifacts", []):
            words += ["--artifact", self.payload_sha256(name)]
        for name in fields.get("issuers", []):
            words += ["--issuer", self.fingerprint(name)]
        for name in fields.get("hosts", []):
            words += ["--host", name]
        for digest in fields.get("digests", []):
            words += ["--digest", digest]
        target = self.folder / f"{label}.revocation.json"
        warrant("revoke", *map(str, words), "--key", self.folder / f"{fields.get('signer', 'revoker')}.key",
                "--out", target)
        return target.read_bytes()

    def payload(self, label):
        envelope = json.loads((self.folder / f"{label}.json").read_text())
        return base64.b64decode(envelope["payload"])

    def payload_sha256(self, label):
        return hashlib.sha256(self.payload(label)).hexdigest()

    def manifest_file(self, label):
        """The manifest that an artifact refers to."""
        return self.folder / f"{json.loads(self.payload(label))['predicate']['manifest']['sha256']}.manifest"

    def artifact_id(self, label):
        """The id of the artifact of that label, unless its fields say another."""
        return hashlib.sha256(f"{self.now}/{label}".encode()).hexdigest()[:32]

    def statement(self, label, fields, subjects):
        """The in-toto statement of one artifact. `subjects`: {label: sha256}. With a manifest, it is
        written beside the drafts, where the CLI looks for it."""
        first, last = fields.get("window", ["-1h", "+1h"])
        policy = fields.get("policy", "policy")
        predicate = {
            "id": fields.get("id", self.artifact_id(fields.get("same-id-as", label))),
            "kind": fields.get("kind", "task"),
            "issuedAt": timestamp(self.now - 7200),
            "validity": {"notBefore": timestamp(self.now + seconds_of(first)),
                         "notAfter": timestamp(self.now + seconds_of(last))},
            "policy": {"sha256": "11" * 32 if policy == "other" else self.payload_sha256(policy)},
            "actions": fields.get("actions", ["exec", "map"]),
            "initiator": fields.get("initiator", {"any": True}),
            "governance": fields.get("governance", {"scenario": label}),
        }
        constraints = dict(fields.get("constraints", {}))
        if fields.get("jit"):
            constraints["jit"] = True
        if constraints:
            predicate["constraints"] = constraints
        environment = dict(fields.get("environment", {}))
        if fields.get("host"):
            environment["host"] = fields["host"]
        if environment:
            predicate["environment"] = environment
        if fields.get("recovery"):
            predicate["recovery"] = True
        if fields.get("delegation"):
            predicate["delegation"] = {
                "keys": sorted(self.public_key(name) for name in fields["delegation"]["keys"]),
                "threshold": 1, "maxDepth": fields["delegation"].get("maxDepth", 1)}
        if fields.get("parent"):
            predicate["lineage"] = {"parentArtifact": self.payload_sha256(fields["parent"]),
                                    "requires": fields.get("requires", False)}
        if fields.get("covers") == "all":
            predicate["covers"] = "all"
            subjects = {"any": "00" * 32}
        if fields.get("manifest"):
            records = fields.get("records", {digest: predicate["actions"] for digest in subjects.values()})
            manifest = manifest_of(records)
            digest = hashlib.sha256(manifest).hexdigest()
            (self.folder / f"{digest}.manifest").write_bytes(manifest)
            predicate["manifest"] = {"format": "warrant-manifest-v1", "sha256": digest,
                                     "count": len(manifest) // MANIFEST_RECORD}
            subjects = {"manifest": digest}
        named = [{"name": name, "digest": {"sha256": digest}} for name, digest in subjects.items()]
        # Beside a content that does not exist: the fs-verity digest alone can authorize them.
        named += [{"name": name, "digest": {"sha256": hashlib.sha256(name.encode()).hexdigest(),
                                            "fsverity-sha256": digest}}
                  for name, digest in fields.get("by-verity", {}).items()]
        return {"_type": "https://in-toto.io/Statement/v1",
                "predicateType": "urn:warrant:authorization:v1",
                "subject": named,
                "predicate": predicate}

    def artifact(self, label, fields, subjects):
        """A signed envelope (bytes), tampered with afterwards if the scenario wants it so."""
        draft = self.folder / f"{label}.draft.json"
        draft.write_text(json.dumps(self.statement(label, fields, subjects)))
        target = self.folder / f"{label}.json"
        key = self.folder / f"{fields.get('signer', 'issuer')}.key"
        warrant("artifact", "sign", "--force", "--key", key, "--out", target, draft)
        return tamper(target.read_bytes(), fields.get("tamper"))


def manifest_of(records):
    """A manifest file: sorted records of digest, verity digest (none), actions, reserved. `records`:
    {digest: actions}."""
    return b"".join(bytes.fromhex(digest) + bytes(32)
                    + struct.pack("<II", sum(ACTIONS[action] for action in actions), 0)
                    for digest, actions in sorted(records.items()))


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
