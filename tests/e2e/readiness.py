"""readiness: what a failure of the node that leads would do, of one node and of a cluster that loses one after another."""

import json

from case import SMALL, case, lines, run_ok, run_refused
from checks import expect, expect_equal, expect_in
from cluster import Cluster
from fences import claim, fenced_journal


def readiness(server, *more, code=0, journal="orders"):
    """What `-o json readiness` says; it must end with this exit code."""
    done = server.cli("-o", "json", "readiness", journal, *more)
    expect_equal(done.returncode, code, f"exit code of readiness ({done.stdout.decode()}{done.stderr.decode()})")
    said = json.loads(done.stdout)
    expect_equal(said["ready"], code == 0, "ready, as the exit code says")
    return said


@case("readiness of three nodes: who takes over; with one killed it says fewer copies than wanted; with one left, nobody")
def nodes_are_lost(environment):
    cluster = environment.enter_context(Cluster(environment.programs)).start()
    run_ok(cluster.nodes[0], "journal", "create", "orders", *SMALL)
    cluster.wait_in_sync("orders", 3)
    leader = cluster.leader("orders")
    run_ok(leader, "append", "orders", stdin=lines(1, 500))
    others = [n for n in cluster.nodes if n is not leader]
    said = readiness(others[0], "--wait", "ready")
    expect_equal((said["leader"], sorted(said["nextLeaders"])), (leader.name, sorted(n.name for n in others)), "who leads")
    expect_equal((said["copiesInSync"], said["copiesWanted"], said["copiesBelowWanted"]), (3, 3, 0), "copies")
    expect_equal((said["transactionsKept"], said["replay"]["transactions"], said["inLeaderMemoryOnly"]),
                 ("500", "500", "0"), "transactions")
    expect([c["lag"] for c in said["copies"]] == [{"transactions": "0", "bytes": "0", "ms": "0"}] * 2, f"lag in {said}")
    expect(said["coldTakeoverMs"] >= said["fenceRoundTripMs"] > 0, f"times in {said}")
    expect_in("Ready: ", said["verdict"], "the verdict")

    others[0].kill()
    cluster.wait_in_sync("orders", 2)
    said = readiness(leader)
    expect_in(["fewer copies than wanted: 2 of 3", f"{others[0].name} is missing", f"{others[1].name} would take over"],
              said["verdict"], "with one backup killed")
    expect_equal((said["nextLeaders"], said["copiesBelowWanted"], said["degraded"]), ([others[1].name], 1, False), "who is left")
    text = run_ok(leader, "readiness", "orders").decode()
    expect_in([f"{others[0].name}: not in sync; away", "2 of 3 wanted", "holds everything"], text, "text")

    others[1].kill()
    cluster.wait_in_sync("orders", 1)
    said = readiness(leader, "--wait", "ready", "--timeout", "1ms", code=1)
    expect_in(["Not ready: nobody would take over", "1 of 3 copies in sync"], said["verdict"], "with both killed")
    expect_equal((said["nextLeaders"], said["degraded"], said["degradedPolicy"]), ([], True, "disk"), "what is left")

    others[0].start()
    said = readiness(leader, "--wait", "ready", "--timeout", "30s")
    expect_equal(said["nextLeaders"], [others[0].name], "once it is back")
    leader.kill()
    others[0].kill()
    others[1].start()
    said = readiness(others[1], code=1)
    expect_in("Not ready: journal orders has no leader", said["verdict"], "where nobody may lead")
    expect_equal((said["leader"], said["writer"], said["coldTakeoverMs"]), (None, None, None), "what is not known then")


@case("readiness of a node alone: nobody would take over, exit code 1; what is not on its disk, and who writes")
def alone(environment):
    server = environment.serving()
    fenced_journal(server)
    said = readiness(server, code=1)
    expect_in(["nobody would take over", "only copy", "not on its disk"], said["verdict"], "the verdict")
    expect_equal((said["copiesInSync"], said["copiesWanted"], said["nextLeaders"]), (1, 1, []), "copies")
    expect_equal((said["fenced"], said["writer"], said["transactionsKept"]), (True, None, "0"), "before anybody writes")
    claim(server, "engine-a")
    run_ok(server, "append", "orders", "--producer", "a", "--writer", "1.1", "--level", "disk", stdin=lines(1, 20))
    run_ok(server, "journal", "trim", "orders", "--before", "11")
    said = readiness(server, code=1)
    expect_equal((said["writer"]["writerEpoch"], said["writer"]["claimant"]), ("1.1", "engine-a"), "the writer")
    expect_equal(said["notOnLeaderDisk"], "0", "all of it is on the disk")
    text = server.cli("readiness", "orders").stdout.decode()
    expect_in(["Not ready: ", '"engine-a", writer epoch 1.1', "next leader            nobody"], text, "text")
    run_ok(server, "journal", "create", "fleeting", "--memory-only", *SMALL)
    said = readiness(server, code=1, journal="fleeting")
    expect_equal((said["notOnLeaderDisk"], said["memoryOnly"], said["fenced"]), (None, True, False), "of a memory-only journal")


@case("readiness: a journal that is not there, a state that there is none of, and a time without --wait are refused")
def refusals(environment):
    server = environment.serving()
    run_refused(server, 7, ['"none"', "journal ls"], "readiness", "none")
    run_refused(server, 7, ['"none"'], "readiness", "none", "--wait", "ready", "--timeout", "30s")
    run_refused(server, 2, ["steady"], "readiness", "orders", "--wait", "steady")
    run_refused(server, 2, ["--wait"], "readiness", "orders", "--timeout", "1s")
    run_refused(server, 2, ["JOURNAL"], "readiness")
    server.kill()
    run_refused(server, 3, [server.address], "readiness", "orders")
