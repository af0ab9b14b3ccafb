# SPDX-License-Identifier: Apache-2.0
"""Puts the product into the root file system of the Debian guest."""
import json
import os
import shutil
import time

from . import place
from .authority import Authority
from .product import ARTIFACTS, COUNTED, PROGRAMS, build_folder, warrant

# Debian's systemd-binfmt hands interpreters to the kernel, at boot and whenever it is restarted.
POLICY = {"permits": ["binfmt"]}


def install_into(root, folder):
    """Installs the product into the root file system of the Debian guest, captures its baseline and
    signs it. The keys stay in `folder`, so that a later run can sign for the same guest; what
    `baseline capture` counted too."""
    place.run([place.tool("cmake"), "--install", build_folder(), "--strip", "--prefix", "/usr"],
              env={**os.environ, "DESTDIR": str(root)})
    wants = root / "etc/systemd/system/sysinit.target.wants"  # as `systemctl enable` would, without it
    wants.mkdir(parents=True, exist_ok=True)
    (wants / "warrantd.service").symlink_to("/usr/lib/systemd/system/warrantd.service")
    authority = Authority.make(folder, time.time(), POLICY)
    artifacts = root / ARTIFACTS.strip("/")
    artifacts.mkdir(parents=True)
    for name in ("trust-root.json", "policy.json"):
        shutil.copy(authority.folder / name, artifacts.parent / name)
    draft = folder / "baseline.draft"
    counted = warrant("baseline", "capture", "--json", "--modules", "--root", root, "--out", draft)
    (folder / COUNTED).write_text(counted)
    warrant("baseline", "sign", "--policy", authority.folder / "policy.json", "--key",
            authority.folder / "issuer.key", "--initiator", "any", "--out",
            artifacts / "baseline.json", draft)
    administer(root, authority, artifacts / "administer.json")


def administer(root, authority, target):
    """Lets the product's own programs touch what they arm."""
    draft = target.with_suffix(".draft")
    words = [word for path in PROGRAMS for word in ("--subject", root / path.strip("/"))]
    warrant("artifact", "draft", "--policy", authority.folder / "policy.json", "--kind", "baseline", *words,
            "--action", "exec,map,administer", "--initiator", "uid=0", "--valid-for", "90d", "--out", draft)
    warrant("artifact", "sign", "--key", authority.folder / "issuer.key", "--out", target, draft)
    draft.unlink()


def counted(folder):
    """What `baseline capture` counted when it was installed."""
    return json.loads((folder / COUNTED).read_text())
