"""The operator's commands: doctor, ring, checkpoint, cheat."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile

from case import SMALL, Bystander, case, lines, run_ok, run_refused
from checks import expect, expect_equal, expect_in
from programs import running
from wire import ROOT


def offline(environment, *arguments, code=0, variables=None, cwd=None):
    """Runs ringjournal without a server; returns (stdout, stderr) as text."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("RINGJOURNAL_")}
    done = subprocess.run([environment.programs.client, *arguments], capture_output=True, timeout=30, check=False,
                          stdin=subprocess.DEVNULL, env={**clean, **(variables or {})}, cwd=cwd)
    said = done.stderr.decode()
    expect_equal(done.returncode, code, f"exit code of {arguments} ({done.stdout.decode()}{said})")
    return done.stdout.decode(), said


@case("doctor: a line for each thing, PASS, WARN or FAIL with what mends it; JSON says the same; the server answers")
def doctor(environment):
    server = environment.serving()
    folders = ["--data-dir", server.data_dir, "--ring-dir", server.ring_dir]
    text, _ = offline(environment, "--server", server.address, "doctor", *folders)
    for check in ("kernel", "io_uring", "open files", "locked memory", "memory", "disk sync", "port", "ring-dir",
                  "data-dir", "server"):
        expect(re.search(rf"^(PASS|WARN)  {check} ", text, re.MULTILINE), f"a line on {check} in {text}")
    expect_in("answers: node node1", text, "server")
    for line, following in zip(text.splitlines(), text.splitlines()[1:] + [""]):
        if line.startswith(("WARN", "FAIL")):
            expect(following.strip().startswith("mend: "), f"what mends {line}")
    report = json.loads(offline(environment, "-o", "json", "doctor", *folders)[0])
    expect(all(f["severity"] in ("PASS", "WARN") for f in report["findings"]), f"severities in {report}")
    expect(report["worst"] in ("PASS", "WARN"), "the worst")


@case("doctor: 1 where something fails (a port that is taken, a server that is not there), 2 for a wrong configuration")
def doctor_fails(environment):
    server = environment.server()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text, _ = offline(environment, "doctor", "--listen", f"127.0.0.1:{port}", code=1, cwd=server.folder)
        expect_in(["FAIL  port", "in use", f"ss -ltnp 'sport = :{port}'"], text, "a port that is taken")
    text, _ = offline(environment, "--server", server.address, "doctor", code=1, cwd=server.folder)
    expect_in(["FAIL  server", "mend: start it"], text, "no server")
    text, _ = offline(environment, "doctor", code=1, variables={"RINGJOURNAL_DATA_DIR": environment.programs.client})
    expect_in("FAIL  disk sync", text, "a data directory that is a file")
    _, said = offline(environment, "doctor", "--ring-total", "5", code=2)
    expect_in(["--ring-total", "it has no unit"], said, "wrong size")


@case("doctor: a port that another data directory's server has is FAIL and says who answers; its own server's is PASS")
def doctor_port(environment):
    server = environment.serving()
    other = os.path.join(server.folder, "other")
    os.mkdir(other)
    listen = ["--listen", server.address, "--ring-dir", server.ring_dir]
    text, _ = offline(environment, "doctor", *listen, "--data-dir", server.data_dir)
    expect_in(f"{server.address} is taken by a ringjournald that answers: node node1", text, "its own")
    text, _ = offline(environment, "doctor", *listen, "--data-dir", other, code=1)
    expect_in(["FAIL  port", "a ringjournald answers there: node node1", f"lock of data directory {other}",
               "another --listen"], text, "another's")
    expect_equal(os.listdir(other), [], "what is left behind")


@case("ring ls and rm: in use is refused, what a data directory needs is named, orphans go")
def rings(environment):
    server = environment.serving()
    bystander = Bystander(environment, server)
    bystander.goes_on()
    where = ["--ring-dir", server.ring_dir]
    (path,) = server.ring_files()
    expect_in(["in use", path, f"process {server.process.pid}"], offline(environment, "ring", "ls", *where)[0], "ls")
    _, said = offline(environment, "ring", "rm", path, "--yes", *where, code=4)
    expect_in(["is in use", "Nothing was removed"], said, "rm of one in use")
    bystander.goes_on()
    bystander.kept_everything()
    server.stop()
    (ring,) = json.loads(offline(environment, "-o", "json", "ring", "ls", *where)[0])["rings"]
    expect_equal((ring["use"], ring["path"], ring["bytes"]), ("unknown", path, str(os.path.getsize(path))), "stopped")
    (ring,) = json.loads(offline(environment, "-o", "json", "ring", "ls", *where, "--data-dir", server.data_dir)[0])["rings"]
    expect_equal((ring["use"], ring["journal"]), ("needed", "calm"), "with its data directory")
    orphans = ["ring", "rm", "--orphans", *where]
    offline(environment, *orphans, "--yes", code=2)
    expect_in("no orphan", offline(environment, *orphans, "--data-dir", server.data_dir, "--yes")[1], "no orphan")
    orphan = os.path.join(server.ring_dir, "0" * 32, "1" * 32 + ".ring")
    os.makedirs(os.path.dirname(orphan))
    shutil.copy(path, orphan)
    _, said = offline(environment, *orphans, "--data-dir", server.data_dir, code=1)
    expect_in(["Nothing was removed", "--yes"], said, "without --yes")
    offline(environment, *orphans, "--data-dir", server.data_dir, "--yes")
    expect_equal(server.ring_files(), [path], "what is left")
    offline(environment, "ring", "rm", "/etc/passwd", "--yes", *where, code=1)
    offline(environment, "ring", "rm", path, "--yes", *where)
    expect_equal(server.ring_files(), [], "after removing it by name")


