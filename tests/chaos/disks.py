"""The disk under a node: slow and failing syncs (disk_shim.h), and bits that change while nobody looks."""

import mmap
import os
import struct

BLOCK = 4096
# DiskFaults of disk_shim.h
SIZE = 24
SLOW, FAIL_AT, FAILURE, SLOWED, FAILED = 0, 8, 12, 16, 20
FAILURES = ["nothing written", "written, the sync fails", "torn"]


class Disk:
    """What the shim under one node is told; it holds through the node's restarts."""

    def __init__(self, folder, name, shim):
        self._path = os.path.join(folder, name + ".disk")
        self._shim = shim
        with open(self._path, "wb") as file:
            file.write(b"\0" * SIZE)
        with open(self._path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), SIZE)

    @property
    def launcher(self):
        return ["env", f"LD_PRELOAD={self._shim}", f"RINGJOURNAL_CHAOS_DISK={self._path}"]

    def slow(self, least_ms, most_ms):
        """From now on; `slowed` counts anew."""
        struct.pack_into("=I", self._map, SLOWED, 0)
        struct.pack_into("=II", self._map, SLOW, least_ms, most_ms)

    def fail(self, at, failure):
        """The `at`-th sync from now on, once; `failed` counts anew."""
        struct.pack_into("=I", self._map, FAILED, 0)
        struct.pack_into("=I", self._map, FAILURE, failure)
        struct.pack_into("=I", self._map, FAIL_AT, at)

    def heal(self):
        struct.pack_into("=IIII", self._map, SLOW, 0, 0, 0, 0)

    @property
    def slowed(self):
        return struct.unpack_from("=I", self._map, SLOWED)[0]

    @property
    def failed(self):
        return struct.unpack_from("=I", self._map, FAILED)[0]


def used_bytes(path):
    """Up to where a segment has been written: what lies behind is as it was made, blocks that are all the same."""
    with open(path, "rb") as file:
        data = file.read()
    end = len(data) // BLOCK * BLOCK
    unused = data[end - BLOCK:end]
    while end > BLOCK and data[end - BLOCK:end] == unused:
        end -= BLOCK
    return end


def flip_bit(path, least, limit, rng):
    """Of a byte from `least` on and below `limit`. Returns where, in words."""
    at, bit = rng.randrange(least, limit), rng.randrange(8)
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1 << bit]))
    return f"bit {bit} of byte {at} of {os.path.getsize(path)} of {os.path.basename(path)}"
