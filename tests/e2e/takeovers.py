"""takeover and drill: one writer after another, for programs that do not use the library."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import threading

from case import SMALL, Skip, case, end_lsn, lines, run_ok, run_refused
from checks import expect, expect_equal, expect_in, wait_until
from fences import claim, fenced_journal, shown
from programs import running


def written(environment, count=20):
    """A server with a fenced journal that engine-a, writer epoch 1.1, has written."""
    server = environment.serving()
    fenced_journal(server)
    claim(server, "engine-a")
    run_ok(server, "append", "orders", "--producer", "a", "--writer", "1.1", stdin=lines(1, count))
    return server


def take_over(server, *more, name="orders", claimant="engine-b"):
    return json.loads(run_ok(server, "-o", "json", "takeover", name, "--claimant", claimant, *more))


@contextlib.contextmanager
def at_work(server, writer="1.1"):
    """Somebody who appends a line now and then, until he is fenced."""
    command = server.client_command("append", "orders", "--producer", "a", "--writer", writer, "--retry-for", "5s")
    with running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0) as process:
        over = threading.Event()

        def feed():
            with contextlib.suppress(OSError):
                while not over.wait(0.01):
                    process.stdin.write(b"work\n")
        feeder = threading.Thread(target=feed, daemon=True)
        feeder.start()
        try:
            yield process
        finally:
            over.set()
            feeder.join()


@case("takeover: the old writer is fenced, the report says where he ended and what is in doubt, and the epoch appends")
def at_once(environment):
    server = written(environment)
    report = take_over(server, "--reason", "a drill")
    expect_equal((report["verdict"], report["finalLsn"], report["actedLsn"], report["transactionsRead"]),
                 ("nothing lost", "20", "0", "20"), "the report")
    expect_equal((report["oldWriter"], report["oldClaimant"], report["newWriter"], report["newClaimant"], report["forced"]),
                 ("1.1", "engine-a", "1.2", "engine-b", False), "who")
    expect_equal((report["inDoubt"], report["inDoubtCount"]), ([{"first": "1", "last": "20"}], "20"), "what is in doubt")
    expect_equal(shown(server)["writerEpoch"], "1.2", "the writer")
    run_refused(server, 10, ["engine-b"], "append", "orders", "--producer", "a", "--writer", "1.1", stdin=lines(1, 1))
    run_ok(server, "append", "orders", "--producer", "b", "--writer", "1.2", stdin=lines(21, 30))
    run_ok(server, "journal", "trim", "orders", "--before", "25")
    text = run_ok(server, "takeover", "orders", "--claimant", "engine-c", "--force").decode()
    expect_in(["verdict=nothing lost", "final_lsn=30", "new_writer=1.3 engine-c (forced)", "chain=", "fence_ms="], text,
              "of a trimmed journal, as text")


@case("takeover: of a journal that nobody has written there is nothing to lose")
def nobody(environment):
    server = environment.serving()
    fenced_journal(server)
    report = take_over(server, "--when-silent")
    expect_equal((report["oldWriter"], report["newWriter"], report["finalLsn"], report["inDoubt"]), (None, "1.1", "0", []),
                 "the report")


@case("takeover: each refusal says who holds it or what is wrong, and fences nobody")
def refusals(environment):
    server = written(environment)
    run_ok(server, "journal", "create", "open", *SMALL)
    run_refused(server, 4, ["not fenced", "--fenced yes"], "takeover", "open", "--claimant", "b")
    run_refused(server, 7, ['"none"'], "takeover", "none", "--claimant", "b")
    run_refused(server, 4, ["engine-a", "1.1"], "takeover", "orders", "--claimant", "b", "--replaces", "1.7")
    run_refused(server, 4, ["name of 1 to 64 bytes"], "takeover", "orders", "--claimant", "x" * 65)
    for parts, words in (
            (["--claimant"], ["orders"]),
            (["'typo'", "--exec"], ["orders", "typo", "--claimant", "b"]),
            (["--exec needs a command"], ["orders", "--claimant", "b", "--exec"]),
            (["at least 50ms"], ["orders", "--claimant", "b", "--when-silent", "--silent-after", "40ms"]),
            (["--when-silent"], ["orders", "--claimant", "b", "--silent-after", "1s"]),
            (["--exec"], ["orders", "--claimant", "b", "--accept-loss"]),
            (["--force"], ["orders", "--claimant", "b", "--force", "--replaces", "1.1"])):
        run_refused(server, 2, parts, "takeover", *words)
    run_refused(server, 11, ["no-such-engine", "PATH", "nobody was fenced"],
                "takeover", "orders", "--claimant", "b", "--exec", "no-such-engine", "argument")
    expect_equal(shown(server)["writerEpoch"], "1.1", "the writer")


@case("takeover --exec: the command is the writer, with all it must know in its environment, and its exit code is ours")
def executes(environment):
    server = written(environment)
    done = server.cli("takeover", "orders", "--claimant", "engine-b", "--exec", "env; exit 7")
    expect_equal(done.returncode, 7, f"exit code ({done.stderr})")
    expect_in(["verdict=nothing lost"], done.stderr.decode(), "the report")
    seen = dict(line.split("=", 1) for line in done.stdout.decode().splitlines() if "=" in line)
    expect_equal({name: value for name, value in seen.items() if name.startswith("RINGJOURNAL_") and name in WANTED},
                 {"RINGJOURNAL_JOURNAL": "orders", "RINGJOURNAL_SERVER": server.address, "RINGJOURNAL_WRITER": "1.2",
                  "RINGJOURNAL_FINAL_LSN": "20", "RINGJOURNAL_ACTED_LSN": "0", "RINGJOURNAL_VERDICT": "nothing lost"},
                 "its environment")
    appends = shlex.quote(server.programs.client) + ' append "$RINGJOURNAL_JOURNAL" --writer "$RINGJOURNAL_WRITER"'
    run_ok(server, "takeover", "orders", "--claimant", "engine-c", "--exec", appends, stdin=b"from c\n")
    expect_equal(run_ok(server, "cat", "orders", "--from", "-1"), b"from c\n", "what the command appended")
    words = run_ok(server, "takeover", "orders", "--claimant", "engine-d", "--exec", "--", "printenv", "-0", "RINGJOURNAL_WRITER")
    expect_equal(words, b"1.4\0", "a command of several words")


WANTED = {"RINGJOURNAL_" + name for name in ("JOURNAL", "SERVER", "WRITER", "FINAL_LSN", "ACTED_LSN", "VERDICT")}


@case("takeover after a loss: exit code 5; a command is run only with --accept-loss, and is told")
def losses(environment):
    server = environment.serving()
    journals = ("plain", "held", "accepted")
    for name in journals:
        run_ok(server, "journal", "create", name, *SMALL, "--fenced", "yes", "--checkpoint-interval", "60s")
        run_ok(server, "writer", "fence", name, "--claimant", "engine-a")
        run_ok(server, "append", name, "--writer", "1.1", "--level", "disk", stdin=lines(1, 90))
        run_ok(server, "append", name, "--writer", "1.1", stdin=lines(91, 100))
    server.kill()
    server.lose_memory()
    server.start()
    done = server.cli("-o", "json", "takeover", "plain", "--claimant", "engine-b")
    expect_equal(done.returncode, 5, f"exit code ({done.stderr})")
    report = json.loads(done.stdout)
    expect_equal((report["verdict"], report["lostFromLsn"]), ("may be lost", "91"), "the report")
    expect(report["lostWhy"] != "", "why")
    said = run_refused(server, 5, ["verdict=may be lost", "was not run", "--accept-loss"],
                       "takeover", "held", "--claimant", "engine-b", "--exec", "echo it ran >&2")
    expect("it ran" not in said.split("verdict=")[0] and "\nit ran" not in said, "the command must not run")
    verdict = run_ok(server, "takeover", "accepted", "--claimant", "engine-b", "--accept-loss", "--exec",
                     'printf %s "$RINGJOURNAL_VERDICT"')
    expect_equal(verdict, b"may be lost", "what the command was told")


@contextlib.contextmanager
def waiting(server, silent_after):
    """A takeover that follows the journal; its report will be on stdout."""
    command = server.client_command("-o", "json", "takeover", "orders", "--claimant", "engine-b", "--when-silent",
                                    "--silent-after", silent_after)
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        expect_in("follows journal orders", process.stderr.readline().decode(), "the first it says")
        yield process


@case("takeover --when-silent: waits while the writer appends, and takes over once he has been silent for long enough")
def when_silent(environment):
    server = written(environment)
    with waiting(server, "2s") as process:
        with at_work(server):
            at_least = end_lsn(server) + 5
            wait_until("the writer appends", lambda: end_lsn(server) >= at_least)
        said, _ = process.communicate(timeout=30)
    report = json.loads(said)
    expect(report["silenceMs"] >= 2000, f"silence: {report['silenceMs']} ms")
    expect_equal((report["finalLsn"], report["verdict"]), (str(end_lsn(server)), "nothing lost"), "the report")
    expect_equal((report["oldWriter"], report["newWriter"]), ("1.1", "1.2"), "who")


@case("takeover --when-silent: Ctrl-C ends it with 130, and nobody is fenced")
def interrupted(environment):
    server = written(environment)
    with waiting(server, "1h") as process:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        expect_equal(process.returncode, 130, "exit code")
    expect_equal(shown(server)["writerEpoch"], "1.1", "the writer")


@case("drill: wrong use, a journal without work, commands that fail or bring nobody: each with what to look at")
def drill_refusals(environment):
    server = written(environment)
    run_ok(server, "journal", "create", "open", *SMALL)
    both = ["--switch", "true", "--back", "true"]
    for parts, words in ((["--back"], ["orders", "--switch", "true"]), (["each need a command"], ["orders", "--switch", "", "--back", "x"]),
                         (["--runs"], ["orders", *both, "--runs", "0"]), (["--max-pause"], ["orders", *both, "--max-pause", "5"])):
        run_refused(server, 2, parts, "drill", *words)
    run_refused(server, 4, ["not fenced"], "drill", "open", *both)
    run_refused(server, 7, ['"none"'], "drill", "none", *both)
    run_refused(server, 1, ["needs a writer at work", "writer show orders"], "drill", "orders", *both, "--timeout", "200ms")
    with at_work(server):
        run_refused(server, 1, ["no transaction of a new writer", "ended with 0", "engine-a", "1.1", "reaches a standby"],
                    "drill", "orders", *both, "--timeout", "1s")
        run_refused(server, 11, ["`exit 3` failed with exit code 3"], "drill", "orders", "--switch", "exit 3", "--back", "true")
        fence = shlex.join(server.client_command("writer", "fence", "orders", "--claimant", "idle", "--force"))
        run_refused(server, 1, ["idle", "took over and has appended nothing"],
                    "drill", "orders", "--switch", fence, "--back", "true", "--timeout", "1s")


def engine(server, name):
    """A command that takes over, and appends a line now and then until it is fenced itself."""
    client = shlex.quote(server.programs.client)
    work = (f"while echo order; do sleep 0.01; done | {client} append orders --producer {name} "
            '--writer "$RINGJOURNAL_WRITER" --retry-for 5s')
    return shlex.join(server.client_command("takeover", "orders", "--claimant", name, "--exec", work)) + " >/dev/null 2>&1 &"


@case("drill: there and back, measured, nothing lost; PASS and MISSED are told by text, JSON and exit code")
def drills(environment):
    server = written(environment)
    # The last engine works on until it is fenced.
    environment.callback(lambda: server.cli("writer", "fence", "orders", "--claimant", "end", "--force"))
    switch = ["--switch", engine(server, "engine-b"), "--back", engine(server, "engine-a"), "--between", "0ms"]
    with at_work(server):
        measured = json.loads(run_ok(server, "-o", "json", "drill", "orders", *switch, "--runs", "2", "--max-pause", "60s"))
    expect_equal((measured["verdict"], measured["met"], measured["complete"]), ("nothing lost", True, True), "verdict")
    there, back = measured["directions"]
    expect_equal([(run["from"], run["to"]) for each in zip(there["runs"], back["runs"]) for run in each],
                 [("1.1", "1.2"), ("1.2", "1.3"), ("1.3", "1.4"), ("1.4", "1.5")], "writer epochs")
    for run in there["runs"] + back["runs"]:
        expect(0 < run["gapMs"] < 60000 and 0 < run["takenMs"] < 60000, f"times: {run}")
        expect(int(run["firstLsn"]) > int(run["lastLsn"]), f"LSNs: {run}")
    done = server.cli("drill", "orders", *switch, "--max-pause", "1us")
    expect_equal(done.returncode, 1, f"exit code ({done.stderr})")
    expect_in(["nothing lost: ", "without a hole", "\nMISSED: "], done.stdout.decode(), "the table")


@case("drill: two matching engines change places on a signal, as its help says")
def drills_engines(environment):
    server = environment.serving()
    binary = os.path.join(os.path.dirname(environment.programs.client), "matching_engine")
    if not os.access(binary, os.X_OK):
        raise Skip(f"{binary} is missing: ./dev build makes it")

    def started(name, until):
        command = [binary, "--name", name, "--server", server.address, "--generate", "1000000000", "--rate", "1000"]
        process = environment.enter_context(running(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
        while not process.stdout.readline().decode().startswith(until):
            expect(process.poll() is None, f"{name} has ended with {process.returncode}")
        return process
    first = started("engine-a", "first_acknowledged")
    second = started("engine-b", "standby engine-b")
    measured = json.loads(run_ok(server, "-o", "json", "drill", "orders", "--switch", f"kill -USR1 {second.pid}", "--back",
                                 f"kill -USR1 {first.pid}", "--max-pause", "60s"))
    expect_equal((measured["verdict"], measured["met"]), ("nothing lost", True), "verdict")


@case("takeover without a server: exit code 3 once --timeout is over")
def no_server(environment):
    server = environment.server()
    run_refused(server, 3, [server.address], "takeover", "orders", "--claimant", "b", "--timeout", "100ms")
    run_refused(server, 3, [server.address], "drill", "orders", "--switch", "true", "--back", "true", "--timeout", "100ms")


@case("bench takeover: a standby and a reader in turn, JSON, and an exit code that says what the figures say")
def benches(environment):
    server = environment.server()
    done = server.cli("-o", "json", "bench", "takeover", "--transactions", "100000", "--rounds", "1", "--ringjournald",
                      environment.programs.server)
    measured = json.loads(done.stdout)
    expect_equal((measured["transactions"], measured["met"]), ("100000", done.returncode == 0), f"figures ({done.stderr})")
    expect(measured["standbyPerSecond"] > 0 and measured["readerPerSecond"] > 0, f"rates: {measured}")
