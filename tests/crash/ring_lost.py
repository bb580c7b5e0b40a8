"""The machine's memory is lost: what was on disk is kept, what may be gone is reported exactly."""

from checks import expect, expect_equal
from load import Load
from wire import config_pb

# Rare checkpoints, so that there is something to lose while nobody asks for a disk level.
SETTINGS = ["--checkpoint-interval", "5s", "--checkpoint", "4MiB"]


def run(checks, programs, kills, seed):
    name = "crash with the ring lost"
    counts = {"lossy": 0, "lost": 0, "told": 0}
    with Load(programs, seed, SETTINGS) as load:
        with checks.check(f"{name}: {kills} SIGKILLs, disk levels are kept and every loss is reported"):
            while load.kills < kills:
                _one_kill(load, counts)
        with checks.check(f"{name}: at the end every acknowledgement still held is in the log"):
            load.let_write(20, 0)
            load.finish_load()
            load.read_all()
            load.expect_no_problems()
            load.expect_acks_kept(load.held)
        with checks.check(f"{name}: the run has lost something, so the reports were put to the test"):
            expect(counts["lossy"] > 0 and counts["told"] > 0, f"nothing was lost: {counts}")
        with checks.check(f"{name}: what a killed server left verifies, and protoc prints it"):
            load.server.kill()
            load.verify()
            load.decode_segments()
        print(f"   {load.kills} kills, {load.kills_at_start} of them during a start; {len(load.held)} "
              f"appends held at the end; {counts['lossy']} kills lost {counts['lost']} acknowledged "
              f"appends, told {counts['told']} times")


def _one_kill(load, counts):
    mode = load.random.choice(["mixed", "memory"])
    for writer in load.writers:
        writer.mode = mode
    load.let_write(3, load.random.uniform(0, 0.12))
    load.kill()
    load.verify()
    # The LSN behind the last that ever was: nothing may be called committed from there on.
    truth = load.ring_end_lsn()
    expect(truth is not None, "the ring that the killed server left is intact")
    load.server.lose_memory()
    generation = load.opened.generation if load.opened else 1
    if load.random.random() < 0.25:
        load.kill_while_starting()
        if load.random.random() < 0.5:
            load.server.lose_memory()
    load.server.start()
    opened = load.look()
    start = _check_report(opened, generation, truth)
    lost = [a for a in load.held if a.first_lsn + a.count - 1 >= start]
    kept = [a for a in load.held if a.first_lsn + a.count - 1 < start]
    on_disk = [a for a in lost if load.on_disk(a)]
    expect(not on_disk, f"acknowledged as on disk, but at or above the loss at {start}: {on_disk[:3]}")
    told_before = {w.name: len(w.told) for w in load.writers}
    load.gate.open()
    load.wait_back()
    load.read_all()
    load.expect_acks_kept(kept)
    counts["lossy"] += bool(lost)
    counts["lost"] += len(lost)
    counts["told"] += _check_told(load, lost, start, told_before)
    load.expect_no_problems()


def _check_report(opened, generation, truth):
    """Returns the first LSN that was not recovered."""
    new = [r for r in opened.losses if r.generation > generation]
    expect(new and opened.generation == new[-1].generation > generation,
           f"a new generation with its report: {generation} -> {opened.generation}, {new}")
    start = new[0].first_lsn
    for report in new:
        expect_equal(report.first_lsn, start, "start of the loss")
        expect(report.known_committed_lsn <= truth,
               f"known_committed_lsn {report.known_committed_lsn} is above the truth, {truth}")
        certain = report.known_committed_lsn > start
        wanted = config_pb.LOSS_VERDICT_CERTAIN if certain else config_pb.LOSS_VERDICT_POSSIBLE
        expect_equal((report.received, report.replicated), (wanted, wanted), f"verdicts of {report}")
        # A kill before the first entry was written leaves a disk that looks like one that was emptied:
        # nothing can be promised of it.
        on_disk = (config_pb.LOSS_VERDICT_POSSIBLE if report.reason == "no entry is on this disk"
                   else config_pb.LOSS_VERDICT_NONE)
        expect_equal(report.disk, on_disk, f"verdict for disk of {report}")
    expect_equal(start, opened.watermarks.end.lsn + 1, "start of the loss, by what was recovered")
    expect(start <= truth, f"the loss starts at {start}, but the log ended at {truth - 1}")
    return start


def _check_told(load, lost, start, told_before):
    """Each client that holds something from `start` on is told, the others are not."""
    told_now = 0
    for writer in load.writers:
        mine = [a for a in lost if a.writer == writer.name]
        new = writer.told[told_before[writer.name]:]
        expect_equal(len(new), 1 if mine else 0, f"{writer.name}: losses told, holding {len(mine)} above")
        if not mine:
            continue
        told = new[0]
        told_now += 1
        expect_equal(told.detail.valid_end_lsn, start - 1, f"{writer.name}: valid end that it is told")
        expect_equal(told.detail.report.first_lsn, start, f"{writer.name}: report that it is told")
        expect_equal(told.detail.receipt_lsn, told.receipt.last_lsn, f"{writer.name}: its receipt")
        expect_equal(told.acked_above, mine, f"{writer.name}: acknowledgements above the start")
    return told_now
