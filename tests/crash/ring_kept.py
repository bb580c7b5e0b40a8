"""The process dies, the machine does not: nothing that was acknowledged may be lost or doubled."""

from checks import expect, expect_equal
from load import Load


def run(checks, programs, kills, seed):
    name = "crash with the ring kept"
    with Load(programs, seed) as load:
        with checks.check(f"{name}: {kills} SIGKILLs, each restart keeps every acknowledgement"):
            while load.kills < kills:
                _one_kill(load)
        with checks.check(f"{name}: at the end nothing is lost, doubled, changed or out of order"):
            load.let_write(20, 0)
            load.finish_load()
            load.read_all()
            load.expect_no_problems()
            load.expect_acks_kept(load.held)
            sent = sum(b.count for w in load.writers for b in w.batches)
            expect_equal(load.log.transactions, sent, "transactions in the log")
        with checks.check(f"{name}: what a killed server left verifies, and protoc prints it"):
            load.server.kill()
            load.verify()
            expect(load.decode_segments() > 1, "more than one segment was written")
        print(f"   {load.kills} kills, {load.kills_at_start} of them during a start; "
              f"{len(load.held)} appends acknowledged, {load.log.transactions} transactions, "
              f"{sum(w.resent for w in load.writers)} appends resent")


def _one_kill(load):
    load.let_write(3, load.random.uniform(0, 0.12))
    load.kill()
    if load.random.random() < 0.25:
        load.kill_while_starting()
    load.verify()
    load.server.start()
    opened = load.look()
    expect_equal((opened.generation, len(opened.losses)), (1, 0), "generation and loss reports")
    held = load.held
    load.gate.open()  # the writers come back while the log is read
    load.read_all()
    load.expect_acks_kept(held)
    load.expect_no_problems()
