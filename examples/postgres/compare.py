"""Are two files the same, byte for byte? If not, where is the first difference?"""

import hashlib
import itertools

CHUNK_BYTES = 1 << 20


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def first_difference(path_a, path_b):
    """None if the files are equal, else a sentence that names the first line that differs."""
    with open(path_a, "rb") as file_a, open(path_b, "rb") as file_b:
        for number, (a, b) in enumerate(itertools.zip_longest(file_a, file_b), 1):
            if a != b:
                return f"line {number} differs: {_shown(a)} and {_shown(b)}"
    return None


def _shown(line):
    return "(no line)" if line is None else repr(line[:120].decode(errors="replace"))
