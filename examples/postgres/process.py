"""Child processes with deadlines: each is ended by its own handle, and none is forgotten."""

import subprocess
import time

POLL_S = 0.02


class StoryError(Exception):
    """Something did not go as it must; the message says what, why and what to look at."""


def wait_for(what, seen, deadline_s, process=None):
    """Calls seen() until it returns something true, and returns that.

    Fails after `deadline_s` seconds, or at once if `process` has ended.
    """
    end = time.monotonic() + deadline_s
    while True:
        result = seen()
        if result:
            return result
        if process is not None and process.poll() is not None:
            raise StoryError(f"{what}: the process ended with code {process.returncode} before that")
        if time.monotonic() > end:
            raise StoryError(f"{what}: not within {deadline_s} s")
        time.sleep(POLL_S)


def run(command, deadline_s=120, **more):
    """Runs to the end and returns stdout; fails with stderr's end if it does not return 0."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=deadline_s, check=False, **more)
    except subprocess.TimeoutExpired as error:
        raise StoryError(f"{command[0]}: not finished within {deadline_s} s") from error
    if done.returncode != 0:
        raise StoryError(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr.strip()[-2000:]}")
    return done.stdout


class Children:
    """Every process that was started; stop_all() ends those that still run."""

    def __init__(self):
        self._processes = []

    def start(self, command, **more):
        process = subprocess.Popen(command, **more)
        self._processes.append(process)
        return process

    def stop_all(self, grace_s=10):
        """Ends the youngest first, since it may use an older one."""
        for process in reversed(self._processes):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(grace_s)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def finish(process, what, deadline_s):
    """Waits for a process that must end by itself with exit code 0."""
    try:
        code = process.wait(deadline_s)
    except subprocess.TimeoutExpired as error:
        raise StoryError(f"{what}: not finished within {deadline_s} s") from error
    if code != 0:
        raise StoryError(f"{what}: exit code {code}")
