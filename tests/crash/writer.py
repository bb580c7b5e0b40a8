"""A client that appends under load, survives the server's deaths, and notes every acknowledgement."""

import collections
import random
import threading

from history import Ack, payloads
from wire import Closed, Connection, Refused, entry_pb, pb

WINDOW = 12           # appends in flight
BATCH_MAX = 6         # transactions in one append
RETRY_S = 0.01
LEVELS = {"mixed": ["RECEIVED", "REPLICATED", "DISK"], "memory": ["RECEIVED", "REPLICATED"]}

# What a client was told about a loss: the detail of the error, and what it held above its start.
Told = collections.namedtuple("Told", "detail receipt acked_above")


class Batch:
    """One append; it keeps its boundaries for ever, its payload until it was lost."""

    def __init__(self, writer, first_sequence, count, level, generation):
        self.writer = writer
        self.first_sequence = first_sequence
        self.count = count
        self.level = level
        self.ack = None
        self.made_in = generation

    @property
    def last_sequence(self):
        return self.first_sequence + self.count - 1

    def message(self, request_id):
        bodies = payloads(self.writer, self.first_sequence, self.count, self.made_in)
        return pb.Append(request_id=request_id, first_sequence=self.first_sequence,
                         level=pb.Level.Value("LEVEL_" + self.level),
                         transactions=[entry_pb.Transaction(payload=p) for p in bodies])


class Gate:
    """Open while writers may be connected."""

    def __init__(self):
        self.condition = threading.Condition()
        self.is_open = False
        self.ended = False
        self.resting = False  # connected writers start nothing new

    def open(self):
        with self.condition:
            self.is_open = True
            self.condition.notify_all()

    def close(self, end=False):
        with self.condition:
            self.is_open = False
            self.ended = self.ended or end
            self.condition.notify_all()


