"""Programs that are told what to do by lines and answer each with one."""

import json

from checks import Failed


class Spoken:
    """A program that is told what to do by lines and answers each with one."""

    def __init__(self, process):
        self._process = process

    def say(self, command):
        try:
            self._process.stdin.write(command + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise Failed(f"{self._process.args[0]} has ended: it was told {command!r}, its exit code is "
                         f"{self._process.wait(5)}")
        return answer.strip()


class Network(Spoken):
    """chaos_proxy."""

    delays = True

    def say(self, command):
        answer = super().say(command)
        if answer != "ok":
            raise Failed(f"chaos_proxy answers {command!r} with {answer!r}")


class Load(Spoken):
    """chaos_client."""

    def say(self, command):
        counts = json.loads(super().say(command))
        if counts["error"]:
            raise Failed(f"{command}: {counts['error']}: {counts}")
        return counts
