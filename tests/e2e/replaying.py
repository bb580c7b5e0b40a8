"""replay into every target, stop and resume, pace, and resolve."""

import base64
import json
import os
import shlex
import signal
import subprocess
import time

from case import SMALL, case, lines, run_ok, run_refused
from checks import expect, expect_equal, expect_in, wait_until
from programs import running
from positions import with_metadata
from wire import Connection

COUNT = 30000


def filled(environment, count=COUNT):
    server = environment.serving()
    for name in ("orders", "copy"):
        run_ok(server, "journal", "create", name, *SMALL)
    run_ok(server, "append", "orders", "--batch", "50", stdin=lines(1, count))
    return server


def range_hash(said):
    (line,) = [one for one in said.decode().splitlines() if "range hash" in one]
    return line.split("range hash ")[1].split()[0]


def resume_command(said):
    """The words of the command that a stopped replay prints."""
    words = shlex.split(said.decode().split("go on with:\n", 1)[1].strip().splitlines()[0])
    expect_equal(words[0], "ringjournal", "the program in the command that resumes")
    return words[1:]


def metadata(server, name):
    done = server.cli("cat", name, "--format", r"%k|%i|%y|%h|%s\n")
    return done.stdout


@case("replay --into: everything with its metadata, once, in the same order, with the same range hash")
def into(environment):
    server = filled(environment, 5000)
    with_metadata(environment, server, 5001, 6000)
    first = server.cli("replay", "orders", "--into", "copy", "--level", "disk")
    expect_equal(first.returncode, 0, f"exit code ({first.stderr})")
    expect_equal(metadata(server, "copy"), metadata(server, "orders"), "what the copy holds")
    again = server.cli("replay", "orders", "--into", "copy")
    expect_in(["6000 transactions are in copy already", "0 transactions"], again.stderr.decode(), "the second run")
    expect_equal(metadata(server, "copy"), metadata(server, "orders"), "the copy after a second run")
    other = server.cli("replay", "copy")
    expect_equal(range_hash(other.stderr), range_hash(first.stderr), "range hash of the copy")
    as_json = json.loads(run_ok(server, "-o", "json", "replay", "orders", "--into", "third", "--create", "--from", "10",
                                "--until", "19"))
    as_json.pop("rangeHash")
    expect_equal(as_json, {"count": "10", "bytes": str(len(lines(10, 19)) - 10), "firstLsn": "10", "lastLsn": "19",
                           "alreadyThere": "0"}, "the summary in JSON")
    expect_equal(run_ok(server, "cat", "third"), lines(10, 19), "a range")


@case("replay --into may be repeated although --from has moved on: after a trim, and with -N; holes are refused")
def into_moves_on(environment):
    server = environment.serving()
    for name in ("orders", "copy", "last", "part", "even"):
        run_ok(server, "journal", "create", name, *SMALL)
    run_ok(server, "append", "orders", "--batch", "1", stdin=lines(1, 30))
    run_ok(server, "replay", "orders", "--into", "copy")
    run_ok(server, "replay", "orders", "--from", "-5", "--into", "last")
    run_ok(server, "replay", "orders", "--from", "10", "--until", "12", "--into", "part")
    run_ok(server, "replay", "orders", "--grep", "0", "--into", "even")
    run_ok(server, "append", "orders", "--batch", "1", stdin=lines(31, 32))
    run_ok(server, "journal", "trim", "orders", "--before", "15")
    for _ in range(2):
        run_ok(server, "replay", "orders", "--into", "copy")
        run_ok(server, "replay", "orders", "--from", "-5", "--into", "last")
    expect_equal(run_ok(server, "cat", "copy"), lines(1, 32), "the copy after a trim of the source")
    expect_equal(run_ok(server, "cat", "last"), lines(26, 32), "the last ones, as they became more")
    run_refused(server, 2, ["holds orders from LSN 10 to 12", "LSN 13 to 14 cannot be copied", "--producer NAME"],
                "replay", "orders", "--into", "part")
    run_refused(server, 2, ["would leave out LSN 33", "--from 33"], "replay", "orders", "--from", "34", "--into", "copy")
    run_refused(server, 2, "nobody can tell", "replay", "orders", "--grep", "0", "--into", "even")
    run_ok(server, "replay", "orders", "--into", "part", "--producer", "rest")
    expect_equal(run_ok(server, "cat", "part"), lines(10, 12) + lines(15, 32), "another copy behind it, as asked for")
    run_ok(server, "replay", "orders", "--from", "20", "--into", "part", "--producer", "rest")
    expect_equal(run_ok(server, "cat", "part"), lines(10, 12) + lines(15, 32), "it may be repeated too")
    server.kill()
    server.start()
    expect_in("32 transactions are in copy already", server.cli("replay", "orders", "--into", "copy").stderr.decode(),
              "after a restart")


