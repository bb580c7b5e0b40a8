#!/usr/bin/python3
"""Kills and freezes matching engines and journal nodes so often: digests and trades must be equal every time."""

import argparse
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]

import latency  # noqa: E402
from engines import engine_binary  # noqa: E402
from faults import FAULTS  # noqa: E402
from rounds import Rounds  # noqa: E402
from server import Programs  # noqa: E402
from wire import ROOT  # noqa: E402


def faults_named(text):
    names = tuple(text.split(","))
    unknown = [name for name in names if name not in FAULTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no fault {unknown[0]!r}: give some of {','.join(FAULTS)}")
    return names


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    if "--latency" in arguments:
        return latency.main([a for a in arguments if a != "--latency"])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", action="store_true", help="measure takeovers instead: see latency.py")
    parser.add_argument("--kills", type=int, default=500, help="freezes count as well")
    parser.add_argument("--kills-per-round", type=int, default=10)
    parser.add_argument("--faults", type=faults_named, default=tuple(FAULTS), help="of " + ",".join(FAULTS) + "; default all of them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commands", type=int, default=8000)
    parser.add_argument("--rate", type=int, default=2500, help="commands per second")
    parser.add_argument("--checkpoint-every", type=int, default=1000)
    parser.add_argument("--bin-dir", default=os.environ.get("RINGJOURNAL_BIN", os.path.join(ROOT, "bin")))
    options = parser.parse_args(arguments)
    started = time.monotonic()
    with Rounds(Programs(options.bin_dir), engine_binary(options.bin_dir), options.seed, options.commands, options.rate,
                options.checkpoint_every) as rounds:
        done = rounds.faults.done
        while sum(done.values()) < options.kills:
            rounds.run_round(options.kills_per_round, options.faults)
            print(f"round {rounds.round}: {sum(done.values())} faults {done}, {rounds.takeovers} takeovers, "
                  f"{time.monotonic() - started:.0f} s", flush=True)
    told = ", ".join(f"{count} times {FAULTS[name]}" for name, count in done.items())
    print(f"PASS: {sum(done.values())} faults ({told}), {rounds.takeovers} takeovers: book and trades were those of the "
          f"quiet run in all {rounds.round} rounds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
