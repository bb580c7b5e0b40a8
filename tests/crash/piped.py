"""`ringjournal append` at the end of a pipe, while the server is killed and restarted."""

import json
import subprocess
import time

from checks import expect, expect_equal, wait_until
from server import Server

LINES = 60000
KILLS = 5
CHUNK_LINES = 200
DEADLINE_S = 120


def run(checks, programs):
    name = f"append through a pipe, {KILLS} SIGKILLs"
    lines = [b"line %d %s" % (i, b"x" * (i * 7919 % 90)) for i in range(LINES)]
    wanted = b"".join(line + b"\n" for line in lines)
    with Server(programs) as server, checks.check(f"{name}: the replay is the input, byte for byte"):
        server.start()
        client = subprocess.Popen(
            server.client_command("append", "orders", "--create", "--producer", "pipe"),
            stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            kills = _feed(client, server, lines)
            client.stdin.close()
            code = client.wait(DEADLINE_S)
            said = client.stderr.read().decode()
        finally:
            if client.poll() is None:
                client.kill()
                client.wait()
        expect_equal(code, 0, f"exit code of append ({said})")
        expect_equal(kills, KILLS, "kills")
        replay = server.cli("replay", "orders", deadline_s=DEADLINE_S)
        expect_equal(replay.returncode, 0, f"exit code of replay ({replay.stderr.decode()})")
        expect(replay.stdout == wanted, f"{len(replay.stdout)} bytes came back, {len(wanted)} went in")
        print(f"   {LINES} lines, {len(wanted)} bytes; {said.strip()}")


def _feed(client, server, lines):
    """Writes the lines and kills the server on the way. Returns how often."""
    kills, seen = 0, 0
    every = len(lines) // (KILLS + 1)
    for at in range(0, len(lines), CHUNK_LINES):
        client.stdin.write(b"".join(line + b"\n" for line in lines[at:at + CHUNK_LINES]))
        client.stdin.flush()
        if kills < KILLS and at >= (kills + 1) * every:
            seen = _wait_for_more(server, seen)
            server.kill()
            kills += 1
            time.sleep(0.05 * (kills % 3))  # how long it is away must not matter
            server.start()
    return kills


def _wait_for_more(server, seen):
    """Waits until the client has come back after the last kill and more is committed. Returns the LSN."""
    def grown():
        info = server.cli("-o", "json", "journal", "info", "orders")
        if info.returncode != 0:
            return 0
        lsn = int(json.loads(info.stdout)["watermarks"]["committed"]["lsn"])
        return lsn if lsn > seen else 0
    return wait_until(f"more than {seen} lines are committed", grown, 60)
