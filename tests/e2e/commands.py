"""The command line: every command, its JSON, its exit codes."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile

from case import SMALL, case, flip_payload, lines, run_ok, run_refused
from checks import expect, expect_equal, expect_in, wait_until
from programs import running
from server import free_port
from wire import ROOT


def as_json(server, *arguments, stdin=b""):
    return json.loads(run_ok(server, "-o", "json", *arguments, stdin=stdin))


def journal(server, name="orders"):
    run_ok(server, "journal", "create", name, *SMALL)


@case("journal create, ls, info, set, trim, checkpoint, rm and status: text for people, JSON that parses")
def journal_commands(environment):
    server = environment.serving()
    created = as_json(server, "journal", "create", "orders", *SMALL, "--checkpoint-interval", "50ms")
    expect_equal(created["config"]["settings"]["checkpointIntervalMs"], 50, "setting")
    journal(server, "other")
    names = [j["config"]["name"] for j in as_json(server, "journal", "ls")["journals"]]
    expect_equal(sorted(names), ["orders", "other"], "journals")
    expect_in(["orders", "other"], run_ok(server, "journal", "ls").decode(), "ls for people")
    changed = as_json(server, "journal", "set", "orders", "--retention-age", "24h")
    expect_equal((changed["config"]["settings"]["retentionAgeMs"],
                  changed["config"]["settings"]["checkpointIntervalMs"]), ("86400000", 50), "settings")
    run_ok(server, "append", "orders", "--batch", "50", stdin=lines(1, 1000))
    info = as_json(server, "journal", "info", "orders")
    expect_equal(info["watermarks"]["end"]["lsn"], "1000", "64-bit numbers are strings")
    expect_in(["orders", "1000"], run_ok(server, "journal", "info", "orders").decode(), "info for people")
    durable = as_json(server, "checkpoint", "orders")["watermarks"]["durable"]["lsn"]
    expect_equal(durable, "1000", "durable after a checkpoint")
    trimmed = as_json(server, "journal", "trim", "orders", "--before", "501")
    expect_equal(trimmed["watermarks"]["oldest"]["lsn"], "501", "oldest after a trim")
    run_ok(server, "journal", "rm", "other", "--yes")
    run_refused(server, 7, ['"other"', "journal ls"], "journal", "info", "other")
    status = as_json(server, "status")
    expect_equal((status["verdict"], len(status["journals"])),
                 ("Healthy: one node, 1 journal, one copy of each.", 1), "status")
    expect_in("Healthy", run_ok(server, "status").decode(), "status for people")


@case("settings and a removal survive a restart; a removed journal's ring and segments are gone")
def settings_survive(environment):
    server = environment.serving()
    for name in ("kept", "gone"):
        journal(server, name)
        run_ok(server, "append", name, "--level", "disk", stdin=lines(1, 100))
    run_ok(server, "journal", "set", "kept", "--checkpoint-interval", "77ms")
    run_ok(server, "journal", "rm", "gone", "--yes")
    wait_until("the removed journal's files are gone",
               lambda: len(server.ring_files()) == 1 and len(os.listdir(server.data_dir + "/journals")) == 1)
    server.kill()
    server.start()
    (only,) = as_json(server, "journal", "ls")["journals"]
    expect_equal((only["config"]["name"], only["config"]["settings"]["checkpointIntervalMs"]), ("kept", 77),
                 "what is left")
    journal(server, "gone")
    expect_equal(run_ok(server, "cat", "gone"), b"", "a new journal of the old name")


@case("exit codes: 1 local failure, 2 usage, 3 no connection, 4 refused, 7 no such journal, 8 trimmed")
def exit_codes(environment):
    server = environment.serving()
    journal(server)
    run_refused(server, 1, ["cannot open", "no-such-file"], "append", "orders", "no-such-file")
    run_refused(server, 1, ["cannot write", "check the path"], "cat", "orders", "--output", "/nonexistent/x")
    for wrong in (["append"], ["cat", "orders", "--from", "yesterday"], ["nonsense"], ["append", "orders", "--resume"],
                  ["journal", "create", "x", "--ring", "5"], ["append", "orders", "--level", "paper"]):
        expect_equal(server.cli(*wrong).returncode, 2, f"exit code of {wrong}")
    done = subprocess.run([environment.programs.client, "--server", f"127.0.0.1:{free_port()}", "append", "orders",
                           "--retry-for", "200ms"], input=b"x\n", capture_output=True, timeout=30, check=False)
    expect_equal(done.returncode, 3, f"exit code without a server ({done.stderr})")
    expect_in("127.0.0.1", done.stderr.decode(), "message without a server")
    run_refused(server, 4, '"orders" exists already', "journal", "create", "orders", *SMALL)
    run_refused(server, 4, "not allowed", "journal", "create", "a/b")
    run_refused(server, 7, '"nowhere"', "cat", "nowhere")
    run_refused(server, 7, '"nowhere"', "append", "nowhere", stdin=b"x\n")
    run_ok(server, "append", "orders", "--batch", "10", stdin=lines(1, 100))
    run_ok(server, "journal", "trim", "orders", "--before", "51")
    run_refused(server, 8, ["trimmed", "51"], "cat", "orders", "--from", "5")


@case("exit code 3 where something else listens, that answers nothing or closes")
def not_a_server(environment):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        done = subprocess.run([environment.programs.client, "--server", "127.0.0.1:%d" % listener.getsockname()[1],
                               "append", "orders", "--retry-for", "500ms"], input=b"x\n", capture_output=True,
                              timeout=30, check=False)
    expect_equal(done.returncode, 3, f"exit code ({done.stderr})")


@case("exit code 10: a second append under the same producer name fences the first")
def fenced(environment):
    server = environment.serving()
    journal(server)
    first = subprocess.Popen(server.client_command("append", "orders", "--producer", "p"),
                             stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        first.stdin.write(b"first\n")
        first.stdin.flush()
        wait_until("the first line is in", lambda: run_ok(server, "cat", "orders") == b"first\n")
        run_ok(server, "append", "orders", "--producer", "p", stdin=b"second\n")
        _, said = first.communicate(b"third\n", timeout=30)
    finally:
        first.kill()
        first.wait()
    expect_equal(first.returncode, 10, f"exit code ({said})")
    expect_in('"p" was opened again', said.decode(), "message")
    expect_equal(run_ok(server, "cat", "orders"), b"first\nsecond\n", "the journal")


@case("exit codes 130 and 141: an interrupted tail says how to resume; a closed pipe ends it quietly")
def interrupted(environment):
    server = environment.serving()
    journal(server)
    run_ok(server, "append", "orders", stdin=lines(1, 5000))
    with running(server.client_command("tail", "orders", "--from", "-10"), stdout=subprocess.PIPE,
                 stderr=subprocess.PIPE) as tail:
        for _ in range(10):
            tail.stdout.readline()
        tail.send_signal(signal.SIGINT)
        _, said = tail.communicate(timeout=30)
    expect_equal(tail.returncode, 130, f"exit code ({said})")
    expect_in("resume with --from 5001", said.decode(), "message")
    cat = subprocess.Popen(server.client_command("cat", "orders"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    cat.stdout.close()
    expect_equal(cat.wait(30), 141, "exit code after the pipe closed")
    expect_equal(cat.stderr.read(), b"", "what it says")
    cat.stderr.close()


@case("append: files, delimited and raw input, --resume, JSON summary, and --create")
def append_inputs(environment):
    server = environment.serving()
    paths = []
    for i, content in enumerate((b"one\ntwo\n", b"three\nfour")):
        paths.append(os.path.join(server.folder, f"input-{i}"))
        with open(paths[-1], "wb") as file:
            file.write(content)
    journal(server)
    summary = as_json(server, "append", "orders", "--producer", "p", *paths)
    expect_equal((summary["applied"], summary["firstLsn"], summary["lastLsn"]), ("4", "1", "4"), "summary")
    again = as_json(server, "append", "orders", "--producer", "p", "--resume", stdin=b"one\ntwo\nthree\nfour\nfive\n")
    expect_equal((again["applied"], again["skipped"]), ("1", "4"), "summary of the repeated run")
    run_ok(server, "append", "orders", "--format", "raw", *paths)
    run_ok(server, "append", "orders", "--format", "delimited", stdin=b"\x00\x03a\nb")
    expect_equal(run_ok(server, "cat", "orders", "--from", "6", "--format", "delimited"),
                 b"\x08one\ntwo\n\x0athree\nfour\x00\x03a\nb", "what came back, delimited")
    expect_equal(run_ok(server, "cat", "orders", "--from", "1"),
                 b"one\ntwo\nthree\nfour\nfive\none\ntwo\n\nthree\nfour\n\na\nb\n", "what came back, as lines")
    done = server.cli("append", "orders", "--format", "delimited", stdin=b"\x05cut")
    expect(done.returncode not in (0, 130), f"exit code for a cut input: {done.returncode}")
    expect(len(done.stderr) > 20, f"it says why: {done.stderr}")


@case("each level: the summary says the level that was reached")
def levels(environment):
    server = environment.serving()
    journal(server)
    for level in ("received", "replicated", "disk", "disk_quorum"):
        summary = as_json(server, "append", "orders", "--level", level, stdin=b"x\n")
        order = ["received", "replicated", "disk", "disk_quorum"]
        expect(order.index(summary["level"]) >= order.index(level), f"level {level}: {summary['level']}")


@case("verify: passes beside a running server and after a stop; 9 on damage; 1 or 2 where nothing is")
def verify(environment):
    server = environment.serving()
    journal(server)
    # The second run's groups say that those of the first had been synced: then damage is no torn tail.
    for _ in range(2):
        run_ok(server, "append", "orders", "--level", "disk", "--batch", "20", stdin=lines(1, 2000))
    run_ok(server, "verify", server.data_dir)
    expect_equal(server.stop(), 0, "exit code")
    report = json.loads(run_ok(server, "-o", "json", "verify", server.data_dir, server.ring_dir))
    expect_equal(report["damaged"], False, "damaged")
    expect_equal(sorted({f["kind"] for f in report["files"]}), ["ring", "segment"], "kinds of files")
    flip_payload(server.segment_files()[0], 0.2)
    run_refused(server, 9, "", "verify", server.data_dir)
    expect(server.cli("verify", server.folder + "/nowhere").returncode in (1, 2), "exit code without files")


def documented(page):
    """The shell blocks of a page of docs/, line by line."""
    with open(os.path.join(ROOT, "docs", page), encoding="utf-8") as file:
        blocks = re.findall(r"```sh\n(.*?)```", file.read(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@case("docs/command-line.md: every command in it runs as it stands there")
def command_line_page(environment):
    server = environment.serving()
    journal(server)
    run_ok(server, "append", "orders", stdin=lines(1, 100))
    folder = environment.enter_context(tempfile.TemporaryDirectory())
    os.symlink(environment.programs.client, os.path.join(folder, "ringjournal"))
    more = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "RINGJOURNAL_SERVER": server.address}
    commands = documented("command-line.md")
    expect(len(commands) >= 10, f"commands of the page: {commands}")
    for command in commands:
        done = subprocess.run(["bash", "-c", command], cwd=folder, env=more, capture_output=True, timeout=60, check=False)
        expect_equal(done.returncode, 0, f"exit code of `{command}` ({done.stderr.decode()})")


@case("exit codes: --help, the code and docs/command-line.md list the same ones")
def exit_code_tables(environment):
    server = environment.serving()
    told = run_ok(server, "--help").decode().split("Exit codes:\n", 1)[1]
    with open(os.path.join(ROOT, "docs", "command-line.md"), encoding="utf-8") as file:
        page = file.read().split("## Exit codes", 1)[1]
    with open(os.path.join(ROOT, "tools", "ringjournal", "exit_codes.h"), encoding="utf-8") as file:
        code = re.findall(r"kExit\w+ = (\d+)", file.read())
    expect_equal(re.findall(r"^  (\d+) ", told, re.MULTILINE), code, "codes of --help")
    expect_equal(re.findall(r"^\| (\d+) \|", page, re.MULTILINE), code, "codes of the page")
