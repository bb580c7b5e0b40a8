"""Requests of a real client that are wrong: a typed error, and the session lives on."""

import struct

from case import Bystander, case, expect_refused
from checks import expect, expect_equal, expect_in
from wire import Connection, Refused, client_message, entry_pb, frame, pb


def field(number, wire_type, content):
    """One protobuf field; wire type 2 with its length (below 128), else as it is."""
    tag = number << 3 | wire_type
    head = bytes([tag]) if tag < 128 else bytes([tag & 0x7F | 0x80, tag >> 7])
    return head + (bytes([len(content)]) + content if wire_type == 2 else content)


def raw_append(connection, body):
    """Sends an Append of these bytes behind a request id, and returns the answer."""
    request_id = connection.request_id()
    connection.send_raw(frame(field(1, 2, field(1, 1, struct.pack("<Q", request_id)) + body)))
    reply = connection.receive()
    if reply.WhichOneof("message") == "error":
        raise Refused(reply.error)
    return reply


def resume(connection):
    return connection.ask(resume=pb.Resume()).resume_reply.expected_sequence


def opened(environment, server, journal="orders", producer="p"):
    connection = environment.connect(server)
    try:
        connection.create(journal)
    except Refused as refused:
        expect_equal(refused.code, "ERROR_CODE_JOURNAL_EXISTS", refused.error.message)
    connection.open(journal, producer)
    return connection


def lives_on(connection, sequence=1):
    """After a refusal: Resume, then an append as usual."""
    expect_equal(resume(connection), sequence, "expected sequence after Resume")
    expect_equal(connection.append([b"good"], sequence).count, 1, "transactions appended")


@case("a malformed transaction is refused with its position; the whole append is, the session is not")
def malformed_transaction(environment):
    server = environment.serving()
    bystander = Bystander(environment, server)
    connection = opened(environment, server)
    sequence = field(2, 1, struct.pack("<Q", 1))
    good = field(31, 2, field(1, 2, b"fine"))
    wrongs = {
        "its fields do not parse": field(31, 2, b"\x0a\x7fshort"),
        "its type is not UTF-8": field(31, 2, field(2, 2, b"\xff\xfe")),
        "a header does not parse": field(31, 2, field(6, 2, b"\x0a\x50x")),
        "it has too many headers": None,
    }
    for count, (what, wrong) in enumerate(wrongs.items(), 1):
        if wrong is None:
            heads = [entry_pb.Header(name="n", value=b"") for _ in range(65)]
            call = lambda: connection.ask(append=pb.Append(  # noqa: E731
                first_sequence=count, transactions=[{"payload": b"fine"}, {"headers": heads}]))
        else:
            call = lambda: raw_append(  # noqa: E731
                connection, field(2, 1, struct.pack("<Q", count)) + good + wrong)
        error = expect_refused("MALFORMED", [what, "transaction 1"], call)
        expect_equal(error.malformed.transaction, 1, "position")
        lives_on(connection, count)
    expect_refused("MALFORMED", "one run", lambda: raw_append(connection, good + sequence + good))
    expect_refused("BEHIND_REFUSED", "Resume", lambda: raw_append(connection, sequence + good))
    lives_on(connection, 5)
    expect_equal([t.payload for e in connection.read() for t in e.transactions], [b"good"] * 5,
                 "the journal")
    bystander.goes_on()


@case("a wrong CRC is refused with both sums", beside=True)
def wrong_crc(environment):
    server = environment.serving()
    connection = opened(environment, server)
    expect_refused("CHECKSUM", ["CRC32C deadbeef", "damaged on the way"],
                   lambda: connection.append([b"x"], 1, body_crc32c=0xDEADBEEF))
    lives_on(connection)


@case("an empty append is refused", beside=True)
def empty_append(environment):
    server = environment.serving()
    connection = opened(environment, server)
    expect_refused("EMPTY_APPEND", "send at least one", lambda: connection.append([], 1))
    lives_on(connection)


@case("what is over a limit is refused with the limit")
def too_large(environment):
    server = environment.serving()
    bystander = Bystander(environment, server)
    connection = environment.connect(server)
    connection.create("orders", ring_bytes=64 << 20)
    connection.open("orders", "p")
    limits = connection.hello.limits
    error = expect_refused("TOO_LARGE", str(limits.transaction_bytes_max),
                           lambda: connection.append([b"x" * (limits.transaction_bytes_max + 1)], 1))
    expect_equal(error.too_large.limit, limits.transaction_bytes_max, "limit of a transaction")
    resume(connection)
    expect_refused("TOO_LARGE", str(limits.transactions_per_append_max),
                   lambda: connection.append([b""] * (limits.transactions_per_append_max + 1), 1))
    lives_on(connection)
    with Connection(server.address) as other:
        other.create("tiny", ring_bytes=64 << 10)
        other.open("tiny", "p")
        expect_refused("TOO_LARGE", "this journal's ring takes at most",
                       lambda: other.append([b"x" * 70000], 1))
    bystander.goes_on()


