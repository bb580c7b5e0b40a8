"""What the journals of orders and trades hold, read as any program could read them: from their payloads."""

import base64
import json

from checks import Failed, expect_equal
from wire import generate

engine_pb, application_pb = generate("examples/matching_engine/engine", "proto/application")

# Behind a writer that waits come its heartbeats only.
LAST_LOOKED_AT = 100


def read(server, journal, *flags):
    """Commands and WriterRecords, in the order of the journal."""
    done = server.cli("cat", journal, "--format", "json", *flags)
    if done.returncode != 0:
        raise Failed(f"cannot read the orders: {done.stderr.decode()}")
    for line in done.stdout.splitlines():
        transaction = json.loads(line)["transaction"]
        kind = application_pb.WriterRecord if "type" in transaction else engine_pb.Command
        yield kind.FromString(base64.b64decode(transaction["payload"]))


def last_command(server, journal):
    """The number of the newest order; 0: there is none among what stands there last."""
    numbers = [one.input_number for one in read(server, journal, "--from", f"-{LAST_LOOKED_AT}")
               if isinstance(one, engine_pb.Command)]
    return numbers[-1] if numbers else 0


def check_orders(server, journal, commands):
    """Each order once, the last one too, and no word of a writer behind a newer one's.

    A standby refuses what is doubled or missing, but nobody follows the last writer."""
    number, newest = None, (0, 0)
    for one in read(server, journal):
        if isinstance(one, engine_pb.Command):
            expect_equal(one.input_number, (number or one.input_number - 1) + 1,
                         f"journal {journal}: the order behind number {number}")
            number = one.input_number
        else:
            writer = (one.writer_generation, one.writer_epoch)
            expect_equal(writer >= newest, True, f"journal {journal}: {one.claimant} as {writer} comes behind {newest}")
            newest = writer
    expect_equal(number, commands, f"journal {journal}: the last order")


def trades_of(server, journal):
    """Every trade in the output journal, as it stands there."""
    done = server.cli("cat", journal, "--format", "json")
    if done.returncode != 0:
        raise Failed(f"cannot read the trades: {done.stderr.decode()}")
    return [json.loads(line)["transaction"]["payload"] for line in done.stdout.splitlines()]


def check_trades(seen, wanted, what):
    """Byte for byte; the first that differs is named."""
    def number(payload):
        return f"trade {engine_pb.Trade.FromString(base64.b64decode(payload)).trade_number}"
    for lsn, (one, other) in enumerate(zip(seen, wanted), 1):
        if one != other:
            raise Failed(f"{what}: {number(one)} stands at LSN {lsn}, in the quiet run {number(other)}")
    expect_equal(len(seen), len(wanted), f"{what}: number of trades")
