"""Three nodes with an etcd: they replicate, one is lost and another leads, all of it comes back."""

import json
import os
import signal
import subprocess
import tempfile

from case import SMALL, Skip, case, end_lsn, lines, run_ok
from checks import expect, expect_equal, expect_in, wait_until
from cluster import Cluster


def three_nodes(environment, **more):
    return environment.enter_context(Cluster(environment.programs, **more)).start()


def with_orders(environment, **more):
    cluster = three_nodes(environment, **more)
    run_ok(cluster.nodes[0], "journal", "create", "orders", *SMALL)
    cluster.wait_in_sync("orders", 3)
    return cluster


def append(cluster, first, last, *more, servers=None):
    """Appends by whatever node leads; the client is told all nodes, or those given."""
    done = subprocess.run([cluster.programs.client, "--server", servers or cluster.addresses, "append",
                           "orders", "--producer", "e2e", *more], input=lines(first, last),
                          capture_output=True, timeout=60, check=False)
    expect_equal(done.returncode, 0, f"exit code of append ({done.stderr.decode()})")
    return done


def read_all(node):
    return run_ok(node, "cat", "orders")


@case("three nodes: the leader is killed, another leads, and nothing that was acknowledged is missing")
def leader_killed(environment):
    cluster = with_orders(environment)
    append(cluster, 1, 2000)
    old = cluster.leader("orders")
    old.kill()
    new = cluster.wait_leader("orders", other_than=old)
    append(cluster, 2001, 3000)
    expect_equal(read_all(new), lines(1, 3000), "what the next leader gives back")
    old.start()
    cluster.wait_in_sync("orders", 3)
    expect_in("the ring is intact", old.wait_event("replica_loaded")["found"], "what the killed node found")


@case("three nodes: a node that lost its memory and its disk comes back empty and is sent everything")
def emptied_node(environment):
    cluster = with_orders(environment)
    append(cluster, 1, 3000)
    gone = next(n for n in cluster.nodes if n is not cluster.leader("orders"))
    gone.kill()
    gone.lose_memory()
    for path in gone.segment_files():
        os.unlink(path)
    append(cluster, 3001, 4000)
    gone.start()
    cluster.wait_in_sync("orders", 3)
    leader = cluster.leader("orders")
    run_ok(leader, "journal", "move-leader", "orders", "--to", gone.name)
    expect_equal(cluster.wait_leader("orders", other_than=leader), gone, "the new leader")
    expect_equal(read_all(gone), lines(1, 4000), "what the emptied node gives back")


@case("three nodes: a client that knows one node finds the leader, and goes on when it is moved")
def any_node_will_do(environment):
    cluster = with_orders(environment)
    leader = cluster.leader("orders")
    other = next(n for n in cluster.nodes if n is not leader)
    append(cluster, 1, 10, servers=other.address)
    run_ok(other, "journal", "move-leader", "orders", "--to", other.name)
    expect_equal(cluster.wait_leader("orders", other_than=leader), other, "the new leader")
    append(cluster, 11, 20, servers=leader.address)
    expect_equal(read_all(leader), lines(1, 20), "read through the node that leads no more")


@case("three nodes: SIGTERM hands the journal over, and the next leader needs no grace time")
def orderly_stop(environment):
    cluster = with_orders(environment)
    append(cluster, 1, 100)
    old = cluster.leader("orders")
    expect_equal(old.stop(), 0, "exit code of the leader")
    new = cluster.wait_leader("orders", other_than=old)
    expect(any("was handed over" in e["note"] for e in old.events("cluster")), f"no handover: {old.log_end()}")
    append(cluster, 101, 200)
    expect_equal(read_all(new), lines(1, 200), "what the next leader gives back")


@case("three nodes: a frozen leader is left behind, and stops when it wakes up and sees that")
def frozen_leader(environment):
    cluster = with_orders(environment)
    append(cluster, 1, 100)
    old = cluster.leader("orders")
    old.process.send_signal(signal.SIGSTOP)
    others = [n for n in cluster.nodes if n is not old]
    append(cluster, 101, 200, servers=",".join(n.address for n in others))
    old.process.send_signal(signal.SIGCONT)
    cluster.wait_in_sync("orders", 3)
    expect(cluster.leader("orders") is not old, "the frozen node does not lead")
    expect_equal(read_all(others[0]), lines(1, 200), "what is left")


