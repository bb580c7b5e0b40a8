#!/usr/bin/python3
"""The Python client against a real server: its commands as the README has them, and its size."""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))

from checks import Checks, expect, expect_equal, expect_in  # noqa: E402
from server import Programs, Server  # noqa: E402

CLIENT = os.path.join(HERE, "ringjournal_client.py")
LINES_MAX = 40


def run(server, *arguments, stdin=b""):
    return subprocess.run(["/usr/bin/python3", CLIENT, server.address, *arguments], input=stdin,
                          capture_output=True, timeout=60, check=False)


def readme_commands(server):
    with open(os.path.join(HERE, "README.md"), encoding="utf-8") as page:
        commands = re.search(r"```sh\n(.*?)```", page.read(), re.DOTALL).group(1)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=HERE, capture_output=True, timeout=60,
                          env={**os.environ, "PATH": "/usr/bin:" + os.environ["PATH"],
                               "RINGJOURNAL_SERVER": server.address}, check=False)
    expect_equal((done.returncode, done.stdout), (0, b"one\ntwo\n"), f"the commands ({done.stderr.decode()})")


def another_client_agrees(server):
    sent = b"".join(b"line %d\n" % i for i in range(300))
    expect_equal(run(server, "append", "other", stdin=sent).returncode, 0, "exit code")
    expect_equal(server.cli("cat", "other").stdout, sent, "what ringjournal reads")
    expect_equal(run(server, "append", "other", stdin=b"more").returncode, 0, "exit code of a second run")
    expect_equal(run(server, "read", "other").stdout, sent + b"more\n", "what it reads itself")


def more_than_its_credit(server):
    sent = b"".join(b"%07d %s\n" % (i, b"." * 200) for i in range(30000))
    done = server.cli("append", "large", "--create", stdin=sent)
    expect_equal(done.returncode, 0, f"exit code of the append ({done.stderr.decode()})")
    expect(run(server, "read", "large").stdout == sent, "it reads 6 MB with a credit of 1 MiB")


def refusal(server):
    done = run(server, "read", "nowhere")
    expect_equal((done.returncode, done.stdout), (1, b""), "a journal that is not there")
    expect_in('no journal "nowhere"', done.stderr.decode(), "message")


def first_mistakes(server):
    for arguments, said in (([], "Usage: HOST:PORT append|read JOURNAL"), (["nonsense", "read", "x"], "Usage:"),
                            (["127.0.0.1:1", "read", "x"], "No ringjournald at 127.0.0.1:1"),
                            (["127.0.0.1:x", "read", "x"], "No ringjournald at 127.0.0.1:x")):
        done = subprocess.run(["/usr/bin/python3", CLIENT, *arguments], capture_output=True, timeout=60, check=False)
        expect_equal(done.returncode, 1, f"exit code of {arguments}")
        expect(said in done.stderr.decode() and "Traceback" not in done.stderr.decode(), f"{arguments}: {done.stderr}")
    # -S: without the folder that holds packages.
    done = subprocess.run(["/usr/bin/python3", "-S", CLIENT, server.address, "read", "x"], capture_output=True, timeout=60,
                          check=False, env={})
    expect_equal((done.returncode, done.stdout), (1, b""), f"without the package ({done.stderr})")
    expect_in("apt-get install python3-protobuf", done.stderr.decode(), "message without the package")
    expect("Traceback" not in done.stderr.decode(), f"{done.stderr}")


def small(_):
    with open(CLIENT, encoding="utf-8") as file:
        lines = file.read().splitlines()
    expect(len(lines) <= LINES_MAX, f"{len(lines)} lines are more than {LINES_MAX}")
    expect(max(map(len, lines)) <= 120, "lines are of ordinary length")
    text = "\n".join(lines)
    expect("crc" not in text.lower() and "_pb2 import" not in text, "no CRC and no generated code of ours")


def main():
    checks = Checks()
    programs = Programs(os.environ.get("RINGJOURNAL_BIN", os.path.join(ROOT, "bin")))
    with Server(programs) as server:
        server.start()
        for name, check in (("the commands of the README append and read", readme_commands),
                            ("what it appends the C++ client reads, and it goes on where it ended", another_client_agrees),
                            ("it reads on behind its first credit", more_than_its_credit),
                            ("a refusal is the server's sentence", refusal),
                            ("without arguments, package or server it says one sentence", first_mistakes),
                            ("it has at most 40 lines and knows the descriptor only", small)):
            with checks.check("python client: " + name):
                check(server)
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
