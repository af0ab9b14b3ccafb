# SPDX-License-Identifier: Apache-2.0
"""The firmware's log of what it measured (TCG PC Client Platform Firmware Profile 1.05, section 10), and the
kernel's list of what IMA measured. For tests of the harness: the product reads them by code of its own."""
import dataclasses
import hashlib
import struct

ALGORITHMS = {0x0004: "sha1", 0x000B: "sha256", 0x000C: "sha384", 0x000D: "sha512"}
NO_ACTION = 3                      # such an event is in no PCR
EVENT_NAMES = {
    0x00000003: "EV_NO_ACTION", 0x00000004: "EV_SEPARATOR", 0x00000005: "EV_ACTION", 0x00000006: "EV_EVENT_TAG",
    0x00000008: "EV_S_CRTM_VERSION", 0x80000001: "EV_EFI_VARIABLE_DRIVER_CONFIG", 0x80000002: "EV_EFI_VARIABLE_BOOT",
    0x80000003: "EV_EFI_BOOT_SERVICES_APPLICATION", 0x80000004: "EV_EFI_BOOT_SERVICES_DRIVER",
    0x80000007: "EV_EFI_ACTION", 0x80000008: "EV_EFI_PLATFORM_FIRMWARE_BLOB"}


@dataclasses.dataclass(frozen=True)
class Event:
    """One measurement."""
    pcr: int
    type: int
    digests: dict                  # {bank: bytes}
    data: bytes

    @property
    def name(self):
        return EVENT_NAMES.get(self.type, hex(self.type))


def parse(log):
    """The events after the header, in order."""
    header, = struct.unpack_from("<I", log, 28)
    specification = log[32:32 + header]
    if not specification.startswith(b"Spec ID Event03\0"):
        raise ValueError("not a log of TPM 2.0's format")
    count, = struct.unpack_from("<I", specification, 24)
    sizes = dict(struct.unpack_from("<HH", specification, 28 + 4 * i) for i in range(count))
    at, events = 32 + header, []
    while at < len(log):
        pcr, kind, count = struct.unpack_from("<III", log, at)
        at += 12
        digests = {}
        for _ in range(count):
            algorithm, = struct.unpack_from("<H", log, at)
            digests[ALGORITHMS[algorithm]] = log[at + 2:at + 2 + sizes[algorithm]]
            at += 2 + sizes[algorithm]
        size, = struct.unpack_from("<I", log, at)
        events.append(Event(pcr, kind, digests, log[at + 4:at + 4 + size]))
        at += 4 + size
    return events


def replay(extensions, bank):
    """{pcr: value} after those [(pcr, digest)], from all zeroes."""
    values = {}
    for pcr, digest in extensions:
        before = values.get(pcr, bytes(hashlib.new(bank).digest_size))
        values[pcr] = hashlib.new(bank, before + digest).digest()
    return values


def extensions(events, bank):
    return [(event.pcr, event.digests[bank]) for event in events if event.type != NO_ACTION]


def ima_extensions(listed, bank, known=True):
    """What the kernel's binary_runtime_measurements say was put into PCRs: each bank got the digest of the
    template's data by its own algorithm (Linux 5.8 and later), or where the kernel does not have that one
    (`known`), the SHA-1 digest and zeroes."""
    at, found = 0, []
    while at < len(listed):
        pcr, = struct.unpack_from("<I", listed, at)
        name, = struct.unpack_from("<I", listed, at + 24)
        size, = struct.unpack_from("<I", listed, at + 28 + name)
        data = listed[at + 32 + name:at + 32 + name + size]
        digest = hashlib.new(bank if known else "sha1", data).digest()
        found.append((pcr, digest.ljust(hashlib.new(bank).digest_size, b"\0")))
        at += 32 + name + size
    return found


def read_values(text):
    """{bank: {pcr: value}} of lines `bank pcr hex`."""
    values = {}
    for line in text.splitlines():
        bank, pcr, value = line.split()
        values.setdefault(bank, {})[int(pcr)] = bytes.fromhex(value)
    return values


def variable(event):
    """(name, content) of a UEFI variable that an event tells of."""
    name, size = struct.unpack_from("<QQ", event.data, 16)
    return event.data[32:32 + 2 * name].decode("utf-16-le"), event.data[32 + 2 * name:32 + 2 * name + size]


def command_line_digest(text, bank="sha256"):
    """What Linux measures of its command line into PCR 9: in UTF-16, with the zero at its end."""
    return hashlib.new(bank, (text + "\0").encode("utf-16-le")).digest()
