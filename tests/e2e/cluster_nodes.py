"""Three nodes with an etcd: they replicate, one is lost and another leads, all of it comes back."""

import os
import signal
import subprocess

from case import SMALL, case, end_lsn, lines, run_ok
from checks import expect, expect_equal, expect_in
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