@case("three nodes: all are killed at once, and with their memory nothing is lost")
def all_killed(environment):
    cluster = with_orders(environment)
    append(cluster, 1, 500)
    for node in cluster.nodes:
        node.kill()
    for node in cluster.nodes:
        node.spawn()
    for node in cluster.nodes:
        node.wait_serving()
    leader = cluster.wait_leader("orders")
    append(cluster, 501, 600)
    expect_equal(read_all(leader), lines(1, 600), "what all of them give back")
    expect_equal(end_lsn(leader), 600, "the last LSN")


@case("three nodes: members are added and removed by command, and a removed one's copy is given up")
def members(environment):
    cluster = with_orders(environment)
    leader = cluster.leader("orders")
    gone = next(n for n in cluster.nodes if n is not leader)
    said = run_ok(leader, "journal", "members", "orders", "--remove", gone.name).decode()
    expect_in(f"{gone.name} is no member of orders any more", said, "the answer")
    append(cluster, 1, 100)
    said = run_ok(gone, "journal", "members", "orders", "--add", gone.name).decode()
    expect_in(f"{gone.name} is a member of orders now", said, "the answer")
    cluster.wait_in_sync("orders", 3)


@case("a second process with a node's name makes the first one stop, with an exit code of its own")
def two_of_one_name(environment):
    cluster = three_nodes(environment, nodes=1)
    first = cluster.nodes[0]
    from cluster import Node  # pylint: disable=import-outside-toplevel
    second = environment.enter_context(Node(environment.programs, "n1", cluster.etcd))
    second.start()
    expect_equal(first.process.wait(20), 5, "exit code of the first")
    expect_in("was started again elsewhere", first.wait_event("node_replaced")["reason"], "its reason")


@case("a node refuses a data directory of another node, of another cluster, and of a node alone")
def foreign_directory(environment):
    cluster = three_nodes(environment, nodes=1)
    node = cluster.nodes[0]
    expect_equal(node.stop(), 0, "exit code")
    from cluster import Node  # pylint: disable=import-outside-toplevel
    other = environment.enter_context(Node(environment.programs, "n2", cluster.etcd))
    other.data_dir = node.data_dir
    code, log = other.run_to_end()
    expect_equal(code, 1, "exit code")
    expect_in("belongs to node n1, not to n2", log, "the reason")
    node.flags += ["--cluster", "elsewhere"]
    code, log = node.run_to_end()
    expect_equal(code, 1, "exit code")
    expect_in("there is no config document in etcd", log, "the reason")
    alone = environment.serving()
    expect_equal(alone.stop(), 0, "exit code")
    other.data_dir = alone.data_dir
    code, log = other.run_to_end()
    expect_equal(code, 1, "exit code")
    expect_in("belongs to a node alone", log, "the reason")


@case("a node waits for an etcd that is away, and joins once it answers")
def etcd_away(environment):
    cluster = environment.enter_context(Cluster(environment.programs, nodes=1))
    member = cluster.etcd.members[0]
    member.kill()
    node = cluster.nodes[0]
    node.spawn()
    expect_in("joins as soon as etcd answers", node.wait_event("waiting_for_config_store")["next"], "the log")
    cluster.etcd.restart(member)
    node.wait_serving()


@case("appends go on while etcd is away")
def appends_without_etcd(environment):
    cluster = with_orders(environment)
    leader = cluster.leader("orders")
    cluster.etcd.members[0].kill()
    append(cluster, 1, 1000, servers=leader.address)
    expect_equal(read_all(leader), lines(1, 1000), "what was appended meanwhile")


class Dev:
    """`ringjournal dev`, as a user runs it; `servers` is what it says to use."""

    def __init__(self, programs, *flags):
        self.process = subprocess.Popen([programs.client, "dev", *flags], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.lines = []
        self.read_until("Ctrl-C ends")
        self.servers = next(line for line in self.lines if "RINGJOURNAL_SERVER=" in line).split("=", 1)[1].strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)

    def read_until(self, words):
        """Its lines up to the one that holds these words."""
        while True:
            line = self.process.stdout.readline()
            expect(line, f"ringjournal dev ended: {''.join(self.lines)}")
            self.lines.append(line)
            if words in line:
                return line

    def pid_of(self, name):
        line = next(line for line in self.lines if line.startswith(name + " ") and "process" in line)
        return int(line.split("process ")[1].split(",")[0])


