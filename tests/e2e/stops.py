"""Orderly and abrupt ends: what was taken is answered, and every outcome can be found out."""

import os
import pathlib
import signal
import subprocess

from case import SMALL, Bystander, case, end_lsn, expect_refused, flip, lines, run_ok
from checks import expect, expect_equal, expect_in, wait_until
from wire import Closed, Connection, config_pb, entry_pb, pb

IN_FLIGHT = 400


def pipelined(connection, count, level, first=1):
    """Sends so many appends of one transaction without waiting. Returns their request ids in order."""
    requests = []
    for i in range(count):
        requests.append(connection.request_id())
        connection.send(append=pb.Append(
            request_id=requests[-1], first_sequence=first + i, level=pb.Level.Value("LEVEL_" + level),
            transactions=[entry_pb.Transaction(payload=b"in flight %d" % (first + i))]))
    return requests


def replies_until_closed(connection):
    """{request id: LSN} and the errors about the session."""
    acked, errors = {}, []
    try:
        while True:
            message = connection.receive()
            if message.WhichOneof("message") == "error":
                errors.append(message.error)
            for result in message.append_reply.results:
                acked[result.request_id] = result.first_lsn
    except Closed as closed:
        return acked, errors, str(closed)


@case("SIGTERM: appends in flight are answered, the client is told, the exit code is 0")
def sigterm_drains(environment):
    server = environment.serving()
    connection = environment.connect(server)
    connection.create("orders", ring_bytes=4 << 20)
    connection.open("orders", "p")
    requests = pipelined(connection, IN_FLIGHT, "DISK")
    first = connection.receive()  # the server has them, or most of them
    expect_equal(first.WhichOneof("message"), "append_reply", "first answer")
    server.process.terminate()
    acked, errors, closed = replies_until_closed(connection)
    acked.update({r.request_id: r.first_lsn for r in first.append_reply.results})
    expect_equal(server.process.wait(30), 0, "exit code")
    expect_equal(closed, "end of stream", "how the connection ended")
    told = [e for e in errors if e.request_id == 0]
    expect_equal([pb.ErrorCode.Name(e.code) for e in told], ["ERROR_CODE_SHUTTING_DOWN"], "the notice")
    expect_equal(sorted(acked), requests[:len(acked)], "what was acknowledged, without a hole")
    server.start()
    with Connection(server.address) as again:
        seen = [(e.first_lsn, t.payload) for e in again.read("orders") for t in e.transactions]
    wanted = [(acked[r], b"in flight %d" % (i + 1)) for i, r in enumerate(requests) if r in acked]
    expect_equal(seen, wanted, "the log holds what was answered, and nothing else")
    expect_equal(server.wait_event("journal_started")["action"], "warm start", "action")


@case("SIGTERM: a tail is told, an idle session too, and a half-sent frame holds nothing up")
def sigterm_sessions(environment):
    server = environment.serving()
    idle = environment.connect(server)
    idle.create("orders")
    tail = environment.connect(server)
    tail.open("orders", "p")
    tail.append([b"1"], 1)
    read = tail.read(follow=True)
    expect_equal(next(read).first_lsn, 1, "what the tail reads")
    half = environment.connect(server)
    half.send_raw(b"\x40\x00\x00\x00half")
    expect_equal(server.stop(), 0, "exit code")
    _, errors, closed = replies_until_closed(idle)
    expect_equal(([pb.ErrorCode.Name(e.code) for e in errors], closed),
                 (["ERROR_CODE_SHUTTING_DOWN"], "end of stream"), "what the idle session is told")
    _, errors, closed = replies_until_closed(tail)
    expect_equal(closed, "end of stream", "end of the tail")
    expect_in("shutting down", errors[0].message, "what the tail is told")


@case("SIGTERM, then the ring is lost: all of it is on disk, the start knows that, and reports no loss")
def sigterm_then_memory_lost(environment):
    server = environment.serving()
    with Connection(server.address) as connection:
        connection.create("orders", checkpoint_interval_ms=60000)
        connection.open("orders", "p")
        for i in range(30):
            connection.append([b"%d" % i], i + 1, "RECEIVED")
    expect_equal(server.stop(), 0, "exit code")
    server.lose_memory()
    server.start()
    expect_equal(server.wait_event("journal_started")["action"], "cold start", "action")
    with Connection(server.address) as connection:
        opened = connection.open("orders", "p")
        expect_equal((opened.watermarks.end.lsn, opened.generation, len(opened.losses)), (30, 1, 0),
                     "end, generation, losses")
        connection.append([b"received, and not on disk"], 31, "RECEIVED")
    # The mark of the stop is gone: what was acknowledged since then counts.
    server.kill()
    server.lose_memory()
    server.start()
    with Connection(server.address) as connection:
        opened = connection.open("orders", accept_generation=2)
        (report,) = opened.losses
        expect_equal((opened.watermarks.end.lsn, report.first_lsn, report.known_committed_lsn), (30, 31, 31),
                     "end, start of the loss, and the commit hint that bounds it")


