"""What was acknowledged, against what the log holds. Pure: no process, no socket.

Every payload says who wrote it, with which sequence, in which generation, so that a transaction
that was lost, doubled, changed or put in another place cannot pass for the right one.
"""

import collections
import hashlib

# An acknowledged append, as its client has noted it down. `generation` is that of the
# acknowledgement, `made_in` the one in which the payload was made.
Ack = collections.namedtuple(
    "Ack", "writer first_sequence count first_lsn index chain generation epoch level disk_copies made_in")

DISK_LEVEL = 3


def payload(writer, sequence, made_in):
    """Between 40 and 300 bytes that nobody else writes."""
    stamp = f"{writer}/{sequence}/{made_in}/"
    digest = hashlib.blake2b(stamp.encode(), digest_size=16).hexdigest()
    return (stamp + digest * (1 + digest.encode()[0] % 8)).encode()


def payloads(writer, first_sequence, count, made_in):
    return [payload(writer, first_sequence + i, made_in) for i in range(count)]


class Log:
    """A log as it was read from its oldest entry on. `problems` says what is wrong with it by itself."""

    def __init__(self, names):
        """`names`: producer id -> name, of those whose opening may have been read past."""
        self.problems = []
        self.end_lsn = 0       # last LSN
        self.transactions = 0
        self._by_lsn = {}      # first LSN -> (index, chain, writer, first sequence, payloads)
        self._names = dict(names)
        self._last_sequence = {}
        self._next_index = None
        self._epoch = (0, 0)

    def add(self, entry):
        """The next entry, as proto/entry.proto has it."""
        self._check_place(entry)
        if entry.count == 0:
            if entry.control.WhichOneof("record") == "producer_open":
                opened = entry.control.producer_open
                self._names[opened.producer_id or entry.index] = opened.name
            return
        bodies = [t.payload for t in entry.transactions]
        if len(bodies) != entry.count:
            self.problems.append(f"entry {entry.index} states {entry.count} transactions, holds {len(bodies)}")
        writer = self._names.get(entry.producer_id, f"producer {entry.producer_id}")
        self._check_sequence(entry, writer)
        self._check_payloads(entry, writer, bodies)
        self._by_lsn[entry.first_lsn] = (entry.index, entry.chain, writer, entry.first_sequence, bodies)
        self.end_lsn = entry.first_lsn + entry.count - 1
        self.transactions += entry.count

    def _check_place(self, entry):
        if self._next_index is None:
            self._next_index = entry.index
            self.end_lsn = entry.first_lsn - 1
        if entry.index != self._next_index:
            self.problems.append(f"entry {entry.index} stands where {self._next_index} is due")
        if entry.first_lsn != self.end_lsn + 1:
            self.problems.append(f"LSN {entry.first_lsn} follows {self.end_lsn}: a hole or a repeat")
        if (entry.generation, entry.epoch) < self._epoch:
            self.problems.append(f"entry {entry.index} is of an older epoch than the one before")
        self._epoch = (entry.generation, entry.epoch)
        self._next_index = entry.index + 1

    def _check_sequence(self, entry, writer):
        due = self._last_sequence.get(writer, 0) + 1
        if entry.first_sequence != due:
            self.problems.append(f"{writer}: sequence {entry.first_sequence} at LSN {entry.first_lsn}, "
                                 f"{due} is due: doubled, lost or out of order")
        self._last_sequence[writer] = entry.first_sequence + entry.count - 1

    def _check_payloads(self, entry, writer, bodies):
        for i, body in enumerate(bodies):
            parts = body.split(b"/", 3)
            made_in = int(parts[2]) if len(parts) == 4 and parts[2].isdigit() else 0
            if body != payload(writer, entry.first_sequence + i, made_in):
                self.problems.append(f"{writer}: payload of sequence {entry.first_sequence + i} "
                                     f"(LSN {entry.first_lsn + i}) was changed: {body[:60]!r}")

    def check_acks(self, acks):
        """What the log does not keep of `acks`, in sentences."""
        wrong = []
        for ack in acks:
            found = self._by_lsn.get(ack.first_lsn)
            wanted = payloads(ack.writer, ack.first_sequence, ack.count, ack.made_in)
            if found is None:
                wrong.append(f"lost: {ack}")
            elif found[2:] != (ack.writer, ack.first_sequence, wanted):
                wrong.append(f"changed: {ack}: the log has sequence {found[3]} of {found[2]}, "
                             f"{len(found[4])} transactions, first {found[4][0][:50]!r}")
            elif found[:2] != (ack.index, ack.chain):
                wrong.append(f"index or chain differ: {ack}: the log has {found[:2]}")
        return wrong


def read_log(entries, names):
    log = Log(names)
    for entry in entries:
        log.add(entry)
    return log
