#!/usr/bin/env python3
"""Runs the first steps of README.md as they stand there, in an empty folder."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STEPS_S = 120


def first_steps():
    """The shell block of the section, without the build, which has been done."""
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        section = file.read().split("## First steps", 1)[1]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL).group(1)
    return block.replace("./dev build\n", "")


def run_steps(folder, programs):
    """Returns (exit code, output). The server is ended by its own process id at the end."""
    os.symlink(programs, os.path.join(folder, "bin"))
    # Rings of this run must be of this run only.
    environment = {**os.environ, "RINGJOURNAL_RING_DIR": os.path.join(folder, "rings")}
    script = f"set -euo pipefail\n{first_steps()}\nkill $!\nwait $!\n"
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
    good = code == 0 and "998\n999\n1000\n" in output
    print(f"{'ok' if good else 'not ok'} - README: the first steps do what they say")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
