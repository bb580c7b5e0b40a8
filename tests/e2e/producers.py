"""Producers of a journal: listed, shown and resolved on the command line and on the wire, through kills and restarts."""

import json

from case import SMALL, case, expect_refused, lines, run_ok, run_refused
from checks import expect_equal, expect_in
from cluster import Cluster
from wire import Connection, pb


def journal_with(server, *producers):
    run_ok(server, "journal", "create", "orders", *SMALL)
    for count, producer in enumerate(producers, 1):
        run_ok(server, "append", "orders", "--producer", producer, stdin=lines(1, count))


def listed(server, *more):
    answer = json.loads(run_ok(server, "-o", "json", "producer", "ls", "orders", *more))
    expect_equal(answer["journal"], "orders", "the journal")
    return answer["producers"]


def shown(server, producer):
    return json.loads(run_ok(server, "-o", "json", "producer", "show", "orders", producer))


@case("producer ls: each with its last sequence and place, in the order of names, as a table and as JSON")
def listing(environment):
    server = environment.serving()
    journal_with(server, "till-2", "till-1", "engine")
    expect_equal([p["name"] for p in listed(server)], ["engine", "till-1", "till-2"], "names")
    expect_equal([p["lastSequence"] for p in listed(server)], ["3", "2", "1"], "sequences")
    expect_equal([p["lastLsn"] for p in listed(server)], ["6", "3", "1"], "LSNs")
    expect_equal([p["open"] for p in listed(server)], [False] * 3, "nobody is connected")
    table = run_ok(server, "producer", "ls", "orders").decode().splitlines()
    expect_equal(len(table), 4, "lines")
    expect_in(["producer", "last sequence", "LSN", "session"], table[0], "headline")
    expect_equal(table[1].split()[0], "engine", "first")


@case("producer ls --prefix: only those; one that fits none says so on stderr, and nothing on stdout")
def prefixes(environment):
    server = environment.serving()
    journal_with(server, "till-2", "till-1", "engine")
    expect_equal([p["name"] for p in listed(server, "--prefix", "till-")], ["till-1", "till-2"], "names")
    expect_equal(listed(server, "--prefix", "engine-1"), [], "none")
    none = server.cli("producer", "ls", "orders", "--prefix", "x")
    expect_equal((none.returncode, none.stdout), (0, b""), "none is no error")
    expect_in(['begin with "x"', "producer ls orders"], none.stderr.decode(), "what it says")
    run_ok(server, "journal", "create", "empty", *SMALL)
    expect_in(["no producers yet"], server.cli("producer", "ls", "empty").stderr.decode(), "an empty journal")


@case("producer ls: whoever is connected as a producer is open, until it leaves or is fenced")
def sessions(environment):
    server = environment.serving()
    journal_with(server, "a")
    first, second = environment.connect(server), environment.connect(server)
    first.open("orders", "a")
    expect_equal((shown(server, "a")["open"], shown(server, "a")["epoch"]), (True, 2), "open")
    second.open("orders", "a")
    first.close()
    expect_equal(shown(server, "a")["open"], True, "its successor is")
    expect_in(["not applied"], run_ok(server, "producer", "resolve", "orders", "--producer", "a", "--sequence", "9",
                                      "--settle").decode(), "settled")
    expect_equal((shown(server, "a")["open"], shown(server, "a")["epoch"]), (False, 4), "fenced")


@case("producer show: what a program that was restarted had appended, also after a kill, a trim and a restart")
def restarted(environment):
    server = environment.serving()
    journal_with(server, "a", "b")
    before = shown(server, "b")
    expect_equal((before["lastSequence"], before["lastLsn"]), ("2", "3"), "before")
    run_ok(server, "journal", "trim", "orders", "--before", "4")
    server.kill()
    server.start()
    expect_equal(shown(server, "b"), before, "after")
    expect_in(["2, at LSN 3", "none open"], run_ok(server, "producer", "show", "orders", "b").decode(), "text")
    connection = environment.connect(server)
    connection.open("orders", "new")
    expect_in(["appended nothing yet"], run_ok(server, "producer", "show", "orders", "new").decode(), "a new one")


@case("producer show, ls: no such producer, no such journal and no names are refused, with what to do")
def refusals(environment):
    server = environment.serving()
    journal_with(server, "a")
    run_refused(server, 4, ['"b"', "orders", "producer ls orders"], "producer", "show", "orders", "b")
    run_refused(server, 4, ['""'], "producer", "show", "orders", "")
    run_refused(server, 7, ['"none"', "journal ls"], "producer", "show", "none", "a")
    run_refused(server, 7, ['"none"'], "producer", "ls", "none")
    run_refused(server, 2, ["PRODUCER"], "producer", "show", "orders")
    run_refused(server, 2, [], "producer")
    run_refused(server, 2, ["list"], "producer", "list-all", "orders")
    run_refused(server, 4, ['"b"'], "producer", "resolve", "orders", "--producer", "b", "--sequence", "1")