@case("ringjournal dev: a cluster in one command; one node is killed, its journal goes on, it comes back, it all goes away")
def dev_cluster(environment):
    programs = environment.programs

    def run(*arguments, stdin=b"", code=0):
        done = subprocess.run([programs.client, "--server", dev.servers, *arguments], input=stdin,
                              capture_output=True, timeout=60, check=False)
        expect_equal(done.returncode, code, f"exit code of {arguments} ({done.stderr.decode()})")
        return done.stdout.decode()

    with Dev(programs, "--nodes", "3", "--etcd-members", "1") as dev:
        expect_in("Healthy: 3 nodes, 0 journals", run("status"), "status")
        run("append", "payments", "--create", stdin=lines(1, 1000))
        expect_in("Healthy: 3 nodes, 1 journal, every copy in sync", run("status", "--wait", "healthy"), "status")
        leader = json.loads(run("-o", "json", "journal", "info", "payments"))["config"]["leader"]["node"]
        os.kill(dev.pid_of(leader), signal.SIGKILL)
        dev.read_until("it starts again")
        run("append", "payments", stdin=lines(1001, 1100))
        dev.read_until(f"{leader} serves again")
        run("status", "--wait", "healthy")
        expect_in("the same on 3 of 3 copies", run("peers", "hash", "payments"), "peers hash")
        expect_equal(run("cat", "payments"), lines(1, 1100).decode(), "what is kept")
        folder = os.path.dirname(os.path.dirname(next(l for l in dev.lines if ", log " in l).split(", log ")[1].strip()))
    expect(not os.path.exists(folder), f"{folder} went with the cluster")


@case("status of a cluster says what is wrong and what to do: a node is down, a journal has no leader")
def status_of_trouble(environment):
    cluster = with_orders(environment)
    others = [n for n in cluster.nodes if n is not cluster.leader("orders")]
    others[0].kill()
    said = wait_said(others[1], "2 of 3 copies in sync")
    expect_in([f"{others[0].name} is missing", "--add NODE", "down: cannot connect"], said, "status")
    cluster.leader("orders").kill()
    others[1].kill()
    others[0].lose_memory()
    others[0].start()
    said = wait_said(others[0], "has no leader")
    expect_in("ringjournal journal recover orders --lost NODE", said, "status")
    done = others[0].cli("status", "--wait", "healthy", "--timeout", "200ms")
    expect_equal(done.returncode, 1, "exit code of --wait that gave up")


def wait_said(node, words):
    """`status` of that node once it holds these words."""
    def said():
        out = node.cli("status").stdout.decode()
        return out if words in out else None
    return wait_until(f"status says '{words}'", said)


@case("an operator recovers a journal whose other copies are gone for good: a dry run first, then with a statement")
def operator_recovers(environment):
    cluster = with_orders(environment)
    append(cluster, 1, 500)
    leader = cluster.leader("orders")
    left = next(n for n in cluster.nodes if n is not leader)
    left.kill()
    append(cluster, 501, 600)
    for node in cluster.nodes:
        if node is not left:
            node.kill()
    gone = [n.name for n in cluster.nodes if n is not left]
    left.start()
    wait_said(left, "has no leader")
    lost = [word for name in gone for word in ("--lost", name)]
    said = run_ok(left, "journal", "recover", "orders", *lost).decode()
    expect_in(["Nothing was changed", f"would go on with the log of {left.name}", "--accept-loss-from"], said, "dry run")
    first = said.split("--accept-loss-from ")[1].split()[0]
    done = left.cli("journal", "recover", "orders", *lost, "--accept-loss-from", str(int(first) + 1), "--statement", "x")
    expect_equal(done.returncode, 4, f"exit code where less would be accepted ({done.stderr.decode()})")
    said = run_ok(left, "journal", "recover", "orders", *lost, "--accept-loss-from", first, "--statement", "scrapped").decode()
    expect_in("journal orders goes on", said, "recovery")
    info = json.loads(run_ok(left, "-o", "json", "journal", "info", "orders"))
    expect_equal(info["config"]["losses"][-1]["firstLsn"], first, "the loss report")


@case("bench failover: kills the leader and lets another lead, and measures what each client noticed")
def bench_failover(environment):
    done = subprocess.run([environment.programs.client, "bench", "failover", "--runs", "2", "--fault", "kill",
                           "--journals", "2", "--clients", "3", "--rate", "300", "-o", "json"],
                          capture_output=True, timeout=120, check=False)
    expect(done.returncode in (0, 1), f"exit code {done.returncode} is neither met nor missed: {done.stderr.decode()}")
    expect(done.stdout, f"it has no figures: {done.stderr.decode()}")
    (result,) = json.loads(done.stdout)
    expect_equal(result["fault"], "kill", "the fault")
    expect_equal([len(run) for run in result["gapsMs"]], [3, 3], "gaps of each run")
    gaps = [gap for run in result["gapsMs"] for gap in run]
    expect(all(0 < gap < 30000 for gap in gaps), f"gaps are times: {gaps}")
    expect_equal(result["clients"]["maxMs"], max(gaps), "the longest of them")
    expect_equal(done.returncode == 0, result["goal"]["met"], "the exit code says whether the goal was met")


