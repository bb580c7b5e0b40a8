"""Positions, filters, formats, cursors and the reverse order of tail and cat."""

import json
import os
import signal
import subprocess

from case import SMALL, case, lines, run_ok, run_refused
from checks import expect, expect_equal, expect_in
from programs import running
from wire import Connection, entry_pb, pb

COUNT = 30000  # 4 MiB through a ring of 1 MiB


def with_metadata(environment, server, first, last, journal="orders", per_append=50):
    """Transactions with id, key, type and headers: id "t-N", key "even" or "odd"."""
    connection = environment.connect(server)
    opened = connection.open(journal, f"p{first}")
    sequence = opened.last_sequence + 1
    for start in range(first, last + 1, per_append):
        some = [entry_pb.Transaction(payload=b"payload %d" % i, id=b"t-%d" % i, type="a.Type", client_time_ns=i,
                                     key=b"even" if i % 2 == 0 else b"odd",
                                     headers=[entry_pb.Header(name="n", value=b"%d" % i)])
                for i in range(start, min(start + per_append, last + 1))]
        connection.ask(append=pb.Append(first_sequence=sequence, transactions=some))
        sequence += len(some)
    connection.close()


def log_times(server, journal="orders"):
    """Log time in nanoseconds of each LSN, by another client."""
    with Connection(server.address) as connection:
        return {e.first_lsn + i: e.log_time_ns for e in connection.read(journal) for i in range(e.count)}


