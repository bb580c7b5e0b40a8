"""Loss of memory, as a user of the command line meets it."""

import json
import os
import subprocess
import tempfile

from case import SMALL, case, end_lsn, lines, run_ok, run_refused
from checks import expect, expect_equal, expect_in, wait_until
from programs import running
from wire import Connection, pb


def with_losses(environment, disk, memory):
    """A journal with so many transactions on disk and so many in memory only. Returns the server."""
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL, "--checkpoint-interval", "60s")
    run_ok(server, "append", "orders", "--level", "disk", "--producer", "p", stdin=lines(1, disk))
    run_ok(server, "append", "orders", "--level", "received", "--producer", "q",
           stdin=lines(disk + 1, disk + memory))
    return server


@case("append over a loss: exit code 5, the LSNs that this client holds, and how to go on")
def append_over_a_loss(environment):
    server = with_losses(environment, 100, 0)
    client = subprocess.Popen(server.client_command("append", "orders", "--producer", "c"),
                              stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        client.stdin.write(lines(101, 150))
        client.stdin.flush()
        wait_until("they are in", lambda: end_lsn(server) == 150)
        server.kill()
        server.lose_memory()
        server.start()
        _, said = client.communicate(b"one more\n", timeout=60)
    finally:
        client.kill()
        client.wait()
    said = said.decode()
    expect_equal(client.returncode, 5, f"exit code ({said})")
    expect_in(["generation 2", "from LSN 101 on", "LSN 101..150", "disk: none"], said, "message")
    # As a new run, it shows no receipt: it takes over where the log stands.
    run_ok(server, "append", "orders", "--producer", "c", "--accept-loss", "2", stdin=b"again\n")
    expect_equal(run_ok(server, "cat", "orders", "--from", "101"), b"again\n", "what follows the loss")


@case("a tail that has read beyond a loss is told so, exit code 5; a reader below it goes on")
def tail_over_a_loss(environment):
    server = with_losses(environment, 100, 50)
    below = environment.connect(server)
    below.open("orders")
    with running(server.client_command("tail", "orders", "--from", "oldest"), stdout=subprocess.PIPE,
                 stderr=subprocess.PIPE) as beyond:
        for _ in range(150):
            beyond.stdout.readline()
        server.kill()
        server.lose_memory()
        server.start()
        _, said = beyond.communicate(timeout=60)
    said = said.decode()
    expect_equal(beyond.returncode, 5, f"exit code ({said})")
    expect_in(["generation 2", "LSN 101"], said, "message")
    expect_equal(run_ok(server, "cat", "orders"), lines(1, 100), "what is there")


@case("a receipt below the loss opens without a question and is continuous; one above is refused, until accepted")
def receipts(environment):
    server = with_losses(environment, 1, 0)
    with Connection(server.address) as connection:
        opened = connection.open("orders", "r")
        results = [connection.append([b"disk"], 1, "DISK"), connection.append([b"memory"], 2, "REPLICATED")]
        receipts_held = [pb.Receipt(journal_id=opened.journal_id, generation=opened.generation,
                                    epoch=opened.epoch, index=r.index, last_lsn=r.first_lsn, chain=r.chain,
                                    level=r.level) for r in results]
    server.kill()
    server.lose_memory()
    server.start()
    with Connection(server.address) as connection:
        again = connection.open("orders", "r", last_receipt=receipts_held[0])
        expect_equal(pb.Continuity.Name(again.continuity), "CONTINUITY_CONTINUOUS", "receipt below the loss")
        expect_equal((again.last_sequence, len(again.losses)), (1, 1), "last sequence, losses")
    with Connection(server.address) as connection:
        for _ in range(2):  # refused until it is accepted
            try:
                connection.open("orders", "r", last_receipt=receipts_held[1])
                raise AssertionError("a receipt above the loss was taken")
            except Exception as error:  # pylint: disable=broad-except
                expect_equal(getattr(error, "code", repr(error)), "ERROR_CODE_DATA_LOSS", "refusal")
                detail = error.error.data_loss
                expect_equal((detail.valid_end_lsn, detail.generation, detail.receipt_lsn), (2, 2, 3), "detail")
        opened = connection.open("orders", "r", last_receipt=receipts_held[1], accept_generation=2)
        expect_equal(connection.append([b"once more"], opened.last_sequence + 1).first_lsn, 3, "LSN taken anew")
        forged = pb.Receipt(journal_id=opened.journal_id, generation=2, epoch=opened.epoch, index=1 << 40,
                            last_lsn=1 << 40, chain=1, level=1)
    with Connection(server.address) as connection:
        expect_equal(pb.Continuity.Name(connection.open("orders", last_receipt=forged).continuity),
                     "CONTINUITY_DIVERGED", "a receipt for what never was")


@case("receipt check: continuous; diverged with the LSN, exit code 5; another journal's, and no receipt, are refused")
def checked_receipts(environment):
    server = with_losses(environment, 100, 0)
    held = {}
    for name, level, count in (("disk", "disk", 10), ("memory", "replicated", 20)):
        held[name] = os.path.join(environment.enter_context(tempfile.TemporaryDirectory()), name)
        run_ok(server, "append", "orders", "--level", level, "--receipt-file", held[name], stdin=lines(1, count))
        expect_in("continuous", run_ok(server, "receipt", "check", "orders", held[name]).decode(), name)
    server.kill()
    server.lose_memory()
    server.start()
    expect_in("continuous", run_ok(server, "receipt", "check", "orders", held["disk"]).decode(), "below the loss")
    lost = server.cli("receipt", "check", "orders", held["memory"])
    expect_equal(lost.returncode, 5, f"exit code ({lost.stdout + lost.stderr})")
    expect_in(["diverged at or before LSN 111", "LSN 130 of epoch 1.1", "1.1"], lost.stdout.decode(), "what is said")
    lost = server.cli("-o", "json", "receipt", "check", "orders", held["memory"])
    answer = json.loads(lost.stdout)
    expect_equal((answer["verdict"], answer["divergedLsn"], answer["lastCommon"], answer["receiptLsn"]),
                 ("diverged", "111", "1.1", "130"), "as JSON")
    run_ok(server, "journal", "create", "others", *SMALL)
    run_refused(server, 4, "belongs elsewhere", "receipt", "check", "others", held["disk"])
    run_refused(server, 1, "no-such-file", "receipt", "check", "orders", held["disk"] + ".no-such-file")


@case("append --receipt-file: without a receipt it says so, and that a file from before is older; a file that is none is no cursor's matter")
def no_receipts(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    held = os.path.join(environment.enter_context(tempfile.TemporaryDirectory()), "receipt")
    none = server.cli("append", "orders", "--receipt-file", held)
    expect_equal((none.returncode, os.path.exists(held)), (0, False), "nothing was appended")
    expect_in("no receipt was written", none.stderr.decode(), "what it says")
    run_ok(server, "append", "orders", "--receipt-file", held, stdin=lines(1, 3))
    older = server.cli("append", "orders", "--receipt-file", held).stderr.decode()
    expect_in(["no receipt was written", held + " is older than this run"], older, "what it says of the file")
    with open(held, "w", encoding="utf-8") as file:
        file.write("no receipt")
    said = run_refused(server, 1, ["line 1", "append --receipt-file"], "receipt", "check", "orders", held)
    expect("begin without a cursor" not in said, "the advice is for receipts")


@case("receipt check: what was trimmed cannot be told, exit code 8")
def trimmed_receipt(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    held = os.path.join(environment.enter_context(tempfile.TemporaryDirectory()), "receipt")
    run_ok(server, "append", "orders", "--receipt-file", held, stdin=lines(1, 3))
    for _ in range(4):
        run_ok(server, "append", "orders", "--level", "disk", stdin=b"".join(b"%0200d\n" % i for i in range(2000)))
    run_ok(server, "journal", "trim", "orders", "--before", str(end_lsn(server)))
    told = server.cli("receipt", "check", "orders", held)
    expect_equal(told.returncode, 8, f"exit code ({told.stdout + told.stderr})")
    expect_in("cannot tell", told.stdout.decode(), "what is said")


@case("a loss is told once per generation, each with its own start, and info lists them all")
def several_losses(environment):
    server = with_losses(environment, 10, 5)
    starts = []
    for round_number in range(3):
        server.kill()
        server.lose_memory()
        server.start()
        with Connection(server.address) as connection:
            opened = connection.open("orders")
            starts = [r.first_lsn for r in opened.losses]
        expect_equal(len(starts), round_number + 1, "losses so far")
        run_ok(server, "append", "orders", "--level", "disk", stdin=lines(1, 10))
        run_ok(server, "append", "orders", "--level", "received", stdin=lines(1, 5))
    expect_equal(starts, [11, 21, 31], "starts of the losses")
    expect_in("generation", run_ok(server, "journal", "info", "orders").decode(), "info for people")
    expect(run_ok(server, "verify", server.data_dir), "verify")
