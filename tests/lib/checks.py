"""Named checks: one line each, a sum at the end, and an exit code that says whether all held."""

import contextlib
import sys
import time
import traceback


class Failed(Exception):
    """What a check expected and what it saw instead."""


def expect(condition, what):
    if not condition:
        raise Failed(what)


def expect_equal(seen, wanted, what):
    if seen != wanted:
        raise Failed(f"{what}: expected {wanted!r}, saw {seen!r}")


def expect_in(parts, text, what):
    """Every part stands in `text`."""
    for part in [parts] if isinstance(parts, str) else parts:
        if part not in text:
            raise Failed(f"{what}: expected {part!r} in {text!r}")


def wait_until(what, seen, deadline_s=20.0, poll_s=0.005):
    """Calls seen() until it returns something true and returns that; fails after the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        result = seen()
        if result:
            return result
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {deadline_s} s")
        time.sleep(poll_s)


class Checks:
    """Counts. The lines "ok - NAME" and "not ok - NAME" are what `./dev test` adds up."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = []

    @contextlib.contextmanager
    def check(self, name):
        """The body is the check; whatever it raises is its failure. Later checks still run."""
        try:
            yield
        except Exception as error:  # pylint: disable=broad-except
            self.fail(name, error)
        else:
            self.passed += 1
            print(f"ok - {name}", flush=True)

    def fail(self, name, error):
        self.failed += 1
        if not isinstance(error, Failed):
            traceback.print_exc(file=sys.stdout)
        print(f"{type(error).__name__}: {error}")
        print(f"not ok - {name}", flush=True)

    def skip(self, name, reason):
        """Not counted, but said: a skipped check shows nothing."""
        self.skipped.append(name)
        print(f"skipped {name}: {reason}", flush=True)

    def close(self):
        """Prints the sum and returns the exit code."""
        if self.passed + self.failed == 0:
            print("nothing ran, so nothing is known")
            self.failed = 1
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed else 0
