"""Matching engines as processes, and what they have said."""

import os
import re
import signal
import subprocess
import threading
import time

from checks import Failed

DONE = re.compile(r"done commands=(\d+) trades=(\d+) digest=(\w+) trade_digest=(\w+)")


class Engine:
    """One process: `name` stays when it is killed and started again."""

    def __init__(self, binary, name, flags):
        self.name = name
        self.command = [binary, "--name", name, *flags]
        self.lines = []  # (monotonic ns, line) of all its lives
        self.process = None
        self._readers = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        self.lines.append((time.monotonic_ns(), "started"))
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        reader.start()
        self._readers.append(reader)
        return self

    def _read(self, process):
        for line in process.stdout:
            self.lines.append((time.monotonic_ns(), line.rstrip("\n")))

    def kill(self):
        """When it was killed, ns; it is reaped when this returns. was_killed() says whether it still ran."""
        at = time.monotonic_ns()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        for reader in self._readers:
            reader.join()
        self._readers = []
        return at

    def was_killed(self):
        """It did not end by itself."""
        return self.process is not None and self.process.poll() == -signal.SIGKILL

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        """What it has said before: said() looks behind it."""
        known = len(self.lines)
        self.process.send_signal(signal.SIGCONT)
        return known

    def said(self, start, behind):
        """The first line behind so many that begins like this; None: there is none yet."""
        return next((line for _, line in self.lines[behind:] if line.startswith(start)), None)

    def running(self):
        return self.process is not None and self.process.poll() is None

    def wait_end(self, deadline_s):
        try:
            code = self.process.wait(deadline_s)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"engine {self.name} has not ended within {deadline_s} s:\n{self.told()}") from late
        for reader in self._readers:
            reader.join()
        self._readers = []
        if code != 0:
            raise Failed(f"engine {self.name} ended with {code}:\n{self.told()}")

    def told(self, last=40):
        return "\n".join(line for _, line in self.lines[-last:])

    def all_done(self):
        """What it said at the end of each life that came to one: (commands, trades, digest, trade digest)."""
        return [match.groups() for _, line in self.lines if (match := DONE.fullmatch(line))]

    def is_primary(self):
        """It runs, and has written since its newest start."""
        if not self.running():
            return False
        for _, line in reversed(self.lines):
            if line.startswith("first_acknowledged"):
                return True
            if line.startswith(("started", "standby", "fenced", "anew")):
                return False
        return False

    def stands_by(self):
        """Since its newest start."""
        for _, line in reversed(self.lines):
            if line.startswith(("standby", "started", "takeover", "anew")):
                return line.startswith("standby")
        return False

    def first_acknowledged_ns(self, since_ns):
        """Its own clock at the first acknowledgement behind `since_ns`; None: there is none yet."""
        for _, line in list(self.lines):
            match = re.fullmatch(r"first_acknowledged lsn=\d+ monotonic_ns=(\d+)", line)
            if match and int(match[1]) > since_ns:
                return int(match[1])
        return None

    def reports(self):
        """Its takeover reports, as dictionaries."""
        found, current = [], None
        for _, line in list(self.lines):
            if line.startswith("takeover "):
                current = {}
            elif line == "end" and current is not None:
                found.append(current)
                current = None
            elif current is not None and "=" in line:
                key, _, value = line.partition("=")
                current[key] = value
        return found


def engine_binary(bin_dir):
    path = os.path.join(bin_dir, "matching_engine")
    if not os.access(path, os.X_OK):
        raise Failed(f"{path} is missing: ./dev build makes it")
    return path
