# SPDX-License-Identifier: Apache-2.0
"""Asks one version of securesystemslib about one envelope, in a process of its own.

usage: dsse_probe.py LIBRARY envelope|signatures|named FILE THRESHOLD KEYID=HEX...
       dsse_probe.py LIBRARY sign PAYLOAD OUT KEYID=SEEDHEX...
LIBRARY is the folder that the package lies in. `envelope` asks its DSSE Envelope; `signatures`
only its keys, for versions that have no Envelope, under keyids in hex, for they take no others;
`named` the same under the keyids as they are. Prints one JSON object. Exit code 0: accepted or
signed, 10: refused. All else ends in a traceback and 1, which nobody takes for a refusal.
"""
import base64
import json
import sys
from pathlib import Path

PAYLOAD_TYPE = "application/vnd.in-toto+json"
REFUSED = 10


class Refused(Exception):
    """What the library says of an envelope that it does not accept."""


def key_of(word):
    from securesystemslib.signer import Key
    keyid, public = word.rsplit("=", 1)
    return Key.from_dict(keyid, {"keytype": "ed25519", "scheme": "ed25519",
                                 "keyval": {"public": public}})


def ask_envelope(document, keys, threshold):
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    try:
        return sorted(Envelope.from_dict(document).verify(keys, threshold))
    except VerificationError as error:
        raise Refused(str(error)) from error


def ask_signatures(document, keys, threshold):
    for holder in (*keys, *document["signatures"]):
        if isinstance(holder, dict):
            holder["keyid"] = holder["keyid"].encode().hex()
        else:
            holder.keyid = holder.keyid.encode().hex()
    return [bytes.fromhex(keyid).decode() for keyid in ask_named(document, keys, threshold)]


def ask_named(document, keys, threshold):
    from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
    from securesystemslib.signer import Signature
    payload, kind = base64.b64decode(document["payload"]), document["payloadType"].encode()
    message = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    accepted = set()
    for entry in document["signatures"]:
        signature = Signature(entry["keyid"], base64.b64decode(entry["sig"]).hex())
        for key in keys:
            if key.keyid != signature.keyid:
                continue
            try:
                key.verify_signature(signature, message)
                accepted.add(key.keyid)
            except VerificationError:   # could not be judged, which is no refusal
                raise
            except UnverifiedSignatureError:
                pass
    if len(accepted) < threshold:
        raise Refused(f"Found: {len(accepted)}, Expected {threshold}")
    return sorted(accepted)


def signer_of(word):
    """The library's own signer needs a newer python3-cryptography than Debian 12 has: its
    interface over that package's Ed25519, which is OpenSSL's."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from securesystemslib.signer import Signature, Signer
    keyid, seed = word.rsplit("=", 1)
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))

    class OpensslSigner(Signer):
        @classmethod
        def from_priv_key_uri(cls, priv_key_uri, public_key, secrets_handler=None):
            raise NotImplementedError

        @property
        def public_key(self):
            raise NotImplementedError

        def sign(self, payload):
            return Signature(keyid, private.sign(payload).hex())

    return OpensslSigner()


def sign(payload, out, signers):
    from securesystemslib.dsse import Envelope
    envelope = Envelope(Path(payload).read_bytes(), PAYLOAD_TYPE, {})
    for signer in signers:
        envelope.sign(signer)
    Path(out).write_text(json.dumps(envelope.to_dict()))


def main(library, verb, *words):
    sys.path.insert(0, library)
    import securesystemslib
    if not Path(securesystemslib.__file__).is_relative_to(library):
        raise RuntimeError(f"{securesystemslib.__file__} is not below {library}")
    told = {"version": securesystemslib.__version__}
    if verb == "sign":
        sign(words[0], words[1], [signer_of(word) for word in words[2:]])
    else:
        ask = {"envelope": ask_envelope, "signatures": ask_signatures,
               "named": ask_named}[verb]
        document = json.loads(Path(words[0]).read_text())
        try:
            told["accepted"] = ask(document, [key_of(word) for word in words[2:]], int(words[1]))
        except Refused as error:
            told["refused"] = str(error)
    print(json.dumps(told))
    return REFUSED if "refused" in told else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