@case("checkpoint now, its old form, and ls: what is on disk and what is not")
def checkpoint(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL, "--checkpoint-interval", "1h")
    run_ok(server, "journal", "create", "quick", "--ring", "1MiB", "--memory-only")
    run_ok(server, "append", "orders", stdin=lines(1, 10))
    row = json.loads(run_ok(server, "-o", "json", "checkpoint", "ls", "orders"))["checkpoints"][0]
    expect_equal((row["endLsn"], row["notOnDisk"]), ("10", "10"), "before")
    expect_in("up to LSN 10", run_ok(server, "checkpoint", "now", "orders").decode(), "now")
    run_ok(server, "append", "orders", stdin=lines(11, 12))
    expect_in("up to LSN 12", run_ok(server, "checkpoint", "orders").decode(), "the old form")
    text = run_ok(server, "checkpoint", "ls").decode()
    expect(re.search(r"^orders +12 +12 +0  ok$", text, re.MULTILINE), f"orders in {text}")
    expect(re.search(r"^quick +- +0 +memory-only", text, re.MULTILINE), f"quick in {text}")
    run_refused(server, 7, '"nowhere"', "checkpoint", "now", "nowhere")
    run_refused(server, 2, "checkpoint now JOURNAL", "checkpoint")
    run_refused(server, 2, "unknown option '--bogus'", "checkpoint", "orders", "--bogus")


@case("cheat: one screen, and each of its commands runs")
def cheat(environment):
    server = environment.serving()
    sheet, _ = offline(environment, "cheat")
    expect(len(sheet.splitlines()) <= 40 and max(map(len, sheet.splitlines())) <= 100, "it fits a screen")
    commands = [line.strip() for line in sheet.splitlines() if line.startswith("  ")]
    expect(len(commands) >= 15, f"its commands: {commands}")
    folder = os.path.abspath(os.path.dirname(environment.programs.client))
    variables = {**os.environ, "PATH": folder + ":" + os.environ["PATH"], "RINGJOURNAL_SERVER": server.address,
                 "RINGJOURNAL_RING_DIR": server.ring_dir}
    for command in commands:
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=server.folder, env=variables,
                              capture_output=True, timeout=60, check=False)
        expect_equal(done.returncode, 0, f"exit code of `{command}` ({done.stderr.decode()})")
    run = sheet.count("ringjournal ")
    expect(run >= len(commands), "each is a command of ours")


@case("a secret on the command line of ringjournal is refused and not repeated")
def secret(environment):
    for flags in (["--password=hunter2", "status"], ["status", "--auth-token", "hunter2"]):
        _, said = offline(environment, *flags, code=2)
        expect_in("is refused: a secret on the command line", said, "message")
        expect("hunter2" not in said, f"it is repeated: {said}")


@case("docs/operations.md: the operator's commands run")
def documented(environment):
    server = environment.serving()
    with open(os.path.join(ROOT, "docs", "operations.md"), encoding="utf-8") as page:
        section = page.read().split("## Before the first start", 1)[1]
    commands = re.search(r"```sh\n(.*?)```", section, re.DOTALL).group(1)
    folder = os.path.abspath(os.path.dirname(environment.programs.client))
    variables = {**os.environ, "PATH": folder + ":" + os.environ["PATH"], "RINGJOURNAL_SERVER": server.address,
                 "RINGJOURNAL_RING_DIR": server.ring_dir}
    # The page's port may be taken on this machine.
    commands = commands.replace("DIR", server.data_dir).replace("127.0.0.1:7411", "127.0.0.1:0")
    done = subprocess.run(["bash", "-euc", commands], cwd=server.folder, env=variables, capture_output=True,
                          timeout=60, check=False)
    expect_equal(done.returncode, 0, f"exit code ({done.stdout.decode()}{done.stderr.decode()})")
    expect_in(["PASS  kernel", "rings in", "there is no journal", "Write"], done.stdout.decode(), "what they print")


@case("docs/operations.md: a server starts with each of its command lines, says that it serves, and stops in order")
def documented_starts(environment):
    with open(os.path.join(ROOT, "docs", "operations.md"), encoding="utf-8") as page:
        section = page.read().split("## Start and stop", 1)[1]
    starts = re.search(r"```sh\n(.*?)```", section, re.DOTALL).group(1).splitlines()
    expect(len(starts) >= 2, f"command lines of the page: {starts}")
    path = os.path.abspath(os.path.dirname(environment.programs.server)) + ":" + os.environ["PATH"]
    for start in starts:
        folder = environment.enter_context(tempfile.TemporaryDirectory())
        # The page's port may be taken on this machine.
        line = start.replace("DIR", "data").replace("FILE", "address").replace("127.0.0.1:7000", "127.0.0.1:0")
        with running(["bash", "-c", "exec " + line], cwd=folder, stderr=subprocess.PIPE, text=True,
                     env={**os.environ, "PATH": path, "RINGJOURNAL_RING_DIR": folder + "/rings"}) as server:
            told = next((row for row in server.stderr if "event=serving" in row), "")
            expect("serving" in told, f"`{start}` does not serve")
            server.terminate()
            server.stderr.read()
            expect_equal(server.wait(30), 0, f"exit code of `{start}`")
