"""A cluster of ringjournald under a story's control: started by `ringjournal dev`, watched, its leader killed."""

import itertools
import json
import os
import re
import signal
import subprocess
import threading
import time

from process import StoryError, finish, run, wait_for

START_S = 60
STOP_S = 60
HEALTHY_S = 60
NODE = re.compile(r"^(n\d+)\s+(\S+:\d+)\s+process (\d+), log (\S+)$", re.MULTILINE)
AGAIN = re.compile(r"^(n\d+) serves again, process (\d+)$", re.MULTILINE)


class Service:
    """Three nodes and their etcd; everything of them goes when they are stopped."""

    def __init__(self, programs, folder, children):
        self._client = os.path.join(programs, "ringjournal")
        for program in (os.path.join(programs, "ringjournald"), self._client):
            if not os.access(program, os.X_OK):
                raise StoryError(f"{program} is missing. Run ./dev build")
        self._folder = folder
        self.log_path = os.path.join(folder, "dev.log")
        self._children = children
        self._process = None
        self.address = None  # of all nodes: what a client is told
        self.killed = []

    def start(self):
        with open(self.log_path, "wb") as log:
            self._process = self._children.start([self._client, "dev", "--nodes", "3", "--data-dir", self._folder],
                                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.address = wait_for("three nodes serve", self._read_address, START_S, self._process)
        except StoryError as error:
            raise StoryError(f"{error}. They said: {self.log_end()}") from error

    def _read_address(self):
        found = re.search(r"^  export RINGJOURNAL_SERVER=(\S+)$", self._log(), re.MULTILINE)
        return found.group(1) if found and len(self.nodes()) == 3 else None

    def _log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def nodes(self):
        """{name: [address, process id, log]} as it is now."""
        text = self._log()
        nodes = {name: [address, int(pid), log] for name, address, pid, log in NODE.findall(text)}
        for name, pid in AGAIN.findall(text):
            nodes[name][1] = int(pid)
        return nodes

    def running(self):
        return self._process is not None and self._process.poll() is None

    def log_end(self, bytes_max=1500):
        return self._log()[-bytes_max:].strip() or "(empty)"

    def leader(self, journal):
        """The name of the node that leads."""
        return wait_for(f"a node leads {journal}",
                        lambda: self._info(journal).get("config", {}).get("leader", {}).get("node"), HEALTHY_S)

    def kill_leader(self, journal):
        """SIGKILL: the process has no chance to write or say anything. Returns its name."""
        name = self.leader(journal)
        os.kill(self.nodes()[name][1], signal.SIGKILL)
        self.killed.append(name)
        return name

    def wait_healthy(self):
        """Until every node is back and every copy is in sync."""
        return self.ask("status", "--wait", "healthy", deadline_s=HEALTHY_S)

    def stop(self):
        """Ctrl-C: the cluster ends, and takes its folders with it."""
        self._process.send_signal(signal.SIGINT)
        finish(self._process, "ringjournal dev after SIGINT", STOP_S)

    def command(self, *arguments):
        """The client's command line, with the addresses of all nodes."""
        return [self._client, "--server", self.address, *arguments]

    def ask(self, *arguments, deadline_s=120):
        return run(self.command(*arguments), deadline_s)

    def compare_copies(self, journal):
        """`peers hash`, then each pair of copies entry by entry. Returns the lines they say."""
        lines = self.ask("peers", "hash", journal).splitlines()
        for a, b in itertools.combinations(sorted(self.nodes()), 2):
            # Memory holds the newest: where it begins may differ.
            said = self.ask("diff", f"{journal}@{a}", f"{journal}@{b}")
            lines.append(f"{a} and {b}: {said.splitlines()[0]}")
        return lines

    def verify(self):
        """The offline check of what is on the disks."""
        folders = [os.path.dirname(log) for _, _, log in self.nodes().values()]
        return run([self._client, "verify", *folders])

    def acknowledged_lines(self, journal):
        """Committed LSN: the number of transactions that are safe. 0 where nobody can say just now."""
        return int(self._info(journal).get("watermarks", {}).get("committed", {}).get("lsn", 0))

    def _info(self, journal):
        done = subprocess.run(self.command("-o", "json", "journal", "info", journal),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
        try:
            return json.loads(done.stdout) if done.returncode == 0 else {}
        except ValueError:
            return {}


class Watcher(threading.Thread):
    """A reader that follows the journal, and sees how long nothing comes when another node begins to lead."""

    def __init__(self, service, journal, children):
        super().__init__(daemon=True)
        self._process = children.start(service.command("tail", journal, "--from", "oldest", "--format", "%e\\n", "-q"),
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL)
        self.gaps_ms = []  # one for each change of the leader: the longest silence around it
        self._longest_s = 0.0

    def mark(self):
        """What came before does not count for the next gap."""
        self._longest_s = 0.0

    def run(self):
        epoch, heard = None, None
        while chunk := os.read(self._process.stdout.fileno(), 1 << 16):
            now = time.monotonic()
            last = chunk.rstrip(b"\n").rsplit(b"\n", 1)[-1] if chunk.endswith(b"\n") else epoch
            if heard is not None:
                self._longest_s = max(self._longest_s, now - heard)
            if epoch is not None and last != epoch:
                self.gaps_ms.append(self._longest_s * 1000)
            epoch, heard = last, now