@case("SIGTERM, then rot in the last group and a lost ring: certain loss, from exactly there")
def sigterm_then_rot(environment):
    server = environment.serving()
    with Connection(server.address) as connection:
        connection.create("orders", checkpoint_interval_ms=60000)
        connection.open("orders", "p")
        connection.append([b"first"], 1, "DISK")
        connection.append([b"second"], 2, "RECEIVED")
    expect_equal(server.stop(), 0, "exit code")
    server.lose_memory()
    (segment,) = server.segment_files()
    with open(segment, "rb") as file:
        at = file.read().index(b"second")
    flip(segment, at)
    server.start()
    with Connection(server.address) as connection:
        (report,) = connection.open("orders", accept_generation=2).losses
        expect_equal((report.first_lsn, report.known_committed_lsn, report.disk), (2, 3, config_pb.LOSS_VERDICT_CERTAIN),
                     "start and end of the loss, verdict for the disk levels")


@case("SIGINT stops like SIGTERM; a second server goes on where the first was")
def sigint(environment):
    server = environment.serving()
    Bystander(environment, server).goes_on()
    server.process.send_signal(signal.SIGINT)
    expect_equal(server.process.wait(30), 0, "exit code")
    server.start()
    expect_equal(run_ok(server, "cat", "calm"), b"calm 1\n", "the journal")