@case("bench failover: a cut leader is left behind and comes back; nothing hears of a refusal")
def bench_failover_cut(environment):
    for fault in ("cut", "cut-out"):
        done = subprocess.run([environment.programs.client, "bench", "failover", "--runs", "2", "--fault", fault,
                               "--clients", "3", "--rate", "300", "-o", "json"],
                              capture_output=True, timeout=120, check=False)
        skip_without_cuts(done.stderr.decode())
        expect(done.returncode in (0, 1), f"exit code {done.returncode} is neither met nor missed: {done.stderr.decode()}")
        expect(done.stdout, f"it has no figures: {done.stderr.decode()}")
        (result,) = json.loads(done.stdout)
        expect_equal(result["fault"], fault, "the fault")
        expect_equal([len(run) for run in result["gapsMs"]], [3, 3], "gaps of each run")
        gaps = [gap for run in result["gapsMs"] for gap in run]
        # Nodes notice by a silence of 100 ms at least: who is told by the kernel is faster.
        expect(all(50 < gap < 30000 for gap in gaps), f"gaps are those of a silence: {gaps}")


@case("bench failover: a Ctrl-C in the middle of a cut prints what there is, and nothing is left")
def bench_failover_interrupted(environment):
    folder = environment.enter_context(tempfile.TemporaryDirectory())
    with subprocess.Popen([environment.programs.client, "bench", "failover", "--runs", "1000", "--fault", "cut",
                           "--clients", "2", "--rate", "300", "--data-dir", folder, "-o", "json"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as bench:
        try:
            said = ""
            for line in bench.stderr:
                said += line
                if "cut 1 of 1000" in line:
                    break
            skip_without_cuts(said)
            os.killpg(bench.pid, signal.SIGINT)  # as a terminal does
            figures, more = bench.communicate(timeout=30)
        finally:
            bench.kill()
    expect_equal(bench.returncode, 130, f"exit code ({said}{more})")
    (result,) = json.loads(figures)
    expect(1 <= result["runs"] < 1000, f"what was measured is printed: {figures}")
    expect_equal(os.listdir(folder), [], "what it leaves")


def skip_without_cuts(said):
    if "nodes cannot be cut off on this machine" in said:
        raise Skip(said)


@case("bench backup: troubles a backup, lets an emptied one catch up, and measures what clients noticed")
def bench_backup(environment):
    done = subprocess.run([environment.programs.client, "bench", "backup", "--runs", "1", "--bytes", "16MiB",
                           "--clients", "2", "--rate", "300", "-o", "json"],
                          capture_output=True, timeout=120, check=False)
    expect(done.returncode in (0, 1), f"exit code {done.returncode} is neither met nor missed: {done.stderr.decode()}")
    expect(done.stdout, f"it has no figures: {done.stderr.decode()}")
    result = json.loads(done.stdout)
    expect_equal([one["trouble"] for one in result["troubles"]], ["killed", "frozen", "slow", "catching up"], "what happened")
    # Frozen: nobody can be dropped before the grace is over.
    expect(result["troubles"][1]["waitsMs"][0] > 100, f"clients waited for a frozen backup: {result}")
    expect(int(result["catchUpBytes"]) >= 16 << 20 and result["catchUpMbPerS"] > 0, f"it caught up: {result}")


@case("clients of three nodes that all create one journal at one moment append to one and the same")
def created_by_all(environment):
    cluster = three_nodes(environment)
    for round_ in range(4):
        name = f"made{round_}"
        appends = [subprocess.Popen([cluster.programs.client, "--server", node.address, "append", name, "--create",
                                     "--level", "replicated"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE) for node in cluster.nodes]
        for i, process in enumerate(appends):
            process.stdin.write(b"of client %d\n" % i)
            process.stdin.close()
        for process in appends:
            said = process.stderr.read().decode()
            expect_equal(process.wait(60), 0, f"exit code of append --create to {name} ({said})")
        kept = run_ok(cluster.nodes[0], "cat", name).splitlines()
        expect_equal(sorted(kept), [b"of client 0", b"of client 1", b"of client 2"], f"what {name} holds")
        run_ok(cluster.nodes[0], "journal", "rm", name, "--yes")
