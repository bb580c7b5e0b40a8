"""Reading: ranges, following, trimming, memory-only journals, and readers across restarts."""

import json
import subprocess

from case import SMALL, case, lines, run_ok
from checks import expect, expect_equal, expect_in, wait_until
from programs import running
from wire import Connection, pb

COUNT = 40000  # 5 MiB through a ring of 1 MiB: most of it is read from segments


def filled(environment, count=COUNT):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    run_ok(server, "append", "orders", "--batch", "50", "--producer", "p", stdin=lines(1, count))
    return server


def info(server, name="orders"):
    return json.loads(run_ok(server, "-o", "json", "journal", "info", name))


@case("replay: ranges by LSN across segments and ring, byte for byte, before and after a restart")
def ranges(environment):
    server = filled(environment)
    for _ in range(2):
        for first, last in ((1, 1), (100, 200), (49, 52), (9999, 20001), (COUNT - 5, COUNT), (1, COUNT)):
            seen = run_ok(server, "replay", "orders", "--from", str(first), "--until", str(last))
            expect(seen == lines(first, last), f"LSN {first} to {last}: {len(seen)} bytes, first {seen[:40]}")
        expect_equal(run_ok(server, "replay", "orders", "--from", "-3"), lines(COUNT - 2, COUNT), "the last 3")
        expect_equal(run_ok(server, "replay", "orders", "--from", "newest"), b"", "from newest on")
        expect_equal(run_ok(server, "replay", "orders", "--from", "7", "--until", "6"), b"", "an empty range")
        server.kill()
        server.start()


@case("replay --format json: each line parses and says LSN, index, generation and epoch")
def json_lines(environment):
    server = filled(environment, 100)
    seen = [json.loads(line) for line in run_ok(server, "replay", "orders", "--from", "11", "--until", "20",
                                                "--format", "json").splitlines()]
    expect_equal([one["lsn"] for one in seen], [str(i) for i in range(11, 21)], "LSNs")
    expect({"lsn", "index", "generation", "epoch", "logTime", "transaction"} <= seen[0].keys(), f"{seen[0]}")


@case("the entries that a reader gets have no hole in their indexes, over segments, ring and restarts")
def indexes(environment):
    server = filled(environment)
    for _ in range(3):
        server.kill()
        server.start()
        run_ok(server, "append", "orders", "--level", "disk", stdin=lines(1, 3000))
    with Connection(server.address) as connection:
        seen = [e.index for e in connection.read("orders")]
    expect_equal([b for a, b in zip(seen, seen[1:]) if b != a + 1], [], "indexes behind a hole")
    expect_equal(seen[-1], int(info(server)["watermarks"]["committed"]["index"]), "last index")


