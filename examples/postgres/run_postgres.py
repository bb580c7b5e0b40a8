#!/usr/bin/env python3
"""The whole story: PostgreSQL's changes are journaled by three nodes while the one that leads is killed.

A throw-away PostgreSQL runs pgbench. Its changes, taken by logical decoding, go through a pipe into
`ringjournal append`. The node that leads is killed with SIGKILL in the middle: another one goes on,
and append must not notice more than a pause. In the end the journal, replayed from a node that
survived, must equal, byte for byte, what went into the pipe, and what a second decoding of the same
changes gives; and the copies of all three nodes must be the same. Ends with a line PASS (exit code
0) or FAIL (1).
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import compare
from cluster import Cluster
from pipe import CopyingPipe
from process import Children, StoryError, finish, wait_for
from service import Service, Watcher

JOURNAL = "postgres-changes"
PRODUCER = "pg-recvlogical"
LAST_WORDS = "prefix: ringjournal"
CLIENTS = 4
# The load lasts so long for each kill, at least: the node that was killed comes back meanwhile, and the
# journal must still be written when the next one is.
STAGE_S = 4
LINES_OF_A_TRANSACTION = 6  # BEGIN, three updates, one insert, COMMIT
ACCOUNTS_PER_SCALE = 100_000
LOAD_S = 1800
DRAIN_S = 300
BAR_KILL_S = 300
# A read that stalls is ended by the server after 30 s and goes on after a reconnect: that is a failure too.
REPLAY_S = 25


class Story:
    """The whole run. `folder` is removed by the caller."""

    def __init__(self, arguments, folder):
        self._arguments = arguments
        self._started = time.monotonic()
        self.children = Children()
        os.mkdir(os.path.join(folder, "pg"), 0o700)
        os.mkdir(os.path.join(folder, "rj"), 0o700)
        self._folder = folder
        self.cluster = Cluster(os.path.join(folder, "pg"), self.children)
        self.service = Service(arguments.bin, os.path.join(folder, "rj"), self.children)
        self._append = self._pipe = self._receiver = self._end_position = None
        self._watcher = None
        self._gaps_ms = []  # one for each kill

    def say(self, text):
        print(f"[{time.monotonic() - self._started:6.1f} s] {text}", flush=True)

    def path(self, name):
        return os.path.join(self._folder, name)

    def tell(self):
        self._start_everything()
        load = self._load()
        self._kill_while(load)
        self._end_of_load(load)
        self._second_decoding()
        self._report_append()
        self._replay_and_compare()
        self._compare_copies()
        self._status_and_stop()

    def _start_everything(self):
        self.cluster.start()
        self.say("PostgreSQL runs: throw-away cluster, Unix socket only, wal_level=logical")
        for slot in ("to_journal", "to_file"):
            self.cluster.create_slot(slot)
        self.say("two replication slots (test_decoding) before any load: to_journal, to_file")
        self.service.start()
        self.say(f"three nodes of ringjournald and their etcd serve: {self.service.address}")
        self.service.ask("journal", "create", JOURNAL)
        self.service.wait_healthy()
        self._watcher = Watcher(self.service, JOURNAL, self.children)
        self._watcher.start()
        with open(self.path("append.log"), "wb") as log:
            self._append = self.children.start(
                self.service.command("append", JOURNAL, "--producer", PRODUCER, "--level",
                                     self._arguments.level),
                stdin=subprocess.PIPE, stdout=log, stderr=log)
        self._receiver = self.cluster.receive("to_journal", subprocess.PIPE)
        self._pipe = CopyingPipe(self._receiver.stdout, self.path("piped"), self._append.stdin, LAST_WORDS)
        self._pipe.start()
        self.say(f"pg_recvlogical | ringjournal append {JOURNAL} --level {self._arguments.level}")

    def _load(self):
        scale, count = self._arguments.scale, self._arguments.transactions
        self.say(f"pgbench: scale {scale}, then {count:,} transactions of {CLIENTS} clients")
        fill = self.cluster.bench("-i", "-q", "-s", str(scale))
        output = fill.communicate(timeout=LOAD_S)[0]
        if fill.returncode != 0:
            raise StoryError(f"pgbench -i failed: {output[-500:]}")
        per_s = max(count // (STAGE_S * (self._arguments.kills + 1)), 1)
        return self.cluster.bench("-n", "-c", str(CLIENTS), "-j", "2", "-t", str(count // CLIENTS), "-R", str(per_s))

    def _kill_while(self, load):
        """Kills at fixed shares of the expected lines, so that each run is cut in the middle."""
        kills = self._arguments.kills
        scale, count = self._arguments.scale, self._arguments.transactions
        expected = ACCOUNTS_PER_SCALE * scale + LINES_OF_A_TRANSACTION * count
        for kill in range(1, kills + 1):
            bar = expected * kill // (kills + 1)
            lines = wait_for(f"{bar:,} acknowledged lines", lambda b=bar: self._acknowledged(b),
                             BAR_KILL_S, self._append)
            if load.poll() is not None:
                self.say("note: pgbench was done before this kill; the pipe was not")
            before = len(self._watcher.gaps_ms)
            self._watcher.mark()
            killed = self.service.kill_leader(JOURNAL)
            self.say(f"{killed}, which leads, killed with SIGKILL after {lines:,} acknowledged lines")
            gap_ms = wait_for("the journal goes on", lambda n=before: self._watcher.gaps_ms[n:], BAR_KILL_S,
                              self._append)[0]
            self._gaps_ms.append(gap_ms)
            self.say(f"{self.service.leader(JOURNAL)} leads; a reader heard nothing for {gap_ms:.0f} ms, "
                     "append goes on")
            self.service.wait_healthy()
            self.say(f"{killed} is back, and holds what was written meanwhile")

    def _acknowledged(self, at_least):
        if not self.service.running():
            raise StoryError(f"the cluster ended by itself: {self.service.log_end()}")
        lines = self.service.acknowledged_lines(JOURNAL)
        return lines if lines >= at_least else None

    def _end_of_load(self, load):
        output = load.communicate(timeout=LOAD_S)[0]
        if load.returncode != 0:
            raise StoryError(f"pgbench failed: {output[-500:]}")
        rate = re.search(r"tps = ([\d.]+)", output)
        self.say(f"pgbench done: {float(rate.group(1)):,.0f} transactions a second" if rate else "pgbench done")
        self._end_position = self.cluster.end_of_load()
        wait_for("the last transaction passes the pipe", self._pipe_done, DRAIN_S, self._receiver)
        self._receiver.send_signal(signal.SIGINT)
        finish(self._receiver, "pg_recvlogical after SIGINT", DRAIN_S)
        self._pipe.join(DRAIN_S)
        if self._pipe.is_alive() or self._pipe.error:
            raise StoryError(f"the pipe into ringjournal append broke: {self._pipe.error}. {self._append_log()}")
        self.say(f"the pipe is closed after {self._pipe.lines:,} lines; append finishes")
        try:
            finish(self._append, "ringjournal append", DRAIN_S)
        except StoryError as error:
            raise StoryError(f"{error}. It said: {self._append_log()}") from error
        if "error" in self._append_log():
            raise StoryError(f"ringjournal append has seen an error: {self._append_log()}")

    def _pipe_done(self):
        if self._pipe.error:
            raise StoryError(f"the pipe into ringjournal append broke: {self._pipe.error}. {self._append_log()}")
        return self._pipe.seen_last_line.is_set()

    def _append_log(self):
        with open(self.path("append.log"), encoding="utf-8", errors="replace") as log:
            return log.read().strip()[-2000:]

    def _second_decoding(self):
        with open(self.path("decoded"), "wb") as file:
            second = self.cluster.receive("to_file", file, self._end_position)
            finish(second, "pg_recvlogical on the second slot", DRAIN_S)
        self.say("the second slot has decoded the same changes into a file")

    def _report_append(self):
        self.say("ringjournal append said:")
        for line in self._append_log().splitlines():
            self.say("    " + line)

    def _replay_and_compare(self):
        started = time.monotonic()
        self.service.ask("replay", JOURNAL, "--output", self.path("replayed"), deadline_s=REPLAY_S)
        size = os.path.getsize(self.path("replayed"))
        self.say(f"replayed {size:,} bytes from {self.service.leader(JOURNAL)} in {time.monotonic() - started:.2f} s")
        for name, what in (("piped", "what went into the pipe"), ("decoded", "the second decoding")):
            difference = compare.first_difference(self.path(name), self.path("replayed"))
            if difference or compare.sha256(self.path(name)) != compare.sha256(self.path("replayed")):
                raise StoryError(f"the replay is not {what}: {difference}")
            self.say(f"the replay equals {what}, byte for byte")
        self.say(f"sha256 {compare.sha256(self.path('replayed'))}")
        acknowledged = self.service.acknowledged_lines(JOURNAL)
        if acknowledged != self._pipe.lines:
            raise StoryError(f"{self._pipe.lines:,} lines were piped, but {acknowledged:,} are acknowledged")
        gaps = ", ".join(f"{ms:.0f} ms" for ms in self._gaps_ms) or "none"
        self.say(f"acknowledged transactions: {acknowledged:,}; leaders killed: {len(self.service.killed)}; "
                 f"pauses: {gaps}")

    def _compare_copies(self):
        self.service.wait_healthy()
        self.say("the copies of the three nodes:")
        for line in self.service.compare_copies(JOURNAL):
            self.say("    " + line)

    def _status_and_stop(self):
        self.say("ringjournal status:")
        for line in self.service.ask("status").splitlines():
            self.say("    " + line)
        for line in self.service.verify().strip().splitlines()[-1:]:
            self.say(f"ringjournal verify: {line}")
        self.service.stop()
        self.say("the three nodes and etcd ended, and their folders are gone")
        self.cluster.stop()
        self.say("PostgreSQL stopped")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--bin", default=os.path.join(here, "..", "..", "bin"),
                        help="folder with ringjournald and ringjournal (default: the project's bin)")
    parser.add_argument("--scale", type=int, default=1, help="pgbench -s: 100,000 accounts each")
    parser.add_argument("--transactions", type=int, default=20_000, help="of pgbench, all clients together")
    parser.add_argument("--kills", type=int, default=1, help="SIGKILLs of the node that leads")
    parser.add_argument("--level", default="replicated",
                        choices=("received", "replicated", "disk", "disk_quorum"))
    parser.add_argument("--keep", action="store_true", help="keep the folder with files and logs")
    return parser.parse_args()


def clean_up(story, folder, keep):
    if story is not None:
        story.children.stop_all()
    if keep:
        print(f"files and logs are kept in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    arguments = parse_arguments()
    # So that an interrupted run stops its children too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("interrupted by SIGTERM"))
    folder = tempfile.mkdtemp(prefix="ringjournal-postgres-")
    os.chmod(folder, 0o711)  # PostgreSQL's user must reach its own folder below
    story, verdict, keep = None, "FAIL", arguments.keep
    try:
        story = Story(arguments, folder)
        story.tell()
        verdict = "PASS"
    except (StoryError, OSError, subprocess.SubprocessError) as error:
        print(f"failed: {error}", flush=True)
        keep = True
    finally:
        clean_up(story, folder, keep)
        print(verdict, flush=True)
    return 0 if verdict == "PASS" else 1


if __name__ == "__main__":
    sys.exit(main())
