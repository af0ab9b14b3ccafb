#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A host's proof of its state, from the challenge to the verifier's answer, by a swtpm."""
import base64
import hashlib
import json
import os
import subprocess
import unittest

from support import ERROR, NO, SOURCE, USAGE, WorkshopTest
from tpms import MACHINE_ID, TpmTest

BOOTS = SOURCE / "tests/unit/data/boot_log"
MEASURED_PCR = 13


class AttestTest(TpmTest, WorkshopTest):
    def setUp(self):
        super().setUp()
        self.path("machine-id").write_text(MACHINE_ID + "\n")
        for name in ("root", "enroller", "other"):
            self.run_cli("key", "generate", "--out", name)
        for name in ("enroller", "other"):
            self.run_cli("trust", "init", "--root-key", "root.key", "--policy-key", "root.pub",
                         "--issuer-key", "root.pub", "--enrollment-key", f"{name}.pub", "--out",
                         f"trust-{name}.json")
        self.tcti = self.start_tpm("tpm")
        self.enroll(self.tcti)
        self.fresh = self.challenge()

    def enroll(self, tcti, host="host-a", *options):
        made = self.run_json("host", "enroll", "--tcti", tcti, "--machine-id", "machine-id",
                             "--host", host, "--out", "request.json", "--force")
        self.run_cli("host", "challenge", "request.json", "--trust-ek", made["ekSha256"], "--out",
                     "challenge.json", "--keep", "secret.json", "--force")
        self.run_cli("host", "answer", "challenge.json", "--tcti", tcti, "--out", "answer.json",
                     "--force")
        self.run_cli("host", "approve", "request.json", "--answer", "answer.json", "--keep",
                     "secret.json", "--key", "enroller.key", "--out", f"{host}.json", "--force",
                     *options)

    def challenge(self):
        return self.run_cli("attest", "challenge").out.strip()

    def quote(self, *options, out="bundle.json", tcti=None, host="host-a", challenge=None, expect=0):
        return self.run_cli("attest", "quote", "--challenge", challenge or self.fresh, "--tcti",
                            tcti or self.tcti, "--enrollment", f"{host}.json", "--state", "state",
                            "--out", out, "--force", *options, expect=expect)

    def verify(self, *options, bundle="bundle.json", challenge=None, root="enroller", expect=0):
        return self.run_cli("attest", "verify", bundle, "--challenge", challenge or self.fresh,
                            "--trust-root", f"trust-{root}.json", *options, expect=expect)

    # ---- a machine that was booted

    def measure(self, policy):
        """As warrantd does: a note, and an extension."""
        digest = {name: hashlib.sha256(base64.b64decode(
            json.loads(self.path(file).read_text())["payload"])).digest()
            for name, file in (("root", "trust-enroller.json"), ("policy", policy))}
        self.extend(self.tcti, MEASURED_PCR, hashlib.sha256(
            b"warrant-measured-policy-v1" + digest["root"] + digest["policy"]).hexdigest())
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:
            notes = {"boot": boot.read().strip(), "measurements": [
                {"pcr": MEASURED_PCR, "root": digest["root"].hex(),
                 "policy": digest["policy"].hex()}]}
        self.path("state/state").mkdir(parents=True)
        self.path("state/state/boot.json").write_text(json.dumps(notes))

    def test_a_challenge_is_fresh(self):
        self.assertRegex(self.fresh, "^[0-9a-f]{64}$")
        self.assertNotEqual(self.challenge(), self.fresh)
        self.assertRegex(self.run_json("attest", "challenge")["challenge"], "^[0-9a-f]{64}$")

    def test_a_host_proves_its_state(self):
        self.run_cli("policy", "sign", "--key", "root.key", "--mode", "enforce", "--out",
                     "policy.json")
        self.measure("policy.json")
        said = self.quote("--checkpoint", "machine-id").out
        self.assertIn("host-a", said)
        self.assertIn("1 measured", said)
        said = self.verify("--policy", "policy.json").out
        self.assertIn("bundle.json: PROVEN\n", said)
        self.assertIn("  proven:     the enrollment authority enrolled host-a, machine", said)
        self.assertIn("  proven:     the policy measured last is the one given\n", said)
        self.assertIn("  not proven: by the host's own word: the kernel is ", said)
        self.assertIn("  not proven: the log checkpoint with sha256 " +
                      hashlib.sha256((MACHINE_ID + "\n").encode()).hexdigest(), said)
        told = json.loads(self.verify("--json").out)
        self.assertEqual((told["proven"], told["host"], told["machineId"]),
                         (True, "host-a", MACHINE_ID))
        self.assertEqual({finding["proof"] for finding in told["findings"]},
                         {"proven", "not proven"})
        self.show()
        self.refused("the policy given, ", "--policy", self.other_policy())

    def test_a_quote_is_bound_to_the_log(self):
        self.path("lines").write_text("one\ntwo\n")
        made = subprocess.run([os.environ["WARRANT_TLOG_MAKER"], self.dir, "records", self.path("lines"), "2"],
                              check=True, capture_output=True, text=True)
        key, witness = made.stdout.split()
        self.quote("--checkpoint", "lineage/checkpoint")
        self.assertIn("  proven:     bound to the log host-a.example/lineage, 2 entries, root ",
                      self.verify("--log-key", key, "--checkpoint-out", "kept").out)
        self.assertEqual(self.path("kept").read_text(), self.path("lineage/checkpoint").read_text())
        self.run_cli("lineage", "verify", "lineage", "--key", key, "--old", "kept")
        self.refused("the log checkpoint: ", "--log-key", witness)
        self.quote()
        self.refused("the quote is not bound to a checkpoint", "--log-key", key)

    def show(self):
        shown = self.run_cli("attest", "show", "bundle.json").out
        self.assertIn("UNVERIFIED", shown)
        self.assertIn(self.fresh, shown)
        shown = self.run_json("attest", "show", "bundle.json")
        self.assertEqual((shown["verified"], shown["claims"]["challenge"]), (False, self.fresh))
        self.assertEqual(sorted(map(int, shown["pcrs"])), list(range(16)))

    def other_policy(self):
        self.run_cli("policy", "sign", "--key", "root.key", "--mode", "observe", "--out",
                     "other-policy.json")
        return "other-policy.json"

    def refused(self, reason, *options, **terms):
        said = self.verify(*options, expect=NO, **terms).out
        self.assertIn(": NOT PROVEN\n", said)
        self.assertIn(f"  refused:    {reason}", said)

    def test_logs_must_be_those_that_were_measured(self):
        boot, ima = BOOTS / "uefi-secure-6.12.log", BOOTS / "uefi-secure-6.12.ima"
        # This TPM has measured nothing of them.
        self.quote("--boot-log", boot)
        self.refused("the boot log of PCR 0: it replays to ")
        self.quote("--boot-log", "empty.log", expect=ERROR)
        self.quote("--ima-log", ima)
        self.refused("IMA log: the last 5 of its entries")
        self.path("empty.log").write_bytes(b"")
        self.quote("--boot-log", "empty.log")
        self.refused("boot log: ")
        self.quote("--ima-log", "empty.log")
        self.assertIn("all that was measured into PCR 10 (entries: 0)", self.verify().out)

    def test_profiles_are_asked_of_a_policy(self):
        self.quote("--pcr", "14", "--pcr", "7")
        self.assertEqual(json.loads(self.quote("--pcr", "14", "--pcr", "7", "--json").out)["pcrs"],
                         [7, 14])
        self.verify()
        self.verify("--profile", "calm", expect=USAGE)
        self.verify("--policy", self.calm_policy(7), "--profile", "missing", expect=USAGE)
        self.assertIn("the profile calm holds",
                      self.verify("--policy", self.calm_policy(14), "--profile", "calm").out)
        self.refused("the profile calm: environment failure: calm.pcrs: PCR 15 was not quoted",
                     "--policy", self.calm_policy(15), "--profile", "calm")

    def calm_policy(self, pcr):
        self.run_cli("policy", "draft", "--mode", "enforce", "--out", "draft.json", "--force")
        draft = json.loads(self.path("draft.json").read_text())
        draft["environments"] = {
            "calm": {"pcrs": {"sha256": {str(pcr): ["0" * 64]}}}}
        draft["attestation"] = {"lease": 60, "renewal": 20}
        self.path("draft.json").write_text(json.dumps(draft))
        self.run_cli("policy", "sign", "draft.json", "--key", "root.key", "--out", "calm.json",
                     "--force")
        return "calm.json"

    def test_other_questions_hosts_and_authorities_are_refused(self):
        self.quote()
        self.verify()
        self.refused("it answers another challenge", challenge="00" * 32)
        self.refused("the enrollment: invalid signature", root="other")
        other = self.start_tpm("other-tpm")
        self.enroll(other, "host-b")
        self.assertIn("it enrolls another attestation key",
                      self.quote(host="host-b", expect=ERROR).err)
        self.quote(out="theirs.json", tcti=other, host="host-b")
        self.verify(bundle="theirs.json")
        ours, theirs = (json.loads(self.path(f"{name}.json").read_text())
                        for name in ("bundle", "theirs"))
        for member in ("claims", "quote", "signature"):
            with self.subTest(member=member):
                self.save("mixed.json", {**ours, member: theirs[member]})
                self.refused("the enrolled TPM did not say this: ", bundle="mixed.json")
        self.path("mixed.json").write_text(json.dumps(ours))
        self.refused("the bundle: malformed: it is not in its canonical form", bundle="mixed.json")
        self.run_cli("attest", "show", "mixed.json", expect=ERROR)
        self.path("mixed.json").write_bytes(self.path("bundle.json").read_bytes()[:-2])
        self.refused("the bundle: malformed: ", bundle="mixed.json")

    def save(self, name, bundle):
        self.path(name).write_text(
            json.dumps(bundle, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n")

    def test_bad_command_lines_and_missing_parts_are_said(self):
        for challenge in ("", "ab", "AB" * 32, "xy" * 32, "ab" * 65):
            with self.subTest(challenge=challenge):
                self.run_cli("attest", "quote", "--challenge", challenge, "--out", "x",
                             expect=USAGE)
                self.run_cli("attest", "verify", "x", "--trust-root", "trust-other.json",
                             "--challenge", challenge, expect=USAGE)
        self.assertIn("0 to 23", self.quote("--pcr", "24", expect=USAGE).err)
        self.assertIn("hex number", self.quote("--handle", "king", expect=USAGE).err)
        self.assertIn("missing.json", self.quote(host="missing", expect=ERROR).err)
        self.assertIn("no key at 0x81010099", self.quote("--handle", "0x81010099",
                                                         expect=ERROR).err)
        self.assertIn("no TPM at device:/nonexistent",
                      self.quote(tcti="device:/nonexistent", expect=ERROR).err)
        self.assertFalse(self.path("bundle.json").exists())
        self.verify(expect=ERROR)


if __name__ == "__main__":
    unittest.main()
