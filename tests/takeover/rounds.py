"""Rounds of kills: engines and journal nodes die under load; books and trades must be those of a quiet run."""

import random
import time

from checks import Failed, expect, expect_equal, wait_until
from cluster import Cluster
from engines import Engine, trades_of

END_S = 120
NAMES = ("engine-a", "engine-b")


class Rounds:
    """A cluster of three nodes, a quiet run to compare with, and rounds with kills. Use it in a `with`."""

    def __init__(self, programs, binary, seed, commands, rate, checkpoint_every=0):
        self.cluster = Cluster(programs)
        self.binary = binary
        self.random = random.Random(seed)
        self.flags = ["--generate", str(commands), "--seed", str(seed), "--checkpoint-every", str(checkpoint_every),
                      "--ring-bytes", str(4 << 20)]
        self.rate = rate
        self.round = 0
        self.kills = {"engine": 0, "node": 0, "both": 0}
        self.takeovers = 0
        self.wanted = None  # (what the engine says at its end, all trades)

    def __enter__(self):
        self.cluster.__enter__()
        self.cluster.start()
        self.wanted = self.quiet_run()
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
        return done, self.trades("quiet")

    def trades(self, journal):
        return trades_of(self.cluster.wait_leader(f"trades-{journal}"), f"trades-{journal}")

    def run_round(self, kills, what=("engine", "engine", "node", "both"), show=None):
        """Kills so often, unless the work is done before; then everything has to be as in the quiet run."""
        self.round += 1
        journal = str(self.round)
        with self.engines(journal, self.rate)[0] as first, self.engines(journal, self.rate)[1] as second:
            engines = [first.start(), second.start()]
            for _ in range(kills):
                time.sleep(self.random.uniform(0.05, 0.6))  # the moment of the kill; nothing is decided by it
                if any(engine.all_done() for engine in engines):
                    break
                self.kill_something(engines, journal, self.random.choice(what))
            for engine in engines:
                engine.wait_end(END_S)
            if show is not None:
                show(sorted((report for engine in engines for report in engine.reports()),
                            key=lambda report: int(report["final_lsn"])))
            self.compare(engines, journal)

    def kill_something(self, engines, journal, what):
        node = self.node_to_kill(journal) if what != "engine" else None
        engine = None
        if what != "node":
            engine = next((e for e in engines if e.is_primary()), self.random.choice(engines))
            engine.kill()
        if node is not None:
            node.kill()
        self.kills[what] += 1
        if engine is not None:
            engine.start()
        if node is not None:
            node.start()
            # One node at a time is down: what all of them losing their processes at once may lose, another test asks.
            self.cluster.wait_in_sync(f"orders-{journal}", 3)
            self.cluster.wait_in_sync(f"trades-{journal}", 3)

    def node_to_kill(self, journal):
        leader = self.cluster.leader(f"{self.random.choice(('orders', 'trades'))}-{journal}")
        return leader if leader is not None else self.random.choice(self.cluster.nodes)

    def compare(self, engines, journal):
        said = [done for engine in engines for done in engine.all_done()]
        expect(said, "an engine came to its end")
        done, trades = self.wanted
        for one in said:
            if one != done:
                raise Failed(f"round {self.round}: {one}, and {done} in the quiet run\n" + self.story(engines))
        expect_equal(self.trades(journal) == trades, True,
                     f"round {self.round}: the trades are those of the quiet run\n" + self.story(engines))
        for engine in engines:
            for report in engine.reports():
                expect_equal(report["verdict"], "nothing lost", f"round {self.round}: verdict of {engine.name}")
                self.takeovers += 1
        for name in ("orders", "trades", "orders-%s.checkpoints" % journal):
            full = name if "." in name else f"{name}-{journal}"
            if self.cluster.info(full) is not None:
                self.cluster.nodes[0].cli("journal", "rm", full, "--yes")

    @staticmethod
    def story(engines):
        return "\n".join(f"---- {engine.name}\n{engine.told(200)}" for engine in engines)


def wait_primary(engines, deadline_s=30.0):
    return wait_until("one of the engines is the writer", lambda: next((e for e in engines if e.is_primary()), None),
                      deadline_s)
