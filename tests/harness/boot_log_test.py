# SPDX-License-Identifier: Apache-2.0
"""The boot logs kept as test data are whole: replayed, they give the values that the TPM had when they were read."""
import unittest

import support
from harness import boot_log

FOLDER = support.ROOT / "tests/unit/data/boot_log"
COMMAND_LINE = "console=ttyS0 quiet loglevel=4 panic=-1 proc_mem.force_override=always"
IMA = 10
LATE = ("sha384", "sha512")      # a module in 6.1, which is not there yet when IMA begins
OF_FIRMWARE = range(10)


def kept():
    return sorted(FOLDER.glob("*.log"))


class BootLogs(unittest.TestCase):
    def test_there_is_one_of_each_firmware(self):
        self.assertEqual({path.stem.rpartition("-")[0] for path in kept()}, {"bios", "uefi", "uefi-secure"})

    def test_replay_gives_the_values_of_the_tpm_in_each_bank(self):
        for path in kept():
            values = boot_log.read_values(path.with_suffix(".pcrs").read_text())
            for bank in ("sha1", "sha256", "sha384", "sha512"):
                with self.subTest(path.name, bank=bank):
                    replayed = boot_log.replay(boot_log.extensions(boot_log.parse(path.read_bytes()), bank), bank)
                    for pcr in OF_FIRMWARE:
                        zeroes = bytes(len(values[bank][pcr]))
                        self.assertEqual(replayed.get(pcr, zeroes), values[bank][pcr], f"PCR {pcr}")

    def test_replay_of_imas_list_gives_its_pcr_in_each_bank(self):
        for path in kept():
            values = boot_log.read_values(path.with_suffix(".pcrs").read_text())
            listed = path.with_suffix(".ima").read_bytes()
            for bank in ("sha1", "sha256", "sha384", "sha512"):
                with self.subTest(path.name, bank=bank):
                    known = not (bank in LATE and path.stem.endswith("-6.1"))
                    replayed = boot_log.replay(boot_log.ima_extensions(listed, bank, known), bank)
                    self.assertEqual(replayed[IMA], values[bank][IMA])

    def test_a_changed_event_shows(self):
        path = FOLDER / "uefi-6.1.log"
        events = boot_log.extensions(boot_log.parse(path.read_bytes()), "sha256")
        pcr, digest = events[-1]
        changed = boot_log.replay([*events[:-1], (pcr, bytes([digest[0] ^ 1]) + digest[1:])], "sha256")
        self.assertNotEqual(changed[pcr], boot_log.replay(events, "sha256")[pcr])

    def test_the_command_line_is_measured_where_the_kernel_was_started_as_an_image(self):
        digest = boot_log.command_line_digest(COMMAND_LINE + " initrd=initrd")
        for path in kept():
            with self.subTest(path.name):
                events = boot_log.parse(path.read_bytes())
                told = [event for event in events if event.pcr == 9 and b"LoadOptions" in event.data]
                kernels = [event for event in events if event.pcr == 4
                           and event.name == "EV_EFI_BOOT_SERVICES_APPLICATION"]
                as_image = path.name.startswith("uefi-") and not path.name.startswith("uefi-secure-")
                self.assertEqual([event.digests["sha256"] for event in told], [digest] * as_image)
                self.assertEqual(len(kernels), as_image)

    def test_secure_boot_is_told_in_pcr_7(self):
        for path in FOLDER.glob("uefi-*.log"):
            with self.subTest(path.name):
                told = [boot_log.variable(event) for event in boot_log.parse(path.read_bytes())
                        if event.pcr == 7 and event.name == "EV_EFI_VARIABLE_DRIVER_CONFIG"]
                self.assertEqual(dict(told)["SecureBoot"], bytes(["secure" in path.name]))


if __name__ == "__main__":
    unittest.main()