@case("names that are not allowed are refused with the rule")
def names(environment):
    server = environment.serving()
    bystander = Bystander(environment, server)
    connection = environment.connect(server)
    for name in ("", ".", "..", "../orders", "a/b", ".hidden", "-x", "a b", "n\u00e4me", "x" * 101, "a\nb"):
        for call in (lambda: connection.ask(journal_create=pb.JournalCreate(name=name)),
                     lambda: connection.open(name, "p", create=True)):
            expect_refused("NAME_NOT_ALLOWED", "name of a journal is not allowed", call)
    expect_refused("NAME_NOT_ALLOWED", "producer name has 65 bytes",
                   lambda: connection.open("fine", "p" * 65, create=True))
    connection.open("fine", "p" * 64, create=True)
    bystander.goes_on()


@case("an unknown journal is refused with what to do, by each request that names one", beside=True)
def unknown_journal(environment):
    server = environment.serving()
    connection = environment.connect(server)
    for call in (lambda: connection.open("nowhere"),
                 lambda: connection.ask(journal_info=pb.JournalInfo(name="nowhere")),
                 lambda: connection.ask(journal_remove=pb.JournalRemove(name="nowhere")),
                 lambda: connection.ask(journal_trim=pb.JournalTrim(name="nowhere", before_lsn=1)),
                 lambda: connection.ask(checkpoint=pb.Checkpoint(name="nowhere")),
                 lambda: connection.ask(journal_set=pb.JournalSet(name="nowhere"))):
        expect_refused("JOURNAL_NOT_FOUND", ['"nowhere"', "journal ls"], call)


@case("settings out of range, fixed settings and a journal that exists are refused", beside=True)
def settings(environment):
    server = environment.serving(flags=["--ring-total", "64MiB"])
    connection = environment.connect(server)

    def create(name, **values):
        return connection.ask(journal_create=pb.JournalCreate(name=name, settings=values))
    expect_refused("BAD_SETTING", "ring_bytes", lambda: create("a", ring_bytes=100000))
    expect_refused("BAD_SETTING", "ring_bytes", lambda: create("a", ring_bytes=1 << 50))
    expect_refused("BAD_SETTING", "segment_bytes", lambda: create("a", segment_bytes=1))
    expect_refused("LIMIT", "--ring-total", lambda: create("a", ring_bytes=64 << 20))
    create("a", ring_bytes=1 << 20)
    expect_refused("JOURNAL_EXISTS", '"a" exists already', lambda: create("a", ring_bytes=1 << 20))
    expect_refused("BAD_SETTING", "fixed when a journal is created", lambda: connection.ask(
        journal_set=pb.JournalSet(name="a", settings={"ring_bytes": 2 << 20}, fields=["ring_bytes"])))
    expect_refused("BAD_SETTING", "", lambda: connection.ask(
        journal_set=pb.JournalSet(name="a", settings={}, fields=["colour"])))


@case("appending or reading without an open journal is refused; a second journal on one session, too", beside=True)
def not_open(environment):
    server = environment.serving()
    connection = environment.connect(server)
    expect_refused("NOT_OPEN", "open a journal", lambda: connection.append([b"x"], 1))
    resume(connection)
    expect_refused("NOT_OPEN", "open a journal", lambda: list(connection.read()))
    connection.create("orders")
    connection.open("orders")
    expect_refused("NOT_OPEN", "producer name", lambda: connection.append([b"x"], 1))
    expect_refused("PROTOCOL", "has a journal already", lambda: connection.open("other", create=True))


@case("a sequence out of order is told the expected one; what is pipelined behind it is refused until Resume", beside=True)
def out_of_order(environment):
    server = environment.serving()
    connection = opened(environment, server)
    connection.append([b"1", b"2"], 1)
    for first, count in ((4, 1), (2, 3)):
        error = expect_refused("OUT_OF_ORDER", ["send from 3 on"],
                               lambda: connection.append([b"x"] * count, first))
        expect_equal(error.out_of_order.expected_sequence, 3, "expected sequence")
        expect_refused("BEHIND_REFUSED", "Resume", lambda: connection.append([b"3"], 3))
        expect_equal(resume(connection), 3, "expected sequence after Resume")
    again = connection.append([b"1", b"2"], 1)
    expect((again.duplicate, again.first_lsn, again.count) == (True, 1, 2), f"a resend: {again}")
    lives_on(connection, 3)


