#!/usr/bin/python3
"""A few faults of each kind, a planned switch, and a switch to who writes already: books and trades are those of a quiet run."""

import os
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]

from checks import Checks, expect, wait_until  # noqa: E402
from engines import engine_binary  # noqa: E402
from faults import FAULTS, writer_and_standby  # noqa: E402
from rounds import END_S, Rounds, wait_primary  # noqa: E402
from server import Programs  # noqa: E402
from wire import ROOT  # noqa: E402


def planned_switch(rounds):
    """There and back by SIGUSR1, while both work."""
    rounds.round += 1
    journal = str(rounds.round)
    with rounds.engines(journal, rounds.rate)[0] as a, rounds.engines(journal, rounds.rate)[1] as b:
        engines = [a.start(), b.start()]
        for _ in range(2):
            old = wait_primary(engines)
            new = next(e for e in engines if e is not old)
            wait_until("the other one stands by", new.stands_by)
            new.process.send_signal(signal.SIGUSR1)
            wait_until("it writes", new.is_primary)
            wait_until("the old one stands by", old.stands_by)
        for engine in engines:
            engine.wait_end(END_S)
        expect(len(a.reports()) + len(b.reports()) >= 3, "a first writer and two switches")
        rounds.compare(engines, journal)


def told_to_the_writer(rounds):
    """SIGUSR1 to who writes already: it goes on, and its checkpoints are saved and trim."""
    rounds.round += 1
    journal = str(rounds.round)
    with rounds.engines(journal, rounds.rate)[0] as a, rounds.engines(journal, rounds.rate)[1] as b:
        engines = [a.start(), b.start()]
        writer, _ = wait_until("one engine writes and one stands by", lambda: writer_and_standby(engines))
        known = rounds.faults.watermark(journal, "committed")
        writer.process.send_signal(signal.SIGUSR1)
        wait_until("the journal is trimmed behind the signal", lambda: rounds.faults.watermark(journal, "oldest") > known)
        for engine in engines:
            engine.wait_end(END_S)
            expect("no checkpoint" not in engine.told(), f"every checkpoint is saved:\n{engine.told()}")
        expect(len(writer.reports()) == 1 and not writer.said("fenced", 0), f"it wrote until the end:\n{writer.told()}")
        rounds.compare(engines, journal)


def main():
    checks = Checks()
    bin_dir = os.environ.get("RINGJOURNAL_BIN", os.path.join(ROOT, "bin"))
    with Rounds(Programs(bin_dir), engine_binary(bin_dir), seed=7, commands=6000, rate=2500,
                checkpoint_every=500) as rounds:
        for what, told in FAULTS.items():
            with checks.check(f"takeover: {told}; books, orders and trades are those of a quiet run"):
                rounds.run_round(3, (what,))
                expect(rounds.faults.done[what] > 0, "it happened at least once")
        with checks.check("takeover: a planned switch there and back, books and trades are those of a quiet run"):
            planned_switch(rounds)
        with checks.check("takeover: an engine that writes and is told to take over goes on, and its checkpoints trim"):
            told_to_the_writer(rounds)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
