"""Network namespaces that stand for machines on one switch, and what the switch does not forward.

The test's own process is one of them, where its clients run too; nothing touches the network of the machine that it runs
on. A namespace lives as long as a process that only waits, and that ends with the test, however the test ends; nodes
that a killed test leaves behind keep theirs, as they keep their ports.
"""

import contextlib
import os
import shutil
import subprocess
import sys

from checks import Failed
from programs import running

INSIDE = "RINGJOURNAL_CHAOS_INSIDE"  # set: this process is in a namespace of its own
NETWORK = "10.77.0"
SWITCH = "bridge chaos"              # the table: family and name
BURST_BYTES = 32 * 1024


def why_not():
    """Why there can be no namespaces here; "" where there can."""
    for program in ("nft", "ip", "unshare", "nsenter"):
        if shutil.which(program) is None:
            return f"{program} is missing: ./dev setup installs it"
    tried = subprocess.run(
        ["unshare", "--net", "sh", "-c",
         "ip link add chaos-try type bridge && ip link add chaos-a type veth peer name chaos-b && "
         f"nft 'add table {SWITCH}; add chain {SWITCH} forward {{ type filter hook forward priority 0; }}'"],
        stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True)
    if tried.returncode == 0:
        return ""
    return f"namespaces, bridges or nft are not permitted here: {tried.stderr.strip() or tried.returncode}"


def go_inside():
    """Starts this program again in a namespace of its own, unless it is in one."""
    if os.environ.get(INSIDE):
        return
    os.environ[INSIDE] = "1"
    sys.stdout.flush()
    os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])


class Machines(contextlib.ExitStack):
    """`names` and "clients", which is this process. Use it in a `with`. Takes the commands of chaos_proxy's network, where
    real packets can obey them: no delay, but packets lost at random."""

    delays = False

    def __init__(self, names):
        super().__init__()
        self.names = [*names, "clients"]
        self.addresses = {name: f"{NETWORK}.{i + 1}" for i, name in enumerate(self.names)}
        self._pids = {}

    def __enter__(self):
        try:
            self._begin()
        except BaseException:
            self.close()
            raise
        return self

    def _begin(self):
        for name in ["switch", *self.names[:-1]]:
            holder = self.enter_context(running(
                ["unshare", "--net", "sh", "-c", "echo up; exec cat"], limit_s=24 * 3600.0, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True))
            if holder.stdout.readline() != "up\n":
                raise Failed(f"no network namespace for {name}: are you root?")
            self._pids[name] = holder.pid
        self._pids["clients"] = os.getpid()
        lines = ["link add switch type bridge", "link set switch up"]
        for name in self.names:
            # One of an earlier cluster of this run may still be there for a moment.
            inside = f"chaos{os.getpid() % 1000}-{self._pids['switch'] % 100000}" if name == "clients" else "eth0"
            lines += [f"link add to-{name} type veth peer name {inside} netns {self._pids[name]}",
                      # lint-allow: glossary: the word of ip for the bridge that a port belongs to
                      f"link set to-{name} master switch up"]
            self._in(name, "ip", "link", "set", "lo", "up")
            self._in("switch", "ip", "-batch", "-", text="\n".join(lines) + "\n")
            lines = []
            self._in(name, "ip", "-batch", "-",
                     text=f"addr add {self.addresses[name]}/24 dev {inside}\nlink set {inside} up\n")
        self._nft(f"add table {SWITCH}; add set {SWITCH} cuts {{ type ipv4_addr . ipv4_addr; }}; "
                  f"add chain {SWITCH} forward {{ type filter hook forward priority 0; }}")
        self.say("heal")

    def launcher(self, name):
        return ["nsenter", f"--net=/proc/{self._pids[name]}/ns/net"]

    def _in(self, name, *command, text=None):
        done = subprocess.run([*self.launcher(name), *command], input=text, capture_output=True, check=False, text=True)
        if done.returncode != 0:
            raise Failed(f"in the namespace of {name}, {' '.join(command)} ends with {done.returncode}: "
                         f"{done.stderr.strip()} {text or ''}")

    def _nft(self, text):
        self._in("switch", "nft", text)

    def _pairs(self, a, b):
        return [(self.addresses[x], self.addresses[y]) for x in (self.names if a == "*" else [a])
                for y in (self.names if b == "*" else [b]) if x != y]

    def say(self, command):
        """cut A B, rate A B BYTES_PER_S, drop A B PERCENT, heal; down and up do nothing: the kernel refuses for who is
        down. All of one command from one moment on."""
        words = command.split()
        if words[0] in ("down", "up"):
            return
        if words[0] == "heal":
            self._nft(f"flush set {SWITCH} cuts; flush chain {SWITCH} forward; "
                      f"add rule {SWITCH} forward ip saddr . ip daddr @cuts drop")
            return
        pairs = self._pairs(words[1], words[2])
        if words[0] == "cut":
            self._nft(f"add element {SWITCH} cuts {{ {', '.join(f'{a} . {b}' for a, b in pairs)} }}")
            return
        match = {"rate": "limit rate over {} bytes/second burst " + f"{BURST_BYTES} bytes",
                 "drop": "numgen random mod 100 < {}"}.get(words[0])
        if match is None:
            raise Failed(f"a network of namespaces does not know {command!r}")
        self._nft("; ".join(f"add rule {SWITCH} forward ip saddr {a} ip daddr {b} {match.format(words[3])} drop"
                            for a, b in pairs))


