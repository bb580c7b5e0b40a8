"""Bytes that are no client's: each is answered readably, and nobody else notices."""

import http.client
import random
import socket
import ssl
import struct

from case import Bystander, case
from checks import expect, expect_equal, expect_in, wait_until
from wire import PREFACE, Closed, Connection, client_message, frame, pb

FRAME_LIMIT_BEFORE_HELLO = 4096
HELLO = frame(client_message(hello=pb.Hello(protocol_min=1, protocol_max=1, request_id=1)))


def answer_to(server, data):
    """Everything that the server answers until it closes the connection."""
    with Connection(server.address, hello=False) as connection:
        try:
            connection.send_raw(data)
        except Closed:
            pass
        return connection.receive_until_closed()


def messages_in(data):
    while data:
        (length,) = struct.unpack_from("<I", data)
        yield pb.ServerMessage.FromString(data[4:4 + length])
        data = data[4 + length:]


def last_error(data):
    message = list(messages_in(data))[-1]
    expect_equal(message.WhichOneof("message"), "error", "kind of the last message")
    return pb.ErrorCode.Name(message.error.code), message.error


def expect_ended_with(server, data, code, parts):
    """The session is ended, and its last frame says why."""
    seen, error = last_error(answer_to(server, data))
    expect_equal(seen, "ERROR_CODE_" + code, error.message)
    expect_in(parts, error.message, code)
    return error


@case("random bytes are told in one line that they are no client")
def random_bytes(environment):
    server = environment.serving()
    bystander = Bystander(environment, server)
    for seed in range(60):
        data = random.Random(seed).randbytes(1 + seed * 97)
        if PREFACE.startswith(data[:1]):
            continue
        said = answer_to(server, data).decode()
        expect_in(["ringjournal: ", "use a ringjournal client"], said, f"answer to seed {seed}")
        expect_equal(said.count("\n"), 1, "lines of the answer")
        bystander.goes_on()
    bystander.kept_everything()


@case("a wrong preface is told which version is spoken here")
def wrong_preface(environment):
    server = environment.serving()
    bystander = Bystander(environment, server)
    expect_in(["speaks protocol major 1", "the client 2"],
              answer_to(server, b"RINGJNL\x02" + HELLO).decode(), "other major version")
    expect_in("not a ringjournal client", answer_to(server, b"RINGJOURNAL 1").decode(), "wrong word")
    bystander.goes_on()


@case("HTTP is answered with a readable 400")
def http_request(environment):
    server = environment.serving()
    bystander = Bystander(environment, server)
    host, port = server.address.split(":")
    for method in ("GET", "POST", "HEAD", "DELETE"):
        browser = http.client.HTTPConnection(host, int(port), timeout=20)
        browser.request(method, "/")
        response = browser.getresponse()
        expect_equal(response.status, 400, f"status of {method}")
        if method != "HEAD":
            expect_in(["This is a ringjournal port, not an HTTP server", "ringjournal --server"],
                      response.read().decode(), f"body of {method}")
        browser.close()
        bystander.goes_on()


@case("a TLS hello is told that this port has no TLS")
def tls_hello(environment):
    server = environment.serving()
    bystander = Bystander(environment, server)
    outgoing = ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    expect_in(["does not speak TLS", "connect without it"], answer_to(server, outgoing.read()).decode(),
              "answer to a TLS hello")
    bystander.goes_on()


@case("a length over the limit ends the session and names the limit, before and after the hello")
def length_over_the_limit(environment):
    server = environment.serving()
    bystander = Bystander(environment, server)
    for length in (FRAME_LIMIT_BEFORE_HELLO + 1, 0x7FFFFFFF, 0xFFFFFFFF):
        error = expect_ended_with(server, PREFACE + struct.pack("<I", length), "TOO_LARGE",
                                  [str(length), "over the limit"])
        expect_equal(error.too_large.limit, FRAME_LIMIT_BEFORE_HELLO, "limit before the hello")
    limit = bystander.connection.hello.limits.frame_bytes_max
    error = expect_ended_with(server, PREFACE + HELLO + struct.pack("<I", limit + 1), "TOO_LARGE",
                              [str(limit + 1)])
    expect_equal(error.too_large.limit, limit, "limit after the hello")
    bystander.goes_on()


