"""ringjournal for Python: libringjournal.so through ctypes. client/c/ringjournal.h says what each call does."""
import ctypes
import itertools
import os
from ctypes import POINTER, byref, c_char, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

APPLIED, NOT_APPLIED = 1, 2  # fates; 0: unknown
TRANSACTION, FINISHED = 1, 2  # steps; 0: nothing yet
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
        "rj_subscription_save_cursor": (c_void_p, c_char_p, c_size_t, c_void_p)}.items():
    getattr(_lib, _name).argtypes = (*_arguments, POINTER(_ErrorOut))
_lib.rj_code_name.restype = c_char_p
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


class Journal(_Handle):
    _closer = "rj_journal_close"

    def __init__(self, servers, name):
        client = c_void_p()
        _call("rj_client_open", servers.encode(), None, byref(client))
        try:
            super().__init__("rj_journal_open", client, name.encode())
        finally:
            _lib.rj_client_close(client)  # what was opened from it outlives it


class Writer(_Handle):
    """Any thread may use it. Callbacks run on its own thread, in the order of the appends."""

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
        outcome = Outcome()
        try:
            _call("rj_writer_append", self.handle, payload, len(payload), None, timeout_ns, byref(outcome))
        except Error as error:
            error.outcome = outcome
            raise
        return outcome

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

    def close(self):
        _call("rj_writer_close", self.handle)
        self.handle = c_void_p()


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