def losing(environment):
    """A server whose journal orders will lose 91 to 100 with the memory; everything in copy is on disk."""
    server = environment.serving()
    for name in ("orders", "copy"):
        run_ok(server, "journal", "create", name, *SMALL, "--checkpoint-interval", "60s")
    run_ok(server, "append", "orders", "--level", "disk", stdin=lines(1, 90))
    run_ok(server, "append", "orders", "--level", "received", stdin=lines(91, 100))
    return server


def lose(server):
    server.kill()
    server.lose_memory()
    server.start()


def follow_until_lost(server, *target, read):
    """What a replay of orders says that has read everything when part of it is lost."""
    replay = subprocess.Popen(server.client_command("replay", "orders", *target, "--follow"), stderr=subprocess.PIPE)
    try:
        wait_until("all are read", read)
        lose(server)
        _, said = replay.communicate(timeout=60)
    finally:
        replay.kill()
        replay.wait()
    expect_equal(replay.returncode, 5, f"exit code ({said})")
    return said.decode()


@case("replay --into after a loss of the source: what came in its place is not left out unsaid; another copy takes it")
def into_after_a_loss(environment):
    server = losing(environment)
    run_ok(server, "replay", "orders", "--into", "copy", "--level", "disk")
    run_ok(server, "replay", "orders", "--grep", "0", "--into", "even", "--create", "--level", "disk")
    lose(server)
    run_ok(server, "append", "orders", "--level", "disk", stdin=lines(1001, 1020))
    run_refused(server, 2, ["holds orders from LSN 1 to 100", "lost what it held from LSN 91 on (generation 2)",
                            "--from 91 --producer NAME"], "replay", "orders", "--into", "copy")
    run_refused(server, 2, "from LSN 91 on (generation 2)", "replay", "orders", "--grep", "0", "--into", "even")
    expect_equal(run_ok(server, "cat", "copy"), lines(1, 100), "nothing was appended")
    for last in (1020, 1025):
        run_ok(server, "replay", "orders", "--from", "91", "--producer", "rest", "--into", "copy", "--level", "disk")
        expect_equal(run_ok(server, "cat", "copy"), lines(1, 100) + lines(1001, last), "with the other copy")
        run_ok(server, "append", "orders", "--level", "disk", stdin=lines(last + 1, last + 5))


@case("replay --into after a loss behind what it has copied goes on, however often it is repeated")
def into_behind_a_loss(environment):
    server = losing(environment)
    run_ok(server, "replay", "orders", "--until", "90", "--into", "copy", "--level", "disk")
    lose(server)
    for last in (1000, 1010, 1020):
        run_ok(server, "append", "orders", "--level", "disk", stdin=lines(last + 1, last + 10))
        run_ok(server, "replay", "orders", "--into", "copy", "--level", "disk")
        expect_equal(run_ok(server, "cat", "copy"), lines(1, 90) + lines(1001, last + 10), "the copy")


