"""ringjournal for Python: libringjournal.so through ctypes. client/c/ringjournal.h says what each call does."""
import ctypes
import itertools
import os
from ctypes import POINTER, byref, c_char, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

APPLIED, NOT_APPLIED = 1, 2  # fates; 0: unknown
TRANSACTION, FINISHED = 1, 2  # steps; 0: nothing yet
WRITER_SILENT = 1  # step of a standby; 0: it follows
DEFAULT = -1  # timeout
_lib = ctypes.CDLL(os.environ.get("RINGJOURNAL_LIB", "libringjournal.so.1"))


class Error(Exception):
    """code: a number of ringjournal.h; name: its name."""

    def __init__(self, code, message):
        self.code, self.name = code, _lib.rj_code_name(code).decode()
        super().__init__(f"{self.name}: {message}")


def _struct(name, *fields):
    """A struct with a size, which is set; the fields that are not given are 0."""
    def init(self, **values):
        ctypes.Structure.__init__(self, struct_size=ctypes.sizeof(self), **values)
    return type(name, (ctypes.Structure,), {"_fields_": [("struct_size", c_uint32), *fields], "__init__": init})


class _Bytes(ctypes.Structure):
    _fields_ = [("data", c_void_p), ("size", c_size_t)]

    def __bytes__(self):
        return ctypes.string_at(self.data, self.size)


_ErrorOut = _struct("rj_error", ("code", c_int32), ("message", c_char * 1016))
Outcome = _struct("rj_outcome", ("fate", c_int32), ("code", c_int32), ("count", c_uint32), ("first_sequence", c_uint64),
                  ("first_lsn", c_uint64), ("index", c_uint64), ("chain", c_uint64), ("generation", c_uint32),
                  ("epoch", c_uint32), ("level", c_uint32), ("duplicate", c_uint32), ("memory_copies", c_uint32),
                  ("disk_copies", c_uint32))
WriterOptions = _struct("rj_writer_options", ("create", c_uint32), ("producer", c_char_p),
                        ("writer_generation", c_uint32), ("writer_epoch", c_uint32), ("level", c_uint32),
                        ("appends_in_flight_max", c_uint32), ("bytes_in_flight_max", c_uint64),
                        ("open_timeout_ns", c_int64), ("append_timeout_ns", c_int64), ("on_loss", c_void_p),
                        ("on_loss_user", c_void_p))
ReadOptions = _struct("rj_subscription_options", ("from_", c_uint32), ("from_value", c_uint64), ("from_id", _Bytes),
                      ("cursor", c_char_p), ("until_lsn", c_uint64), ("credit_bytes", c_uint64), ("follow", c_uint32),
                      ("durable_only", c_uint32), ("accept_generation", c_uint32), ("reserved", c_uint32))
_Read = _struct("rj_read_transaction", ("header_count", c_uint32), ("headers", c_void_p), ("payload", _Bytes),
                ("type", _Bytes), ("key", _Bytes), ("id", _Bytes), ("client_time_ns", c_uint64), ("lsn", c_uint64))
_Done = ctypes.CFUNCTYPE(None, c_void_p, POINTER(Outcome), POINTER(_ErrorOut))
_Apply = ctypes.CFUNCTYPE(c_int32, c_void_p, POINTER(_Read), c_void_p, POINTER(_ErrorOut))
_Machine = _struct("rj_state_machine", ("reserved", c_uint32), ("user", c_void_p), ("apply", _Apply),
                   ("digest", c_void_p), ("load", c_void_p))
StandbyOptions = _struct("rj_standby_options", ("ignore_checkpoints", c_uint32), ("name", c_char_p),
                         ("silent_after_ns", c_int64), ("heartbeat_ns", c_int64), ("digest_every", c_uint64),
                         ("effect_bytes_max", c_uint64), ("from_oldest", c_uint32), ("reserved", c_uint32),
                         ("writer", c_void_p))
TakeOverOptions = _struct("rj_take_over_options", ("force", c_uint32), ("reason", c_char_p),
                          ("replaces_only", c_uint32), ("replaces_generation", c_uint32),
                          ("replaces_epoch", c_uint32), ("no_writer", c_uint32))


class _Effect(ctypes.Structure):
    _fields_ = [("lsn", c_uint64), ("bytes", _Bytes)]


