# SPDX-License-Identifier: Apache-2.0
"""An initramfs as the kernel wants it: cpio "newc" (Documentation/driver-api/early-userspace/
buffer-format.rst). Written here so that the same inputs give the same bytes, without root."""
import stat


class Tree:
    """Files to be; parents come into being by themselves, later entries replace earlier ones."""

    def __init__(self):
        self._entries = {}

    def _put(self, path, mode, uid, gid, data=b"", device=(0, 0)):
        path = path.strip("/")
        parent = path.rpartition("/")[0]
        if parent and parent not in self._entries:
            self.folder(parent)
        self._entries[path] = (mode, uid, gid, data, device)

    def folder(self, path, mode=0o755, uid=0, gid=0):
        self._put(path, stat.S_IFDIR | mode, uid, gid)

    def file(self, path, data, mode=0o644, uid=0, gid=0):
        self._put(path, stat.S_IFREG | mode, uid, gid, data)

    def link(self, path, target):
        self._put(path, stat.S_IFLNK | 0o777, 0, 0, target.encode())

    def character_device(self, path, major, minor, mode=0o600):
        self._put(path, stat.S_IFCHR | mode, 0, 0, b"", (major, minor))

    def paths(self):
        return list(self._entries)

    def read(self, path):
        """The bytes of a file that was put in."""
        return self._entries[path.strip("/")][3]

    def mode(self, path):
        return self._entries[path.strip("/")][0]

    def archive(self):
        """The whole tree as one archive, padded so that another can follow it."""
        parts = [_record(number, path, *entry)
                 for number, (path, entry) in enumerate(self._entries.items(), 1)]
        parts.append(_record(0, "TRAILER!!!", 0, 0, 0, b"", (0, 0)))
        return _padded(b"".join(parts), 512)


def _padded(data, unit):
    return data + b"\0" * (-len(data) % unit)


def _record(number, path, mode, uid, gid, data, device):
    name = path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (number, mode, uid, gid, links, 0, len(data), 0, 0, device[0], device[1], len(name), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _padded(head + name, 4) + _padded(data, 4)
