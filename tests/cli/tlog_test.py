# SPDX-License-Identifier: Apache-2.0
"""Logs that the C++ side writes, read by a reader that knows the specifications alone."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import tlog_reader as reader

MAKER = os.environ["WARRANT_TLOG_MAKER"]
ORIGIN = "host-a.example/lineage"
COSIGNED_AT = 1795255200


def entry_of(index):
    """What the maker appends."""
    return b"entry %d " % index + bytes([index % 256]) * (index * 37 % 200)


class TlogTest(unittest.TestCase):
    def make(self, size, seed):
        directory = tempfile.TemporaryDirectory(prefix="warrant-tlog-")
        self.addCleanup(directory.cleanup)
        self.folder = Path(directory.name)
        made = subprocess.run([MAKER, directory.name, str(size), str(seed)], check=True,
                              capture_output=True, text=True, timeout=300)
        self.key, self.witness = map(reader.Key, made.stdout.split())

    def read(self):
        """Entries and number of tiles, after everything was compared."""
        note = (self.folder / "log/checkpoint").read_bytes()
        origin, size, root = reader.parse_checkpoint(reader.open_note(note, [self.key])[0])
        self.assertEqual(origin, ORIGIN)
        log = reader.Log(self.folder / "log", size)
        entries = list(log.entries())
        leaves = [reader.leaf_hash(entry) for entry in entries]
        self.assertEqual(reader.tree_hash(leaves), root)
        return entries, log.check_tiles(leaves)

    def test_logs_of_many_sizes(self):
        for size in (0, 1, 2, 255, 256, 257, 700, 65535, 65536, 66000, 70000):
            with self.subTest(size=size):
                self.make(size, size)
                entries, tiles = self.read()
                self.assertEqual(len(entries), size)
                self.assertTrue(all(entry == entry_of(i) for i, entry in enumerate(entries)))
                expected = sum(-(-(size // 256**level) // 256) for level in range(3))
                self.assertEqual(tiles, expected)

    def test_proofs_hold(self):
        self.make(66000, 5)
        proofs = list(self.folder.glob("*.tlog-proof"))
        self.assertGreater(len(proofs), 15)
        for path in proofs:
            index, proof = int(path.stem), path.read_bytes()
            self.assertEqual(reader.check_proof(proof, entry_of(index), [self.key]), index)
            with self.assertRaises(ValueError):
                reader.check_proof(proof, entry_of(index + 1), [self.key])

    def test_cosignatures_verify(self):
        self.make(300, 6)
        note = (self.folder / "cosigned").read_bytes()
        text, times = reader.open_note(note, [self.key, self.witness])
        self.assertEqual(times[self.witness.name, reader.COSIGNATURE], COSIGNED_AT)
        self.assertEqual(reader.parse_checkpoint(text)[1], 300)

    def test_the_reader_notices_what_is_wrong(self):
        self.make(700, 7)
        for path in ("checkpoint", "tile/0/000", "tile/0/002.p/188", "tile/1/000.p/2",
                     "tile/entries/001", "tile/entries/002.p/188"):
            file = self.folder / "log" / path
            good = file.read_bytes()
            for at in (len(good) // 3, len(good) - 2):
                with self.subTest(path=path, at=at):
                    file.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
                    with self.assertRaises((ValueError, AssertionError)):
                        self.read()
            file.write_bytes(good)
            self.read()


class Ed25519Test(unittest.TestCase):
    """RFC 8032 section 7.1, TEST 2: the reader's own arithmetic is right."""
    KEY = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    SIGNATURE = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")

    def test_it_verifies(self):
        reader.verify_ed25519(self.KEY, b"\x72", self.SIGNATURE)
        with self.assertRaises(ValueError):
            reader.verify_ed25519(self.KEY, b"\x73", self.SIGNATURE)


if __name__ == "__main__":
    unittest.main()
