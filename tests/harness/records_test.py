# SPDX-License-Identifier: Apache-2.0
"""Whether records are complete, and what is taken of an archive that has a file twice."""
import io
import json
import pathlib
import tarfile
import tempfile
import unittest

import support  # noqa: F401  finds the harness
from harness import records


def commit(sequence, lineage, parent):
    return {"type": "commit", "boot": "b", "sequence": str(sequence),
            "process": {"lineage": str(lineage), "parent": str(parent)}}


def problem(*told):
    return records.Records([json.dumps(record) for record in told]).numbers_problem()


GAP = {"type": "gap", "boot": "b", "lost": "1"}
START = {"type": "start", "boot": "b"}
WHOLE = [commit(1, 5, 0), commit(2, 6, 5), commit(3, 7, 6)]


class Numbers(unittest.TestCase):
    def test_each_event_once(self):
        self.assertEqual(problem(), "")
        self.assertEqual(problem(START, *WHOLE), "")
        self.assertEqual(problem(START, *reversed(WHOLE)), "")

    def test_twice_or_missing(self):
        self.assertIn("1 events are recorded twice", problem(*WHOLE, WHOLE[1]))
        self.assertIn("1 are missing", problem(WHOLE[0], commit(3, 7, 5)))
        self.assertEqual(problem(WHOLE[0], GAP, commit(3, 7, 5)), "")
        self.assertIn("2 are missing", problem(WHOLE[0], GAP, commit(4, 7, 5)))

    def test_each_boot_by_itself(self):
        other = [dict(record, boot="c") for record in WHOLE]
        self.assertEqual(problem(*WHOLE, *other), "")
        self.assertIn("missing", problem(*WHOLE, other[0], other[2]))

    def test_parents_are_known(self):
        self.assertIn("1 parents have no record: [4]", problem(commit(1, 5, 4)))


class Unpacking(unittest.TestCase):
    def test_the_first_of_a_name_counts(self):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, content in (("a", b"first"), ("b", b"b"), ("a", b"second")):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        packed.seek(0)
        with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=packed) as archive:
            records.unpack(archive, folder)
            self.assertEqual((pathlib.Path(folder) / "a").read_bytes(), b"first")
            self.assertEqual((pathlib.Path(folder) / "b").read_bytes(), b"b")


if __name__ == "__main__":
    unittest.main()
