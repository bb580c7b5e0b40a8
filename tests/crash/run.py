#!/usr/bin/python3
"""Kill tests with real processes. Prints a line for each check and "N passed, N failed"."""

import argparse
import os
import random
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]

import piped  # noqa: E402
import ring_kept  # noqa: E402
import ring_lost  # noqa: E402
from checks import Checks  # noqa: E402
from server import Programs  # noqa: E402
from wire import ROOT  # noqa: E402

SHORT_KILLS = 15
PARTS = ("kept", "lost", "pipe")


def main(arguments=None, kills=SHORT_KILLS):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=kills, help="with the ring kept, and as many lost")
    parser.add_argument("--bin-dir", default=os.environ.get("RINGJOURNAL_BIN", os.path.join(ROOT, "bin")))
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--only", choices=PARTS, action="append")
    options = parser.parse_args(arguments)
    # A caller's time-out must not leave servers and rings behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    programs = Programs(options.bin_dir)
    checks = Checks()
    parts = options.only or PARTS
    print(f"seed {options.seed}, {options.kills} kills each")
    started = time.monotonic()
    if "kept" in parts:
        ring_kept.run(checks, programs, options.kills, options.seed)
    if "lost" in parts:
        ring_lost.run(checks, programs, options.kills, options.seed)
    if "pipe" in parts:
        piped.run(checks, programs)
    print(f"in {time.monotonic() - started:.1f} s; again with --seed {options.seed}")
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
