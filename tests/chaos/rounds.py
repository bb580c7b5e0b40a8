"""Rounds of a chaos run: a fault under load, everything healed, everything checked."""

import json
import os
import random
import shutil
import tempfile
import time
import traceback

from checks import Failed, wait_until
from faults import FAULTS
from world import World, sleep

ROUNDS_OF_A_WORLD = 25   # then a new one: what is read back each round stays small
GOES_ON_S = 0.15         # more load, nothing that a check depends on


class Round:
    """What was done and what came of it."""

    def __init__(self, number, fault):
        self.number = number
        self.fault = fault
        self.what = ""
        self.gap_s = 0.0
        self.quorum_gap_s = 0.0
        self.memory_gap_s = 0.0
        self.seconds = 0.0


class Run:
    """All rounds of one seed."""

    def __init__(self, programs, chaos_programs, options):
        self.programs = programs
        self.chaos_programs = chaos_programs
        self.options = options
        self.rounds = []
        self.totals = {}
        self.story = []       # of the world that runs: lines with times
        self.began = time.monotonic()

    def plan(self):
        """As many of each fault as asked for, in an order that the seed decides."""
        names = [name for name in self.options.faults for _ in range(self.options.rounds)]
        random.Random(self.options.seed).shuffle(names)
        return names

    def go(self):
        """Raises Failed with the path of the bundle at the first thing that is wrong."""
        names = self.plan()
        for first in range(0, len(names), ROUNDS_OF_A_WORLD):
            self.world(first, names[first:first + ROUNDS_OF_A_WORLD])

    def world(self, first, names):
        folder = tempfile.mkdtemp(prefix="ringjournal-chaos-", dir=os.environ.get("CHAOS_TMPDIR"))
        self.story = []
        world = None
        try:
            with World(self.programs, self.chaos_programs, folder, self.options,
                       self.options.seed * 1000 + first) as world:
                try:
                    self._rounds(world, first, names)
                except BaseException as error:
                    if isinstance(error, (Failed, Exception)):
                        raise Failed(self._bundle(world, first, names, error)) from error
                    raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _rounds(self, world, first, names):
        world.load.say("go")
        for i, name in enumerate(names):
            self._round(world, Round(first + i, name))
        world.rest()
        self.tell("every node leads once, and all are compared")
        end = world.check_every_copy()
        world.stop_and_verify()
        self.tell(f"all copies are the same up to LSN {end}, all files are whole")

    def _round(self, world, this):
        rng = random.Random(f"{self.options.seed}/{this.number}")
        fault = FAULTS[this.fault]
        started = time.monotonic()
        sleep(rng.uniform(0.05, 0.2))
        before = world.load.say("mark")["acknowledged"]
        world.losses_allowed += fault.losses
        self.tell(f"round {this.number}: {this.fault}")
        this.what = fault(world, rng)
        self.tell(f"  {this.what}")
        world.heal()
        self.tell("  healed, in sync")
        healed = world.load.say("counts")["acknowledged"]
        wait_until("an append is acknowledged after the healing",
                   lambda: world.load.say("counts")["acknowledged"] > healed, self.options.gap_max)
        sleep(GOES_ON_S)
        counts = world.rest()
        this.gap_s = counts["gap_ns"] / 1e9
        this.quorum_gap_s = counts["quorum_gap_ns"] / 1e9
        this.memory_gap_s = counts["memory_gap_ns"] / 1e9
        totals = world.check()
        this.seconds = time.monotonic() - started
        self.tell(f"  checked: {counts['acknowledged'] - before} acknowledged, gap {this.memory_gap_s:.3f} s where no "
                  f"disk level is used, {this.gap_s:.3f} s with disk, {this.quorum_gap_s:.3f} s with disk_quorum; log ends at LSN {totals['end_lsn']}, {totals['lost']} lost and told")
        longest = max(this.gap_s, this.quorum_gap_s, this.memory_gap_s)
        if longest > self.options.gap_max:
            raise Failed(f"a client had no acknowledgement for {longest:.1f} s; {self.options.gap_max} s are allowed")
        self.rounds.append(this)
        self._count(world, totals)
        world.load.say("go")

    def _count(self, world, totals):
        """Totals of a world replace those of its earlier rounds."""
        self.totals[world.folder] = totals

    def tell(self, line):
        line = f"{time.monotonic() - self.began:8.2f} s  {time.time():.3f}  {line}"
        self.story.append(line)
        if self.options.verbose:
            print(line, flush=True)

    # What is left of a failure.

    def again(self):
        options = self.options
        return (f"./dev soak chaos --seed {options.seed} --rounds {options.rounds} "
                f"--faults {','.join(options.faults)} --rate {options.rate:g}"
                + (" --netns" if options.netns else "") + (" --small-disks" if options.small_disks else ""))

    def _bundle(self, world, first, names, error):
        self.tell(f"FAILED: {error}")
        os.makedirs(self.options.bundles, exist_ok=True)
        bundle = tempfile.mkdtemp(prefix=f"seed-{self.options.seed}-", dir=self.options.bundles)
        world.describe(bundle)
        world.keep(bundle)
        with open(os.path.join(bundle, "README.txt"), "w", encoding="utf-8") as file:
            file.write(f"{type(error).__name__}: {error}\n\n"
                       f"Again: {self.again()}\n(the same faults in the same order; their moments depend on the "
                       f"machine)\nThis cluster began with round {first}: {' '.join(names)}\n\n"
                       "What was done, by the seconds of the run and by the clock of the nodes' logs:\n"
                       + "\n".join(self.story) +
                       "\n\nnN/log, nN/data, nN/rings: each node; etcd1.log; history/: what clients saw "
                       "(tests/chaos/history_lines.h); reports: losses; journal-info.json: at the failure, by a "
                       "node that answered\n\n" + traceback.format_exc())
        return f"{error}\nbundle: {bundle}\nagain: {self.again()}"

    # What is printed at the end.

    def table(self):
        lines = ["longest time without an acknowledgement, of the worst client of a round, by the greatest level it uses",
                 f"{'':<18}{'replicated':>18}{'disk':>18}{'disk_quorum':>18}",
                 f"{'fault':<12}{'times':>6}" + f"{'p50 s':>9}{'max s':>9}" * 3 + f"{'round s':>9}{'max s':>9}"]
        for name in self.options.faults:
            mine = [r for r in self.rounds if r.fault == name]
            if not mine:
                continue
            line = f"{name:<12}{len(mine):>6}"
            for gap in ("memory_gap_s", "gap_s", "quorum_gap_s"):
                gaps = sorted(getattr(r, gap) for r in mine)
                line += f"{gaps[len(gaps) // 2]:>9.3f}{gaps[-1]:>9.3f}"
            took = [r.seconds for r in mine]
            lines.append(line + f"{sum(took) / len(took):>9.1f}{max(took):>9.1f}")
        return "\n".join(lines)

    def sums(self):
        keys = ("acknowledged", "unknown", "unknown_applied", "not_applied", "lost", "lost_received", "told",
                "tailed")
        return {key: sum(t[key] for t in self.totals.values()) for key in keys}

    def sentence(self):
        s = self.sums()
        return (f"{len(self.rounds)} faults; {s['acknowledged']} appends acknowledged, {s['unknown']} unknown "
                f"({s['unknown_applied']} of them applied), {s['not_applied']} not applied; {s['lost']} lost with a "
                f"report, {s['lost_received']} `received` ones with their leader, losses told {s['told']} times; "
                f"tail readers were given {s['tailed']} transactions")


def dump(run, path):
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"rounds": [vars(r) for r in run.rounds], "sums": run.sums()}, file, indent=1)
