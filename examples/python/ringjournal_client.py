#!/usr/bin/python3
"""Appends and reads knowing only what the server says of itself. Usage: HOST:PORT append|read JOURNAL"""
import socket, struct, sys
try: from google.protobuf import descriptor_pb2, descriptor_pool, empty_pb2, message_factory
except ImportError: sys.exit("The package google.protobuf is missing: apt-get install python3-protobuf")
if len(sys.argv) != 4 or sys.argv[2] not in ("append", "read") or ":" not in sys.argv[1]: sys.exit(__doc__)
host, port = sys.argv[1].rsplit(":", 1)
try: server = socket.create_connection((host.strip("[]"), int(port)), timeout=30)
except (OSError, ValueError) as error:
    sys.exit(f"No ringjournald at {sys.argv[1]}: {error}. Start it, or correct HOST:PORT")
stream = server.makefile("rb")
def send(body): server.sendall(struct.pack("<I", len(body)) + body)
def receive(): return stream.read(struct.unpack("<I", stream.read(4))[0])
server.sendall(b"RINGJNL\x01")
send(b"\x12\x04\x08\x01\x10\x01")  # hello { protocol_min: 1 protocol_max: 1 }
receive()
send(b"\x4a\x00")                  # describe {}
reply = empty_pb2.Empty.FromString(receive()).UnknownFields()[0].data
described = next(f.data for f in empty_pb2.Empty.FromString(reply).UnknownFields() if f.field_number == 2)
pool = descriptor_pool.DescriptorPool()
for file in descriptor_pb2.FileDescriptorSet.FromString(described).file: pool.Add(file)
factory = message_factory.MessageFactory(pool)
ClientMessage, ServerMessage = (factory.GetPrototype(pool.FindMessageTypeByName("ringjournal.v1." + name))
                                for name in ("ClientMessage", "ServerMessage"))
def ask(**message):
    send(ClientMessage(**message).SerializeToString())
    while (reply := ServerMessage.FromString(receive())).WhichOneof("message") == "heartbeat": pass
    if reply.WhichOneof("message") == "error": sys.exit(reply.error.message)
    return reply

append, journal = sys.argv[2] == "append", sys.argv[3]
opened = ask(open={"journal": journal, "producer": "python" if append else "", "create": append}).open_reply
for number, line in enumerate(sys.stdin.buffer if append else (), opened.last_sequence + 1):
    ask(append={"first_sequence": number, "level": 3, "transactions": [{"payload": line.rstrip(b"\n")}]})
reply = None if append else ask(read={"from": {"oldest": True}, "credit_bytes": 1 << 20, "visibility": 1})
while reply and reply.WhichOneof("message") != "read_end":
    for entry in reply.read_data.entries.entries:
        for transaction in entry.transactions: sys.stdout.buffer.write(transaction.payload + b"\n")
    reply = ask(read_credit={"bytes": reply.ByteSize()})
