"""ringjournald under a story's control: started, killed, restarted, asked."""

import json
import os
import signal
import subprocess
import time

from process import StoryError, finish, run, wait_for

START_S = 30
STOP_S = 30


class Service:
    """One ringjournald on its own data and ring directory inside `folder`."""

    def __init__(self, programs, folder, children):
        self._server = os.path.join(programs, "ringjournald")
        self._client = os.path.join(programs, "ringjournal")
        for program in (self._server, self._client):
            if not os.access(program, os.X_OK):
                raise StoryError(f"{program} is missing. Run ./dev build")
        self.data_folder = os.path.join(folder, "data")
        self._ring_folder = self._shared_memory_folder(folder)
        self._address_file = os.path.join(folder, "address")
        self.log_path = os.path.join(folder, "ringjournald.log")
        self._children = children
        self._process = None
        self.address = None

    @staticmethod
    def _shared_memory_folder(folder):
        """A ring lives in memory; its folder must be of this story only, so that it can be removed."""
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else folder
        return os.path.join(base, "rings-" + os.path.basename(os.path.dirname(folder)))

    @property
    def ring_folder(self):
        return self._ring_folder

    def start(self):
        """Starts it, on the port it had before if there was one. Returns seconds until it serves."""
        started = time.monotonic()
        if os.path.exists(self._address_file):
            os.unlink(self._address_file)
        command = [self._server, "--data-dir", self.data_folder, "--ring-dir", self._ring_folder,
                   "--listen", self.address or "127.0.0.1:0", "--address-file", self._address_file]
        with open(self.log_path, "ab") as log:
            self._process = self._children.start(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.address = wait_for("ringjournald serves", self._read_address, START_S, self._process)
        except StoryError as error:
            raise StoryError(f"{error}. Its log ends with: {self.log_end()}") from error
        return time.monotonic() - started

    def _read_address(self):
        try:
            with open(self._address_file, encoding="ascii") as file:
                return file.read().strip()
        except FileNotFoundError:
            return None

    def kill(self):
        """SIGKILL: the process has no chance to write anything."""
        self._process.send_signal(signal.SIGKILL)
        if self._process.wait(STOP_S) != -signal.SIGKILL:
            raise StoryError(f"ringjournald had ended before the kill: code {self._process.returncode}. "
                             f"Its log ends with: {self.log_end()}")

    def stop(self):
        """SIGTERM: it drains and must exit with 0."""
        self._process.terminate()
        finish(self._process, "ringjournald after SIGTERM", STOP_S)

    def running(self):
        return self._process is not None and self._process.poll() is None

    def log_end(self, bytes_max=1500):
        try:
            with open(self.log_path, "rb") as log:
                return log.read()[-bytes_max:].decode(errors="replace").strip()
        except FileNotFoundError:
            return "(empty)"

    def command(self, *arguments):
        """The client's command line, for this server."""
        return [self._client, "--server", self.address, *arguments]

    def ask(self, *arguments, deadline_s=120):
        return run(self.command(*arguments), deadline_s)

    def verify(self):
        """The offline check of what is on disk."""
        return run([self._client, "verify", self.data_folder])

    def acknowledged_lines(self, journal):
        """Committed LSN: the number of transactions that are safe. 0 where nobody can say just now."""
        done = subprocess.run(self.command("-o", "json", "journal", "info", journal),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
        if done.returncode != 0:
            return 0
        try:
            watermarks = json.loads(done.stdout).get("watermarks", {})
            return int(watermarks.get("committed", {}).get("lsn", 0))
        except (ValueError, AttributeError):
            return 0
