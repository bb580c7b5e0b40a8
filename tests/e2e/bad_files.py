"""Damaged, truncated and foreign files at a start: recovered by the rules, or refused and left alone."""

import os
import shutil

from case import SMALL, case, flip, flip_payload, lines, run_ok, run_refused
from checks import expect, expect_equal, expect_in
from wire import Connection, config_pb

COUNT = 40000     # lines, 5 MiB: several segments of 1 MiB
BLOCK_BYTES = 4096


def filled(environment, journal="orders", count=COUNT, segments=3):
    """A server whose journal has at least so many segments, all on disk, killed."""
    server = environment.serving()
    run_ok(server, "journal", "create", journal, *SMALL)
    run_ok(server, "append", journal, "--level", "disk", "--batch", "50", "--producer", "loader",
           stdin=lines(1, count))
    server.kill()
    expect(len(server.segment_files()) >= segments, f"several segments: {server.segment_files()}")
    return server


def contents(*folders):
    """Path and bytes of every file below, for "nothing was touched".

    Not of spares: zeros that were made ahead for a segment that was never opened.
    """
    found = {}
    for folder in folders:
        for at, _, names in os.walk(folder):
            for name in [n for n in names if not n.startswith("spare-")]:
                with open(os.path.join(at, name), "rb") as file:
                    found[os.path.join(at, name)] = file.read()
    return found


def expect_untouched(server, before):
    after = contents(os.path.join(server.data_dir, "journals"), server.ring_dir)
    changed = [p for p in before.keys() | after.keys() if before.get(p) != after.get(p)]
    expect(not changed, f"files that the refused start has touched: {changed}")


def expect_refuses(server, parts):
    """The start is refused with a sentence that holds these parts, and touches nothing."""
    before = contents(os.path.join(server.data_dir, "journals"), server.ring_dir)
    code, log = server.run_to_end()
    expect_equal(code, 1, f"exit code of the refused start ({log[-600:]})")
    expect_in(["event=cannot_start", *parts], log, "log of the refused start")
    expect_untouched(server, before)


def action(server):
    return server.wait_event("journal_started")["action"]


def opened(server, journal="orders"):
    with Connection(server.address) as connection:
        return connection.open(journal)


def expect_prefix(server, journal="orders"):
    """What is served is exactly the first lines of the input. Returns how many."""
    kept = run_ok(server, "cat", journal)
    count = kept.count(b"\n")
    expect_equal(kept, lines(1, count), f"the first {count} lines")
    return count


def goes_on(server, count, journal="orders"):
    """The journal takes more, behind what it kept."""
    run_ok(server, "append", journal, "--level", "disk", "--producer", "second", stdin=b"one more\n")
    last = run_ok(server, "replay", journal, "--from", str(count + 1))
    expect_equal(last, b"one more\n", f"what follows LSN {count}")


@case("a flipped bit in an old segment, ring kept: served; who reads it is told, and so is verify")
def damaged_old_segment(environment):
    server = filled(environment)
    segment = server.segment_files()[0]
    line = flip_payload(segment, 0.5)
    before = contents(os.path.dirname(segment))[segment]
    run_refused(server, 9, "", "verify", server.data_dir)
    server.start()
    expect_in("warm start", action(server), "action")
    read = server.cli("cat", "orders")
    expect_equal(read.returncode, 9, "exit code of cat")
    expect_in(["segment", "ringjournal verify", "resume with --from"], read.stderr.decode(), "message of cat")
    count = read.stdout.count(b"\n")
    expect_equal(read.stdout, lines(1, count), "what was read before the damage")
    expect(line - 60 < count < line, f"read up to the damaged append, line {line}: {count}")
    # What stands behind the damage is served.
    expect_equal(run_ok(server, "cat", "orders", "--from", "-100"), lines(COUNT - 99, COUNT), "the end")
    goes_on(server, COUNT)
    expect_equal(contents(os.path.dirname(segment))[segment], before, "the damaged file, as evidence")


@case("a flipped bit in the newest segment, ring kept: everything is served")
def damaged_new_segment(environment):
    server = filled(environment)
    flip_payload(server.segment_files()[-1], 0)
    server.start()
    expect_in("warm start", action(server), "action")
    expect_equal(opened(server).generation, 1, "generation")
    expect_equal(run_ok(server, "cat", "orders", "--from", "-100"), lines(COUNT - 99, COUNT), "the end")
    goes_on(server, COUNT)


