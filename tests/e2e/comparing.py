"""Copies are compared: `ringjournal diff` on nodes, journals and files; and a config store that takes nothing."""

import http.client
import json
import os
import shutil

from case import SMALL, case, flip, lines, run_ok, run_refused
from checks import expect, expect_equal, expect_in
from cluster_nodes import append, read_all, with_orders


def diff(server, code, *arguments):
    """Returns what it says."""
    done = server.cli("diff", *arguments)
    expect_equal(done.returncode, code, f"exit code of diff {' '.join(arguments)} ({done.stdout} {done.stderr})")
    return done.stdout.decode()


def copy_of(server, name):
    path = os.path.join(server.folder, name)
    shutil.copytree(os.path.join(server.data_dir, "journals"), path)
    return path


def flip_payload_of(folder, number):
    """Flips a byte in the payload of this transaction, wherever it stands."""
    for root, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(root, name), "rb") as file:
                at = file.read().find(b"transaction %d " % number)
            if at >= 0:
                return flip(os.path.join(root, name), at)
    raise AssertionError(f"transaction {number} is in no file of {folder}")


@case("diff: the copies of three nodes are the same; one flipped byte of a node's files is found at its LSN")
def diff_of_nodes(environment):
    cluster = with_orders(environment)
    append(cluster, 1, 3000)
    run_ok(cluster.leader("orders"), "journal", "create", "beside", *SMALL)  # a directory of two journals
    node = next(n for n in cluster.nodes if n is not cluster.leader("orders"))
    for other in cluster.nodes:
        said = diff(node, 0, f"orders@{node.name}", f"orders@{other.name}")
        expect_in("same: 3000 transactions, LSN 1–3000, chain ", said, "two copies in memory")
    run_ok(cluster.leader("orders"), "checkpoint", "now", "orders")
    expect_equal(node.stop(), 0, "exit code of the node")
    good, bad = copy_of(node, "good"), copy_of(node, "bad")
    served = cluster.leader("orders")
    expect_in("same: 3000 transactions", diff(served, 0, good, "orders"), "files and what is served")
    flip_payload_of(bad, 1234)
    for a, b in ((bad, "orders"), (f"orders@{served.name}", bad)):
        said = diff(served, 1, a, b)
        expect_in(["different: LSN 1234 (entry ", "does not verify"], said, "a flipped byte")
    done = served.cli("-o", "json", "diff", bad, "orders")
    seen = json.loads(done.stdout)
    expect_equal((seen["same"], seen["difference"]["lsn"], seen["difference"]["a"]["verifies"]),
                 (False, "1234", False), "the difference as JSON")


@case("diff: exports, rings, ranges that one side has, copies in other journals, and what cannot be compared")
def diff_of_files(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    run_ok(server, "append", "orders", "--batch", "50", stdin=lines(1, 500))
    export = os.path.join(server.folder, "part")
    run_ok(server, "export", "orders", "--from", "101", "--until", "400", "--zstd", "--output", export)
    said = diff(server, 0, "orders", export)
    expect_in(["same: ", "only A: LSN 1–", "B begins later"], said, "a part")
    diff(server, 1, "orders", export, "--strict")
    (ring,) = server.ring_files()
    expect_in("same: 500 transactions, LSN 1–500", diff(server, 0, "orders", ring), "the ring's file")
    run_ok(server, "replay", "orders", "--into", "copy", "--create", "-q")
    expect_in("same: 500 transactions, LSN 1–500, range hash ", diff(server, 0, "orders", "copy"), "another journal")
    run_ok(server, "append", "orders", stdin=b"one more\n")
    run_ok(server, "append", "copy", stdin=b"another\n")
    said = diff(server, 1, "orders", "copy")
    expect_in(["different: LSN 501", "Both sides verify"], said, "another journal that goes its own way")
    jsonl = os.path.join(server.folder, "jsonl")
    run_ok(server, "export", "orders", "--format", "jsonl", "--output", jsonl)
    run_refused(server, 2, ["exports of entries"], "diff", "orders", jsonl)
    run_refused(server, 2, ["no segment (.seg) and no ring"], "diff", "orders", environment_folder(server))
    run_refused(server, 2, ["there is no such file"], "diff", "orders", "./nowhere")
    run_refused(server, 7, ["there is no journal"], "diff", "orders", "nowhere")


def environment_folder(server):
    path = os.path.join(server.folder, "empty")
    os.mkdir(path)
    return path


def alarm(etcd, action):
    """etcd's alarm for a full database: it takes no change until the alarm is off."""
    connection = http.client.HTTPConnection("127.0.0.1", etcd.members[0].client_port, timeout=10)
    connection.request("POST", "/v3/maintenance/alarm",
                       json.dumps({"action": action, "memberID": 0, "alarm": "NOSPACE"}))
    expect_equal(connection.getresponse().status, 200, f"etcd's answer to {action}")
    connection.close()


@case("etcd that takes no change: it is said and logged, appends go on, no byte is changed; all is well behind it")
def etcd_read_only(environment):
    cluster = with_orders(environment)
    append(cluster, 1, 100)
    alarm(cluster.etcd, "ACTIVATE")
    leader = cluster.leader("orders")
    run_refused(leader, 3, ["database space exceeded"], "journal", "create", "more", *SMALL)
    expect(any("has not said that journal more was changed" in e["note"] for e in leader.events("cluster")),
           f"nothing in the log: {leader.log_end()}")
    append(cluster, 101, 200)
    alarm(cluster.etcd, "DEACTIVATE")
    run_ok(leader, "journal", "create", "more", *SMALL)
    expect_equal(read_all(leader), lines(1, 200), "what was appended")
    run_ok(leader, "peers", "hash", "orders")
