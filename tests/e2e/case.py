"""What the cases share: a list of them, servers that go with them, and a session that must not notice."""

import contextlib
import json

from checks import expect_equal, expect_in
from server import Server
from wire import Connection, Refused

CASES = []

# Small, so that a few thousand lines fill several segments.
SMALL = ["--ring", "1MiB", "--segment", "1MiB", "--producers", "100"]


class Skip(Exception):
    """The machine does not offer what the case needs."""


def case(name, beside=False):
    """Registers a function(environment); `name` says what must hold.

    With `beside` another session appends before and after it, and must find all that it wrote.
    """
    def register(function):
        CASES.append((name, watched(function) if beside else function))
        return function
    return register


def watched(function):
    def run(environment):
        environment.watches = True
        function(environment)
        environment.bystander.goes_on()
        environment.bystander.kept_everything()
    return run


class Environment(contextlib.ExitStack):
    """Servers of one case; they and their folders go when it ends."""

    def __init__(self, programs):
        super().__init__()
        self.programs = programs
        self.watches = False
        self.bystander = None

    def server(self, **more):
        """A server that is not started yet."""
        return self.enter_context(Server(self.programs, **more))

    def serving(self, **more):
        server = self.server(**more).start()
        if self.watches and self.bystander is None:
            self.bystander = Bystander(self, server, "beside")
            self.bystander.goes_on()
        return server

    def connect(self, server, **more):
        return self.enter_context(Connection(server.address, **more))


def run_ok(server, *arguments, stdin=b"", deadline_s=60):
    """Runs a command that must succeed; returns stdout as bytes."""
    done = server.cli(*arguments, stdin=stdin, deadline_s=deadline_s)
    expect_equal(done.returncode, 0, f"exit code of {' '.join(arguments)} ({done.stderr.decode()})")
    return done.stdout


def run_refused(server, code, parts, *arguments, stdin=b""):
    """Runs a command that must fail with this exit code and say these parts on stderr."""
    done = server.cli(*arguments, stdin=stdin)
    said = done.stderr.decode(errors="replace")
    expect_equal(done.returncode, code, f"exit code of {' '.join(arguments)} ({said})")
    expect_in(parts, said, f"message of {' '.join(arguments)}")
    return said


def end_lsn(server, journal="orders"):
    """LSN of the last transaction."""
    info = json.loads(run_ok(server, "-o", "json", "journal", "info", journal))
    return int(info["watermarks"]["end"]["lsn"])


def lines(first, last):
    """Input of `append`: one transaction for each number."""
    return b"".join(b"transaction %d %s\n" % (i, b"." * 100) for i in range(first, last + 1))


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 0x40]))


def flip_payload(path, share):
    """Flips a bit of a payload, about so far into what is written. Returns the number of its line."""
    with open(path, "rb") as file:
        data = file.read()
    at = data.find(b"transaction ", int(len(data.rstrip(b"\0")) * share))
    flip(path, at)
    return int(data[at:at + 40].split()[1])


def expect_refused(code, parts, call):
    """call() must be refused with this code and these parts in the message. Returns the error."""
    try:
        answer = call()
    except Refused as refused:
        expect_equal(refused.code, "ERROR_CODE_" + code, refused.error.message)
        expect_in(parts, refused.error.message, f"message of {code}")
        return refused.error
    raise AssertionError(f"it was not refused with {code}: {answer}")


class Bystander:
    """A session beside the one that misbehaves: it goes on as if nothing had happened."""

    def __init__(self, environment, server, journal="calm"):
        self.server = server
        self.journal = journal
        self.connection = environment.connect(server)
        self.connection.create(journal, ring_bytes=1 << 20)
        self.connection.open(journal, "bystander")
        self.count = 0

    def goes_on(self):
        self.count += 1
        result = self.connection.append([b"calm %d" % self.count], self.count)
        expect_equal(result.first_lsn, self.count, "LSN of the bystander")

    def kept_everything(self):
        with Connection(self.server.address) as reader:
            seen = [t.payload for e in reader.read(self.journal) for t in e.transactions]
        expect_equal(seen, [b"calm %d" % (i + 1) for i in range(self.count)], "what the bystander wrote")
