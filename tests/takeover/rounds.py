"""Rounds of faults: engines and journal nodes die and freeze under load; books and trades must be those of a quiet run."""

import contextlib
import random
import time

from checks import Failed, expect, expect_equal, wait_until
from cluster import Cluster
from engines import Engine
from faults import FAULTS, Faults, writer_and_standby
from orders import check_orders, check_trades, last_command, trades_of

END_S = 120
NAMES = ("engine-a", "engine-b")
PART_JOURNALED = (0.2, 0.6)


class Rounds:
    """A cluster of three nodes, a quiet run to compare with, and rounds with faults. Use it in a `with`."""

    def __init__(self, programs, binary, seed, commands, rate, checkpoint_every=0):
        self.cluster = Cluster(programs)
        self.binary = binary
        self.random = random.Random(seed)
        self.faults = Faults(self.cluster, self.random, time.sleep)
        self.commands = commands
        self.flags = ["--generate", str(commands), "--seed", str(seed), "--checkpoint-every", str(checkpoint_every),
                      "--ring-bytes", str(4 << 20)]
        self.rate = rate
        self.round = 0
        self.takeovers = 0
        self.wanted = None  # (what the engine says at its end, all trades)

    def __enter__(self):
        with contextlib.ExitStack() as started:  # a start that fails leaves no node behind
            started.enter_context(self.cluster)
            self.cluster.start()
            self.wanted = self.quiet_run()
            started.pop_all()
        return self

    def __exit__(self, *arguments):
        return self.cluster.__exit__(*arguments)

    def engines(self, journal, rate):
        flags = ["--server", self.cluster.addresses, "--journal", f"orders-{journal}", "--trades", f"trades-{journal}",
                 "--rate", str(rate), *self.flags]
        return [Engine(self.binary, name, flags) for name in NAMES]

    def quiet_run(self):
        with self.engines("quiet", 0)[0].start() as engine:
            engine.wait_end(END_S)
            (done,) = engine.all_done()
            expect("no checkpoint" not in engine.told(), f"all nodes run, and checkpoints are saved:\n{engine.told()}")
        return done, self.trades("quiet")

    def trades(self, journal):
        return trades_of(self.cluster.wait_leader(f"trades-{journal}"), f"trades-{journal}")

    def run_round(self, faults, what=tuple(FAULTS), moment=None, show=None):
        """Faults so many, unless the work is done before; then everything has to be as in the quiet run.

        `moment` waits for the next fault's, given engines and journal: some_time, or some_part."""
        self.round += 1
        journal = str(self.round)
        with self.engines(journal, self.rate)[0] as first, self.engines(journal, self.rate)[1] as second:
            engines = [first.start(), second.start()]
            try:
                self.break_and_end(engines, journal, faults, what, moment or self.some_time)
                if show is not None:
                    show(engines)
                self.compare(engines, journal)
            except Failed as failed:
                raise Failed(f"round {journal}: {failed}\n{self.story(engines)}") from failed

    def break_and_end(self, engines, journal, faults, what, moment):
        for _ in range(faults):
            moment(engines, journal)
            if any(engine.all_done() for engine in engines):
                break
            self.faults.inject(engines, journal, self.random.choice(what))
        for engine in engines:
            engine.wait_end(END_S)

    def some_time(self, _engines, _journal):
        time.sleep(self.random.uniform(0.05, 0.6))  # nothing is decided by it

    def some_part(self, engines, journal):
        """Until one engine writes, another stands by, and some part of the orders that are left is journaled: up to which."""
        def done():
            return any(engine.all_done() for engine in engines)
        wait_until("one engine writes and one stands by", lambda: done() or writer_and_standby(engines), END_S)
        server = self.cluster.wait_leader(f"orders-{journal}")
        held = last_command(server, f"orders-{journal}")
        wanted = held + self.random.uniform(*PART_JOURNALED) * (self.commands - held)
        while held < wanted and not done():
            held = last_command(server, f"orders-{journal}")
        return held

    def compare(self, engines, journal):
        said = [done for engine in engines for done in engine.all_done()]
        expect(said, "an engine came to its end")
        done, trades = self.wanted
        for one in said:
            if one != done:
                raise Failed(f"{one}, and {done} in the quiet run")
        check_trades(self.trades(journal), trades, "the journal of trades")
        check_orders(self.cluster.wait_leader(f"orders-{journal}"), f"orders-{journal}", self.commands)
        for engine in engines:
            for report in engine.reports():
                expect_equal(report["verdict"], "nothing lost", f"verdict of {engine.name}")
                self.takeovers += 1
        for name in self.faults.journals(journal):
            self.cluster.nodes[0].cli("journal", "rm", name, "--yes")

    @staticmethod
    def story(engines):
        return "\n".join(f"---- {engine.name}\n{engine.told(200)}" for engine in engines)


def wait_primary(engines, deadline_s=30.0):
    return wait_until("one of the engines is the writer", lambda: next((e for e in engines if e.is_primary()), None),
                      deadline_s)