@case("a flipped bit in the middle of the disk, ring lost: a prefix, its exact end, and no promise for disk levels")
def damaged_without_ring(environment):
    server = filled(environment)
    segment = server.segment_files()[-2]
    line = flip_payload(segment, 0.7)
    kept_file = contents(os.path.dirname(segment))[segment]
    server.lose_memory()
    server.start()
    expect_equal(action(server), "disk recovery", "action")
    count = expect_prefix(server)
    expect(line - 60 < count < line, f"what stands before the damaged append, line {line}: {count}")
    state = opened(server)
    (report,) = state.losses
    expect_equal((state.generation, report.first_lsn), (2, count + 1), "generation and start of the loss")
    expect_equal(report.disk, config_pb.LOSS_VERDICT_CERTAIN, "verdict for disk")
    expect(report.first_lsn < report.known_committed_lsn <= COUNT + 1,
           f"known_committed_lsn {report.known_committed_lsn}")
    goes_on(server, count)
    expect_equal(contents(os.path.dirname(segment))[segment], kept_file, "the damaged file, as evidence")
    # And the next start, warm or not, keeps what was decided.
    server.kill()
    server.lose_memory()
    server.start()
    expect_equal([r.first_lsn for r in opened(server).losses], [count + 1, count + 2], "starts of the losses")


