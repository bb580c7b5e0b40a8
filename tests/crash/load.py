"""A server under load that is killed again and again, and what it left each time."""

import json
import random
import shutil
import subprocess
import time

from checks import Failed, expect, expect_equal, wait_until
from history import DISK_LEVEL, read_log
from server import Server
from wire import ROOT, Connection
from writer import Gate, Writer

JOURNAL = "orders"
WRITERS = 4
# Small, so that rings wrap and segments change many times in a run.
SETTINGS = ["--ring", "4MiB", "--segment", "2MiB"]
NOTICED_S = 30.0


def decode(data):
    return subprocess.run(
        ["protoc", "--decode=ringjournal.v1.Entries", f"-I{ROOT}", "proto/entry.proto"],
        input=data, capture_output=True, cwd=ROOT, timeout=120, check=False)


class Load:
    """One server, one journal, four writers. Use it in a `with`."""

    def __init__(self, programs, seed, settings=()):
        self.random = random.Random(seed)
        self.programs = programs
        self.server = Server(programs)
        self.gate = Gate()
        self.writers = []
        self.kills = 0
        self.kills_at_start = 0
        self.held = []       # acknowledgements held at the last kill
        self.log = None      # as last read
        self.opened = None   # OpenReply of the last look
        self._settings = [*SETTINGS, *settings]
        self._seed = seed

    def __enter__(self):
        try:
            self._begin()
        except Exception:
            self.__exit__()
            raise
        return self

    def _begin(self):
        self.server.start()
        made = self.server.cli("journal", "create", JOURNAL, *self._settings)
        expect_equal(made.returncode, 0, f"journal create ({made.stderr.decode()})")
        for i in range(WRITERS):
            writer = Writer(f"writer-{i}", self.server.address, JOURNAL, self.gate, self._seed + i)
            self.writers.append(writer)
            writer.start()

    def __exit__(self, *_):
        self.gate.close(end=True)
        self.server.__exit__()
        for writer in self.writers:
            writer.join(NOTICED_S)

    def let_write(self, appends_each, more_s):
        """Opens the gate until each writer has so many acknowledgements, and a moment longer."""
        for writer in self.writers:
            writer.acked_in_session = 0
        self.gate.open()
        wait_until("every writer is acknowledged", lambda: self._problems() or all(
            w.acked_in_session >= appends_each for w in self.writers), NOTICED_S)
        time.sleep(more_s)  # load, not correctness: the kill is to come at any moment

    def kill(self):
        """SIGKILL in the middle of the load; returns once every writer has noticed."""
        with self.gate.condition:
            self.gate.is_open = False
            self.server.kill()
        self.kills += 1
        self.wait_idle()
        self.held = [ack for w in self.writers for ack in w.acks()]

    def wait_idle(self):
        wait_until("writers notice", lambda: not any(w.busy for w in self.writers), NOTICED_S)

    def finish_load(self):
        """Lets every writer get its last acknowledgement, without a kill."""
        self.gate.close()
        self.wait_idle()
        self.held = [ack for w in self.writers for ack in w.acks()]

    def wait_back(self):
        """Every writer has appended in the generation that look() saw."""
        wait_until("every writer is back", lambda: self._problems() or all(
            w.generation == self.opened.generation and w.acked_in_session > 0 for w in self.writers),
            NOTICED_S)

    def kill_while_starting(self):
        """A start that dies at any moment of its own."""
        self.server.spawn()
        time.sleep(self.random.uniform(0, 0.06))  # at any moment is the point
        self.server.kill()
        self.kills += 1
        self.kills_at_start += 1

    def look(self):
        """Opens the journal without a producer: what the server says before anybody appends."""
        with Connection(self.server.address) as connection:
            self.opened = connection.open(JOURNAL)
        return self.opened

    def read_all(self):
        """Reads the log up to where it ends now. Writers resend what they must, and rest: they are
        faster than we read."""
        self.gate.resting = True
        with Connection(self.server.address) as connection:
            end = connection.open(JOURNAL).watermarks.end.lsn
            self.log = read_log(connection.read(until_lsn=end + 1), self._producer_names())
        self.gate.resting = False
        return self.log

    def _producer_names(self):
        # The oldest transaction is where a read begins; openings stand in front of it.
        return {w.producer_id: w.name for w in self.writers}

    def ring_end_lsn(self):
        """LSN behind the last in the ring that the dead process left; None if the ring is not whole."""
        (ring,) = self.server.ring_files()
        done = subprocess.run([self.programs.client, "-o", "json", "verify", ring],
                              capture_output=True, timeout=60, check=False)
        found = json.loads(done.stdout)["files"][0]
        return int(found["endLsn"]) if found["verdict"] == "intact" else None

    def verify(self):
        """`ringjournal verify` on everything that the dead server left."""
        done = subprocess.run([self.programs.client, "verify", self.server.data_dir,
                               *self.server.ring_files()], capture_output=True, timeout=120, check=False)
        expect_equal(done.returncode, 0,
                     f"verify ({done.stdout.decode()[-3000:]} {done.stderr.decode()[-500:]})")

    def decode_segments(self):
        """protoc prints every segment. Returns how many there are."""
        segments = self.server.segment_files()
        for path in segments:
            with open(path, "rb") as file:
                done = decode(file.read())
            expect_equal(done.returncode, 0, f"protoc --decode of {path} ({done.stderr[-500:]})")
            expect(b"descriptions {" in done.stdout, f"protoc prints no description of {path}")
        return len(segments)

    def _problems(self):
        return [f"{w.name}: {p}" for w in self.writers for p in w.problems]

    def expect_no_problems(self):
        problems = self._problems() + (self.log.problems if self.log else [])
        if problems:
            raise Failed(f"{len(problems)} problems, first: " + "\n  ".join(problems[:5]) +
                         f"\nlog: {self.server.log_end()}")

    def expect_acks_kept(self, acks):
        wrong = self.log.check_acks(acks)
        if wrong:
            raise Failed(f"{len(wrong)} of {len(acks)} acknowledged appends are wrong, first: " +
                         "\n  ".join(wrong[:5]) + f"\nlog: {self.server.log_end()}")

    def on_disk(self, ack):
        return ack.level >= DISK_LEVEL or ack.disk_copies > 0

    def keep_evidence(self, folder):
        """Copies what the server left, for whoever looks into a failure."""
        shutil.copytree(self.server.folder, folder, dirs_exist_ok=True)
