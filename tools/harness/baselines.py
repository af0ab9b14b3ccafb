# SPDX-License-Identifier: Apache-2.0
"""What a release engineer does: baselines of packages and of whole systems, by the product's CLI."""
import os
import pathlib

from . import place
from .product import warrant


def read_names(path):
    """The list that `baseline capture` writes for people: {path: (digest, actions)}."""
    found = {}
    for line in pathlib.Path(path).read_text().splitlines():
        digest, actions, name = line.split(" ", 2)
        found[name] = (digest, actions.split(","))
    return found


def names_of_guest(authority):
    """The same for the guest's own baseline."""
    return read_names(authority.folder / "baseline.draft.names")


def capture(root, draft, *options):
    """Captures a folder. Returns its names."""
    warrant("baseline", "capture", "--force", "--root", root, "--out", draft, *options)
    return read_names(f"{draft}.names")


def capture_packages(packages, folder):
    """Unpacks Debian packages with their control files, each into a folder of its own, and captures what
    of it is code: maintainer scripts too, because dpkg executes them. Returns the draft and its names."""
    tree = folder / "tree"
    tree.mkdir()
    for path in packages:
        place.run([place.tool("dpkg-deb"), "--raw-extract", path, tree / path.name])
    draft = folder / "packages.draft"
    return draft, capture(tree, draft)


def sign(authority, draft, *options):
    """Signs a captured draft. Returns the envelope, and the file of its manifest."""
    target = draft.with_suffix(".json")
    warrant("baseline", "sign", "--force", "--policy", authority.folder / "policy.json", "--key",
            authority.folder / "issuer.key", "--out", target, *options, draft)
    manifest = next(draft.parent.glob("*.manifest"))
    return target.read_bytes(), manifest


def upgraded(old, packages):
    """The names of a system in which the files of packages have taken the place of older ones. `packages`:
    names of a capture_packages(): /FILE.deb/usr/bin/x, /FILE.deb/DEBIAN/postinst."""
    result = dict(old)
    for name, content in packages.items():
        package, path = name[1:].split("/", 1)
        if path.startswith("DEBIAN/"):
            path = f"var/lib/dpkg/info/{package.split('_')[0]}.{path[len('DEBIAN/'):]}"
        elif path.split("/")[0] in ("bin", "sbin", "lib", "lib64"):  # the root is merged into /usr
            path = f"usr/{path}"
        result[f"/{path}"] = content
    return result


def records(names):
    """Names as records of a manifest: {digest: actions}."""
    found = {}
    for digest, actions in names.values():
        found[digest] = sorted(set(found.get(digest, [])) | set(actions))
    return found


def build_package(folder, name, version, files, scripts):
    """A Debian package of our own. `files`: {path: bytes}, executable; `scripts`: {name: text}."""
    tree = folder / f"{name}-{version}"
    for path, data in files.items():
        target = tree / path.strip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        target.chmod(0o755)
    control = tree / "DEBIAN"
    control.mkdir(parents=True)
    (control / "control").write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: nobody <nobody@invalid>\n"
        f"Description: for a test\n")
    for script, text in scripts.items():
        (control / script).write_text(text)
        (control / script).chmod(0o755)
    target = folder / f"{name}_{version}_amd64.deb"
    place.run([place.tool("dpkg-deb"), "--build", "--root-owner-group", "-Znone", tree, target],
              env={**os.environ, "LC_ALL": "C"})
    return target
