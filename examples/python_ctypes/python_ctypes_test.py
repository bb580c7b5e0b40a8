#!/usr/bin/python3
"""The Python sample over libringjournal.so against a real server: exactly once through kills, callbacks, errors."""

import os
import re
import sqlite3
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BIN = os.environ.get("RINGJOURNAL_BIN", os.path.join(ROOT, "bin"))
os.environ["RINGJOURNAL_LIB"] = os.path.join(BIN, "libringjournal.so")
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
sys.path.insert(0, HERE)

from checks import Checks, Failed, expect, expect_equal, expect_in, wait_until  # noqa: E402
from server import Programs, Server  # noqa: E402

PYTHON, SAMPLE, RUN_S = "/usr/bin/python3", os.path.join(HERE, "sample.py"), 60
STANDBY = os.path.join(HERE, "standby.py")
LINES = [b"line %d \0 \xff" % i for i in range(3000)]


def run(*arguments, stdin=b"", **more):
    return subprocess.run([PYTHON, SAMPLE, *arguments], input=stdin, capture_output=True, timeout=RUN_S,
                          check=False, **more)


def run_ok(*arguments, stdin=b""):
    done = run(*arguments, stdin=stdin)
    expect_equal((done.returncode, done.stdout), (0, b""), f"{arguments} ({done.stderr.decode()})")


def stored(path):
    with sqlite3.connect(path) as database:
        return database.execute("SELECT lsn, line FROM lines ORDER BY lsn").fetchall()


def appends_and_reads(server):
    path = os.path.join(server.folder, "a.sqlite")
    for upto in (10, 10, 300):  # again; and more
        run_ok(server.address, "append", "orders", "p", stdin=b"\n".join(LINES[:upto]) + b"\n")
        run_ok(server.address, "read", "orders", path)
        expect_equal(stored(path), list(enumerate(LINES[:upto], 1)), f"the table after {upto} lines")


def kill_at(server, journal, lsn, process):
    """Kills it once so much is in the journal."""
    def there():
        if process.poll() is not None:
            raise Failed(f"it ended before it was killed: {process.stderr.read().decode()}")
        done = server.cli("cat", journal)
        return done.returncode == 0 and done.stdout.count(b"\n") >= lsn
    wait_until(f"{lsn} lines are there", there, RUN_S)
    process.kill()
    process.wait(RUN_S)