def append_frame(first_sequence=1, payload=b"cut"):
    return frame(client_message(append=pb.Append(request_id=9, first_sequence=first_sequence,
                                                 transactions=[{"payload": payload}])))


@case("a frame that is cut off and closed appends nothing, at every length")
def truncated_frame(environment):
    server = environment.serving()
    bystander = Bystander(environment, server)
    whole = append_frame()
    bystander.connection.create("cut")
    for length in range(len(whole)):
        with Connection(server.address) as connection:
            connection.open("cut", "cutter")
            connection.send_raw(whole[:length])
        bystander.goes_on()
    with Connection(server.address) as connection:
        wait_until("the cut sessions are gone",
                   lambda: connection.ask(status=pb.Status()).status_reply.sessions == 2)
        expect_equal(list(connection.read("cut")), [], "entries of the cut journal")


@case("a client that sends byte by byte is served like any other")
def byte_by_byte(environment):
    server = environment.serving()
    with Connection(server.address, hello=False) as connection:
        opening = frame(client_message(open=pb.Open(request_id=2, journal="slow", producer="p", create=True)))
        for byte in PREFACE + HELLO + opening + append_frame():
            connection.send_raw(bytes([byte]))
        kinds = [connection.receive().WhichOneof("message") for _ in range(3)]
        expect_equal(kinds, ["hello_reply", "open_reply", "append_reply"], "answers")


@case("a message of an unknown kind, and a frame that does not parse, end the session with the reason")
def unknown_message(environment):
    server = environment.serving()
    bystander = Bystander(environment, server)
    unknown = b"\xfa\x3e\x02\x08\x01"  # field 1007, a message
    expect_ended_with(server, PREFACE + HELLO + frame(unknown), "PROTOCOL",
                      ["unknown kind", "HelloReply.features"])
    expect_ended_with(server, PREFACE + HELLO + frame(b""), "PROTOCOL", "unknown kind")
    expect_ended_with(server, PREFACE + HELLO + frame(b"\xff" * 40), "PROTOCOL", "does not parse")
    bystander.goes_on()


@case("whatever comes before the hello is refused, and a second hello, and another protocol range")
def order_of_the_hello(environment):
    server = environment.serving()
    bystander = Bystander(environment, server)
    for early in (client_message(status=pb.Status(request_id=1)),
                  client_message(open=pb.Open(request_id=1, journal="x")),
                  client_message(append=pb.Append(first_sequence=1, transactions=[{"payload": b"x"}]))):
        expect_ended_with(server, PREFACE + frame(early), "PROTOCOL", "first message must be a hello")
    expect_ended_with(server, PREFACE + HELLO + HELLO, "PROTOCOL", "second hello")
    newer = frame(client_message(hello=pb.Hello(protocol_min=2, protocol_max=3)))
    expect_ended_with(server, PREFACE + newer, "PROTOCOL", ["speaks protocol 1", "2 to 3"])
    bystander.goes_on()


@case("400 connections that only connect, or only begin, leave nothing behind")
def idle_connections(environment):
    server = environment.serving()
    bystander = Bystander(environment, server)
    host, port = server.address.split(":")
    crowd = [socket.create_connection((host, int(port)), timeout=20) for _ in range(400)]
    for i, one in enumerate(crowd):
        one.sendall((PREFACE + HELLO + append_frame())[:i % 60])
    bystander.goes_on()
    for one in crowd:
        one.close()
    wait_until("only the bystander is left", lambda: bystander.connection.ask(
        status=pb.Status()).status_reply.sessions == 1)
    bystander.kept_everything()


@case("a connection beyond --sessions-max is told the limit and closed")
def sessions_limit(environment):
    server = environment.serving(flags=["--sessions-max", "2"])
    bystander = Bystander(environment, server)
    environment.connect(server)
    error = expect_ended_with(server, PREFACE + HELLO, "LIMIT", ["limit of 2 sessions", "--sessions-max"])
    expect(error.request_id == 0, "it is about the session")
    bystander.goes_on()
