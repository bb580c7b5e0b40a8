#!/usr/bin/env python3
"""`./dev` on a machine where the packages are not installed says which command installs them."""

import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# What ./dev itself needs of a machine. Nothing else is found, bazel above all.
PROGRAMS = ("bash", "cat", "cksum", "cut", "date", "dirname", "env", "getent", "id", "rm", "mkdir")


def main():
    folder = tempfile.mkdtemp(prefix="ringjournal-dev-")
    try:
        shutil.copy(os.path.join(ROOT, "dev"), folder)
        shutil.copytree(os.path.join(ROOT, "tools", "dev"), os.path.join(folder, "tools", "dev"))
        programs = os.path.join(folder, "programs")
        os.mkdir(programs)
        for name in PROGRAMS:
            os.symlink(shutil.which(name), os.path.join(programs, name))
        # Of a copy: it removes what was built.
        done = subprocess.run([os.path.join(folder, "dev"), "clean"], capture_output=True, text=True, timeout=60,
                              check=False, env={"PATH": programs, "HOME": folder})
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    good = done.returncode == 1 and "Run ./dev setup" in done.stderr and "command not found" not in done.stderr
    if not good:
        print(done.returncode, done.stdout, done.stderr)
    print(f"{'ok' if good else 'not ok'} - ./dev without its packages names ./dev setup")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