def survives_kills(server):
    """The program is killed, then the server under it; each line is there once."""
    text = b"\n".join(LINES) + b"\n"
    for lsn in (300, 1200):
        with subprocess.Popen([PYTHON, SAMPLE, server.address, "append", "kills", "p"], stdin=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            # Not all of it: else it could be done before it is killed.
            process.stdin.write(b"\n".join(LINES[:lsn + 500]) + b"\n")
            process.stdin.flush()
            kill_at(server, "kills", lsn, process)
    with subprocess.Popen([PYTHON, SAMPLE, server.address, "append", "kills", "p"], stdin=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        process.stdin.write(text[:len(text) // 2])
        process.stdin.flush()
        server.kill()
        server.start()
        _, why = process.communicate(text[len(text) // 2:], timeout=RUN_S)
    expect_equal(process.returncode, 0, f"exit code ({why.decode()})")
    path = os.path.join(server.folder, "kills.sqlite")
    run_ok(server.address, "read", "kills", path)
    expect_equal(stored(path), list(enumerate(LINES, 1)), "the table")


def callbacks(server):
    import ringjournal as rj  # pylint: disable=import-outside-toplevel
    told, threads = [], set()

    def done(outcome, message):
        threads.add(threading.get_ident())
        told.append((outcome.fate, outcome.first_lsn, message))
    with rj.Journal(server.address, "async") as journal:
        with rj.Writer(journal, "p", create=1) as writer:
            for line in LINES:
                writer.append_async(line, done)
            writer.flush()
            try:
                writer.append_async(b"x" * (64 << 20), done)
                raise Failed("64 MiB were accepted")
            except rj.Error as error:
                expect_equal(error.name, "TOO_LARGE", str(error))
        with rj.Subscription(journal) as subscription:
            expect_equal(list(subscription), list(enumerate(LINES, 1)), "what is read")
    expect_equal(told, [(rj.APPLIED, lsn, "") for lsn in range(1, len(LINES) + 1)], "what callbacks were told")
    expect(threading.get_ident() not in threads and len(threads) == 1, "they run on the writer's thread")


class Adder:
    """A process of standby.py."""

    def __init__(self, server, name):
        self.process = subprocess.Popen([PYTHON, STANDBY, server.address, "sums", name], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def add(self, number):
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        return self.line()

    def line(self):
        return self.process.stdout.readline().split()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(RUN_S)
        self.process.stdin.close()
        self.process.stdout.close()


def standby_takes_over(server):
    """The writer is killed in the middle; the standby knows the sum, what may be untold, and goes on."""
    done = server.cli("journal", "create", "sums", "--fenced", "yes")
    expect_equal(done.returncode, 0, f"journal create ({done.stderr.decode()})")
    with Adder(server, "a") as first:
        expect_equal(first.line(), ["writer", "0"], "the first, of an empty journal")
        with Adder(server, "b") as second:
            sums = [int(first.add(number)[1]) for number in range(1, 101)]
            expect_equal(sums, [n * (n + 1) // 2 for n in range(1, 101)], "what the writer tells")
            first.process.kill()
            expect_equal(second.line(), ["writer", "5050"], "the one that took over")
            told = second.add(7)
            again = []
            while told[0] == "again":
                again.append(int(told[2]))
                told = second.line()
            # The last marks of the first may not have got through.
            expect_equal(again, list(range(101 - len(again), 101)), "what is told again")
            expect_equal(told[1], "5057", "the sum behind it")
            second.process.stdin.close()  # the end of its numbers
            expect_equal(second.process.wait(RUN_S), 0, "its exit code")


def apply_that_raises(server):
    import ringjournal as rj  # pylint: disable=import-outside-toplevel

    def apply(lsn, payload):
        raise ValueError(f"no use for {payload} at {lsn}")
    with rj.Journal(server.address, "sums") as journal, rj.Standby(journal, "c", apply) as standby:
        try:
            standby.follow(RUN_S * 10**9)
            raise Failed("an exception in apply went unnoticed")
        except rj.Error as error:
            expect_equal(error.name, "APPLY_FAILED", str(error))
            expect_in("ValueError(\"no use for b'1'", str(error), "message")


def errors(server):
    for arguments, said in (
            ((server.address, "read", "nowhere", os.path.join(server.folder, "x")), "JOURNAL_NOT_FOUND: "),
            (("nonsense", "read", "x", "y"), "BAD_ADDRESS: "), ((), "sample.py HOST:PORT append")):
        done = run(*arguments)
        expect_equal((done.returncode, done.stdout), (1, b""), f"{arguments}")
        expect_in(said, done.stderr.decode(), "message")
        expect("Traceback" not in done.stderr.decode(), done.stderr.decode())


def like_the_header(_):
    """Each struct of the module has the fields of the header's, in their order."""
    header = ""
    for name in ("ringjournal.h", "ringjournal_stream.h", "ringjournal_takeover.h"):
        with open(os.path.join(ROOT, "client", "c", name), encoding="utf-8") as file:
            header += re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)
    with open(os.path.join(HERE, "ringjournal.py"), encoding="utf-8") as file:
        module = file.read()
    seen = 0
    for name, fields in re.findall(r'_struct\("(\w+)",(.*?)\)\)\n', module, re.DOTALL):
        body = re.search(rf"typedef struct {name} \{{(.*?)\}} {name};", header, re.DOTALL).group(1)
        body = re.sub(r"\(\*(\w+)\)\([^;]*\);", r" \1;", body)  # functions
        there = re.findall(r"(\w+)(?:\[\d+\])?;", body)
        here = ["struct_size"] + [field.rstrip("_") for field in re.findall(r'\("(\w+)"', fields)]
        expect_equal(here, there[:len(here)], name)
        # What is read may end early; what the library reads must not be a part of it by mistake.
        expect(len(here) == len(there) or name == "rj_read_transaction", f"{name} is whole")
        seen += 1
    expect(seen >= 9, f"only {seen} structs were found")


def main():
    programs = Programs(BIN)
    if not os.path.exists(os.environ["RINGJOURNAL_LIB"]):
        raise Failed(f"{os.environ['RINGJOURNAL_LIB']} is missing. Run ./dev build")
    checks = Checks()
    with Server(programs) as server:
        server.start()
        for check in (appends_and_reads, survives_kills, callbacks, standby_takes_over, apply_that_raises, errors,
                      like_the_header):
            with checks.check("python ctypes: " + check.__name__.replace("_", " ")):
                check(server)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
