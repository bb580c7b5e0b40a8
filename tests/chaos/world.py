"""Three nodes with an etcd, a network between them that can be cut, and a load: what a chaos run breaks."""

import contextlib
import json
import os
import random
import shutil
import subprocess
import time

from checks import Failed, wait_until
from cluster import Cluster, Node
from disks import Disk
from etcd import Etcd
from machines import Machines
from programs import running
from server import free_port
from spoken import Load, Network

JOURNAL = "orders"
# Small, so that rings wrap and segments change many times in a run: MiB of the ring, and of a segment.
SIZES = ((1, 1), (4, 2))
NODE_NAMES = ("n1", "n2", "n3")
NODES = len(NODE_NAMES)
SMALL_DISK_MIB = 192
HEALED_S = 60.0   # until all copies are in sync again
CAUGHT_UP_S = 30.0
LIMIT_S = 24 * 3600.0


class ChaosPrograms:
    """Where chaos_client, chaos_check, chaos_proxy and libchaos_disk.so are."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("chaos_client", "chaos_check", "chaos_proxy", "libchaos_disk.so"):
            if not os.access(os.path.join(folder, name), os.X_OK):
                raise Failed(f"{os.path.join(folder, name)} is missing. Build //tests/chaos/..., or say "
                             "where it is with --chaos-bin-dir")

    def __getitem__(self, name):
        return os.path.join(self.folder, name)


class ChaosNode(Node):
    """A node with a disk that can be slow and fail."""

    def __init__(self, programs, name, etcd, disk, flags=(), host="127.0.0.1", launcher=()):
        super().__init__(programs, name, etcd, flags, host)
        self.disk = disk
        self.launcher = [*launcher, *disk.launcher]
        self.etcd = etcd
        self.advertised = self.address
        self.replaced_disks = 0

    def twin(self):
        """Another process of its name, on the same machine."""
        return ChaosNode(self.programs, self.name, self.etcd, self.disk, host=self.address.rsplit(":", 1)[0],
                         launcher=self.launcher[:-len(self.disk.launcher)],
                         flags=[flag for flag in self.flags if flag == "--allow-remote"])


class ProxiedNode(ChaosNode):
    """Its neighbours, clients and etcd are behind ports of the proxy."""

    def __init__(self, programs, name, etcd_port, network_ports, disk):
        super().__init__(programs, name, Behind(etcd_port), disk, flags=[
            "--advertise", f"127.0.0.1:{network_ports['clients']}",
            "--peer-advertise", f"127.0.0.1:{network_ports['?']}"])
        self.advertised = f"127.0.0.1:{network_ports['clients']}"


class Behind:
    """What a node takes for an etcd: a port of the proxy."""

    def __init__(self, port):
        self.endpoints = f"http://127.0.0.1:{port}"


class World(Cluster):
    """Use it in a `with`. `folder` is where everything of it is until it ends."""

    def __init__(self, programs, chaos_programs, folder, options, seed):
        contextlib.ExitStack.__init__(self)
        self.programs = programs
        self.chaos_programs = chaos_programs
        self.folder = folder
        self.options = options
        self.seed = seed
        self.history = os.path.join(folder, "history")
        os.makedirs(self.history)
        self.etcd = None
        self.nodes = []
        self.network = None
        self.load = None
        self.ring_bytes = 0
        self.small_disks = options.small_disks
        self.losses_allowed = 0
        self.losses = []
        self.tails_at_lsn = 0  # every reader was seen there

    def __enter__(self):
        try:
            self._begin()
        except BaseException:
            self.close()
            raise
        return self

    def _begin(self):
        os.environ["TEST_TMPDIR"] = self.folder
        if self.options.netns:
            self._on_machines()
        else:
            self._behind_proxy()
        self.start()
        ring, segment = random.Random(self.seed).choice(SIZES)
        self.ring_bytes = ring << 20
        made = self.nodes[0].cli("journal", "create", JOURNAL, "--ring", f"{ring}MiB", "--segment", f"{segment}MiB")
        if made.returncode != 0:
            raise Failed(f"journal create: {made.stderr.decode()}")
        self.wait_in_sync(JOURNAL, NODES)
        self.load = Load(self._talk(
            "chaos_client", "--servers", self.advertised, "--journal", JOURNAL, "--history", self.history,
            "--rate", str(self.options.rate), "--seed", str(self.seed)))

    def _behind_proxy(self):
        self.etcd = self.enter_context(Etcd())
        links = []
        for name in NODE_NAMES:
            ports = {who: free_port() for who in ("?", "clients")}
            etcd_port = free_port()
            node = ProxiedNode(self.programs, name, etcd_port, ports, self._disk(name))
            self._add(node)
            links += [f"?:{name}:{ports['?']}:{node.peer_address.rsplit(':', 1)[1]}",
                      f"clients:{name}:{ports['clients']}:{node.address.rsplit(':', 1)[1]}",
                      f"{name}:etcd:{etcd_port}:{self.etcd.members[0].client_port}"]
        self.network = Network(self._talk("chaos_proxy", *links))

    def _on_machines(self):
        self.network = self.enter_context(Machines([*NODE_NAMES, "etcd"]))
        self.etcd = self.enter_context(Etcd(host=self.network.addresses["etcd"], launcher=self.network.launcher("etcd")))
        for name in NODE_NAMES:
            self._add(ChaosNode(self.programs, name, self.etcd, self._disk(name), flags=["--allow-remote"],
                                host=self.network.addresses[name], launcher=self.network.launcher(name)))

    def _disk(self, name):
        return Disk(self.folder, name, self.chaos_programs["libchaos_disk.so"])

    def _add(self, node):
        self.nodes.append(self.enter_context(node))
        if self.small_disks:
            self._mount_small(node.data_dir)

    def _mount_small(self, path):
        os.makedirs(path)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK_MIB}m", "ringjournal-chaos", path],
                              capture_output=True, check=False, text=True)
        if done.returncode != 0:
            raise Failed(f"no small file system can be mounted: {done.stderr.strip()}. Be root, or leave out the "
                         "fault full and --small-disks")
        self.callback(subprocess.run, ["umount", "--lazy", path], check=False)

    def _talk(self, program, *arguments):
        log = self.enter_context(open(os.path.join(self.folder, program + ".log"), "ab"))
        return self.enter_context(running(
            [self.chaos_programs[program], *arguments], limit_s=LIMIT_S, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=log, text=True))

    @property
    def advertised(self):
        return ",".join(node.advertised for node in self.nodes)

    # What faults are made of.

    def kill(self, node):
        node.kill()
        self.network.say(f"down {node.name}")

    def start_again(self, node):
        """Its ports answer as soon as it does: until then they refuse, as a machine without it."""
        node.spawn()
        self.network.say(f"up {node.name}")

    def heal(self):
        """Everybody runs and hears each other, and all copies are in sync again."""
        self.network.say("heal")
        for node in self.nodes:
            node.disk.heal()
        for node in self.nodes:
            if node.process.poll() is not None:
                self.start_again(node)
        for node in self.nodes:
            node.wait_serving()
        self.wait_in_sync(JOURNAL, NODES, HEALED_S)

    def wait_in_sync(self, journal, copies, deadline_s=HEALED_S):
        def in_sync():
            info = self.info(journal)
            if info is None or len(info["config"].get("isr", [])) != copies:
                return None
            # A replica that is named may be of a process that has just died.
            return info if info["config"].get("leader") else None
        return wait_until(f"{copies} copies are in sync again", in_sync, deadline_s, 0.02)

    # What is looked at while everything is healed.

    def rest(self):
        """No append is under way; returns the load's counts."""
        return self.load.say("rest")

    def check(self):
        """Reads everything from whoever leads and judges what clients saw. Returns its totals."""
        info = wait_until("journal info answers", lambda: self.info(JOURNAL), CAUGHT_UP_S)
        self.losses = info["config"].get("losses", [])
        self._tails_catch_up(int(info["watermarks"].get("end", {}).get("lsn", 0)))
        totals = self.judge()
        self._same_by_hash()
        return totals

    def _same_by_hash(self):
        """Every node holds the same up to what all know to be committed; a backup may hear of it a moment later."""
        def same():
            nonlocal done
            done = self.nodes[0].cli("peers", "hash", JOURNAL)
            if b"DIFFERENT" in done.stdout:
                raise Failed(f"peers hash: {done.stdout.decode()}")
            return done.returncode == 0 and f"the same on {NODES} of {NODES}".encode() in done.stdout
        done = None
        try:
            wait_until("all copies have the same hash", same, CAUGHT_UP_S, 0.05)
        except Failed as failed:
            raise Failed(f"{failed}: {done.stdout.decode()}{done.stderr.decode()}") from failed

    def _tails_catch_up(self, end_lsn):
        def caught_up():
            return min(self.load.say("counts")["tails"]) >= end_lsn
        wait_until(f"every tail reader is at LSN {end_lsn}", caught_up, CAUGHT_UP_S, 0.02)
        self.tails_at_lsn = end_lsn

    def judge(self):
        reports = os.path.join(self.folder, "reports")
        with open(reports, "w", encoding="ascii") as file:
            for loss in self.losses:
                verdicts = [loss.get(level, "").removeprefix("LOSS_VERDICT_").lower() or "unknown"
                            for level in ("received", "replicated", "disk", "diskQuorum")]
                print(loss["generation"], loss.get("firstLsn", 0), loss.get("knownCommittedLsn", 0),
                      *verdicts, file=file)
        done = subprocess.run(
            [self.chaos_programs["chaos_check"], "--servers", self.advertised, "--journal", JOURNAL,
             "--history", self.history, "--reports", reports, "--losses-allowed", str(self.losses_allowed),
             "--tails-at", str(self.tails_at_lsn)],
            capture_output=True, timeout=300, check=False, text=True)
        if done.returncode != 0:
            raise Failed(f"chaos_check ends with {done.returncode}:\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout.splitlines()[-1])

    # What is looked at at the end.

    def check_every_copy(self):
        """Each node leads once and gives back the same bytes; then files are verified, all stopped."""
        self.check()
        end = int(self.info(JOURNAL)["watermarks"]["end"]["lsn"])
        first = None
        for node in self.nodes:
            self.let_lead(node)
            self.judge()
            mine, error = self.export(node, end)
            if error:
                raise Failed(f"export from {node.name}: {error}")
            if first is None:
                first = (node.name, mine)
            elif mine != first[1]:
                at = next((i for i, (a, b) in enumerate(zip(mine, first[1])) if a != b), -1)
                raise Failed(f"the copies of {first[0]} and {node.name} differ, {len(first[1])} and "
                             f"{len(mine)} bytes, first at byte {at}: {first[0]}.entries, {node.name}.entries")
        return end

    def export(self, node, end):
        """What the node, which leads, gives of the journal up to that LSN, and why it gives no more or ""."""
        done = node.cli("export", JOURNAL, "--until", str(end), "-q")
        with open(os.path.join(self.folder, f"{node.name}.entries"), "wb") as file:  # for a bundle
            file.write(done.stdout)
        return done.stdout, done.stderr.decode() if done.returncode != 0 else ""

    def let_lead(self, node):
        def leads():
            if self.leader(JOURNAL) is node:
                return True
            self.nodes[0].cli("journal", "move-leader", JOURNAL, "--to", node.name)
            return self.leader(JOURNAL) is node
        wait_until(f"{node.name} leads", leads, HEALED_S, 0.05)
        self.wait_in_sync(JOURNAL, NODES)

    def stop_and_verify(self):
        """All stop in order; `verify` finds every file whole."""
        for node in self.nodes:
            code = node.stop()
            if code != 0:
                raise Failed(f"{node.name} stops with exit code {code}: {node.log_end()}")
        for node in self.nodes:
            done = node.cli("verify", os.path.join(node.data_dir, "journals"))
            if done.returncode != 0:
                raise Failed(f"verify of {node.name}'s files: {done.stdout.decode()}{done.stderr.decode()}")

    def keep(self, bundle):
        """Copies what explains a failure."""
        for node in self.nodes:
            folder = os.path.join(bundle, node.name)
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, "log"), "w", encoding="utf-8") as file:
                file.write(node.log())
            for name, path in (("data", node.data_dir), ("rings", node.ring_dir)):
                with contextlib.suppress(OSError, shutil.Error):
                    shutil.copytree(path, os.path.join(folder, name), dirs_exist_ok=True)
        if self.etcd is not None:
            for member in self.etcd.members:
                with contextlib.suppress(OSError):
                    shutil.copy(member.log_path, bundle)
        for name in os.listdir(self.folder):
            path = os.path.join(self.folder, name)
            if name == "history":
                shutil.copytree(path, os.path.join(bundle, name), dirs_exist_ok=True)
            elif os.path.isfile(path):
                shutil.copy(path, bundle)

    def describe(self, bundle):
        """What a node says about the journal while it is still there to be asked."""
        with contextlib.suppress(OSError, subprocess.SubprocessError, Failed):
            with open(os.path.join(bundle, "journal-info.json"), "w", encoding="utf-8") as file:
                json.dump(self.info(JOURNAL), file, indent=1)


def sleep(seconds):
    """The load goes on meanwhile: a length of a fault, nothing that a check depends on."""
    time.sleep(seconds)
