#!/usr/bin/env python3
"""A transaction system's own failover, as a story: the engine is killed, its standby takes over.

Three nodes of ringjournal, and two matching engines on one fenced journal of orders. The one that
writes is killed with SIGKILL in the middle, then a journal's leader, then both at once; then it is
frozen with SIGSTOP until its standby has replaced it, and wakes up. In the end the books of both and
the journal of trades, byte for byte, must be those of a run in which nobody died. Ends with a line
PASS (exit code 0) or FAIL (1).
"""

import argparse
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "takeover"), os.path.join(ROOT, "tests", "lib")]

from checks import Failed  # noqa: E402
from engines import engine_binary  # noqa: E402
from faults import FAULTS  # noqa: E402
from rounds import Rounds  # noqa: E402
from server import Programs  # noqa: E402

# How often each. A node that was killed needs a quarter of the orders' time to be back.
SHOWN = {"engine": 3, "node": 2, "both": 2, "freeze": 3}
TIMES = {2: "twice", 3: "three times"}
PHASES = ("silence_ms", "fence_ms", "replay_ms", "open_ms")


def say(text):
    print(f"   {text}", flush=True)


def show(engines):
    reports = [report for engine in engines for report in engine.reports()]
    for report in sorted(reports, key=lambda report: int(report["final_lsn"])):
        if report["old_writer"].startswith("none"):
            continue
        say(f"{report['new_writer']} takes over from {report['old_writer']} behind LSN {report['final_lsn']}: "
            f"{report['verdict']}, {report['in_doubt_count']} in doubt; "
            + ", ".join(f"{phase[:-3]} {report[phase]} ms" for phase in PHASES))
    for _, line in sorted(line for engine in engines for line in engine.lines):
        if line.startswith("fenced"):
            say(line)


def story(bin_dir):
    say("three nodes, and a run in which nobody dies, to compare with")
    with Rounds(Programs(bin_dir), engine_binary(bin_dir), seed=11, commands=10000, rate=2500,
                checkpoint_every=2000) as rounds:
        (commands, trades, digest, _), _ = rounds.wanted
        say(f"{commands} orders make {trades} trades; the book's digest is {digest}")
        rounds.faults.racing = 0  # who is killed leaves the rest to its standby

        def moment(engines, journal):
            order = rounds.some_part(engines, journal)
            say(f"order {order} is journaled: now" if order < rounds.commands else "all orders are journaled already")

        for what, times in SHOWN.items():
            say(f"the same orders again: {FAULTS[what]}, {TIMES[times]}")
            rounds.run_round(times, (what,), moment, show)
    return (f"PASS: {sum(rounds.faults.done.values())} faults, {rounds.takeovers} takeovers; "
            "book and trades as if nothing had happened")


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
