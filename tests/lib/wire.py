"""The wire protocol in Python: a preface, frames of u32 length and one protobuf message.

Deliberately independent of the C++ client: it is made from proto/ alone, by protoc, at run time.
"""

import atexit
import importlib
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PREFACE = b"RINGJNL\x01"
DEADLINE_S = 30.0


def generate(*names):
    """Compiles .proto files of the project into a folder that goes with the process, and imports them."""
    folder = tempfile.mkdtemp(prefix="ringjournal-proto-")
    atexit.register(shutil.rmtree, folder, True)
    subprocess.run(["protoc", "-I", ROOT, "--python_out", folder, *(f"{n}.proto" for n in names)], check=True)
    sys.path.insert(0, folder)
    try:
        return [importlib.import_module(n.replace("/", ".") + "_pb2") for n in names]
    finally:
        sys.path.remove(folder)


try:
    import google.protobuf  # noqa: F401  pylint: disable=unused-import
except ImportError:
    # Another Python in front of Debian's does not see python3-protobuf.
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    raise

pb, entry_pb, config_pb = generate("proto/client", "proto/entry", "proto/config")


def frame(body):
    return struct.pack("<I", len(body)) + body


def client_message(**message):
    return pb.ClientMessage(**message).SerializeToString()


class Closed(Exception):
    """The server has ended the connection."""


class Refused(Exception):
    """The server answered with an ErrorReply."""

    def __init__(self, error):
        super().__init__(f"{pb.ErrorCode.Name(error.code)}: {error.message}")
        self.error = error
        self.code = pb.ErrorCode.Name(error.code)


class Connection:
    """One session. Blocking, with a deadline on every receive; one thread at a time receives."""

    def __init__(self, address, deadline_s=DEADLINE_S, hello=True):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=deadline_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._next_request = 1
        self.hello = None
        if hello:
            self.send_raw(PREFACE)
            self.hello = self.ask(hello=pb.Hello(protocol_min=1, protocol_max=1,
                                                 client_name="tests")).hello_reply

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send_raw(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Closed(str(error)) from error

    def send(self, **message):
        self.send_raw(frame(client_message(**message)))

    def request_id(self):
        self._next_request += 1
        return self._next_request

    def receive_raw(self):
        """Some bytes; raises Closed at the end of the stream."""
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionResetError as error:
            raise Closed(str(error)) from error
        if not data:
            raise Closed("end of stream")
        return data

    def receive(self):
        """The next ServerMessage."""
        while True:
            if len(self._buffer) >= 4:
                (length,) = struct.unpack_from("<I", self._buffer)
                if len(self._buffer) >= 4 + length:
                    body = bytes(self._buffer[4:4 + length])
                    del self._buffer[:4 + length]
                    return pb.ServerMessage.FromString(body)
            self._buffer += self.receive_raw()

    def receive_until_closed(self):
        """Everything that still comes, as raw bytes."""
        data = bytes(self._buffer)
        try:
            while True:
                data += self.receive_raw()
        except Closed:
            return data

    def ask(self, **message):
        """Sends one request and returns its answer; an ErrorReply is raised as Refused."""
        (request,) = message.values()
        request.request_id = self.request_id()
        self.send(**message)
        while True:
            reply = self.receive()
            if reply.WhichOneof("message") == "error":
                raise Refused(reply.error)
            if reply.WhichOneof("message") != "heartbeat":
                return reply

    def create(self, journal, **settings):
        """A journal with a small ring: a test's time goes into what it tests."""
        settings = {"ring_bytes": 1 << 20, "segment_bytes": 1 << 20, "producers_max": 100, **settings}
        return self.ask(journal_create=pb.JournalCreate(name=journal, settings=settings)).journal_reply

    def open(self, journal, producer="", **more):
        return self.ask(open=pb.Open(journal=journal, producer=producer, **more)).open_reply

    def append(self, payloads, first_sequence, level="REPLICATED", **more):
        """One append, waited for. Returns its AppendResult."""
        transactions = [entry_pb.Transaction(payload=p) for p in payloads]
        reply = self.ask(append=pb.Append(first_sequence=first_sequence, transactions=transactions,
                                          level=pb.Level.Value("LEVEL_" + level), **more))
        return reply.append_reply.results[0]

    def read(self, journal=None, from_lsn=None, follow=False, credit=32 << 20, until_lsn=None):
        """Yields the entries from `from_lsn` (or the oldest) on; ends with the server's ReadEnd.

        The ReadEnd is left in self.read_end.
        """
        if journal is not None:
            self.open(journal)
        position = pb.Position(lsn=from_lsn) if from_lsn else pb.Position(oldest=True)
        read = pb.Read(request_id=self.request_id(), follow=follow, credit_bytes=credit,
                       visibility=pb.VISIBILITY_COMMITTED)
        read.__getattribute__("from").CopyFrom(position)
        if until_lsn is not None:
            read.until.lsn = until_lsn
        self.read_end = None
        self.send(read=read)
        while True:
            reply = self.receive()
            kind = reply.WhichOneof("message")
            if kind == "error":
                raise Refused(reply.error)
            if kind == "read_end":
                self.read_end = reply.read_end
                return
            if kind != "read_data":
                continue
            self.send(read_credit=pb.ReadCredit(request_id=read.request_id, bytes=reply.ByteSize()))
            yield from reply.read_data.entries.entries