@case("an expected LSN that is not the next is refused with the actual one", beside=True)
def expected_lsn(environment):
    server = environment.serving()
    connection = opened(environment, server)
    connection.append([b"1"], 1, expected_lsn=1)
    error = expect_refused("EXPECTED_LSN", ["expects LSN 5", "next one is 2"],
                           lambda: connection.append([b"2"], 2, expected_lsn=5))
    expect_equal(error.expected_lsn.actual_lsn, 2, "actual LSN")
    lives_on(connection, 2)


@case("an older session of a producer is fenced by a newer one", beside=True)
def fenced(environment):
    server = environment.serving()
    old = opened(environment, server)
    old.append([b"1"], 1)
    new = opened(environment, server)
    error = expect_refused("FENCED", ['"p" was opened again'], lambda: old.append([b"2"], 2))
    expect_equal((error.fenced.by, error.fenced.producer_epoch), ("p", 2), "who fenced it")
    expect_equal(new.append([b"2"], 2).first_lsn, 2, "LSN of the newer session")


@case("a level that is not offered is refused with the reason", beside=True)
def levels(environment):
    server = environment.serving()
    connection = environment.connect(server)
    connection.create("ram", memory_only=True)
    connection.open("ram", "p")
    for level in ("DISK", "DISK_QUORUM"):
        expect_refused("LEVEL_NOT_OFFERED", "memory-only", lambda: connection.append([b"x"], 1, level))
        resume(connection)
    expect_refused("LEVEL_NOT_OFFERED", "level 9 is unknown", lambda: raw_append(
        connection, field(2, 1, struct.pack("<Q", 1)) + field(3, 0, b"\x09") + field(31, 2, field(1, 2, b"x"))))
    lives_on(connection)
    expect_refused("LEVEL_NOT_OFFERED", "memory-only",
                   lambda: connection.ask(checkpoint=pb.Checkpoint(name="ram")))


@case("a producer beyond the journal's limit is refused with the limit", beside=True)
def producers_limit(environment):
    server = environment.serving()
    connection = environment.connect(server)
    connection.create("few", producers_max=2)
    for i in range(2):
        opened(environment, server, "few", f"p{i}")
    expect_refused("LIMIT", "limit of 2 producers", lambda: opened(environment, server, "few", "p3"))
    opened(environment, server, "few", "p1")


@case("a read from where nothing is any more, and by an id that nobody has, says so", beside=True)
def reads(environment):
    server = environment.serving()
    connection = opened(environment, server)
    for i in range(10):
        connection.append([b"%d" % i], i + 1)
    connection.ask(journal_trim=pb.JournalTrim(name="orders", before_lsn=6))
    expect_equal(list(connection.read(from_lsn=2)), [], "entries from LSN 2")
    expect_equal((pb.ReadEnd.Reason.Name(connection.read_end.reason), connection.read_end.resume_lsn),
                 ("REASON_TRIMMED", 6), "end of the read")
    expect_in("trimmed", connection.read_end.message, "message")
    read = pb.Read(credit_bytes=1000)
    read.__getattribute__("from").transaction_id = b"x"
    expect_refused("TRANSACTION_NOT_FOUND", "has the id", lambda: connection.ask(read=read))


@case("the server describes itself: a client made from its descriptor alone appends and reads")
def describe(environment):
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    server = environment.serving()
    with Connection(server.address) as asker:
        reply = asker.ask(describe=pb.Describe()).describe_reply
    files = descriptor_pb2.FileDescriptorSet.FromString(reply.file_descriptor_set)
    pool = descriptor_pool.DescriptorPool()
    for one in files.file:
        pool.Add(one)
    message = message_factory.MessageFactory(pool).GetPrototype(
        pool.FindMessageTypeByName("ringjournal.v1.ClientMessage"))
    stranger = environment.connect(server)
    for request in (message(open={"request_id": 5, "journal": "orders", "producer": "p", "create": True}),
                    message(append={"request_id": 6, "first_sequence": 1,
                                    "transactions": [{"payload": b"from the descriptor"}]})):
        stranger.send_raw(frame(request.SerializeToString()))
        expect(stranger.receive().WhichOneof("message") in ("open_reply", "append_reply"), "its answer")
    expect_equal([t.payload for e in stranger.read() for t in e.transactions], [b"from the descriptor"],
                 "the journal")
    expect(client_message(describe=pb.Describe()), "a message")
