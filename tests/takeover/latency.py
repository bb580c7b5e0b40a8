#!/usr/bin/python3
"""How long nobody can append when the writer's process is killed, or hands over: until its standby's first acknowledgement."""

import argparse
import os
import random
import signal
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]

from checks import Failed, wait_until  # noqa: E402
from cluster import Cluster  # noqa: E402
from engines import Engine, engine_binary  # noqa: E402
from rounds import NAMES, wait_primary  # noqa: E402
from server import Programs  # noqa: E402
from wire import ROOT  # noqa: E402

GOALS_MS = {"kill": (150, 400), "switch": (None, 50)}  # p50, p99
PHASES = ("silence_ms", "fence_ms", "replay_ms", "open_ms")


def percentile(sorted_values, share):
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]


def measure(engines, fault):
    """One takeover: milliseconds, and its report."""
    primary = wait_primary(engines)
    standby = next(e for e in engines if e is not primary)
    wait_until("the standby follows", standby.stands_by, 30)
    time.sleep(random.uniform(0.2, 0.4))  # a random moment, once it has caught up
    known = len(standby.reports())
    if fault == "kill":
        began_ns = primary.kill()
    else:
        began_ns = time.monotonic_ns()
        standby.process.send_signal(signal.SIGUSR1)
    first_ns = wait_until("the standby's first acknowledgement", lambda: standby.first_acknowledged_ns(began_ns), 30)
    if fault == "kill":
        primary.start()
    else:
        wait_until("the old one stands by", lambda: not primary.is_primary(), 30)
    return (first_ns - began_ns) / 1e6, standby.reports()[known]


def show(fault, taken, reports):
    taken = sorted(taken)
    p50, p99, worst = percentile(taken, 0.5), percentile(taken, 0.99), taken[-1]
    goal50, goal99 = GOALS_MS[fault]
    met = (goal50 is None or p50 < goal50) and p99 < goal99
    print(f"{fault}: {len(taken)} takeovers, first acknowledgement after p50 {p50:.1f} p99 {p99:.1f} max {worst:.1f} ms "
          f"(goals: {'' if goal50 is None else f'p50 {goal50} '}p99 {goal99}) {'PASS' if met else 'MISSED'}")
    medians = {name: percentile(sorted(float(r[name]) for r in reports), 0.5) for name in PHASES}
    print("   phases, medians: " + ", ".join(f"{name} {value:.2f}" for name, value in medians.items()))
    return met


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--rate", type=int, default=2000, help="commands per second meanwhile")
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--fault", choices=sorted(GOALS_MS), action="append")
    parser.add_argument("--bin-dir", default=os.environ.get("RINGJOURNAL_BIN", os.path.join(ROOT, "bin")))
    options = parser.parse_args(arguments)
    met = True
    with Cluster(Programs(options.bin_dir), nodes=options.nodes) as cluster:
        cluster.start()
        for fault in options.fault or sorted(GOALS_MS):
            flags = ["--server", cluster.addresses, "--generate", str(10**9), "--rate", str(options.rate),
                     "--journal", f"orders-{fault}", "--trades", f"trades-{fault}", "--checkpoint-every", "2000"]
            with Engine(engine_binary(options.bin_dir), NAMES[0], flags) as a, Engine(engine_binary(options.bin_dir), NAMES[1], flags) as b:
                engines = [a.start(), b.start()]
                try:
                    results = [measure(engines, fault) for _ in range(options.runs)]
                except Failed as failed:
                    raise Failed(f"{failed}\n" + "\n".join(f"{e.name}:\n{e.told()}" for e in engines)) from failed
            met &= show(fault, [ms for ms, _ in results], [report for _, report in results])
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
