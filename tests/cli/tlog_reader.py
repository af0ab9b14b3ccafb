# SPDX-License-Identifier: Apache-2.0
"""A reader of tiled logs, written from c2sp.org/signed-note, tlog-checkpoint, tlog-tiles, tlog-proof,
tlog-cosignature, RFC 6962 and RFC 8032 alone; it shares no line with the log that it reads."""
import base64
import hashlib
from pathlib import Path


def need(condition, what):
    if not condition:
        raise ValueError(what)


# ---- RFC 8032 section 5.1.7 and appendix A, verification only

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    need(y < P, "y is not reduced")
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P)
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P != 0:
        x = x * SQRT_M1 % P
    need((x * x - x2) % P == 0, "no point has this y")
    need(x != 0 or sign == 0, "x is zero and negative")
    return P - x if x & 1 != sign else x


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def decompress(encoded):
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x = recover_x(y, sign)
    return (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def verify_ed25519(key, message, signature):
    need(len(key) == 32 and len(signature) == 64, "sizes")
    r, s = decompress(signature[:32]), int.from_bytes(signature[32:], "little")
    need(s < L, "S is not reduced")
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = multiply(s, BASE), add(r, multiply(k, decompress(key)))
    need((left[0] * right[2] - right[0] * left[2]) % P == 0 and
         (left[1] * right[2] - right[1] * left[2]) % P == 0, "the signature does not verify")


# ---- c2sp.org/signed-note, tlog-cosignature, tlog-checkpoint

ED25519, COSIGNATURE = 1, 4


class Key:
    def __init__(self, vkey):
        self.name, key_id, encoded = vkey.split("+", 2)
        material = base64.b64decode(encoded, validate=True)
        self.kind, self.key = material[0], material[1:]
        self.id = hashlib.sha256(self.name.encode() + b"\n" + material).digest()[:4]
        need(key_id == self.id.hex(), "key id")
        need(self.kind in (ED25519, COSIGNATURE), "key type")

    def verify(self, text, signature):
        """The time of a cosignature, else None."""
        if self.kind == ED25519:
            verify_ed25519(self.key, text, signature)
            return None
        time = int.from_bytes(signature[:8], "big")
        verify_ed25519(self.key, b"cosignature/v1\ntime %d\n" % time + text, signature[8:])
        return time


def open_note(note, keys):
    """The text, and the times by name of those of `keys` that signed; all must have."""
    note.decode("utf-8")
    need(not any(byte < 0x20 and byte != 0x0A for byte in note), "control characters")
    text, _, signatures = note.rpartition(b"\n\n")
    text += b"\n"
    need(signatures.endswith(b"\n"), "the last line does not end")
    times = {}
    for line in signatures[:-1].split(b"\n"):
        dash, name, encoded = line.decode().split(" ")
        need(dash == "\u2014", "em dash")
        blob = base64.b64decode(encoded, validate=True)
        for key in keys:
            if (key.name, key.id) == (name, blob[:4]):
                times[name, key.kind] = key.verify(text, blob[4:])
    need(len(times) == len(keys), "not everybody signed")
    return text, times


def parse_checkpoint(text):
    lines = text.decode().split("\n")
    need(len(lines) == 4 and lines[3] == "", "three lines")
    need(str(int(lines[1])) == lines[1], "size")
    root = base64.b64decode(lines[2], validate=True)
    need(len(root) == 32, "root")
    return lines[0], int(lines[1]), root


# ---- RFC 6962 section 2.1

def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_hash(hashes):
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(tree_hash(hashes[:split]), tree_hash(hashes[split:]))


def root_by_path(hash_, index, size, path):
    """PATH(m, D[n]) of section 2.1.1, undone from the root: the last hash is the root's child."""
    if size == 1:
        need(not path, "the path is too long")
        return hash_
    need(path, "the path is too short")
    split = 1
    while split * 2 < size:
        split *= 2
    if index < split:
        return node_hash(root_by_path(hash_, index, split, path[:-1]), path[-1])
    return node_hash(path[-1], root_by_path(hash_, index - split, size - split, path[:-1]))


# ---- c2sp.org/tlog-tiles

def index_path(index):
    parts = []
    while True:
        parts.insert(0, f"{index % 1000:03}")
        index //= 1000
        if index == 0:
            return "/".join(["x" + part for part in parts[:-1]] + parts[-1:])


class Log:
    def __init__(self, folder, size):
        self.folder, self.size = Path(folder), size

    def widths(self, level):
        """(index, width) of each tile of the level."""
        count = self.size // 256**level
        return [(n, 256) for n in range(count // 256)] + (
            [(count // 256, count % 256)] if count % 256 else [])

    def resource(self, kind, index, width):
        path = f"tile/{kind}/{index_path(index)}"
        return (self.folder / (path if width == 256 else f"{path}.p/{width}")).read_bytes()

    def tile(self, level, index, width):
        data = self.resource(level, index, width)
        need(len(data) == 32 * width, f"tile {level}/{index}: {len(data)} bytes")
        return [data[i:i + 32] for i in range(0, len(data), 32)]

    def entries(self):
        for index, width in self.widths(0):
            data, count = self.resource("entries", index, width), 0
            while data:
                length = int.from_bytes(data[:2], "big")
                need(len(data) >= 2 + length, "an entry is cut off")
                yield data[2:2 + length]
                data, count = data[2 + length:], count + 1
            need(count == width, f"bundle {index}: {count} entries")

    def check_tiles(self, leaves):
        """Every tile of every level is MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l])."""
        hashes, level, tiles = leaves, 0, 0
        while hashes:
            for index, width in self.widths(level):
                need(self.tile(level, index, width) == hashes[index * 256:index * 256 + width],
                     f"tile {level}/{index}")
                tiles += 1
            hashes = [tree_hash(hashes[i:i + 256]) for i in range(0, len(hashes) // 256 * 256, 256)]
            level += 1
        return tiles


# ---- c2sp.org/tlog-proof

def check_proof(proof, entry, keys):
    """The index that the entry is proved to have."""
    head, _, note = proof.partition(b"\n\n")
    lines = head.decode().split("\n")
    need(lines.pop(0) == "c2sp.org/tlog-proof@v1", "header")
    if lines[0].startswith("extra "):
        lines.pop(0)
    word, index = lines.pop(0).split(" ")
    need(word == "index" and str(int(index)) == index, "index")
    path = [base64.b64decode(line, validate=True) for line in lines]
    _, size, root = parse_checkpoint(open_note(note, keys)[0])
    need(int(index) < size, "no such entry")
    need(root_by_path(leaf_hash(entry), int(index), size, path) == root, "another root")
    return int(index)