@case("a replay --into that runs while its source loses what it has copied: exit code 5, and how to copy what is left")
def into_over_a_loss(environment):
    server = losing(environment)
    said = follow_until_lost(
        server, "--into", "copy", "--level", "disk", read=lambda: int(json.loads(run_ok(
            server, "-o", "json", "journal", "info", "copy"))["watermarks"]["durable"].get("lsn", 0)) == 100)
    expect_in("as another copy behind this one: --from 91 --producer NAME", said, "advice")
    expect("go on with --from" not in said, f"no advice that would leave a hole: {said}")


@case("a replay into a file whose source loses what was read: its advice keeps the file, and works")
def output_over_a_loss(environment):
    server = losing(environment)
    path = os.path.join(server.folder, "orders.out")
    said = follow_until_lost(server, "--output", path, read=lambda: (
        os.path.exists(path) and open(path, "rb").read() == lines(1, 100)))
    expect_in(["--append", "--from 91 --accept-loss 2"], said, "advice")
    run_ok(server, "append", "orders", "--level", "disk", stdin=lines(1001, 1020))
    (advice,) = [line for line in said.splitlines() if line.startswith("  ringjournal ")]
    words = [word for word in shlex.split(advice)[1:] if word != "--follow"]
    done = subprocess.run([environment.programs.client, *words], capture_output=True, timeout=60, check=False)
    expect_equal(done.returncode, 0, f"exit code of the advice ({done.stderr.decode()})")
    with open(path, "rb") as file:
        expect_equal(file.read(), lines(1, 100) + lines(1001, 1020), "the file")


@case("replay --into --producer NAME: another source's copy of that name, and a plain producer, are not taken for its own")
def into_named(environment):
    server = environment.serving()
    for name in ("orders", "bills", "copy"):
        run_ok(server, "journal", "create", name, *SMALL)
    run_ok(server, "append", "orders", stdin=lines(1, 30))
    run_ok(server, "append", "bills", stdin=lines(101, 120))
    run_ok(server, "append", "copy", "--producer", "nightly-1", stdin=lines(201, 205))
    for source in ("orders", "bills", "orders", "bills"):
        run_ok(server, "replay", source, "--into", "copy", "--producer", "nightly")
    expect_equal(run_ok(server, "cat", "copy"), lines(201, 205) + lines(1, 30) + lines(101, 120), "all of both, once")
    run_refused(server, 2, ["64 at most", "give a --producer that is"], "replay", "orders", "--into", "copy",
                "--producer", "n" * 64)


