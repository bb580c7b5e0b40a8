"""A pipe with a copy: what goes to one process also goes to a file, byte by byte the same."""

import os
import threading

CHUNK_BYTES = 1 << 16


class CopyingPipe(threading.Thread):
    """Copies `source` to the file `path` and to `target`, in this order, until `source` ends.

    `source` and `target` are binary files; `target` is closed at the end. `seen_last_line` is set
    once a line has passed that contains `last_words`, and the COMMIT line behind it.
    """

    def __init__(self, source, path, target, last_words):
        super().__init__(daemon=True)
        self._source, self._path, self._target = source, path, target
        self._last_words = last_words.encode()
        self._tail = b""
        self.lines = 0
        self.error = None
        self.seen_last_line = threading.Event()

    def run(self):
        try:
            with open(self._path, "wb") as copy:
                while chunk := os.read(self._source.fileno(), CHUNK_BYTES):
                    copy.write(chunk)
                    self._target.write(chunk)
                    self._target.flush()
                    self._look_at(chunk)
        except OSError as error:
            self.error = error
        finally:
            try:
                self._target.close()
            except OSError as error:
                self.error = self.error or error

    def _look_at(self, chunk):
        self.lines += chunk.count(b"\n")
        if self.seen_last_line.is_set():
            return
        text = self._tail + chunk
        at = text.find(self._last_words)
        if at < 0:
            self._tail = text[-len(self._last_words):]
            return
        self._tail = text[at:]
        if b"\nCOMMIT" in self._tail and self._tail.endswith(b"\n"):
            self.seen_last_line.set()