class Writer(threading.Thread):
    """One producer. What it holds may be looked at while the gate is closed and `busy` is false."""

    def __init__(self, name, address, journal, gate, seed):
        super().__init__(name=name, daemon=True)
        self.address = address
        self.journal = journal
        self.gate = gate
        self.random = random.Random(seed)
        self.mode = "mixed"
        self.busy = False
        self.generation = 1        # of the last session
        self.accepted = 1          # newest generation whose loss was accepted
        self.batches = []
        self.told = []             # Told, one for each loss
        self.reports = []          # OpenReply.losses of the last session
        self.problems = []
        self.acked_in_session = 0
        self.resent = 0
        self.producer_id = None    # a loss may have taken the opening, and the next has another
        self._in_flight = collections.OrderedDict()  # request id -> batch

    def run(self):
        while True:
            with self.gate.condition:
                self.busy = False
                self.gate.condition.notify_all()
                self.gate.condition.wait_for(lambda: self.gate.is_open or self.gate.ended)
                if self.gate.ended:
                    return
                self.busy = True
                self.acked_in_session = 0
            try:
                self._session()
            except TimeoutError as error:
                self.problems.append(f"no answer: {error}")
                return self._give_up()
            except (Closed, ConnectionError):
                self._pause()
            except Exception as error:  # pylint: disable=broad-except
                self.problems.append(f"{type(error).__name__}: {error}")
                return self._give_up()

    def _pause(self):
        """Until the gate moves, or a moment later: a server that comes back tells nobody."""
        with self.gate.condition:
            self.gate.condition.wait(RETRY_S)

    def _give_up(self):
        with self.gate.condition:
            self.busy = False
            self.gate.condition.notify_all()

    def acks(self):
        return [b.ack for b in self.batches if b.ack is not None]

    def _session(self):
        with Connection(self.address) as connection:
            opened = self._open(connection)
            waiting = collections.deque(self._to_send(opened))
            self.resent += len(waiting)
            self._in_flight.clear()
            self.generation = opened.generation
            while self.gate.is_open or self._in_flight:
                while self._may_send(waiting):
                    self._send(connection, waiting.popleft() if waiting else self._new_batch())
                if self._in_flight:
                    self._take(connection.receive())
                else:
                    self._pause()  # resting

    def _may_send(self, waiting):
        return (self.gate.is_open and len(self._in_flight) < WINDOW and
                (waiting or not self.gate.resting))

    def _receipt(self):
        ack = max(self.acks(), key=lambda a: a.first_lsn, default=None)
        if ack is None:
            return None
        return pb.Receipt(journal_id=self.journal_id, generation=ack.generation, epoch=ack.epoch,
                          index=ack.index, last_lsn=ack.first_lsn + ack.count - 1, chain=ack.chain,
                          level=ack.level)

    def _open(self, connection):
        receipt = self._receipt()
        try:
            opened = connection.open(self.journal, self.name, last_receipt=receipt)
        except Refused as refused:
            if refused.code != "ERROR_CODE_DATA_LOSS":
                raise
            opened = self._accept_loss(connection, refused, receipt)
        else:
            self._must_not_have_lost(opened, receipt)
        self.journal_id = opened.journal_id
        self.producer_id = opened.producer_id
        self.accepted = opened.generation
        self.reports = list(opened.losses)
        return opened

    def _accept_loss(self, connection, refused, receipt):
        detail = refused.error.data_loss
        above = [a for a in self.acks() if a.first_lsn + a.count - 1 > detail.valid_end_lsn]
        self.told.append(Told(detail, receipt, above))
        while True:
            try:
                # A start that was killed itself may have begun one more generation.
                return connection.open(self.journal, self.name, last_receipt=receipt,
                                       accept_generation=detail.generation)
            except Refused as more:
                if (more.code != "ERROR_CODE_DATA_LOSS" or
                        more.error.data_loss.generation <= detail.generation):
                    raise
                detail = more.error.data_loss

    def _must_not_have_lost(self, opened, receipt):
        if receipt is None:
            return
        if opened.continuity == pb.CONTINUITY_DIVERGED:
            self.problems.append(f"receipt {receipt} diverged, and no loss was told")
        for report in opened.losses:
            if receipt.generation < report.generation and receipt.last_lsn >= report.first_lsn:
                self.problems.append(f"not told of the loss from LSN {report.first_lsn} on although "
                                     f"the receipt reaches {receipt.last_lsn}")

    def _to_send(self, opened):
        """Everything that is not acknowledged, or was and is gone, in its order."""
        todo = []
        for batch in self.batches:
            if batch.first_sequence <= opened.last_sequence:
                if batch.last_sequence > opened.last_sequence:
                    self.problems.append(f"half a batch was kept: {batch.first_sequence} to "
                                         f"{batch.last_sequence}, last is {opened.last_sequence}")
                if batch.ack is None:
                    todo.append(batch)
                continue
            if batch.ack is not None and opened.generation == batch.ack.generation:
                self.problems.append(f"acknowledged, but the producer ends at {opened.last_sequence} "
                                     f"in the same generation: {batch.ack}")
            if batch.made_in != opened.generation:
                batch.ack, batch.made_in = None, opened.generation
            todo.append(batch)
        return todo

    def _new_batch(self):
        first = self.batches[-1].last_sequence + 1 if self.batches else 1
        batch = Batch(self.name, first, self.random.randint(1, BATCH_MAX),
                      self.random.choice(LEVELS[self.mode]), self.generation)
        self.batches.append(batch)
        return batch

    def _send(self, connection, batch):
        request_id = connection.request_id()
        self._in_flight[request_id] = batch
        connection.send(append=batch.message(request_id))

    def _take(self, message):
        kind = message.WhichOneof("message")
        if kind == "error":
            raise Refused(message.error)
        if kind != "append_reply":
            return
        reply = message.append_reply
        for result in reply.results:
            batch = self._in_flight.pop(result.request_id)
            if result.level < pb.Level.Value("LEVEL_" + batch.level) or result.count != batch.count:
                self.problems.append(f"acknowledged below what was asked: {result} for {batch.level}")
            batch.ack = Ack(self.name, batch.first_sequence, batch.count, result.first_lsn,
                            result.index, result.chain, reply.generation, reply.epoch, result.level,
                            result.disk_copies, batch.made_in)
            self.acked_in_session += 1