@case("producer resolve is resolve: the same answers in text and JSON")
def resolving(environment):
    server = environment.serving()
    journal_with(server, "a")
    for more in ([], ["--settle"]):
        for sequence in ("1", "2"):
            asked = ["orders", "--producer", "a", "--sequence", sequence, *more]
            expect_equal(run_ok(server, "producer", "resolve", *asked), run_ok(server, "resolve", *asked), f"{asked}")
            run_ok(server, "-o", "json", "producer", "resolve", *asked)
    expect_in(["is LSN 1"], run_ok(server, "producer", "resolve", "orders", "--producer", "a", "--sequence",
                                   "1").decode(), "applied")


@case("producers on the wire: pages go on where they ended; wrong requests are refused and the session lives on", beside=True)
def pages(environment):
    server = environment.serving()
    journal_with(server, "a", "b", "c")
    connection = environment.connect(server)
    expect_refused("NOT_OPEN", "open the journal", lambda: connection.ask(producer_list=pb.ProducerList()))
    connection.open("orders")
    names, start = [], ""
    while True:
        page = connection.ask(producer_list=pb.ProducerList(limit=2, **{"from": start})).producer_list_reply
        expect_equal(page.producer_count, 3, "of the journal")
        names += [p.producer.name for p in page.producers]
        start = page.next
        if not start:
            break
    expect_equal(names, ["a", "b", "c"], "all pages")
    odd = connection.ask(producer_list=pb.ProducerList(prefix="\0" * 5000, limit=4000000000)).producer_list_reply
    expect_equal(len(odd.producers), 0, "a prefix that no name can have")


@case("producer ls: two thousand producers, more than one answer names, all of them and each once")
def many(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", "--ring", "1MiB", "--segment", "1MiB", "--producers", "3000")
    wanted = [f"copy-{i:04}" for i in range(2000)]
    for name in wanted:
        with Connection(server.address) as connection:
            connection.open("orders", name)
    expect_equal([p["name"] for p in listed(server)], wanted, "names")
    expect_equal(len(listed(server, "--prefix", "copy-1")), 1000, "with a prefix")


@case("resolve --settle ends a session that is disconnected, too: it is refused when it comes back; its own opening is not")
def settled_while_away(environment):
    server = environment.serving()
    journal_with(server, "a")
    with Connection(server.address) as connection:
        held = connection.open("orders", "a", client_instance=7)
        connection.append([b"2"], 2)
    with Connection(server.address) as connection:  # of the next one it never hears
        connection.open("orders", "a", client_instance=7, producer_epoch=held.producer_epoch)
    with Connection(server.address) as connection:
        again = connection.open("orders", "a", client_instance=7, producer_epoch=held.producer_epoch)
        expect_equal(again.producer_epoch, held.producer_epoch + 2, "its own openings do not end it")
    expect_in("never will be", run_ok(server, "resolve", "orders", "--producer", "a", "--sequence", "3",
                                      "--settle").decode(), "settled")
    with Connection(server.address) as connection:
        error = expect_refused("FENCED", ["opened again since, or closed to settle"], lambda: connection.open(
            "orders", "a", client_instance=7, producer_epoch=again.producer_epoch))
        expect_equal(error.fenced.producer_epoch, again.producer_epoch + 1, "which epoch ended it")
    with Connection(server.address) as connection:
        expect_equal(connection.open("orders", "a", client_instance=7).last_sequence, 2, "anew, it may")


@case("producer ls asked of a node that does not lead goes to the one that does; the next leader knows them too")
def elsewhere(environment):
    cluster = environment.enter_context(Cluster(environment.programs)).start()
    first = cluster.nodes[0]
    run_ok(first, "journal", "create", "orders", *SMALL)
    cluster.wait_in_sync("orders", 3)
    run_ok(first, "append", "orders", "--producer", "a", stdin=lines(1, 5))
    said = [run_ok(node, "-o", "json", "producer", "ls", "orders") for node in cluster.nodes]
    expect_equal(len(set(said)), 1, "whoever is asked")
    old = cluster.leader("orders")
    old.kill()
    new = cluster.wait_leader("orders", other_than=old)
    expect_equal(run_ok(new, "-o", "json", "producer", "ls", "orders"), said[0], "after a failover")
