# SPDX-License-Identifier: Apache-2.0
"""A developer on the Debian guest: uid 1000 in a cgroup of its own, with a key that may grant what that
user builds to that user there, and nothing else. Build systems make programs that nobody can have
signed before; so who built them signs them, and the policy says how far that goes."""
import shutil

from . import authority, install, part, product
from .product import warrant

UID = 1000
HOME = "/home/agent"
SLICE = "/developer.slice"
KEY = f"{HOME}/developer.key"
SIGNED = f"{HOME}/signed"              # what the developer signed, before root lets it in
HOURS = 8                              # a working day: the longest window that the policy lets him grant
SIGNER = "delegate"                    # of the guest's keys


class Developer:
    """The trust root and the policy that admit the key, and how it is used in the guest."""

    def __init__(self, target):
        self._part = target
        self._admit(target.session)

    @staticmethod
    def _admit(session):
        """Another trust root and policy than the image's, from before the first boot: its keys sign
        them, the baseline that it was installed with is honoured."""
        folder = session.folder / "authority"
        shutil.copytree(session.authority.folder, folder)
        keys = authority.Authority(folder, session.authority.now)
        roles = {"policy": "policy", "issuer": "issuer", "task": SIGNER, "revocation": "revoker",
                 "breakglass": "breaker"}
        words = [word for role, name in roles.items() for word in (f"--{role}-key", folder / f"{name}.pub")]
        warrant("trust", "init", "--force", "--root-key", folder / "root.key", *words, "--out",
                folder / "trust-root.json")
        rules = [{"keys": ["issuer"], "kinds": ["baseline", "task"], "actions": sorted(product.ACTIONS),
                  "jit": True, "recovery": True},
                 {"keys": [SIGNER], "kinds": ["task"], "actions": ["exec", "map"],
                  "initiators": [{"uid": UID, "cgroup": SLICE}], "maxWindow": HOURS * 3600}]
        keys.sign_policy("developers", install.POLICY | {"version": 2, "honours": ["policy"], "issuers": rules})
        for source, name in (("trust-root", "trust-root"), ("developers", "policy")):
            session.file(f"{product.CONFIG}/{name}.json", (folder / f"{source}.json").read_bytes(), 0o644)
        session.file(KEY, (folder / f"{SIGNER}.key").read_bytes(), 0o600)

    def prepare(self):
        self._part.ask("the developer has his key", f"chown {UID}:{UID} {KEY} && install -d -o {UID} -g {UID} {SIGNED}",
                       part.said(""))

    def ask(self, name, script, judge_result, **options):
        """A line of shell of the developer's."""
        self._part.ask(name, script, judge_result, **({"uid": UID, "cgroup": SLICE, "cwd": HOME} | options))

    def run_program(self, name, judge_result, *argv, **options):
        self._part.run_program(name, judge_result, *argv,
                               **({"uid": UID, "cgroup": SLICE, "cwd": HOME} | options))

    def sign(self, label, *paths):
        """He signs what he built; root puts it where warrantd looks, believing nothing of it."""
        subjects = " ".join(f"--subject {path}" for path in paths)
        self.ask(f"{label}: the developer signs it", signing(label, subjects,
                 f"--initiator uid={UID} --initiator cgroup={SLICE}"), part.fine)
        self._part.put_in_force(f"{label}: it is put in force", f"cp {SIGNED}/{label}.json .")

    def try_to_sign_for_all(self, label, path):
        """The same key, for everybody: what the policy does not let it grant. What it says stays without
        effect, so nobody can wait for it; the daemon is asked what it thinks of it."""
        self.ask(f"{label}: he signs it for everybody", signing(label, f"--subject {path}", "--initiator any"),
                 part.fine)
        self._part.ask(f"{label}: the policy does not let him", f"warrant artifact verify {SIGNED}/{label}.json",
                       part.failed_saying("policy mismatch"))


def signing(label, subjects, initiators):
    draft = f"{SIGNED}/{label}.draft"
    return (f"warrant artifact draft --force {subjects} {initiators} --valid-for {HOURS}h --out {draft} && "
            f"warrant artifact sign --force --key {KEY} --out {SIGNED}/{label}.json {draft}")
