#!/usr/bin/python3
"""The checker behind the kill tests must see each kind of wrong log."""

import os
import sys
import types

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "lib")]

from checks import Checks, expect, expect_equal  # noqa: E402
from history import Ack, payloads, read_log  # noqa: E402

WRITER, PRODUCER = "writer-0", 2


def entry(index, first_lsn, first_sequence, count, chain=None, generation=1):
    bodies = payloads(WRITER, first_sequence, count, 1)
    return types.SimpleNamespace(
        index=index, first_lsn=first_lsn, first_sequence=first_sequence, count=count, generation=generation,
        epoch=1, chain=chain or index * 1000, producer_id=PRODUCER,
        transactions=[types.SimpleNamespace(payload=p) for p in bodies])


def good_log():
    return [entry(3, 1, 1, 2), entry(4, 3, 3, 1), entry(5, 4, 4, 3)]


def good_acks():
    return [Ack(WRITER, e.first_sequence, e.count, e.first_lsn, e.index, e.chain, 1, 1, 2, 0, 1)
            for e in good_log()]


def wrong_with(entries, acks=None):
    log = read_log(entries, {PRODUCER: WRITER})
    return log.problems + log.check_acks(acks or good_acks())


def lost_at_the_end(log):
    return log[:2]


def lost_in_the_middle(log):
    return [log[0], entry(4, 3, 4, 3)]


def doubled(log):
    return log + [entry(6, 7, 4, 3)]


def changed(log):
    log[1].transactions[0].payload += b"!"
    return log


def swapped(log):
    return [log[0], entry(4, 3, 4, 3), entry(5, 6, 3, 1)]


def hole_in_lsns(log):
    return log[:2] + [entry(5, 5, 4, 3)]


def hole_in_indexes(log):
    return log[:2] + [entry(6, 4, 4, 3)]


def other_chain(log):
    log[2].chain += 1
    return log


def older_generation(log):
    log[0].generation = 2
    return log


def of_another_writer(log):
    log[2].producer_id = 9
    return log


def main():
    checks = Checks()
    with checks.check("the history checker finds nothing wrong in a right log"):
        expect_equal(wrong_with(good_log()), [], "problems")
    for spoil in (lost_at_the_end, lost_in_the_middle, doubled, changed, swapped, hole_in_lsns,
                  hole_in_indexes, other_chain, older_generation, of_another_writer):
        with checks.check(f"the history checker sees a log that is wrong by: {spoil.__name__}"):
            expect(wrong_with(spoil(good_log())), "the checker found nothing")
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