@case("replay --into where the target has too many producers of that name to tell: refused, not copied again")
def into_many(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    run_ok(server, "journal", "create", "copy", "--ring", "1MiB", "--producers", "2000")
    run_ok(server, "append", "orders", stdin=lines(1, 30))
    run_ok(server, "replay", "orders", "--into", "copy")
    source = json.loads(run_ok(server, "-o", "json", "journal", "info", "orders"))["config"]["id"]
    prefix = "replay-" + base64.b64decode(source).hex()[:16]
    for i in range(1001):
        with Connection(server.address) as connection:
            connection.open("copy", f"{prefix}-{1000 + i}")
    run_refused(server, 4, ["more than 1000 producers", "--producer NAME"], "replay", "orders", "--into", "copy")
    expect_equal(run_ok(server, "cat", "copy"), lines(1, 30), "the copy")


@case("replay --into is stopped, the target is killed, and the same command goes on: nothing twice, nothing missing")
def into_stops(environment):
    server = filled(environment)
    target = environment.serving()
    run_ok(target, "journal", "create", "copy", *SMALL)
    command = server.client_command("replay", "orders", "--into", "copy", "--into-server", target.address,
                                    "--pace", "x1000000")

    def end():
        return int(json.loads(run_ok(target, "-o", "json", "journal", "info", "copy"))["watermarks"]["end"].get("lsn", 0))

    for round_number in range(3):
        before = end()
        replay = subprocess.Popen(command, stderr=subprocess.PIPE)
        # Not earlier: a process that has just begun does not know the signal yet.
        wait_until("more are there", lambda n=before, r=replay: end() > n or r.poll() is not None)
        if round_number == 1:
            replay.kill()
        else:
            replay.send_signal(signal.SIGINT)
        _, said = replay.communicate(timeout=60)
        expect(replay.returncode in (0, 130, -9), f"exit code {replay.returncode} ({said})")
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    expect_equal(done.returncode, 0, f"the last run ({done.stderr})")
    expect(run_ok(target, "cat", "copy") == lines(1, COUNT), "the copy is the original")


@case("replay with a filter --into: what passes is there once, also over two runs")
def into_filtered(environment):
    server = filled(environment, 200)
    with_metadata(environment, server, 201, 400)
    for _ in range(2):
        run_ok(server, "replay", "orders", "--key", "even", "--into", "copy", "-n", "60")
    run_ok(server, "replay", "orders", "--key", "even", "--into", "copy")
    expected = b"".join(b"payload %d\n" % i for i in range(202, 401, 2))
    expect_equal(run_ok(server, "cat", "copy"), expected, "the copy")


@case("replay --output: Ctrl-C prints the command that goes on; both parts are the whole, and so is the range hash")
def stop_and_resume(environment):
    server = filled(environment, 3000)
    run_ok(server, "append", "orders", "--level", "disk", stdin=lines(3001, 3001))
    whole = range_hash(server.cli("replay", "orders").stderr)
    path = os.path.join(server.data_dir, "out")
    # So slow that the last one is never due: the first 3000 have nearly the same log time.
    replay = subprocess.Popen(server.client_command("replay", "orders", "--output", path, "--pace", "x0.00001",
                                                    "--until", "newest"), stderr=subprocess.PIPE)
    wait_until("it has begun", lambda: os.path.exists(path) and os.path.getsize(path) > 0)
    replay.send_signal(signal.SIGINT)
    _, said = replay.communicate(timeout=30)
    expect_equal(replay.returncode, 130, f"exit code ({said})")
    words = resume_command(said)
    expect("--append" in words and words[words.index("--until") + 1] == "3001", f"{words}")
    words[words.index("--pace") + 1] = "max"
    # --server stands among the words already.
    done = subprocess.run([environment.programs.client, *words], capture_output=True, timeout=30, check=False)
    expect_equal(done.returncode, 0, f"exit code of the rest ({done.stderr})")
    with open(path, "rb") as file:
        expect(file.read() == lines(1, 3001), "both parts together")
    expect_equal(range_hash(done.stderr), whole, "range hash of both parts")


@case("replay --exec: a run for each transaction with its payload and LSN; the first failure stops it, exit code 11")
def execute(environment):
    server = filled(environment, 20)
    seen = run_ok(server, "replay", "orders", "--from", "2", "--until", "4", "--exec", 'cat; echo " $RINGJOURNAL_LSN"')
    expect_equal(seen, b"".join(lines(i, i)[:-1] + b" %d\n" % i for i in (2, 3, 4)), "what the commands printed")
    seen = run_ok(server, "replay", "orders", "--exec-batch", "8", "--exec",
                  'wc -l; echo $RINGJOURNAL_LSN $RINGJOURNAL_LAST_LSN $RINGJOURNAL_COUNT')
    expect_equal(seen.split(), b"8 1 8 8 8 9 16 8 4 17 20 4".split(), "batches")
    said = run_refused(server, 11, ["exit code 3", "at LSN 7", "stopped before LSN 7", "--from 7"], "replay", "orders",
                       "--exec", "test $RINGJOURNAL_LSN != 7 || exit 3")
    rest = subprocess.run([environment.programs.client, *resume_command(said.encode())], capture_output=True,
                          timeout=30, check=False)
    expect_equal(rest.returncode, 11, "the command fails there again")
    run_refused(server, 11, ["killed by signal 9", "LSN 1"], "replay", "orders", "--exec", "kill -9 $$")
    expect_equal(run_ok(server, "replay", "orders", "--exec", "true"), b"", "a command that reads nothing may succeed")


@case("replay --pace keeps the distances, divided by the factor; max does not wait")
def pace(environment):
    server = filled(environment, 1)
    started = time.monotonic_ns()
    wait_until("a distance of 0.3 s", lambda: time.monotonic_ns() - started > 300_000_000)
    run_ok(server, "append", "orders", stdin=lines(2, 2))

    def seconds(speed):
        begin = time.monotonic()
        expect_equal(run_ok(server, "replay", "orders", "--pace", speed), lines(1, 2), f"what comes at {speed}")
        return time.monotonic() - begin
    expect(seconds("original") >= 0.3, "original takes as long as it did")
    expect(seconds("x0.5") >= 0.6, "half as fast takes twice as long")
    expect(seconds("x1000") < 0.3, "a thousand times as fast does not")
    run_refused(server, 2, ["'fast' is no pace"], "replay", "orders", "--pace", "fast")


@case("replay: contradicting targets and wrong values are refused before anything is read")
def wrong_use(environment):
    server = filled(environment, 1)
    for arguments, parts in ((["--output", "x", "--into", "copy"], "contradict"), (["--append"], "needs --output"),
                             (["--into", "orders"], "give another one"), (["--exec-batch", "0"], "exec-batch"),
                             (["--resume-hash", "xyz"], "hexadecimal")):
        run_refused(server, 2, parts, "replay", "orders", *arguments)
    run_refused(server, 7, '"nowhere"', "replay", "orders", "--into", "nowhere")


@case("replay draws a bar with rate and time left on a terminal; --quiet says nothing; Ctrl-C ends a slow command's run")
def progress(environment):
    server = filled(environment, 100)
    expect_equal(server.cli("replay", "orders", "--quiet").stderr, b"", "what --quiet says")
    command = " ".join(shlex.quote(word) for word in server.client_command(
        "replay", "orders", "--exec", "sleep 0.02", "--until", "60"))
    done = subprocess.run(["script", "-qec", f"{command} > /dev/null", "/dev/null"], capture_output=True, timeout=60,
                          check=False)
    expect_equal(done.returncode, 0, f"exit code at a terminal ({done.stdout})")
    expect_in(["[=", " %  LSN ", "transactions/s", "s left", "range hash"], done.stdout.decode(), "the terminal")
    with running(server.client_command("replay", "orders", "--exec", "echo x; sleep 0.05"), stdout=subprocess.PIPE,
                 stderr=subprocess.PIPE) as slow:
        slow.stdout.readline()
        slow.send_signal(signal.SIGINT)
        _, said = slow.communicate(timeout=30)
    expect_equal(slow.returncode, 130, f"exit code ({said})")
    expect_in("stopped before LSN ", said.decode(), "where it stopped")
    expect(int(said.decode().split("stopped before LSN ")[1].split(";")[0]) < 50, f"at once: {said}")


@case("resolve: applied, never, and unknown producers")
def resolve(environment):
    server = filled(environment, 1)
    run_ok(server, "append", "orders", "--producer", "p", stdin=lines(1, 3))
    seen = run_ok(server, "resolve", "orders", "--producer", "p", "--sequence", "2").decode()
    expect_equal(seen, "applied: sequence 2 of producer p is LSN 3\n", "an applied one")
    seen = json.loads(run_ok(server, "-o", "json", "resolve", "orders", "--producer", "p", "--sequence", "2"))
    expect_equal((seen["outcome"], seen["lsn"]), ("OUTCOME_AT_LSN", "3"), "the same as JSON")
    expect_in("not applied yet", run_ok(server, "resolve", "orders", "--producer", "p", "--sequence", "9").decode(), "9")
    expect_in("never will be", run_ok(server, "resolve", "orders", "--producer", "p", "--sequence", "9",
                                      "--settle").decode(), "9, settled")
    run_refused(server, 4, ["UNKNOWN_PRODUCER"], "resolve", "orders", "--producer", "q", "--sequence", "1")
    run_refused(server, 7, ['"nowhere"'], "resolve", "nowhere", "--producer", "q", "--sequence", "1")
