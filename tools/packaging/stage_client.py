#!/usr/bin/env python3
"""Makes the tar of an installed client library.

usage: stage_client.py OUT.tar FILE...   (headers, libX.a, X.flags, libringjournal.so, server/version.h)
"""

import io
import os
import re
import sys
import tarfile

# What an installed header calls the headers that it needs: there is no other "client/" to clash with.
INCLUDE = re.compile(rb'#include "((?:client|journal)/[\w/]+\.h)"')
FOLDERS = ("client/", "journal/")
DESCRIPTIONS = {
    "ringjournal-client": "client library of ringjournal, a message journaling service",
    "ringjournal-client-testing": "the client library with a fake journal for tests",
    "ringjournal": "client library of ringjournal for C",
}
# What a program that was linked asks for, and what -lringjournal finds.
SHARED, SHARED_LINK = "libringjournal.so.1", "libringjournal.so"


def header_name(path):
    """Its path from the repository's root."""
    for folder in FOLDERS:
        at = ("/" + path).rfind("/" + folder)
        if at >= 0:
            return path[at:]
    raise SystemExit(f"stage_client.py: {path} lies in none of {FOLDERS}; list it in BUILD.bazel of "
                     f"client or journal")


def pkg_config(name, flags, version, language="-std=c++20 "):
    return (f"prefix=${{pcfiledir}}/../..\n"
            f"libdir=${{prefix}}/lib\n"
            f"includedir=${{prefix}}/include\n\n"
            f"Name: {name}\n"
            f"Description: {DESCRIPTIONS[name]}\n"
            f"Version: {version}\n"
            f"Cflags: {language}-I${{includedir}}\n"
            f"Libs: -L${{libdir}} {' '.join(['-l' + name, *flags.split()])}\n").encode()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def members(paths):
    """Yields (name, bytes) of everything that is installed."""
    version = next(re.search(rb'kServerVersion\[\] = "([^"]+)"', read(path)).group(1).decode()
                   for path in paths if path.endswith("server/version.h"))
    for path in paths:
        base = os.path.basename(path)
        if base.endswith(".a"):
            yield f"lib/{base}", read(path)
        elif base == SHARED_LINK:
            yield f"lib/{SHARED}", read(path)
            yield "lib/pkgconfig/ringjournal.pc", pkg_config("ringjournal", "", version, language="")
        elif base.endswith(".flags"):
            name = base[:-len(".flags")]
            flags = read(path).decode().strip()
            yield f"lib/pkgconfig/{name}.pc", pkg_config(name, flags, version)
        elif not path.endswith("server/version.h"):
            yield (f"include/ringjournal/{header_name(path)}",
                   INCLUDE.sub(rb'#include "ringjournal/\1"', read(path)))


def main(arguments):
    with tarfile.open(arguments[0], "w") as tar:
        for name, content in sorted(members(arguments[1:])):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.mode = 0o644
            tar.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo(f"lib/{SHARED_LINK}")
        link.type, link.linkname = tarfile.SYMTYPE, SHARED
        tar.addfile(link)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