@case("a truncated segment, ring lost: what is whole is kept, at every cut that was tried")
def truncated_segment(environment):
    server = filled(environment)
    segment = server.segment_files()[-1]
    data_dir, whole = server.data_dir, server.folder + "/whole"
    shutil.copytree(data_dir, whole)
    size = os.path.getsize(segment)
    counts = []
    for cut in (0, 1, BLOCK_BYTES, 3 * BLOCK_BYTES + 77, size // 2, size):
        shutil.rmtree(data_dir)
        shutil.copytree(whole, data_dir)
        os.truncate(segment, cut)
        server.lose_memory()
        server.start()
        expect_equal(action(server), "disk recovery", f"action after a cut at {cut}")
        counts.append(expect_prefix(server))
        expect_equal(opened(server).losses[0].first_lsn, counts[-1] + 1, "start of the loss")
        goes_on(server, counts[-1])
        server.kill()
    expect_equal((counts, counts[-1]), (sorted(counts), COUNT), "lines kept, by cut")


@case("a truncated segment, ring kept: everything is served")
def truncated_with_ring(environment):
    server = filled(environment)
    os.truncate(server.segment_files()[-1], BLOCK_BYTES + 5)
    server.start()
    expect_in("warm start", action(server), "action")
    expect_equal(run_ok(server, "cat", "orders", "--from", "-100"), lines(COUNT - 99, COUNT), "the end")
    goes_on(server, COUNT)


@case("a segment of another journal: the start is refused and touches nothing; without it all is well")
def foreign_segment(environment):
    server = filled(environment)
    other = filled(environment, "other")
    folder = os.path.dirname(server.segment_files()[0])
    name = os.path.basename(server.segment_files()[-1])
    # Another journal's bytes under this journal's name, opened later than all.
    stranger = os.path.join(folder, name.rsplit("-", 2)[0] + "-" + "%020d" % 99 + "-0000000001.seg")
    shutil.copy(other.segment_files()[-1], stranger)
    for lost in (False, True):
        if lost:
            server.lose_memory()
        expect_refuses(server, ["journal orders", "belongs to another journal", "nothing was changed"])
    os.unlink(stranger)
    server.start()
    expect_equal(expect_prefix(server), COUNT, "lines kept")


@case("a damaged, truncated or foreign ring: recovery from the disk, with its report")
def bad_ring(environment):
    server = filled(environment)
    other = filled(environment, "other")

    def flipped(ring):
        flip(ring, os.path.getsize(ring) - (300 << 10))

    def truncated(ring):
        os.truncate(ring, os.path.getsize(ring) // 2)

    def foreign(ring):
        shutil.copy(other.ring_files()[0], ring)

    def emptied(ring):
        os.truncate(ring, 0)

    def noise(ring):
        size = os.path.getsize(ring)
        with open(ring, "wb") as file:
            file.write(os.urandom(size))
    for generation, spoil in enumerate((flipped, truncated, foreign, emptied, noise), 2):
        spoil(server.ring_files()[0])
        server.start()
        expect_equal(action(server), "disk recovery", f"action with a ring {spoil.__name__}")
        state = opened(server)
        expect_equal((state.generation, state.losses[-1].first_lsn), (generation, COUNT + 1),
                     f"generation and start of the loss with a ring {spoil.__name__}")
        expect_equal(state.losses[-1].disk, config_pb.LOSS_VERDICT_NONE, "verdict for disk")
        expect_equal(expect_prefix(server), COUNT, "lines kept")
        # A whole ring again, full of what is on disk.
        server.kill()


@case("an unreadable only segment and no ring: refused and untouched, with what an operator can do")
def unreadable_only_segment(environment):
    server = filled(environment, count=1000, segments=1)
    (first,) = server.segment_files()
    flip(first, 10)
    server.lose_memory()
    expect_refuses(server, ["first segment cannot be read", "restore it from a copy"])
    flip(first, 10)
    server.start()
    expect_equal(expect_prefix(server), 1000, "lines kept")


@case("an unreadable first segment of several and no ring: the rest is served, readers are told of the hole")
def unreadable_first_segment(environment):
    server = filled(environment)
    flip(server.segment_files()[0], 10)
    server.lose_memory()
    server.start()
    expect_in("had been synced", server.wait_event("journal_note")["note"], "note")
    said = run_refused(server, 9, ["never trimmed", "ringjournal verify"], "cat", "orders")
    resume = said.rsplit("read on from ", 1)[1].split()[0]
    rest = run_ok(server, "cat", "orders", "--from", resume)
    expect_equal(rest, lines(int(resume), COUNT), f"what is read from LSN {resume} on")
    goes_on(server, COUNT)


@case("all segments gone and no ring: the log begins again, and the report says that all may be lost")
def segments_gone(environment):
    server = filled(environment)
    for path in server.segment_files():
        os.unlink(path)
    server.lose_memory()
    server.start()
    state = opened(server)
    expect_equal((state.generation, state.losses[0].first_lsn, state.watermarks.end.lsn), (2, 1, 0),
                 "generation, start of the loss, end")
    expect(state.losses[0].disk != config_pb.LOSS_VERDICT_NONE, "disk levels may be lost as well")
    goes_on(server, 0)


@case("files that are not segments are left alone")
def other_files(environment):
    server = filled(environment)
    folder = os.path.dirname(server.segment_files()[0])
    for name in ("notes.txt", "x.seg", "lost+found"):
        with open(os.path.join(folder, name), "w", encoding="ascii") as file:
            file.write("keep me")
    server.start()
    expect_equal(expect_prefix(server), COUNT, "lines kept")
    expect_equal(server.stop(), 0, "exit code")
    for name in ("notes.txt", "x.seg", "lost+found"):
        with open(os.path.join(folder, name), encoding="ascii") as file:
            expect_equal(file.read(), "keep me", name)


@case("the configuration: damaged in one slot it is repaired, damaged or missing the start is refused")
def bad_config(environment):
    server = filled(environment)
    config = os.path.join(server.data_dir, "config")
    with open(config, "rb") as file:
        good = file.read()

    def write(data):
        with open(config, "wb") as file:
            file.write(data)
    half = len(good) // 2
    for slot in (0, 1):
        write(good[:slot * half] + b"\xff" * 64 + good[slot * half + 64:])
        server.start()
        expect_in(f"slot {slot}", server.wait_event("config_repaired")["note"], "note of the repair")
        expect_equal(expect_prefix(server), COUNT, "lines kept")
        server.kill()
        with open(config, "rb") as file:
            good = file.read()
    write(b"\xff" * len(good))
    expect_refuses(server, ["config file", "is damaged", "Restore the file"])
    os.unlink(config)
    expect_refuses(server, ["config file", "is missing", "Restore it"])
    write(good)
    server.start()
    expect_equal(expect_prefix(server), COUNT, "lines kept")
