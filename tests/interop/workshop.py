# SPDX-License-Identifier: Apache-2.0
"""What the interoperation tests share: the workshop of tests/cli, keys in other tools' forms."""
import base64
import copy
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
from support import NO, WorkshopTest  # noqa: E402  (needs the path above)

PAYLOAD_TYPE = "application/vnd.in-toto+json"
AUTHORIZATION = "urn:warrant:authorization:v1"
# PrivateKeyInfo of an Ed25519 seed in DER (RFC 8410, section 7), up to the seed.
PRIVATE_INFO = bytes.fromhex("302e020100300506032b657004220420")


def encode(data):
    return base64.b64encode(data).decode()


def flip(text):
    """The same base64 with one bit of what it encodes flipped."""
    data = bytearray(base64.b64decode(text))
    data[len(data) // 2] ^= 1
    return encode(data)


def pae(payload):
    """DSSE's pre-authentication encoding, written down once more."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


class InteropTest(WorkshopTest):
    def setUp(self):
        super().setUp()
        self.make_trust()

    def read(self, name):
        return json.loads(self.path(name).read_text())

    def write(self, name, document):
        self.path(name).write_text(json.dumps(document))
        return name

    def fingerprint(self, name):
        return self.run_json("key", "show", f"{name}.pub")["fingerprint"]

    def pem(self, name):
        """The file in which that key's public half stands as PEM, as Warrant writes it."""
        self.path(f"{name}.pem").write_text(self.run_cli("key", "show", "--pem",
                                                         f"{name}.pub").out)
        return f"{name}.pem"

    def seed(self, name):
        return base64.b64decode(self.read(f"{name}.key")["seed"])

    def private_pem(self, name):
        """The file in which the private key stands as PKCS #8."""
        body = encode(PRIVATE_INFO + self.seed(name))
        self.path(f"{name}.pkcs8").write_text(
            f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")
        return f"{name}.pkcs8"

    def require_two(self):
        """A trust root under which tasks need both issuer.key and second.key."""
        self.run_cli("key", "generate", "--out", "second")
        self.run_cli("trust", "init", "--root-key", "root.key", "--policy-key", "root.pub",
                     "--issuer-key", "issuer.pub", "--issuer-key", "second.pub",
                     "--issuer-threshold", 2, "--out", "trust-root.json", "--force")

    def flipped(self, source, member, name):
        """A copy of an envelope with one bit flipped in `payload`, or in the first `sig`."""
        envelope = copy.deepcopy(self.read(source))
        holder = envelope if member == "payload" else envelope["signatures"][0]
        holder[member] = flip(holder[member])
        return self.write(name, envelope)

    def assert_accepted(self, name, issuers):
        verdict = self.verify(name)
        self.assertTrue(verdict["accepted"], verdict)
        self.assertEqual(sorted(verdict["issuers"]), sorted(issuers))
        return verdict

    def assert_refused(self, name, reason, field):
        verdict = self.verify(name, expect=NO)
        self.assertFalse(verdict["genuine"], verdict)
        rejection = verdict["rejection"]
        self.assertEqual((rejection["reason"], rejection["field"]), (reason, field), verdict)
        return rejection