_Report = _struct("rj_takeover_report", ("verdict", c_uint32), ("journal", c_char_p), ("old_generation", c_uint32),
                  ("old_epoch", c_uint32), ("old_claimant", c_char_p), ("new_generation", c_uint32),
                  ("new_epoch", c_uint32), ("new_claimant", c_char_p), ("final_lsn", c_uint64), ("chain", c_uint64),
                  ("lost_from_lsn", c_uint64), ("lost_why", c_char_p), ("acted_lsn", c_uint64),
                  ("in_doubt", c_void_p), ("in_doubt_count", c_size_t), ("in_doubt_transactions", c_uint64),
                  ("in_doubt_exact", c_uint32), ("forced", c_uint32), ("effects", POINTER(_Effect)),
                  ("effect_count", c_size_t), ("cursor", c_char_p), ("text", c_char_p), ("replayed", c_uint64),
                  ("digests_compared", c_uint64), ("silence_ns", c_int64), ("fence_ns", c_int64),
                  ("replay_ns", c_int64), ("open_ns", c_int64))

for _name, _arguments in {
        "rj_client_open": (c_char_p, c_void_p, POINTER(c_void_p)),
        "rj_journal_open": (c_void_p, c_char_p, POINTER(c_void_p)),
        "rj_writer_open": (c_void_p, POINTER(WriterOptions), POINTER(c_void_p)),
        "rj_writer_append": (c_void_p, c_char_p, c_size_t, c_void_p, c_int64, POINTER(Outcome)),
        "rj_writer_append_async": (c_void_p, c_char_p, c_size_t, c_void_p, _Done, c_void_p),
        "rj_writer_flush": (c_void_p, c_uint32, c_int64),
        "rj_writer_last_sequence_at_open": (c_void_p, POINTER(c_uint64)),
        "rj_writer_close": (c_void_p,),
        "rj_subscription_open": (c_void_p, POINTER(ReadOptions), POINTER(c_void_p)),
        "rj_subscription_next": (c_void_p, c_int64, POINTER(c_int32), POINTER(_Read)),
        "rj_subscription_save_cursor": (c_void_p, c_char_p, c_size_t, c_void_p),
        "rj_standby_open": (c_void_p, POINTER(_Machine), POINTER(StandbyOptions), POINTER(c_void_p)),
        "rj_standby_follow": (c_void_p, c_int64, POINTER(c_int32)),
        "rj_standby_take_over": (c_void_p, POINTER(TakeOverOptions), c_int64, POINTER(c_void_p)),
        "rj_standby_close": (c_void_p,),
        "rj_promotion_get_report": (c_void_p, POINTER(_Report)),
        "rj_promotion_take_writer": (c_void_p, POINTER(c_void_p)),
        "rj_promotion_close": (c_void_p,),
        "rj_active_writer_append": (c_void_p, c_char_p, c_size_t, c_int64, POINTER(Outcome)),
        "rj_active_writer_mark_acted": (c_void_p, c_uint64),
        "rj_active_writer_flush_marks": (c_void_p, c_int64),
        "rj_active_writer_close": (c_void_p,)}.items():
    getattr(_lib, _name).argtypes = (*_arguments, POINTER(_ErrorOut))
_lib.rj_code_name.restype = c_char_p
_lib.rj_sink_put.argtypes = (c_void_p, c_char_p, c_size_t)
for _name in ("rj_client_close", "rj_journal_close", "rj_subscription_close"):
    getattr(_lib, _name).argtypes, getattr(_lib, _name).restype = (c_void_p,), None


def _call(name, *arguments):
    error = _ErrorOut()
    code = getattr(_lib, name)(*arguments, byref(error))
    if code != 0:
        raise Error(code, error.message.decode(errors="replace") or "an argument has a wrong size")


