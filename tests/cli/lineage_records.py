# SPDX-License-Identifier: Apache-2.0
"""Records that the tests of questions, exports and reports share."""
from support import BOOT, commit, denial

ARTIFACT = "ab" * 16
PAYLOAD = "cd" * 32
ISSUER = "SHA256:" + "A" * 43


def attribution(artifact=ARTIFACT, payload=PAYLOAD, issuers=(ISSUER,)):
    return {"governance": {"ticket": "OPS-1"}, "id": artifact, "issuers": list(issuers),
            "sha256": payload}


ACCEPTED = {"artifact": attribution(), "boot": BOOT, "boottime": "1", "host": "host-a",
            "id": "3f2a9c1d-r000000000000", "source": "a.json", "subjects": "1",
            "time": "2026-11-21T09:00:00.000000000Z", "type": "accepted", "v": 1}


def allowed(sequence, path="/usr/bin/tool", digest="dd" * 32, uid=1000, cgroup="/"):
    """A request that one grant authorizes."""
    record = denial(sequence, digest, path=path, uid=uid)
    record["decision"] = {"candidate": 0, "enforced": 1, "reason": "authorized",
                          "verdict": "allow"}
    record["artifact"] = attribution()
    record["task"]["cgroup"] = cgroup
    record["process"]["lineage"] = "2"
    return record


def many_records(count):
    """Execs that beget execs, and a denial at every third record."""
    records = []
    for i in range(1, count + 1):
        record = (denial(i, f"{i % 97:02x}" * 32, path=f"/tmp/file-{i % 50}", uid=1000 + i % 3)
                  if i % 3 == 0 else
                  commit(i, i + 1, max(1, i // 2), path=f"/usr/bin/tool-{i % 20}", pid=100 + i))
        seconds = i // 10
        record["time"] = (f"2026-11-21T{10 + seconds // 3600:02}:{seconds // 60 % 60:02}:"
                          f"{seconds % 60:02}.{i % 10}00000000Z")
        records.append(record)
    return records
