#!/usr/bin/env python3
"""Runs the first steps of README.md as they stand there, twice, in an empty folder."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STEPS_S = 120


sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))

from server import free_port  # noqa: E402

# What has been done: the block must name it, in this order, and nothing stands before it.
BUILD = ("git clone URL ringjournal && cd ringjournal", "./dev setup", "./dev build")
ADDRESS = "127.0.0.1:7411"


def first_steps():
    """The shell block of the section, without the build, which has been done; on a free port."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        section = file.read().split("## First steps", 1)[1]
    steps = re.search(r"```sh\n(.*?)```", section, re.DOTALL).group(1).splitlines()
    for step, line in zip(BUILD, steps):
        if line.split("#")[0].strip() != step:
            raise AssertionError(f"the first steps begin with {BUILD}, not with {line!r}")
    block = "\n".join(steps[len(BUILD):])
    if block.count(ADDRESS) != 1:
        raise AssertionError(f"{ADDRESS} is said once, so that it can be changed once")
    return block.replace(ADDRESS, f"127.0.0.1:{free_port()}")


def run_steps(folder, programs):
    """Returns (exit code, output). The server is ended by its own process id at the end."""
    os.symlink(programs, os.path.join(folder, "bin"))
    # Rings of this run must be of this run only.
    environment = {**os.environ, "RINGJOURNAL_RING_DIR": os.path.join(folder, "rings")}
    steps = first_steps()
    script = f"set -euo pipefail\n{steps}\nwait $!\necho once more\n{steps}\nwait $!\n"
    process = subprocess.Popen(["bash", "-c", script], cwd=folder, env=environment, text=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    try:
        output = process.communicate(timeout=STEPS_S)[0]
    except subprocess.TimeoutExpired:
        output = "not finished in time"
    finally:
        try:  # the server too, if the steps failed before they ended it
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    return process.returncode, output


def main():
    programs = os.path.abspath(os.environ.get("RINGJOURNAL_BIN", os.path.join(ROOT, "bin")))
    folder = tempfile.mkdtemp(prefix="ringjournal-readme-")
    try:
        code, output = run_steps(folder, programs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(output)
    once, _, again = output.partition("once more")
    good = code == 0 and all(part.count("998\n999\n1000\n") == 2 for part in (once, again))
    print(f"{'ok' if good else 'not ok'} - README: the first steps do what they say, also when they are repeated")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