class _Handle:
    """Closed at the end of a `with`, or by close()."""

    def __init__(self, opener, *arguments):
        self.handle = c_void_p()
        _call(opener, *arguments, byref(self.handle))

    def close(self):
        handle, self.handle = self.handle, c_void_p()
        getattr(_lib, self._closer)(handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class _CheckedHandle(_Handle):
    """Closing it may be refused: it then stays open."""

    def close(self):
        _call(self._closer, self.handle)
        self.handle = c_void_p()


def _append(name, *arguments):
    """Returns the outcome once it is applied; else raises, with the outcome as `outcome`."""
    outcome = Outcome()
    try:
        _call(name, *arguments, byref(outcome))
    except Error as error:
        error.outcome = outcome
        raise
    return outcome


class Journal(_Handle):
    _closer = "rj_journal_close"

    def __init__(self, servers, name):
        client = c_void_p()
        _call("rj_client_open", servers.encode(), None, byref(client))
        try:
            super().__init__("rj_journal_open", client, name.encode())
        finally:
            _lib.rj_client_close(client)  # what was opened from it outlives it


class Writer(_CheckedHandle):
    """Any thread may use it. Callbacks run on its own thread, in the order of the appends."""
    _closer = "rj_writer_close"

    def __init__(self, journal, producer, **options):
        super().__init__("rj_writer_open", journal.handle, byref(WriterOptions(producer=producer.encode(), **options)))
        self._waiting, self._numbers = {}, itertools.count(1)
        self._done = _Done(lambda number, outcome, error: self._waiting.pop(number)(
            Outcome.from_buffer_copy(outcome.contents), error.contents.message.decode(errors="replace")))

    @property
    def last_sequence(self):
        """So many transactions of this producer were there when it was opened."""
        sequence = c_uint64()
        _call("rj_writer_last_sequence_at_open", self.handle, byref(sequence))
        return sequence.value

    def append(self, payload, timeout_ns=DEFAULT):
        """Returns the outcome once it is applied; else raises, with the outcome as `outcome`."""
        return _append("rj_writer_append", self.handle, payload, len(payload), None, timeout_ns)

    def append_async(self, payload, done):
        """done(outcome, message) is called once, unless this raises."""
        number = next(self._numbers)
        self._waiting[number] = done
        try:
            _call("rj_writer_append_async", self.handle, payload, len(payload), None, self._done, number)
        except Error:
            del self._waiting[number]
            raise

    def flush(self, level=0, timeout_ns=DEFAULT):
        _call("rj_writer_flush", self.handle, level, timeout_ns)


class Subscription(_Handle):
    """Iterates over (lsn, payload) up to the end; with follow=1, for ever. One thread at a time."""
    _closer = "rj_subscription_close"

    def __init__(self, journal, cursor=None, **options):
        super().__init__("rj_subscription_open", journal.handle, byref(ReadOptions(cursor=cursor, **options)))

    def next(self, timeout_ns=DEFAULT):
        """(lsn, payload), or None if the time is over or all is read."""
        step, read = c_int32(), _Read()
        _call("rj_subscription_next", self.handle, timeout_ns, byref(step), byref(read))
        return (read.lsn, bytes(read.payload)) if step.value == TRANSACTION else None

    def __iter__(self):
        return iter(self.next, None)

    def cursor(self):
        """Bytes for `cursor` of another subscription, which goes on there."""
        text = ctypes.create_string_buffer(512)
        _call("rj_subscription_save_cursor", self.handle, text, len(text), None)
        return text.value


class Standby(_CheckedHandle):
    """Follows a fenced journal and may take it over. apply(lsn, payload) gets each transaction once, on the thread
    that calls follow or take_over, and returns its effect as bytes; an exception ends the standby. One thread at a
    time."""
    _closer = "rj_standby_close"

    def __init__(self, journal, name, apply, **options):
        def run(_, read, sink, why):
            try:
                effect = apply(read.contents.lsn, bytes(read.contents.payload))
                return _lib.rj_sink_put(sink, effect, len(effect))
            except Exception as error:  # pylint: disable=broad-exception-caught  # none may leave a callback
                why.contents.message = repr(error).encode()[:1000]
                return 1
        self._apply = _Apply(run)
        super().__init__("rj_standby_open", journal.handle, byref(_Machine(apply=self._apply)),
                         byref(StandbyOptions(name=name.encode(), **options)))

    def follow(self, timeout_ns=DEFAULT):
        """True once nothing is heard of the writer; False if the time is over."""
        step = c_int32()
        _call("rj_standby_follow", self.handle, timeout_ns, byref(step))
        return step.value == WRITER_SILENT

    def take_over(self, timeout_ns=DEFAULT, **options):
        """Becomes the writer. WRITER_HELD or FENCED: somebody else came first, follow on."""
        promotion, report = c_void_p(), _Report()
        _call("rj_standby_take_over", self.handle, byref(TakeOverOptions(**options)), timeout_ns, byref(promotion))
        try:
            _call("rj_promotion_get_report", promotion, byref(report))
            return Takeover(promotion, report)
        finally:
            _call("rj_promotion_close", promotion)


class Takeover:
    """text: the report; effects: (lsn, bytes) of what is in doubt; final_lsn: mark it once they are brought about."""

    def __init__(self, promotion, report):
        self.text, self.final_lsn = report.text.decode(), report.final_lsn
        self.effects = [(effect.lsn, bytes(effect.bytes)) for effect in report.effects[:report.effect_count]]
        self.writer = ActiveWriter(promotion)


class ActiveWriter(_CheckedHandle):
    """The one writer of a fenced journal. Any thread may use it."""
    _closer = "rj_active_writer_close"

    def __init__(self, promotion):
        super().__init__("rj_promotion_take_writer", promotion)

    def append(self, payload, timeout_ns=DEFAULT):
        """As Writer.append. FENCED: somebody else has taken over; act on nothing any more."""
        return _append("rj_active_writer_append", self.handle, payload, len(payload), timeout_ns)

    def mark_acted(self, through_lsn):
        """The effects of everything up to there were brought about."""
        _call("rj_active_writer_mark_acted", self.handle, through_lsn)

    def flush_marks(self, timeout_ns=DEFAULT):
        _call("rj_active_writer_flush_marks", self.handle, timeout_ns)
