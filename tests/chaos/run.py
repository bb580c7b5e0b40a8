#!/usr/bin/python3
"""Real nodes under load, broken on purpose. Prints a line for each check and "N passed, N failed"."""

import argparse
import os
import random
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]

from checks import Checks  # noqa: E402
import disk_faults  # noqa: E402,F401  # registers them
from faults import FAULTS  # noqa: E402
import machines  # noqa: E402
from rounds import Run, dump  # noqa: E402
from server import Programs  # noqa: E402
from wire import ROOT  # noqa: E402
from world import ChaosPrograms  # noqa: E402

# What any machine allows.
DEFAULT_FAULTS = [name for name, fault in FAULTS.items() if not fault.root and not fault.netns]


def parse(arguments, rounds, faults):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="of the order and kind of faults")
    parser.add_argument("--rounds", type=int, default=rounds, help="of each fault")
    parser.add_argument("--faults", default=",".join(faults), help=f"any of {','.join(FAULTS)}")
    parser.add_argument("--rate", type=float, default=50, help="appends per second of each of 8 producers, at most")
    parser.add_argument("--gap-max", type=float, default=30,
                        help="seconds that a client may be without an acknowledgement, from a fault to the end of its round")
    parser.add_argument("--netns", action="store_true",
                        help="each node, etcd and the clients in a network namespace of their own, cut by nft; needs root")
    parser.add_argument("--small-disks", action="store_true", help="data on small file systems; needs root")
    parser.add_argument("--bundles", default=os.environ.get("RINGJOURNAL_LOG_DIR", "/tmp/ringjournal-chaos"),
                        help="where a failure leaves its folder")
    parser.add_argument("--bin-dir", default=os.environ.get("RINGJOURNAL_BIN", os.path.join(ROOT, "bin")))
    parser.add_argument("--chaos-bin-dir", default=os.environ.get("RINGJOURNAL_CHAOS_BIN", ""),
                        help="of the programs of tests/chaos; that of --bin-dir if empty")
    parser.add_argument("--json", default="", help="write every round and the sums to this file")
    parser.add_argument("-v", "--verbose", action="store_true", help="tell what is done")
    options = parser.parse_args(arguments)
    options.faults = options.faults.split(",")
    strange = [name for name in options.faults if name not in FAULTS]
    if strange:
        parser.error(f"there is no fault {strange[0]}; there are {', '.join(FAULTS)}")
    away = [name for name in options.faults if FAULTS[name].netns and not options.netns]
    if away:
        parser.error(f"the fault {away[0]} needs --netns")
    options.small_disks = options.small_disks or "full" in options.faults
    return options


def main(arguments=None, rounds=20, faults=tuple(DEFAULT_FAULTS)):
    options = parse(arguments, rounds, faults)
    # A caller's time-out must not leave servers and rings behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    run = Run(Programs(options.bin_dir), ChaosPrograms(options.chaos_bin_dir or options.bin_dir), options)
    checks = Checks()
    if options.netns:
        reason = machines.why_not()
        if reason:
            print(f"skipped: {reason}")
            print("0 faults; skipped, as --netns is not possible here")
            return 0
        machines.go_inside()
    print(f"seed {options.seed}, {options.rounds} of each of {', '.join(options.faults)}", flush=True)
    where = "three machines" if options.netns else "three nodes"
    name = f"{where} under load and {len(options.faults)} kinds of faults, seed {options.seed}"
    with checks.check(name):
        run.go()
    print(run.table())
    print(run.sentence())
    print(f"again: {run.again()}")
    if options.json:
        dump(run, options.json)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
