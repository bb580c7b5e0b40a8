"""A throw-away PostgreSQL 15 cluster: own directory, one Unix socket, no TCP."""

import glob
import os
import pwd
import signal
import subprocess

from process import StoryError, finish, run, wait_for

SETTINGS = {
    "wal_level": "logical",
    "listen_addresses": "",
    # A background transaction that straddles the end position would be decoded by halves.
    "autovacuum": "off",
    # While ringjournald is down the pipe is full, and the receiver cannot answer.
    "wal_sender_timeout": "0",
    "max_wal_size": "4GB",
}
READY_S = 60
STOP_S = 60


def find_programs():
    """The folder with initdb; Debian keeps it out of PATH."""
    for folder in sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True):
        if os.path.exists(os.path.join(folder, "initdb")):
            return folder
    raise StoryError("PostgreSQL is not installed: there is no /usr/lib/postgresql/*/bin/initdb. "
                     "Run ./dev setup, or: apt-get install postgresql-15")


class Cluster:
    """Owned by the caller, who stops it. `folder` must exist; everything is inside it."""

    def __init__(self, folder, children):
        self._programs = find_programs()
        self._folder = folder
        self._children = children
        self._process = None
        # PostgreSQL refuses to run as root.
        self._user = {}
        if os.geteuid() == 0:
            try:
                account = pwd.getpwnam("postgres")
            except KeyError as error:
                raise StoryError("PostgreSQL does not run as root and there is no user 'postgres'. "
                                 "Install postgresql-15 from Debian, or run as another user") from error
            os.chown(folder, account.pw_uid, account.pw_gid)
            self._user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def program(self, name):
        return os.path.join(self._programs, name)

    def environment(self):
        """For clients: where the server is; nothing of the caller's own PostgreSQL settings."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        return {**clean, "PGHOST": self._folder, "PGUSER": "postgres", "PGDATABASE": "postgres",
                "LC_ALL": "C"}

    def start(self):
        """Makes the cluster and returns when it takes connections."""
        data = os.path.join(self._folder, "data")
        environment = {**self.environment(), "HOME": self._folder}
        run([self.program("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
             "--no-locale"], env=environment, cwd=self._folder, **self._user)
        settings = {**SETTINGS, "unix_socket_directories": self._folder}
        flags = [word for k, v in settings.items() for word in ("-c", f"{k}={v}")]
        with open(os.path.join(self._folder, "postgres.log"), "wb") as log:
            self._process = self._children.start(
                [self.program("postgres"), "-D", data, *flags], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=environment, cwd=self._folder, **self._user)
        wait_for("PostgreSQL takes connections", self._is_ready, READY_S, self._process)

    def _is_ready(self):
        return subprocess.run([self.program("pg_isready"), "-q"], env=self.environment(),
                              stdin=subprocess.DEVNULL, check=False).returncode == 0

    def sql(self, statement):
        """One statement's result as text."""
        return run([self.program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", statement],
                   env=self.environment()).strip()

    def create_slot(self, name):
        self.sql(f"select pg_create_logical_replication_slot('{name}', 'test_decoding')")

    def receive(self, slot, stdout, end_position=None):
        """Starts pg_recvlogical on a slot; it writes the decoded lines to `stdout`.

        With an end position (as PostgreSQL prints it) it ends there by itself.
        """
        command = [self.program("pg_recvlogical"), "--slot", slot, "--start", "--no-loop", "-f", "-",
                   "-d", "postgres"]
        if end_position:
            command += ["--endpos", end_position]
        return self._children.start(command, stdin=subprocess.DEVNULL, stdout=stdout,
                                    stderr=subprocess.PIPE, env=self.environment())

    def bench(self, *arguments):
        """Starts pgbench."""
        return self._children.start([self.program("pgbench"), *arguments], stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                    env=self.environment())

    def end_of_load(self):
        """Writes a last transaction and returns the position behind it."""
        self.sql("select pg_logical_emit_message(true, 'ringjournal', 'end of load')")
        return self.sql("select pg_current_wal_flush_lsn()")

    def stop(self):
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # "fast": ends sessions, then exits
            finish(self._process, "PostgreSQL's shutdown", STOP_S)
