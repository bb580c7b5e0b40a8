#!/usr/bin/python3
"""Kills matching engines and journal nodes until so many died: digests and trades must be equal every time."""

import argparse
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]

import latency  # noqa: E402
from engines import engine_binary  # noqa: E402
from rounds import Rounds  # noqa: E402
from server import Programs  # noqa: E402
from wire import ROOT  # noqa: E402


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    if "--latency" in arguments:
        return latency.main([a for a in arguments if a != "--latency"])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", action="store_true", help="measure takeovers instead: see latency.py")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--kills-per-round", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commands", type=int, default=8000)
    parser.add_argument("--rate", type=int, default=2500, help="commands per second")
    parser.add_argument("--checkpoint-every", type=int, default=1000)
    parser.add_argument("--bin-dir", default=os.environ.get("RINGJOURNAL_BIN", os.path.join(ROOT, "bin")))
    options = parser.parse_args(arguments)
    started = time.monotonic()
    with Rounds(Programs(options.bin_dir), engine_binary(options.bin_dir), options.seed, options.commands, options.rate,
                options.checkpoint_every) as rounds:
        while sum(rounds.kills.values()) < options.kills:
            rounds.run_round(options.kills_per_round)
            print(f"round {rounds.round}: {sum(rounds.kills.values())} kills {rounds.kills}, "
                  f"{rounds.takeovers} takeovers, {time.monotonic() - started:.0f} s", flush=True)
    print(f"PASS: {sum(rounds.kills.values())} kills ({rounds.kills['engine']} of the engine, {rounds.kills['node']} of "
          f"a journal's leader, {rounds.kills['both']} of both at once), {rounds.takeovers} takeovers: book and trades "
          f"were those of the quiet run in all {rounds.round} rounds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
