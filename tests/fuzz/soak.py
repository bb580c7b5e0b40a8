#!/usr/bin/python3
"""Fuzzes every decoder with libFuzzer and prints a table. `./dev soak fuzz` builds and calls it."""

import argparse
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
INPUT_BYTES_MAX = {"session": 1024, "segment": 20480, "ring": 4608, "frame": 700, "intake": 700, "units": 64,
                   "position": 80, "address": 128, "flags": 512}
INPUT_BYTES_MAX_ELSEWHERE = 2048


def decoders():
    with open(os.path.join(HERE, "BUILD.bazel"), encoding="utf-8") as file:
        return re.findall(r'^rj_fuzz\(name = "(\w+)"', file.read(), re.MULTILINE)


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev soak fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000_000, help="executions of each decoder [%(default)s]")
    parser.add_argument("--seconds", type=int, default=900, help="at most so long for each decoder [%(default)s]")
    parser.add_argument("--only", action="append", default=[], choices=decoders(), metavar="DECODER",
                        help="of: %(choices)s")
    parser.add_argument("--jobs", type=int, default=max(1, (os.cpu_count() or 2) - 1),
                        help="decoders at the same time [%(default)s]")
    parser.add_argument("--work", help="folder that keeps the inputs found, for the next run [a temporary one]")
    parser.add_argument("--keep", action="store_true",
                        help="add to the committed corpus the smallest input of each verdict that it does not have")
    return parser.parse_args()


class Run:
    """One decoder's libFuzzer process."""

    def __init__(self, name, programs, work, options):
        self.name = name
        self.folder = os.path.join(work, name)
        self.found = os.path.join(self.folder, "inputs")
        os.makedirs(self.found, exist_ok=True)
        self.log_path = os.path.join(self.folder, "log")
        self.started = time.monotonic()
        corpus = os.path.join(HERE, "corpus", name)
        length = INPUT_BYTES_MAX.get(name, INPUT_BYTES_MAX_ELSEWHERE)
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [os.path.join(programs, f"{name}_fuzz"), self.found, corpus, f"-runs={options.runs}",
                 f"-max_total_time={options.seconds}", f"-max_len={length}", "-timeout=20", "-rss_limit_mb=2048",
                 "-print_final_stats=1", "-verbosity=1", f"-artifact_prefix={self.folder}/finding-"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def ended(self):
        return self.process.poll() is not None

    def findings(self):
        return sorted(n for n in os.listdir(self.folder) if n.startswith("finding-"))

    def row(self, wanted):
        """(name, executions, seconds, features, verdict)"""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            log = file.read()
        executed = re.search(r"number_of_executed_units: (\d+)", log)
        features = re.findall(r" ft: (\d+)", log)
        count = int(executed.group(1)) if executed else 0
        if self.findings() or self.process.returncode != 0:
            verdict = "FINDING"
        else:
            verdict = "PASS" if count >= wanted else "SHORT (time)"
        return self.name, count, time.monotonic() - self.started, features[-1] if features else "?", verdict

    def explain(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
        at = next((i for i, line in enumerate(lines) if "check failed" in line or "ERROR:" in line
                   or "runtime error" in line), max(0, len(lines) - 15))
        print("\n".join("    " + line for line in lines[at:at + 25]))
        print(f"    log: {self.log_path}")
        for finding in self.findings():
            print(f"    input: {os.path.join(self.folder, finding)}")


def keep(run, programs):
    paths = [os.path.join(run.found, name) for name in os.listdir(run.found)]
    paths.sort(key=lambda path: (os.path.getsize(path), path))
    for at in range(0, len(paths), 500):
        subprocess.run([os.path.join(programs, f"{run.name}_write"), os.path.join(HERE, "corpus", run.name),
                        *paths[at:at + 500]], check=True)


def print_row(run, wanted):
    name, count, seconds, features, verdict = run.row(wanted)
    print(f"{name:14} {count:>12,} {seconds:>8.0f} s {count / max(seconds, 0.1):>10,.0f}/s {features:>9}  {verdict}",
          flush=True)
    return verdict


def main():
    options = parse_arguments()
    programs = os.environ.get("RINGJOURNAL_FUZZ_BIN")
    if not programs or not os.path.isdir(programs):
        print("fuzz: the programs are not built. Run it as: ./dev soak fuzz", file=sys.stderr)
        return 2
    work = options.work or tempfile.mkdtemp(prefix="ringjournal-fuzz-")
    waiting, running, bad = list(options.only or decoders()), [], []
    print(f"{'decoder':14} {'executions':>12} {'time':>10} {'rate':>12} {'features':>9}  verdict", flush=True)
    try:
        while waiting or running:
            while waiting and len(running) < options.jobs:
                running.append(Run(waiting.pop(0), programs, work, options))
            for run in [r for r in running if r.ended()]:
                running.remove(run)
                if print_row(run, options.runs) == "FINDING":
                    bad.append(run)
                    run.explain()
                elif options.keep:
                    keep(run, programs)
            with contextlib.suppress(subprocess.TimeoutExpired):
                if running:
                    running[0].process.wait(0.2)
    finally:
        for run in running:
            run.process.kill()
            run.process.wait()
    print(f"{len(bad)} decoders with findings" if bad else "no finding")
    if not options.work and not bad:
        shutil.rmtree(work, ignore_errors=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