def at(ns):
    return "@%d.%09d" % (ns // 10**9, ns % 10**9)


@case("positions by time are exact, in segments and in the ring, before and after a restart")
def by_time(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    run_ok(server, "append", "orders", "--batch", "50", "--producer", "p", stdin=lines(1, COUNT))
    times = log_times(server)
    for _ in range(2):
        for lsn in (1, 51, 5000, COUNT // 2, COUNT - 1):
            first = min(i for i in times if times[i] == times[lsn])
            seen = run_ok(server, "cat", "orders", "--from", at(times[lsn]), "-n", "1")
            expect_equal(seen, lines(first, first), f"first at the log time of LSN {lsn}")
            behind = min((i for i in times if times[i] > times[lsn]), default=COUNT + 1)
            seen = run_ok(server, "cat", "orders", "--from", str(first), "--until", at(times[lsn] + 1))
            expect_equal(seen, lines(first, behind - 1), f"until the time behind LSN {lsn}")
        expect_equal(run_ok(server, "cat", "orders", "--since", "@-0s"), b"", "from now on")
        expect_equal(run_ok(server, "cat", "orders", "--since", "@-24h", "-n", "2"), lines(1, 2), "since a day ago")
        server.kill()
        server.start()


@case("positions by id: found in segments and ring; an unknown id is exit code 7; the LSN is echoed")
def by_id(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    with_metadata(environment, server, 1, 500)
    run_ok(server, "append", "orders", "--batch", "50", stdin=lines(501, COUNT))
    with_metadata(environment, server, COUNT + 1, COUNT + 100)
    for i in (1, 77, 500, COUNT + 1, COUNT + 100):
        done = server.cli("cat", "orders", "--from", f"txn:t-{i}", "--until", f"txn:t-{i}")
        expect_equal((done.returncode, done.stdout), (0, b"payload %d\n" % i), f"id t-{i} ({done.stderr})")
        expect_in([f"from txn:t-{i} = LSN {i}", f"until txn:t-{i} = LSN {i}"], done.stderr.decode(), "echo")
    expect_equal(run_ok(server, "cat", "orders", "--from", "txn-hex:742d3737", "-n", "1"), b"payload 77\n", "in hex")
    run_refused(server, 7, ["\"no-such\"", "TRANSACTION_NOT_FOUND"], "cat", "orders", "--from", "txn:no-such")


@case("a position that is none is refused with examples and a guess; --quiet says nothing")
def bad_positions(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    run_ok(server, "append", "orders", stdin=lines(1, 10))
    for bad, guess in (("-5m", "did you mean @-5m?"), ("yesterday", "@2026-05-01T12:00:00Z"),
                       ("@1777636800000", "seconds"), ("latest", "did you mean newest?"), ("0", "an LSN from 1 on")):
        run_refused(server, 2, [f"'{bad}' is no position", guess], "cat", "orders", "--from", bad)
    expect_equal(server.cli("cat", "orders", "--from", "@-1h", "-q").stderr, b"", "what --quiet says")


@case("--grep, --key, --count and --format pick and print what was asked for")
def filters(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    with_metadata(environment, server, 1, 300)

    def seen(*arguments):
        return run_ok(server, "cat", "orders", *arguments).decode().splitlines()
    expect_equal(seen("--grep", "payload 29."), [f"payload {i}" for i in range(290, 300)], "an expression")
    expect_equal(seen("--grep", "PAYLOAD 1$", "-i"), ["payload 1"], "ignoring case")
    expect_equal(seen("--grep", "payload", "-v"), [], "inverted")
    expect_equal(seen("--key", "odd", "-n", "2"), ["payload 1", "payload 3"], "a key, twice")
    expect_equal(seen("--from", "7", "-n", "1", "--format", r"%o|%k|%K|%i|%y|%h|%s|%S|%%\n"),
                 ["7|odd|3|t-7|a.Type|n=7|payload 7|9|%"], "a format of one's own")
    expect_equal(run_ok(server, "cat", "orders", "-n", "2", "--format", "raw"), b"payload 1payload 2", "raw")
    run_refused(server, 2, ["is no regular expression"], "cat", "orders", "--grep", "a(")
    run_refused(server, 2, ["'xml' is no format"], "cat", "orders", "--format", "xml")
    run_refused(server, 2, ["character 3"], "cat", "orders", "--format", "ab%q")


@case("JSON lines are, byte for byte, what they always were")
def golden_json(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    with_metadata(environment, server, 1, 2)
    seen = run_ok(server, "cat", "orders", "--from", "2", "--format", "json").decode()
    one = json.loads(seen)
    golden = ('{"lsn":"2","index":"%s","generation":1,"epoch":1,"logTime":"%s","transaction":{"payload":"cGF5bG9hZCAy",'
              '"type":"a.Type","key":"ZXZlbg==","id":"dC0y","clientTimeNs":"2","headers":[{"name":"n","value":"Mg=="}]}}\n'
              % (one["index"], one["logTime"]))
    expect_equal(seen, golden, "a JSON line")
    expect_equal(run_ok(server, "-o", "json", "cat", "orders", "--from", "2").decode(), golden, "with -o json")


@case("--reverse prints the newest first, whole journals too, with filter, count and range")
def reverse(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    run_ok(server, "append", "orders", "--batch", "50", stdin=lines(1, COUNT))
    expected = b"".join(reversed(lines(1, COUNT).splitlines(keepends=True)))
    expect(run_ok(server, "cat", "orders", "--reverse") == expected, "all of it backward")
    expect_equal(run_ok(server, "tail", "orders", "--reverse", "-n", "3"),
                 b"".join(lines(i, i) for i in (COUNT, COUNT - 1, COUNT - 2)), "the last 3 of tail")
    expect_equal(run_ok(server, "cat", "orders", "--reverse", "--from", "10", "--until", "12"),
                 b"".join(lines(i, i) for i in (12, 11, 10)), "a range")
    expect_equal(run_ok(server, "cat", "orders", "--reverse", "--grep", "transaction 7777 "), lines(7777, 7777), "grep")
    run_refused(server, 2, ["contradict"], "cat", "orders", "--reverse", "--cursor-file", "c")


@case("--cursor-file: many short runs read everything once, through a restart of the server")
def cursors(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    run_ok(server, "append", "orders", "--batch", "7", stdin=lines(1, 300))
    cursor = os.path.join(server.data_dir, "cursor")
    seen = b""
    for i in range(10):
        seen += run_ok(server, "cat", "orders", "--cursor-file", cursor, "-n", "31")
        if i == 5:
            server.kill()
            server.start()
            run_ok(server, "append", "orders", stdin=lines(301, 310))
    expect_equal(seen, lines(1, 310), "what the runs read together")
    expect_equal(run_ok(server, "cat", "orders", "--cursor-file", cursor), b"", "nothing is new")
    with running(server.client_command("tail", "orders", "--cursor-file", cursor), stdout=subprocess.PIPE,
                 stderr=subprocess.PIPE) as tail:
        run_ok(server, "append", "orders", stdin=lines(311, 311))
        expect_equal(tail.stdout.readline(), lines(311, 311), "what tail goes on with")
        tail.send_signal(signal.SIGINT)
        tail.communicate(timeout=30)
    expect_equal(tail.returncode, 130, "exit code")
    expect_equal(run_ok(server, "cat", "orders", "--cursor-file", cursor), b"", "tail has saved its cursor")


@case("a cursor of another journal, of a journal made anew, and one that is damaged are refused")
def bad_cursors(environment):
    server = environment.serving()
    cursor = os.path.join(server.data_dir, "cursor")
    for name in ("orders", "other"):
        run_ok(server, "journal", "create", name, *SMALL)
        run_ok(server, "append", name, stdin=lines(1, 10))
    run_ok(server, "cat", "orders", "--cursor-file", cursor, "-n", "5")
    with open(cursor, encoding="ascii") as file:
        text = file.read()
    run_refused(server, 4, ["BAD_CURSOR", "another one"], "cat", "other", "--cursor-file", cursor)
    with open(cursor, encoding="ascii") as file:
        expect_equal(file.read(), text, "the cursor after the refusal")
    run_ok(server, "journal", "rm", "orders", "--yes")
    run_ok(server, "journal", "create", "orders", *SMALL)
    run_ok(server, "append", "orders", stdin=lines(1, 10))
    run_refused(server, 4, ["BAD_CURSOR", "made anew"], "cat", "orders", "--cursor-file", cursor)
    for wrong in ("", "garbage", text[:-20], text.replace("lsn=5", "lsn=x")):
        with open(cursor, "w", encoding="ascii") as file:
            file.write(wrong)
        run_refused(server, 1, ["is not a cursor"], "cat", "orders", "--cursor-file", cursor)
    run_refused(server, 1, ["cursor"], "cat", "orders", "--cursor-file", "/nonexistent/x")


@case("a cursor at or above a loss is told of it, and goes on at its start once it is accepted")
def cursor_and_loss(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL, "--checkpoint-interval", "1h", "--checkpoint", "1MiB")
    run_ok(server, "append", "orders", "--level", "disk", "--batch", "10", stdin=lines(1, 100))
    run_ok(server, "append", "orders", "--batch", "10", stdin=lines(101, 200))
    cursor = os.path.join(server.data_dir, "cursor")
    expect_equal(run_ok(server, "cat", "orders", "--cursor-file", cursor), lines(1, 200), "all of it")
    server.kill()
    server.lose_memory()
    server.start()
    said = run_refused(server, 5, ["LSN 101", "generation 2"], "cat", "orders", "--cursor-file", cursor)
    expect("--from" not in said or "101" in said, said)
    run_ok(server, "append", "orders", stdin=b"new\n")
    seen = run_ok(server, "cat", "orders", "--cursor-file", cursor, "--accept-loss", "2")
    expect_equal(seen, b"new\n", "what stands there now")
    expect_equal(run_ok(server, "cat", "orders", "--cursor-file", cursor), b"", "the cursor is of the new generation")


@case("journal trim takes every position and says which LSN it is")
def trim_by_position(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    with_metadata(environment, server, 1, 100, per_append=1)
    done = server.cli("journal", "trim", "orders", "--before", "txn:t-31")
    expect_equal(done.returncode, 0, f"exit code ({done.stderr})")
    expect_in("before txn:t-31 = LSN 31", done.stderr.decode(), "echo")
    expect_equal(run_ok(server, "cat", "orders", "-n", "1"), b"payload 31\n", "the oldest")
    run_ok(server, "journal", "trim", "orders", "--before", "-10")
    expect_equal(run_ok(server, "cat", "orders", "-n", "1"), b"payload 91\n", "the oldest of the last ten")
    run_refused(server, 7, ["no-such"], "journal", "trim", "orders", "--before", "txn:no-such")


@case("tail --until ends there; --since gives the past and goes on")
def tail_ranges(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    run_ok(server, "append", "orders", stdin=lines(1, 10))
    expect_equal(run_ok(server, "tail", "orders", "--from", "3", "--until", "5"), lines(3, 5), "a tail with an end")
    tail = subprocess.Popen(server.client_command("tail", "orders", "--since", "@-1h", "--count", "12"),
                            stdout=subprocess.PIPE)
    run_ok(server, "append", "orders", stdin=lines(11, 20))
    seen, _ = tail.communicate(timeout=30)
    expect_equal((tail.returncode, seen), (0, lines(1, 12)), "the past, then what comes, 12 in all")


@case("a full disk behind --output: exit code 1, the message says how to go on, what is there is whole")
def full_disk(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    run_ok(server, "append", "orders", stdin=lines(1, 20000))
    run_refused(server, 1, ["No space left", "resume with --from 1"], "cat", "orders", "--output", "/dev/full")
    said = run_refused(server, 1, ["No space left", "go on with:", "--append"], "replay", "orders", "--output",
                       "/dev/full")
    expect_in("--from 1 --append", said, "the command that resumes")
    path = os.path.join(server.data_dir, "limited")
    command = "ulimit -f 512; trap '' XFSZ; exec " + " ".join(
        f"'{word}'" for word in server.client_command("replay", "orders", "--output", path))
    done = subprocess.run(["bash", "-c", command], capture_output=True, timeout=60, check=False)
    expect_equal(done.returncode, 1, f"exit code under a file size limit ({done.stderr})")
    with open(path, "rb") as file:
        data = file.read()
    expect(data and data == lines(1, data.count(b"\n")), "what is in the file is whole transactions")
    expect_in(f"--from {data.count(10) + 1} --append", done.stderr.decode(), "where it goes on")
