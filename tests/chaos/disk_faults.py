"""What is done to the disks, and to the memory, of nodes. As faults.py."""

import json
import os
import shutil
import time

from checks import Failed, wait_until
from disks import FAILURES, flip_bit, used_bytes
from faults import fault, role, seconds, victim
from world import JOURNAL, sleep

BUSY_RATE = 400      # appends per second of each producer: what makes the disk work
NOTICED_S = 10.0     # until a node has said that its disk is full, or has met a failure
STORAGE_EXIT = 4
MEMORY_GAP_S = 3.0   # without an acknowledgement for who asks for no disk level, while a disk is slow


@fault("full", root=True)
def full_disk(world, rng):
    """One node's file system, a small one of its own, has no byte left."""
    node = victim(world, rng)
    what = role(world, node)
    if not world.small_disks:
        raise Failed("a full disk needs --small-disks, and root to mount them")
    length = seconds(rng, 0.3, 2)
    ballast = os.path.join(node.data_dir, "ballast")
    with open(ballast, "wb") as file:
        try:
            while True:
                os.write(file.fileno(), b"\0" * (1 << 20))
        except OSError:
            pass
    # What the last segments have room for is soon written.
    world.load.say(f"rate {BUSY_RATE}")
    noticed, end = False, time.monotonic() + NOTICED_S
    try:
        while not noticed and time.monotonic() < end:
            sleep(0.1)
            noticed = says_full(node)
        sleep(length)
    finally:
        os.unlink(ballast)
        world.load.say(f"rate {world.options.rate}")
    said = f"freed it {length:.2f} s after it had said so" if noticed else f"it did not say so in {NOTICED_S} s"
    return f"filled the disk of {what}; {said}"


def says_full(node):
    """Of itself, whoever is asked."""
    done = node.cli("-o", "json", "status", deadline_s=20)
    if done.returncode != 0:
        return False
    return any(journal["stats"]["storageState"] == "full"
               for each in json.loads(done.stdout)["nodes"] if each["node"] == node.name and each["answers"]
               for journal in each["status"]["journals"])


@fault("slow-disk")
def slow_disk(world, rng):
    """Who asks for no disk level hardly notices."""
    nodes = world.nodes if rng.random() < 0.25 else [victim(world, rng)]
    what = ", ".join(role(world, node) for node in nodes)
    least = rng.choice([200, 200, 500, 1000])
    most = rng.choice([least, 2000])
    length = seconds(rng, 1, 3)
    for node in nodes:
        node.disk.slow(least, most)
    sleep(length)
    slowed = sum(node.disk.slowed for node in nodes)
    for node in nodes:
        node.disk.heal()
    if slowed == 0:
        raise Failed(f"no sync of {what} was slow in {length:.2f} s: is {world.chaos_programs['libchaos_disk.so']} loaded?")
    gap_s = world.load.say("counts")["memory_gap_ns"] / 1e9
    if gap_s > MEMORY_GAP_S:
        raise Failed(f"the disk of {what} was slow ({least} to {most} ms a sync, {slowed} of them), and a client that asks "
                     f"for no disk level had no acknowledgement for {gap_s:.1f} s; {MEMORY_GAP_S} s are allowed")
    return f"slowed the disk of {what}: {least} to {most} ms a sync for {length:.2f} s, {slowed} syncs"


@fault("fail-disk")
def fail_disk(world, rng):
    """One sync fails: the node ends itself, and starts again with its memory or without."""
    node = victim(world, rng)
    what = role(world, node)
    at = rng.randint(1, 8)
    failure = rng.randrange(len(FAILURES))
    lost = rng.random() < 0.5
    away = rng.choice([0, rng.uniform(0, 1)])
    node.disk.fail(at, failure)
    world.load.say(f"rate {BUSY_RATE}")
    try:
        wait_until(f"{what} meets the failing sync", lambda: node.process.poll() is not None, NOTICED_S, 0.02)
    finally:
        world.load.say(f"rate {world.options.rate}")
    if node.disk.failed != 1 or node.process.returncode != STORAGE_EXIT:
        raise Failed(f"{node.name} ended with code {node.process.returncode} after {node.disk.failed} failed syncs; "
                     f"{STORAGE_EXIT} is due after one: {node.log_end()}")
    node.disk.heal()
    world.network.say(f"down {node.name}")
    if lost:
        node.lose_memory()
    sleep(away)
    world.start_again(node)
    return (f"failed sync {at} of {what} ({FAILURES[failure]}): it ended itself; ring {'deleted' if lost else 'kept'}, "
            f"away {away:.2f} s")


@fault("bitflip")
def bit_flip(world, rng):
    """A bit changes while a node is down. It never gives back anything else than the others do; then its disk is replaced."""
    node = victim(world, rng)
    what = role(world, node)
    place = rng.choice(["segment", "segment and memory lost", "segment of all down", "ring", "ring of all down"])
    down = world.nodes if place.endswith("all down") else [node]
    for each in down:
        world.kill(each)
    if place.startswith("segment"):
        path = rng.choice(node.segment_files())
        where = flip_bit(path, 0, used_bytes(path), rng)
        expect_seen(node, path, where)
    else:
        path = rng.choice(node.ring_files())
        where = flip_bit(path, *rng.choice(parts_of_ring(path, world.ring_bytes)), rng)
    if place == "segment and memory lost":
        node.lose_memory()
    for each in rng.sample(down, len(down)):
        world.start_again(each)
    world.heal()
    gives = gives_only_what_is(world, node)
    replace_disk(world, node)
    return f"flipped {where} of {what} ({place}): {gives}"


def expect_seen(node, path, where):
    """Every byte that was written is under a checksum or is padding, which is looked at too."""
    done = node.cli("verify", path)
    said = (done.stdout + done.stderr).decode()
    if done.returncode == 0 and "torn" not in said and "note:" not in said:
        raise Failed(f"verify does not see that {where} has changed: {said}")


def parts_of_ring(path, ring_bytes):
    """From and to which byte: the control page, the state snapshots, the entries (docs/formats.md)."""
    head = os.path.getsize(path) - ring_bytes
    return [(0, 4096), (4096, head), (head, head + ring_bytes)]


def gives_only_what_is(world, node):
    """The journal as the node gives it is that of another one, or its beginning, and then a reason."""
    other = next(n for n in world.nodes if n is not node)
    world.let_lead(other)
    end = int(world.info(JOURNAL)["watermarks"]["committed"]["lsn"])
    right, error = world.export(other, end)
    if error:
        raise Failed(f"{other.name}, which is whole, gives no export: {error}")
    world.let_lead(node)
    mine, error = world.export(node, end)
    same = mine == right if not error else right.startswith(mine)
    if not same:
        raise Failed(f"{node.name} gives {len(mine)} bytes that are not those of {other.name} ({len(right)}): "
                     f"{node.name}.entries, {other.name}.entries. {error}")
    world.let_lead(other)
    return f"it gives {len(mine)} of {len(right)} bytes{': ' + error.strip() if error else ''}"


def replace_disk(world, node):
    world.kill(node)
    node.lose_memory()
    shutil.rmtree(os.path.join(node.data_dir, "journals"))
    world.start_again(node)
    world.heal()
