#!/usr/bin/python3
"""End-to-end tests with real processes. Prints a line for each check and "N passed, N failed"."""

import argparse
import importlib
import os
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]

from case import CASES, Environment, Skip  # noqa: E402
from checks import Checks  # noqa: E402
from server import Programs  # noqa: E402
from wire import ROOT  # noqa: E402

PARTS = ("bad_bytes", "bad_requests", "bad_files", "places", "stops", "commands", "reading", "losses", "positions",
         "replaying", "transfers", "config", "cluster_nodes", "comparing", "operator_commands", "completions",
         "newcomer", "sayings", "fences", "takeovers", "producers", "readiness")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin-dir", default=os.environ.get("RINGJOURNAL_BIN", os.path.join(ROOT, "bin")))
    parser.add_argument("--only", action="append", default=[], choices=PARTS)
    parser.add_argument("--match", default="", help="only cases whose name holds this")
    parser.add_argument("--times", action="store_true", help="seconds of each case")
    options = parser.parse_args(arguments)
    # A caller's time-out must not leave servers and rings behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    for part in options.only or PARTS:
        importlib.import_module(part)
    programs = Programs(options.bin_dir)
    checks = Checks()
    for name, function in CASES:
        if options.match in name:
            run_case(checks, programs, name, function, options.times)
    return checks.close()


def run_case(checks, programs, name, function, times):
    started = time.monotonic()
    try:
        with Environment(programs) as environment:
            function(environment)
    except Skip as skip:
        checks.skip(name, skip)
    except Exception as error:  # pylint: disable=broad-except
        checks.fail(name, error)
    else:
        with checks.check(name):
            pass
    if times:
        print(f"   {time.monotonic() - started:.2f} s")


if __name__ == "__main__":
    sys.exit(main())