def holders(server):
    """The processes that share the server's memory (io/memory_holder.h), by their ids."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            name, rest = (entry / "stat").read_text().rsplit(")", 1)
        except OSError:
            continue  # no process, or gone meanwhile
        if name.endswith("(rj-memory") and int(rest.split()[1]) == server.process.pid:
            found.append(int(entry.name))
    return found


def is_gone(pid):
    return not pathlib.Path(f"/proc/{pid}").exists()


@case("the process that takes the memory down has nothing open, ignores SIGTERM, and goes with the server")
def memory_holder(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    for end in (server.kill, server.stop):
        [holder] = holders(server)
        opened = [os.readlink(fd) for fd in pathlib.Path(f"/proc/{holder}/fd").iterdir()]
        expect(len(opened) == 1 and "pidfd" in opened[0], f"what it has open: {opened}")
        os.kill(holder, signal.SIGTERM)
        run_ok(server, "append", "orders", stdin=b"one\n")
        expect_equal(holders(server), [holder], "the holder after SIGTERM")
        end()
        # A stopped server has waited for it; after a SIGKILL it rests half a second.
        if end == server.kill:
            server.start()
            expect(holder not in holders(server), "the new server has one of its own")
            wait_until("the holder is gone", lambda pid=holder: is_gone(pid))
        else:
            expect(is_gone(holder), "no holder, and no zombie of one")


@case("resolve: after a kill each append of unknown outcome is found at its LSN, or never will be")
def resolve_after_kill(environment):
    server = environment.serving()
    connection = environment.connect(server)
    connection.create("orders", ring_bytes=4 << 20)
    opened = connection.open("orders", "p")
    expect_equal(connection.append([b"a", b"b", b"c"], 1).first_lsn, 1, "first LSN")
    pipelined(connection, 200, "RECEIVED", first=4)
    connection.receive()  # some have arrived
    server.kill()
    server.start()
    with Connection(server.address) as asker:
        end = asker.open("orders").watermarks.end.lsn
        expect(end >= 4, f"the ring has kept what was acknowledged: {end}")

        def resolve(sequence, settle=False):
            reply = asker.ask(resolve=pb.Resolve(producer="p", sequence=sequence, settle=settle)).resolve_reply
            return pb.ResolveReply.Outcome.Name(reply.outcome), reply.lsn
        for sequence in range(1, end + 1):
            expect_equal(resolve(sequence), ("OUTCOME_AT_LSN", sequence), f"sequence {sequence}")
        expect_equal(resolve(end + 1), ("OUTCOME_NOT_YET", 0), "the next sequence")
        expect_refused("UNKNOWN_PRODUCER", '"nobody"', lambda: asker.ask(
            resolve=pb.Resolve(producer="nobody", sequence=1)))
        late = environment.connect(server)
        expect_equal(late.open("orders", "p").last_sequence, end, "last sequence")
        expect_equal(resolve(end + 1, settle=True), ("OUTCOME_NEVER", 0), "settled")
        # "Never" holds: the session that could still have sent it is fenced.
        expect_refused("FENCED", '"p"', lambda: late.append([b"late"], end + 1))
        expect_equal(resolve(end + 1), ("OUTCOME_NOT_YET", 0), "after it was settled, asked again")
    expect(opened.producer_id > 0, "a producer id")


@case("resolve after a lossy recovery: what is absent may have been lost, and never is not said")
def resolve_after_loss(environment):
    server = environment.serving()
    with Connection(server.address) as connection:
        connection.create("orders", checkpoint_interval_ms=60000)
        connection.open("orders", "p")
        connection.append([b"kept"], 1, "DISK")
        connection.append([b"gone"], 2, "REPLICATED")
    server.kill()
    server.lose_memory()
    server.start()
    with Connection(server.address) as asker:
        asker.open("orders")

        def resolve(sequence, settle):
            return pb.ResolveReply.Outcome.Name(asker.ask(
                resolve=pb.Resolve(producer="p", sequence=sequence, settle=settle)).resolve_reply.outcome)
        expect_equal(resolve(1, False), "OUTCOME_AT_LSN", "what was on disk")
        expect_equal(resolve(2, True), "OUTCOME_MAY_HAVE_BEEN_LOST", "what was only in memory")


@case("append whose server is gone for good: exit code 6, and the message says what is unknown and what to do")
def unknown_outcome(environment):
    server = environment.serving()
    with Connection(server.address) as connection:
        connection.create("orders")
    # Stopped, not dead: it takes the bytes from the network and answers nothing.
    server.process.send_signal(signal.SIGSTOP)
    client = subprocess.Popen(server.client_command("append", "orders", "--producer", "p", "--retry-for", "1s"),
                              stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        _, said = client.communicate(b"one\ntwo\n", timeout=60)
    finally:
        server.process.send_signal(signal.SIGCONT)
    said = said.decode()
    expect_equal(client.returncode, 3, f"exit code while nothing could be sent ({said})")
    expect_in("did not answer", said, "message")
    client = subprocess.Popen(server.client_command("append", "orders", "--producer", "p", "--retry-for", "1s"),
                              stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    client.stdin.write(b"three\n")
    client.stdin.flush()
    wait_until("the first line is in", lambda: end_lsn(server) == 1)
    server.process.send_signal(signal.SIGSTOP)
    try:
        _, said = client.communicate(b"four\n", timeout=60)
    finally:
        server.process.send_signal(signal.SIGCONT)
    said = said.decode()
    expect_equal(client.returncode, 6, f"exit code ({said})")
    expect_in(["unknown outcome", "--producer p --resume"], said, "message")
    # What the message says to do gives each line once.
    run_ok(server, "append", "orders", "--producer", "p", "--resume", stdin=b"three\nfour\n")
    expect_equal(run_ok(server, "cat", "orders"), b"three\nfour\n", "the journal")


STARTS = 6


@case("starts, orderly and after kills: none leaves on the disk the room that it made ahead, and nothing is lost")
def starts_leave_no_room(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", "--ring", "4MiB")  # with segments of the default size
    for start in range(STARTS):
        run_ok(server, "append", "orders", "--producer", "p", "--level", "disk", stdin=lines(10 * start + 1, 10 * start + 10))
        server.kill() if start % 2 else expect_equal(server.stop(), 0, "exit code")
        server.start()
        server.wait_event("segment_shortened")
    # What is written now, and the next one, may be as long as a segment can get; what was before has some blocks.
    sizes = sorted(os.stat(path).st_blocks * 512 for path in server.segment_files())
    expect(len(sizes) >= STARTS, f"a segment for each start: {sizes}")
    expect(sum(sizes[:STARTS]) <= STARTS * 64 * 1024, f"bytes on the disk of what {STARTS} starts have left: {sizes}")
    server.kill()
    server.lose_memory()
    server.start()
    expect_equal(run_ok(server, "cat", "orders"), lines(1, 10 * STARTS), "what is read from shortened segments")
