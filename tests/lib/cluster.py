"""Several nodes of ringjournald with an etcd, under a test's control."""

import contextlib
import json

from checks import Failed, wait_until
from etcd import Etcd
from server import Server, free_port

HEALTHY_S = 30.0


class Node(Server):
    """One of several: its ports, folders and name stay when its process changes."""

    def __init__(self, programs, name, etcd, flags=(), host="127.0.0.1"):
        self.name = name
        self.peer_address = f"{host}:{free_port()}"
        super().__init__(programs, flags=["--node", name, "--etcd", etcd.endpoints,
                                          "--peer-listen", self.peer_address, *flags], host=host)


class Cluster(contextlib.ExitStack):
    """`nodes` named n1, n2, …, that serve one journal or more. Use it in a `with`."""

    def __init__(self, programs, nodes=3, members=1, flags=()):
        super().__init__()
        self.programs = programs
        self.etcd = self.enter_context(Etcd(members))
        self.nodes = [self.enter_context(Node(programs, f"n{i + 1}", self.etcd, flags))
                      for i in range(nodes)]

    def start(self):
        for node in self.nodes:
            node.spawn()
        for node in self.nodes:
            node.wait_serving()
        return self

    @property
    def addresses(self):
        return ",".join(node.address for node in self.nodes)

    def named(self, name):
        return next(node for node in self.nodes if node.name == name)

    def running(self):
        return [n for n in self.nodes if n.process is not None and n.process.poll() is None]

    def info(self, journal):
        """`journal info` of any node that answers; None if none does."""
        for node in self.running():
            done = node.cli("-o", "json", "journal", "info", journal, deadline_s=20)
            if done.returncode == 0:
                return json.loads(done.stdout)
        return None

    def leader(self, journal):
        """The node that leads, by the newest configuration; None while nobody does."""
        info = self.info(journal)
        name = info["config"].get("leader", {}).get("node", "") if info else ""
        return self.named(name) if name else None

    def wait_leader(self, journal, other_than=None):
        def led():
            leader = self.leader(journal)
            return leader if leader is not None and leader is not other_than else None
        return wait_until(f"journal {journal} has a leader", led, HEALTHY_S)

    def wait_in_sync(self, journal, copies):
        def in_sync():
            info = self.info(journal)
            full = info is not None and len(info["config"].get("isr", [])) == copies
            return info if full else None
        try:
            return wait_until(f"journal {journal} has {copies} copies in sync", in_sync, HEALTHY_S)
        except Failed as failed:
            logs = "\n".join(f"{n.name}: {n.log_end()}" for n in self.nodes)
            raise Failed(f"{failed}\n{self.info(journal)}\n{logs}") from failed
