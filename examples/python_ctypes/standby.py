#!/usr/bin/python3
"""Adds numbers up, in two processes or more: one writes a fenced journal, the others stand by and know the sum.

standby.py HOST:PORT JOURNAL NAME < numbers    a number on each line

Once it is the writer it prints `writer SUM`, `again LSN NUMBER` for what its predecessor has journaled and perhaps not
told, and `LSN SUM` behind each number of its own.
"""
import sys

import ringjournal


class Sum:
    def __init__(self):
        self.value = 0

    def apply(self, _, payload):
        self.value += int(payload)
        return payload


def say(*words):
    print(*words, flush=True)


def become_writer(standby):
    while True:
        while not standby.follow():
            pass
        try:
            return standby.take_over(reason=b"the writer is silent")
        except ringjournal.Error as error:
            if error.name not in ("WRITER_HELD", "FENCED"):
                raise


def write(writer, state, numbers):
    for line in numbers:
        outcome = writer.append(line.strip())
        state.apply(outcome.first_lsn, line)
        say(outcome.first_lsn, state.value)
        writer.mark_acted(outcome.first_lsn)  # behind telling it: else it might be told never
    writer.flush_marks()


def run(servers, name, who):
    state = Sum()
    with ringjournal.Journal(servers, name) as journal, ringjournal.Standby(journal, who, state.apply) as standby:
        promotion = become_writer(standby)
        with promotion.writer as writer:
            say("writer", state.value)
            for lsn, number in promotion.effects:
                say("again", lsn, number.decode())
            writer.mark_acted(promotion.final_lsn)
            write(writer, state, sys.stdin.buffer)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    try:
        run(*sys.argv[1:])
    except ringjournal.Error as error:
        sys.exit(str(error))


main()
