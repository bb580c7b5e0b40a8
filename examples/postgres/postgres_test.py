#!/usr/bin/env python3
"""The example run with a small load, and proof that its comparison can fail."""

import io
import os
import subprocess
import sys
import tempfile

import compare
import pipe

HERE = os.path.dirname(os.path.abspath(__file__))
RUN_S = 600


def write(folder, name, content):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(content)
    return path


def comparison_notices_every_difference(folder):
    a = write(folder, "a", b"one\ntwo\nthree\n")
    differing = (b"one\ntwo\n", b"one\ntwo\nthree\nthree\n", b"one\ntwx\nthree\n", b"one\ntwo\nthree", b"")
    same = compare.first_difference(a, a) is None
    return same and all(compare.first_difference(a, write(folder, "b", b)) for b in differing)


def pipe_copies_exactly_and_sees_the_last_line(folder):
    read_end, write_end = os.pipe()
    content = b"BEGIN 1\nmessage: the last words\nCOMMIT 1\n" * 3
    target = io.BytesIO()
    target.close, kept = (lambda: None), target
    thread = pipe.CopyingPipe(os.fdopen(read_end, "rb"), os.path.join(folder, "c"), target, "last words")
    thread.start()
    for i in range(len(content)):
        os.write(write_end, content[i:i + 1])
    os.close(write_end)
    thread.join(30)
    with open(os.path.join(folder, "c"), "rb") as file:
        copied = file.read()
    return (copied == content and kept.getvalue() == content and thread.lines == 9
            and thread.seen_last_line.is_set() and thread.error is None)


def postgres_under_load_is_replayed_byte_for_byte_after_kills(folder):
    programs = os.environ.get("RINGJOURNAL_BIN", os.path.join(HERE, "..", "..", "bin"))
    done = subprocess.run([os.path.join(HERE, "run_postgres.py"), "--bin", programs, "--transactions",
                           "4000", "--kills", "2"], stdin=subprocess.DEVNULL, timeout=RUN_S, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    print(done.stdout)
    return done.returncode == 0 and done.stdout.splitlines()[-1] == "PASS"


def main():
    failed = False
    for check in (comparison_notices_every_difference, pipe_copies_exactly_and_sees_the_last_line,
                  postgres_under_load_is_replayed_byte_for_byte_after_kills):
        with tempfile.TemporaryDirectory() as folder:
            good = check(folder)
        print(f"{'ok' if good else 'not ok'} - real input: {check.__name__.replace('_', ' ')}", flush=True)
        failed = failed or not good
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
