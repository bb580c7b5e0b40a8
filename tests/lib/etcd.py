"""A throw-away etcd on loopback: one member or three, quick elections, nothing kept."""

import http.client
import os
import shutil
import signal
import subprocess
import tempfile

from checks import Failed, wait_until
from server import free_port

HEARTBEAT_MS = 20
ELECTION_MS = 200
START_S = 20.0


class Member:
    """One process."""

    def __init__(self, folder, name, host="127.0.0.1", launcher=()):
        self.name = name
        self.host = host
        self.launcher = list(launcher)
        self.data_dir = os.path.join(folder, name)
        self.log_path = os.path.join(folder, name + ".log")
        self.client_port = free_port()
        self.peer_port = free_port()
        self.process = None

    @property
    def url(self):
        return f"http://{self.host}:{self.client_port}"

    @property
    def peer_url(self):
        return f"http://{self.host}:{self.peer_port}"

    def start(self, cluster):
        command = [*self.launcher, "etcd", "--name", self.name, "--data-dir", self.data_dir,
                   "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
                   "--listen-peer-urls", self.peer_url, "--initial-advertise-peer-urls", self.peer_url,
                   "--initial-cluster", cluster, "--initial-cluster-state", "new",
                   "--heartbeat-interval", str(HEARTBEAT_MS), "--election-timeout", str(ELECTION_MS),
                   "--log-level", "warn", "--unsafe-no-fsync"]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def healthy(self):
        if self.process.poll() is not None:
            with open(self.log_path, encoding="utf-8", errors="replace") as log:
                raise Failed(f"etcd {self.name} ended: {log.read()[-700:]}")
        connection = http.client.HTTPConnection(self.host, self.client_port, timeout=2)
        try:
            connection.request("GET", "/health")
            return b'"true"' in connection.getresponse().read()
        except OSError:
            return False
        finally:
            connection.close()

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()


class Etcd:
    """Use it in a `with`; `endpoints` is what ringjournald's --etcd takes."""

    def __init__(self, members=1, host="127.0.0.1", launcher=()):
        if shutil.which("etcd") is None:
            raise Failed("etcd is missing. ./dev setup installs it (Debian's etcd-server)")
        self.folder = tempfile.mkdtemp(prefix="ringjournal-etcd-", dir=os.environ.get("TEST_TMPDIR"))
        self.members = [Member(self.folder, f"etcd{i + 1}", host, launcher) for i in range(members)]

    def __enter__(self):
        for member in self.members:
            member.start(self._initial())
        for member in self.members:
            wait_until(f"etcd {member.name} is healthy", member.healthy, START_S)
        return self

    def __exit__(self, *_):
        for member in self.members:
            member.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _initial(self):
        return ",".join(f"{m.name}={m.peer_url}" for m in self.members)

    def restart(self, member):
        member.start(self._initial())

    @property
    def endpoints(self):
        return ",".join(m.url for m in self.members)
