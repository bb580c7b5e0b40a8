"""Fenced journals: one writer, on the command line and on the wire, through kills and restarts."""

import json

from case import SMALL, case, expect_refused, lines, run_ok, run_refused
from checks import expect_equal, expect_in
from wire import pb


def fenced_journal(server, name="orders"):
    run_ok(server, "journal", "create", name, *SMALL, "--fenced", "yes")


def shown(server, name="orders"):
    return json.loads(run_ok(server, "-o", "json", "writer", "show", name))


def claim(server, claimant, *more):
    return json.loads(run_ok(server, "-o", "json", "writer", "fence", "orders", "--claimant", claimant, *more))


@case("writer: nobody appends to a fenced journal before it is claimed, then the writer alone, text and JSON")
def one_writer(environment):
    server = environment.serving()
    fenced_journal(server)
    expect_equal(shown(server), {"journal": "orders", "fenced": True, "generation": 1}, "nobody")
    expect_in(["nobody is the writer of journal orders"], run_ok(server, "writer", "show", "orders").decode(), "text")
    run_refused(server, 10, ["fenced", "writer fence"], "append", "orders", stdin=lines(1, 3))
    granted = claim(server, "engine-a")
    expect_equal((granted["writerEpoch"], granted["claimant"], granted["nextLsn"]), ("1.1", "engine-a", "1"), "granted")
    run_ok(server, "append", "orders", "--producer", "a", "--writer", "1.1", stdin=lines(1, 3))
    # It may be of a leader that this node has not heard of yet: refused for the time being.
    run_refused(server, 3, ["no writer epoch after 1.1", "you hold 1.7"], "append", "orders", "--retry-for", "2s", "--writer", "1.7",
                stdin=lines(1, 1))
    expect_in(["orders is written by", "engine-a", "1.1"], run_ok(server, "writer", "show", "orders").decode(), "text")


@case("writer fence: names whom it ends, else it is refused with the holder; by force it need not, and the log says so")
def claims(environment):
    server = environment.serving()
    fenced_journal(server)
    claim(server, "engine-a")
    run_refused(server, 4, ["engine-a", "--replaces 1.1", "--force"],
                "writer", "fence", "orders", "--claimant", "engine-b")
    run_refused(server, 4, ["engine-a", "1.1"],
                "writer", "fence", "orders", "--claimant", "engine-b", "--replaces", "1.9")
    expect_equal(claim(server, "engine-b", "--replaces", "1.1")["writerEpoch"], "1.2", "named")
    expect_equal(claim(server, "op", "--force", "--reason", "it hangs")["writerEpoch"], "1.3", "by force")
    run_refused(server, 2, ["--force"], "writer", "fence", "orders", "--claimant", "x", "--force", "--replaces", "1.3")
    run_refused(server, 2, ["--replaces"], "writer", "fence", "orders", "--claimant", "x", "--replaces", "one")
    run_refused(server, 4, ["claimant"], "writer", "fence", "orders", "--claimant", "x" * 65, "--replaces", "1.3")


@case("writer: a zombie is told at once that it is fenced, and what the new one appends stands behind its last")
def zombies(environment):
    server = environment.serving()
    fenced_journal(server)
    claim(server, "engine-a")
    zombie = environment.connect(server)
    zombie.open("orders", "a", writer_generation=1, writer_epoch=1)
    expect_equal(zombie.append([b"mine"], 1, writer_epoch=1, writer_generation=1).first_lsn, 1, "first LSN")
    expect_equal(claim(server, "engine-b", "--replaces", "1.1")["nextLsn"], "2", "the boundary")
    told = zombie.receive().error
    expect_equal(pb.ErrorCode.Name(told.code), "ERROR_CODE_FENCED", "pushed")
    expect_in(["engine-b"], told.message, "who has come")
    run_ok(server, "append", "orders", "--writer", "1.2", stdin=b"next\n")
    again = environment.connect(server)
    expect_refused("FENCED", "engine-b", lambda: again.open("orders", "a", writer_generation=1, writer_epoch=1))
    expect_equal(run_ok(server, "cat", "orders"), b"mine\nnext\n", "the journal")


@case("writer: who holds it survives kill, trim and restart; the same claim made again is granted the same")
def survives(environment):
    server = environment.serving()
    fenced_journal(server)
    connection = environment.connect(server)
    connection.open("orders")

    def acquire(replaces, nonce):
        request = pb.WriterAcquire(claimant="engine-a", nonce=nonce, replaces_epoch=replaces,
                                   replaces_generation=1 if replaces else 0)
        return connection.ask(writer_acquire=request).writer_reply
    expect_equal(acquire(0, 77).writer_epoch, 1, "granted")
    run_ok(server, "append", "orders", "--writer", "1.1", stdin=lines(1, 100))
    run_ok(server, "journal", "trim", "orders", "--before", "90")
    server.kill()
    server.start()
    before = shown(server)
    expect_equal((before["writerEpoch"], before["claimant"]), ("1.1", "engine-a"), "after a kill")
    connection = environment.connect(server)
    connection.open("orders")
    expect_equal(acquire(0, 77).writer_epoch, 1, "the same claim")
    expect_refused("WRITER_HELD", "engine-a", lambda: acquire(0, 78))
    run_ok(server, "append", "orders", "--writer", "1.1", stdin=lines(1, 1))


@case("writer: of a journal that is not fenced there is none, and the way to fence it is said")
def not_fenced(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    expect_in(["not fenced", "journal set orders --fenced yes"],
              run_ok(server, "writer", "show", "orders").decode(), "text")
    run_refused(server, 4, ["not fenced", "--fenced yes"], "writer", "fence", "orders", "--claimant", "a")
    run_refused(server, 7, ['"none"'], "writer", "show", "none")
    run_ok(server, "append", "orders", stdin=lines(1, 2))
    run_ok(server, "journal", "set", "orders", "--fenced", "yes")
    run_refused(server, 10, ["fenced"], "append", "orders", stdin=lines(1, 2))
    run_ok(server, "journal", "set", "orders", "--fenced", "no")
    run_ok(server, "append", "orders", stdin=lines(1, 2))
