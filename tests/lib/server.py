"""ringjournald under a test's control: started, killed, restarted, its rings taken away."""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from checks import Failed, expect_equal, wait_until

START_S = 30.0
STOP_S = 30.0


ports_given = set()


def free_port():
    """A free port below the system's ephemeral range, each only once: most are bound later, and who
    is killed wants its own again.

    A client that retries on a dead server's ephemeral port may connect to itself and so take the
    port away from the server that comes back.
    """
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        low = int(file.read().split()[0])
    for _ in range(1000):
        port = random.randrange(max(1100, low - 20000), low)
        if port in ports_given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                ports_given.add(port)
                return port
            except OSError:
                continue
    raise Failed("no free port below the ephemeral range was found in 1000 tries")


class Programs:
    """Where ringjournald and ringjournal are."""

    def __init__(self, folder):
        self.server = os.path.join(folder, "ringjournald")
        self.client = os.path.join(folder, "ringjournal")
        for program in (self.server, self.client):
            if not os.access(program, os.X_OK):
                raise Failed(f"{program} is missing. Run ./dev build, or give --bin-dir")


class Server:
    """One ringjournald with its own data folder, ring folder and port. Use it in a `with`."""

    def __init__(self, programs, data_dir=None, port=None, flags=(), host="127.0.0.1"):
        self.programs = programs
        self.launcher = []  # what stands before the program: another that ends by becoming it
        self.folder = tempfile.mkdtemp(prefix="ringjournal-", dir=os.environ.get("TEST_TMPDIR"))
        self.data_dir = data_dir or os.path.join(self.folder, "data")
        shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else self.folder
        self.ring_dir = tempfile.mkdtemp(prefix="ringjournal-test-", dir=shared)
        self.address = f"{host}:{port or free_port()}"
        self.flags = list(flags)
        self.process = None
        self.start_s = 0.0
        self._log_start = 0
        self._address_file = os.path.join(self.folder, "address")
        self._log_path = os.path.join(self.folder, "log")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.ring_dir, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self):
        return [*self.launcher, self.programs.server, "--data-dir", self.data_dir, "--ring-dir", self.ring_dir,
                "--listen", self.address, "--address-file", self._address_file, *self.flags]

    def spawn(self):
        """Starts the process and does not wait."""
        if os.path.exists(self._address_file):
            os.unlink(self._address_file)
        self._log_start = len(self.log())
        with open(self._log_path, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)

    def start(self):
        started = time.monotonic()
        self.spawn()
        self.wait_serving()
        self.start_s = time.monotonic() - started
        return self

    def wait_serving(self):
        def serving():
            if self.process.poll() is not None:
                raise Failed(f"ringjournald ended at its start with code {self.process.returncode}: "
                             f"{self.log_end()}")
            return os.path.exists(self._address_file)
        wait_until("ringjournald serves", serving, START_S)

    def run_to_end(self):
        """Starts it and waits for its exit: for starts that must be refused. Returns (code, log)."""
        at = len(self.log())
        self.spawn()
        try:
            code = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired as error:
            raise Failed(f"ringjournald runs although it should have refused: "
                         f"{self.log_end()}") from error
        return code, self.log()[at:]

    def kill(self):
        """SIGKILL: it has no chance to write anything."""
        self.process.kill()
        expect_equal(self.process.wait(STOP_S), -signal.SIGKILL,
                     f"exit code after SIGKILL ({self.log_end()})")

    def stop(self):
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        return self.process.wait(STOP_S)

    def log(self):
        try:
            with open(self._log_path, "rb") as file:
                return file.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def log_end(self):
        return self.log()[-700:].strip()

    def events(self, name):
        """Every log line of one event of this process, as a dictionary of its fields."""
        lines = [line for line in self.log()[self._log_start:].splitlines() if f" event={name}" in line]
        return [dict((k, v.strip('"')) for k, v in
                     re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)', line)) for line in lines]

    def wait_event(self, name):
        """The newest event of this name; the log is written behind what it tells of."""
        return wait_until(f"event {name} is logged", lambda: self.events(name))[-1]

    def ring_files(self):
        return self._find(self.ring_dir, ".ring")

    def segment_files(self):
        return self._find(os.path.join(self.data_dir, "journals"), ".seg")

    @staticmethod
    def _find(folder, suffix):
        return sorted(os.path.join(at, name) for at, _, names in os.walk(folder)
                      for name in names if name.endswith(suffix))

    def lose_memory(self):
        """Takes the rings away: what is left is what another machine would find on the disk."""
        for path in self.ring_files():
            os.unlink(path)

    def client_command(self, *arguments):
        return [self.programs.client, "--server", self.address, *arguments]

    def cli(self, *arguments, stdin=b"", deadline_s=60):
        """Runs one command. Returns its CompletedProcess with bytes; any exit code."""
        return subprocess.run(self.client_command(*arguments), input=stdin, capture_output=True,
                              timeout=deadline_s, check=False)
