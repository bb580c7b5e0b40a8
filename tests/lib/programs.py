"""Programs that a test talks to while they run, none of which can hold it up."""

import contextlib
import subprocess
import threading

from checks import Failed


@contextlib.contextmanager
def running(command, limit_s=60.0, **options):
    """Starts a program (as subprocess.Popen) and yields it; it is killed at the end of the block.

    After `limit_s` it is killed in any case, so that whoever reads from it sees the end of its output instead of waiting
    for ever, and the check fails with the command's name.
    """
    with subprocess.Popen(command, **options) as process:
        late = threading.Event()

        def end():
            late.set()
            process.kill()

        timer = threading.Timer(limit_s, end)
        timer.daemon = True
        timer.start()
        failure = None
        try:
            yield process
        except Exception as error:  # what follows from the kill is not the reason
            if not late.is_set():
                raise
            failure = error
        finally:
            timer.cancel()
            process.kill()
        if late.is_set():
            raise Failed(f"{command} still ran after {limit_s} s and was killed") from failure
