#!/usr/bin/env python3
"""`ringjournal bench` with the real programs: content compared, figures complete, nothing left."""

import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

# pylint: disable=wrong-import-position
from checks import Checks, expect, expect_equal, expect_in
from server import Programs, Server

RUN_S = 120
SMALL = ["--ring", "4MiB", "--rounds", "2"]


class Bench:
    """Runs `ringjournal bench` with a temporary folder of its own."""

    def __init__(self, programs, folder):
        self.programs = programs
        self.folder = folder

    def run(self, *words):
        return subprocess.run(
            [self.programs.client, "bench", *words], check=False, timeout=RUN_S, text=True,
            capture_output=True, env=dict(os.environ, TMPDIR=self.folder))

    def json(self, *words):
        done = self.run(*words, "-o", "json")
        expect_equal(done.returncode, 0, f"exit code of {words}, which said {done.stderr!r}")
        return json.loads(done.stdout)


def rings_left():
    return {name for name in os.listdir("/dev/shm") if name.startswith("ringjournal-bench-")}


def expect_complete(side, transactions):
    expect(side["transactionsPerS"] > 0, f"throughput in {side}")
    expect(int(side["comparedTransactions"]) >= transactions, f"comparisons in {side}")
    latency = [side["latencyNs"][name] for name in ("p50", "p90", "p99", "p99.9", "p99.99", "max")]
    expect_equal(latency, sorted(latency), "percentiles in order")
    expect(latency[0] > 0, f"latencies in {side}")


def check_floor(checks, bench):
    with checks.check("the floor compares everything that it stored"):
        result = bench.json("floor", *SMALL)
        settings = result["settings"]
        sent = int(settings["transactions"]) + int(settings["warmupTransactions"])
        expect_complete(result["floor"], 2 * sent)
        expect(settings["fitsRing"], "a burst fits the ring by default")
        expect("append" not in result, "no server ran")


def check_append(checks, bench):
    with checks.check("append and floor in turn, content read back, ratio given"):
        result = bench.json("append", "--floor", *SMALL)
        sent = int(result["settings"]["transactions"])
        expect_complete(result["append"], 2 * sent)
        expect_complete(result["floor"], 2 * sent)
        expect(result["throughputRatio"] > 0 and result["p50Ratio"] > 0, "ratios")
    with checks.check("several connections of an encoding client"):
        result = bench.json("append", "--connections", "3", "--encode", "--batch", "7", "--payload",
                            "33", *SMALL)
        expect_complete(result["append"], int(result["settings"]["transactions"]))
    with checks.check("one in flight, at level disk"):
        result = bench.json("append", "--single", "--level", "disk", "--transactions", "50", *SMALL)
        expect_complete(result["append"], 100)
    with checks.check("more than the ring holds, for a time, in memory only"):
        result = bench.json("append", "--duration", "300ms", "--memory-only", "--ring", "1MiB",
                            "--rounds", "1")
        expect_complete(result["append"], 1)
    with checks.check("text names machine, settings and both sides"):
        done = bench.run("append", "--floor", *SMALL)
        expect_in(["machine ", "load average", "level received", "pre-encoded", "append / floor = "],
                  done.stdout, "report")


def check_running_server(checks, bench, programs):
    with checks.check("a running server gets its journal and loses it again"), \
            Server(programs) as server:
        server.start()
        result = bench.json("append", "--server", server.address, *SMALL)
        expect_complete(result["append"], int(result["settings"]["transactions"]))
        listed = subprocess.run([programs.client, "--server", server.address, "-o", "json",
                                 "journal", "ls"], check=True, capture_output=True, text=True)
        expect("bench-" not in listed.stdout, f"a journal was left: {listed.stdout}")


def check_memory(checks, bench):
    with checks.check("memory is flat while a small ring goes round many times"):
        result = bench.json("memory", "--transactions", "4000000", "--ring", "16MiB",
                            "--retention", "128MiB", "--samples", "40")
        expect(result["met"], f"flat memory in {result}")
        expect(int(result["compared"]) > 100000, f"comparisons in {result}")
    with checks.check("a memory run that is too short to judge is refused"):
        done = bench.run("memory", "--transactions", "64000", "--ring", "64MiB", "--samples", "5")
        expect_equal(done.returncode, 2, "exit code")
        expect_in("more --transactions", done.stderr, "what to do")


def check_mistakes(checks, bench):
    with checks.check("a server that cannot be started is explained"):
        done = bench.run("append", "--ringjournald", "/nonexistent/ringjournald", *SMALL)
        expect(done.returncode != 0, "exit code")
        expect_in(["cannot execute /nonexistent/ringjournald", "--ringjournald PATH"], done.stderr,
                  "message")
    with checks.check("a payload without room for its mark is refused"):
        done = bench.run("floor", "--payload", "7")
        expect_equal(done.returncode, 2, "exit code")


def main():
    checks = Checks()
    programs = Programs(os.environ.get("RINGJOURNAL_BIN", "bin"))
    before = rings_left()
    with tempfile.TemporaryDirectory(prefix="bench-test-") as folder:
        bench = Bench(programs, folder)
        check_floor(checks, bench)
        check_append(checks, bench)
        check_running_server(checks, bench, programs)
        check_memory(checks, bench)
        check_mistakes(checks, bench)
        with checks.check("nothing is left behind"):
            expect_equal(os.listdir(folder), [], "temporary folder")
            expect_equal(rings_left() - before, set(), "shared memory")
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
