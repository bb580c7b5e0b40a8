#!/usr/bin/env python3
"""A transaction system's own failover, as a story: the engine is killed, its standby takes over.

Three nodes of ringjournal, and two matching engines on one fenced journal of orders. The one that
writes is killed with SIGKILL in the middle, then a journal's leader, then both at once. In the end
the books of both and the journal of trades, byte for byte, must be those of a run in which nobody
died. Ends with a line PASS (exit code 0) or FAIL (1).
"""

import argparse
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "takeover"), os.path.join(ROOT, "tests", "lib")]

from checks import Failed  # noqa: E402
from engines import engine_binary  # noqa: E402
from rounds import Rounds  # noqa: E402
from server import Programs  # noqa: E402

TOLD = {"engine": "the engine that writes is killed", "node": "a journal's leader is killed",
        "both": "the engine and a journal's leader are killed at once"}
PHASES = ("silence_ms", "fence_ms", "replay_ms", "open_ms")


def say(text):
    print(f"   {text}", flush=True)


def show(reports):
    for report in reports:
        if report["old_writer"].startswith("none"):
            continue
        say(f"{report['new_writer']} takes over from {report['old_writer']} behind LSN {report['final_lsn']}: "
            f"{report['verdict']}, {report['in_doubt_count']} in doubt; "
            + ", ".join(f"{phase[:-3]} {report[phase]} ms" for phase in PHASES))


def story(bin_dir):
    say("three nodes, and a run in which nobody dies, to compare with")
    with Rounds(Programs(bin_dir), engine_binary(bin_dir), seed=11, commands=10000, rate=2500,
                checkpoint_every=2000) as rounds:
        (commands, trades, digest, _), _ = rounds.wanted
        say(f"{commands} orders make {trades} trades; the book's digest is {digest}")
        for what, told in TOLD.items():
            say(f"the same orders again: {told}, three times")
            rounds.run_round(3, (what,), show)
    return f"PASS: {sum(rounds.kills.values())} kills, {rounds.takeovers} takeovers; book and trades as if nobody had died"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default=os.path.join(ROOT, "bin"))
    try:
        print(story(parser.parse_args().bin))
    except Failed as failed:
        print(f"FAIL: {failed}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