@case("tail follows while others append, over a SIGKILL and a restart, without a gap or a repeat")
def tail_follows(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    run_ok(server, "append", "orders", stdin=lines(1, 100))
    with running(server.client_command("tail", "orders", "--from", "oldest"), stdout=subprocess.PIPE,
                 stderr=subprocess.PIPE) as tail:
        seen = b"".join(tail.stdout.readline() for _ in range(100))
        for last in range(1100, 4101, 1000):
            run_ok(server, "append", "orders", "--producer", "p", stdin=lines(last - 999, last))
            seen += b"".join(tail.stdout.readline() for _ in range(1000))
            if last == 2100:
                server.kill()
                server.start()
        expect(seen == lines(1, 4100), f"{seen.count(10)} lines came")
        tail.terminate()
        tail.communicate(timeout=30)


@case("a reader that takes nothing is slowed and costs nobody anything; it gets everything in the end")
def slow_reader(environment):
    server = filled(environment)
    slow = environment.connect(server)
    slow.open("orders")
    read = pb.Read(request_id=slow.request_id(), credit_bytes=1, visibility=pb.VISIBILITY_COMMITTED)
    read.__getattribute__("from").oldest = True
    slow.send(read=read)
    first = slow.receive().read_data.entries.entries
    expect(len(first) >= 1, "a byte of credit gives one run")
    run_ok(server, "append", "orders", "--producer", "q", stdin=lines(1, COUNT))
    count = sum(e.count for e in first)
    while count < 2 * COUNT:
        slow.send(read_credit=pb.ReadCredit(request_id=read.request_id, bytes=1 << 20))
        message = slow.receive()
        if message.WhichOneof("message") == "read_end":
            break
        count += sum(e.count for e in message.read_data.entries.entries)
    expect_equal(count, 2 * COUNT, "transactions that the slow reader got")


@case("trim: cat begins at the first that is kept, and whole segments disappear from the disk")
def trim(environment):
    server = filled(environment)
    before = server.segment_files()
    expect(len(before) > 2, f"several segments: {before}")
    run_ok(server, "journal", "trim", "orders", "--before", str(COUNT - 1000))
    wait_until("segments disappear", lambda: len(server.segment_files()) < len(before))
    seen = run_ok(server, "cat", "orders")
    first = int(info(server)["watermarks"]["oldest"]["lsn"])
    expect(COUNT - 1050 <= first <= COUNT - 1000, f"oldest, at an append's first transaction: {first}")
    expect_equal(seen, lines(first, COUNT), "what cat prints")
    server.kill()
    server.start()
    expect_equal(run_ok(server, "cat", "orders"), seen, "what cat prints after a restart")
    server.kill()
    server.lose_memory()
    server.start()
    expect_equal(run_ok(server, "cat", "orders"), seen, "what cat prints from the disk alone")


@case("retention by bytes trims by itself and keeps about so much")
def retention(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL, "--retention", "2MiB")
    run_ok(server, "append", "orders", "--batch", "50", "--level", "disk", stdin=lines(1, COUNT))

    def oldest():
        return int(info(server)["watermarks"]["oldest"]["lsn"])
    wait_until("what is older is trimmed, by whole segments", lambda: oldest() > COUNT // 4)
    wait_until("old segments disappear", lambda: len(server.segment_files()) <= 4)
    first = oldest()
    expect_equal(run_ok(server, "cat", "orders"), lines(first, COUNT), "what cat prints")


@case("--durable where nothing in the range is on disk: said so, with the newest that is")
def nothing_durable(environment):
    server = environment.serving()
    for name, count in (("orders", 100), ("ram", 0)):
        run_ok(server, "journal", "create", name, *SMALL, "--checkpoint-interval", "60s")
        if count:
            run_ok(server, "append", name, "--level", "disk", stdin=lines(1, count))
        run_ok(server, "append", name, stdin=lines(count + 1, count + 50))
    for command in ("cat", "replay"):
        said = server.cli(command, "orders", "--durable", "--from", "101").stderr.decode()
        expect_in("newest in orders on disk (--durable) is LSN 100", said, command)
        said = server.cli(command, "ram", "--durable").stderr.decode()
        expect_in("ram has nothing on disk, and --durable wants only that", said, command)
    expect_equal(run_ok(server, "cat", "orders", "--durable", "--reverse", "-n", "1"), lines(100, 100), "the newest")


@case("memory-only: no segment is written, a SIGKILL loses nothing, lost memory is reported")
def memory_only(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "ram", *SMALL, "--memory-only")
    run_ok(server, "append", "ram", stdin=lines(1, 5000))
    server.kill()
    server.start()
    expect_equal(run_ok(server, "cat", "ram"), lines(1, 5000), "after a SIGKILL")
    expect_equal(server.segment_files(), [], "segments")
    server.kill()
    server.lose_memory()
    server.start()
    with Connection(server.address) as connection:
        opened = connection.open("ram")
    expect_equal((opened.generation, opened.losses[0].first_lsn, opened.watermarks.end.lsn), (2, 1, 0),
                 "generation, start of the loss, end")
    run_ok(server, "append", "ram", stdin=b"new\n")
    expect_equal(run_ok(server, "cat", "ram"), b"new\n", "a new beginning")


@case("memory-only and full: the oldest make room, and a reader of what is gone is told")
def memory_only_full(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "ram", *SMALL, "--memory-only")
    done = server.cli("append", "ram", "--batch", "50", "--retry-for", "3s", stdin=lines(1, COUNT))
    expect_in("ram", done.stderr.decode(), "message")
    oldest = int(info(server, "ram")["watermarks"]["oldest"]["lsn"])
    end = int(info(server, "ram")["watermarks"]["end"]["lsn"])
    print(f"   exit code {done.returncode}, LSN {oldest} to {end} are kept")
    expect_equal(run_ok(server, "cat", "ram"), lines(oldest, end), "what cat prints")
