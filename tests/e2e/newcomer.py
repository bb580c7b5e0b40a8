"""What somebody new runs into: outputs that are no files, full disks, losses, interrupts, metadata."""

import errno
import json
import os
import signal
import socket
import stat
import subprocess
import threading

from case import SMALL, Skip, case, lines, run_ok, run_refused
from checks import expect, expect_equal, expect_in, wait_until
from programs import running
from server import free_port


def filled(environment, count=30, batch=10):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL)
    run_ok(server, "append", "orders", "--batch", str(batch), stdin=lines(1, count))
    return server


def said(server, *arguments, code=0, stdin=b""):
    """What a command says on stderr."""
    done = server.cli(*arguments, stdin=stdin)
    expect_equal(done.returncode, code, f"exit code of {' '.join(arguments)} ({done.stderr.decode()})")
    return done.stderr.decode()


def full_device(server):
    """A device that is always full, and that a wrong program may replace without harm to the machine."""
    path = os.path.join(server.folder, "full")
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 7))
        with open(path, "wb", buffering=0) as file:
            file.write(b"x")
    except PermissionError as error:  # not root, or no devices there: then /dev is not ours to harm
        if os.access("/dev", os.W_OK):
            raise Skip(f"no device can be made in {server.folder}: {error}") from error
        return "/dev/full"
    except OSError as error:
        expect_equal(error.errno, errno.ENOSPC, "what it says")
    return path


@case("export --output writes into a FIFO and a device, follows a link, keeps a file's rights; - is stdout")
def export_targets(environment):
    server = filled(environment)
    whole = run_ok(server, "export", "orders", "--format", "jsonl")
    full = full_device(server)
    run_refused(server, 1, [full, "No space left"], "export", "orders", "--output", full)
    expect(stat.S_ISCHR(os.stat(full).st_mode), "it is still a device")
    fifo = os.path.join(server.folder, "fifo")
    os.mkfifo(fifo)
    seen = []
    reader = threading.Thread(target=lambda: seen.append(open(fifo, "rb").read()), daemon=True)  # pylint: disable=R1732
    reader.start()
    run_ok(server, "export", "orders", "--format", "jsonl", "--output", fifo)
    reader.join(30)
    expect_equal(seen, [whole], "what came through the FIFO")
    expect(stat.S_ISFIFO(os.stat(fifo).st_mode), "the FIFO is still one")
    real, link = os.path.join(server.folder, "real"), os.path.join(server.folder, "link")
    with open(real, "wb") as file:
        file.write(b"old")
    os.chmod(real, 0o600)
    os.symlink("real", link)
    run_ok(server, "export", "orders", "--format", "jsonl", "--output", link)
    expect(os.path.islink(link), "the link is still one")
    with open(real, "rb") as file:
        expect_equal(file.read(), whole, "the file behind the link")
    expect_equal(stat.S_IMODE(os.stat(real).st_mode), 0o600, "its rights")
    os.unlink(real)
    run_ok(server, "export", "orders", "--format", "json", "--output", link)
    expect(os.path.islink(link) and os.path.isfile(real), "a link to nothing leads to the new file")
    for command in (("export", "--format", "jsonl"), ("replay",), ("cat",)):
        done = subprocess.run(server.client_command(command[0], "orders", *command[1:], "--output", "-"),
                              capture_output=True, timeout=60, check=False, cwd=server.folder)
        expect(done.returncode == 0 and done.stdout.count(b"\n") == 30, f"{command[0]} to - ({done.stderr})")
    expect(not os.path.exists(os.path.join(server.folder, "-")), "no file is named -")


@case("journal rm without a terminal needs --yes")
def remove_asks(environment):
    server = filled(environment)
    for answer in (b"", b"no\n", b"orders\n"):
        run_refused(server, 2, ["--yes", "orders"], "journal", "rm", "orders", stdin=answer)
    expect_equal(run_ok(server, "cat", "orders"), lines(1, 30), "what is there")
    run_ok(server, "journal", "rm", "orders", "--yes")


@case("the address file of a server that is gone is gone: at an orderly stop, and at the next start")
def address_file(environment):
    server = environment.serving()
    path = os.path.join(server.folder, "address")
    expect(os.path.exists(path), "it is there while the server serves")
    expect_equal(server.stop(), 0, "exit code")
    expect(not os.path.exists(path), "it goes with the server")
    host, port = server.address.split(":")
    with socket.socket() as other:  # so that the next start cannot write it anew
        other.bind((host, int(port)))
        other.listen()
        with open(path, "w", encoding="ascii") as file:
            file.write("127.0.0.1:1\n")
        done = subprocess.run(server.command(), capture_output=True, timeout=60, check=False)
    expect_equal(done.returncode, 1, f"exit code of a start on a taken port ({done.stderr})")
    expect(not os.path.exists(path), "a killed server's file goes at the next start")
    second = environment.serving()
    elsewhere = [f"127.0.0.1:{free_port()}" if word == second.address else word for word in second.command()]
    again = subprocess.run(elsewhere, capture_output=True, timeout=60, check=False)
    expect_equal(again.returncode, 1, f"exit code of a second server ({again.stderr})")
    expect(os.path.exists(os.path.join(second.folder, "address")), "who does not get the directory takes nothing")


@case("a loss is said: a warning in the log, the verdict and a line of status, a line of journal info")
def loss_is_said(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL, "--checkpoint-interval", "60s")
    run_ok(server, "append", "orders", "--level", "disk", stdin=lines(1, 5))
    run_ok(server, "append", "orders", "--level", "received", stdin=lines(6, 8))
    server.kill()
    server.lose_memory()
    server.start()
    event = server.wait_event("data_loss")
    expect_equal((event["level"], event["journal"], event["first_lsn"], event["generation"]),
                 ("warn", "orders", "6", "2"), "the event")
    status = run_ok(server, "status").decode()
    expect(not status.startswith("Healthy"), f"the verdict: {status}")
    expect_in(["possible loss: journal orders from LSN 6 on", "possible loss in orders: generation 2"], status, "status")
    expect_in(["possible loss", "from LSN 6 on"], run_ok(server, "journal", "info", "orders").decode(), "info")
    run_ok(server, "append", "orders", "--level", "disk", "--batch", "1", stdin=lines(6, 20))
    run_ok(server, "journal", "trim", "orders", "--before", "10")
    expect_in("Healthy", run_ok(server, "status").decode(), "once the place is trimmed")
    for words in (["status"], ["journal", "ls"]):
        expect("possible loss" not in run_ok(server, *words).decode(), f"it is gone from {words}")
    expect_in("from LSN 6 on", run_ok(server, "journal", "info", "orders").decode(), "info keeps it")


@case("append after a loss names --accept-loss, claims nothing as applied, and its advice works")
def loss_advice(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "orders", *SMALL, "--checkpoint-interval", "60s")
    run_ok(server, "append", "orders", "--level", "disk", "--producer", "other", stdin=lines(1, 2))
    with running(server.client_command("append", "orders", "--producer", "c"), stdin=subprocess.PIPE,
                 stderr=subprocess.PIPE) as client:
        client.stdin.write(lines(3, 5))
        client.stdin.flush()
        wait_until("they are in", lambda: run_ok(server, "cat", "orders") == lines(1, 5))
        server.kill()
        server.lose_memory()
        server.start()
        _, text = client.communicate(lines(6, 6), timeout=60)
    text = text.decode()
    expect_equal(client.returncode, 5, f"exit code ({text})")
    expect_in(["--producer c --resume --accept-loss 2"], text, "advice")
    expect("is applied" not in text, f"nothing is claimed: {text}")
    expect_equal(text.count("may have been lost"), 1, f"how often it is told ({text})")
    run_ok(server, "append", "orders", "--producer", "c", "--resume", "--accept-loss", "2", stdin=lines(3, 6))
    expect_equal(run_ok(server, "cat", "orders"), lines(1, 6), "after the advice was followed")


@case("a full disk under stdout is a failure for every command that prints, and for the server's --print-config")
def full_stdout(environment):
    server = filled(environment)
    commands = [server.client_command(*words) for words in (
        ["status"], ["journal", "ls"], ["-o", "json", "status"], ["journal", "info", "orders"], ["checkpoint", "ls"],
        ["inspect", server.data_dir], ["verify", server.data_dir], ["completion", "bash"], ["cheat"], ["--help"],
        ["cat", "--help"], ["--version"], ["help"], ["cat", "orders"], ["replay", "orders"], ["export", "orders"],
        ["append", "orders", "-o", "json"], ["ring", "ls", "--ring-dir", server.ring_dir])]
    commands += [[environment.programs.server, *words] for words in (
        ["--print-config", "--data-dir", server.data_dir], ["--help"])]
    for command in commands:
        with open("/dev/full", "wb") as full:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, timeout=60,
                                  check=False)
        expect_equal(done.returncode, 1, f"exit code of {command} ({done.stderr})")
        expect_in("cannot write", done.stderr.decode(), f"message of {command}")


@case("where a read ended is said once and right: behind a trim, on a full disk, at a command that fails")
def where_it_ended(environment):
    server = filled(environment, 600, batch=100)
    run_ok(server, "journal", "trim", "orders", "--before", "501")
    text = said(server, "cat", "orders", "--from", "5", code=8)
    expect_in("resume with --from 501", text, "cat")
    expect("--from 5;" not in text and "--from 5\n" not in text, f"cat: {text}")
    text = said(server, "replay", "orders", "--from", "5", code=8)
    expect_in("--from 501", text, "replay")
    rest = text.split(" with:\n", 1)[1].split()[1:]
    expect_equal(subprocess.run([environment.programs.client, *rest], capture_output=True, timeout=60,
                                check=False).stdout, lines(501, 600), "what the command printed gives")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(server.client_command("cat", "orders"), stdout=full, stderr=subprocess.PIPE, timeout=60,
                              check=False)
        expect_in("stopped after 0 transactions; resume with --from 501", done.stderr.decode(), "cat on a full disk")
        done = subprocess.run(server.client_command("replay", "orders"), stdout=full, stderr=subprocess.PIPE,
                              timeout=60, check=False)
        text = done.stderr.decode()
        expect_in(["replay: 0 transactions\n", "stopped before LSN 501"], text, "replay on a full disk")
    text = said(server, "replay", "orders", "--exec", "test $RINGJOURNAL_LSN != 504", code=11)
    expect_in(["3 transactions (LSN 501 to 503)", "stopped before LSN 504"], text, "a command that fails")


@case("Ctrl-C before anything was read prints the command that begins again")
def interrupted_early(environment):
    with socket.socket() as mute:  # takes connections and answers nothing
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        mute.settimeout(30)
        address = "127.0.0.1:%d" % mute.getsockname()[1]
        with running([environment.programs.client, "--server", address, "replay", "orders", "--into", "copy",
                      "--create"], stderr=subprocess.PIPE) as replay, mute.accept()[0] as connection:
            connection.settimeout(30)
            connection.recv(1)  # it is under way, and waits
            replay.send_signal(signal.SIGINT)
            _, text = replay.communicate(timeout=30)
    expect_equal(replay.returncode, 130, f"exit code ({text})")
    expect_in(["go on with:", f"ringjournal --server {address} replay orders --into copy --create"], text.decode(),
              "message")


@case("append sets key, id, type and headers: from the input, or the same for all")
def fields(environment):
    server = filled(environment, 1)
    shape = ["--format", r"%i|%k|%y|%h|%s\n", "--from"]
    run_ok(server, "append", "orders", "-K", ":", "-H", "source=till-7", "--type", "shop.Paid",
           stdin=b"alice:paid 12\nbob:a:b\n")
    expect_equal(run_ok(server, "cat", "orders", *shape, "2").decode().splitlines(),
                 ["|alice|shop.Paid|source=till-7|paid 12", "|bob|shop.Paid|source=till-7|a:b"], "a key from the input")
    run_ok(server, "append", "orders", "--id-delimiter", ",", "--key-delimiter", "=>", stdin=b"t-1,carol=>paid 9\n")
    expect_equal(run_ok(server, "cat", "orders", *shape, "txn:t-1"), b"t-1|carol|||paid 9\n", "found by its id")
    run_ok(server, "append", "orders", "--key", "dave", "--format", "raw", stdin=b"a\nb")
    expect_equal(run_ok(server, "cat", "orders", "--key", "dave", "--format", "raw"), b"a\nb", "one key for all")
    text = run_refused(server, 1, ["input transaction 2", "has no ':'", "--key-delimiter"], "append", "orders", "-K",
                       ":", stdin=b"eve:1\nno key\neve:3\n")
    expect_in("everything up to input transaction 1 is applied", text, "how to go on")
    expect_equal(run_ok(server, "cat", "orders", "--key", "eve"), b"1\n", "what came before the wrong line")
    for wrong, part in ((["-K", ":", "-k", "x"], "contradict"), (["-H", "=x"], "NAME=VALUE"), (["-H", "x"], "NAME=VALUE")):
        run_refused(server, 2, part, "append", "orders", *wrong)
    wrong = os.path.join(server.folder, "wrong.jsonl")
    with open(wrong, "w", encoding="ascii") as file:
        file.write('{"transaction":{"key":"alice!","payload":"eA=="}}\n')
    run_refused(server, 9, ["line 1", "base64"], "import", "orders", wrong)


@case("tail ends when nobody reads its pipe any more, although nothing is appended")
def tail_into_closed_pipe(environment):
    server = filled(environment)
    with running(server.client_command("tail", "orders", "--from", "-2"), stdout=subprocess.PIPE) as tail:
        tail.stdout.readline()
        tail.stdout.readline()
        tail.stdout.close()
        expect_equal(tail.wait(30), 141, "exit code")


@case("flags that would be ignored are refused or said: --exec-batch, --from beside a cursor, a bad cursor path")
def ignored_flags(environment):
    server = filled(environment)
    run_refused(server, 2, "--exec-batch needs --exec", "replay", "orders", "--exec-batch", "3")
    run_refused(server, 2, "need --into", "replay", "orders", "--create")
    cursor = os.path.join(server.folder, "worker.cursor")
    run_ok(server, "tail", "orders", "--from", "5", "-n", "1", "--cursor-file", cursor)
    done = server.cli("tail", "orders", "--from", "20", "-n", "1", "--cursor-file", cursor)
    expect_equal(done.stdout, lines(6, 6), "it goes on behind the cursor")
    expect_in(["behind LSN 5", "--from"], done.stderr.decode(), "and says so")
    for path in ("/nonexistent/cursor", server.folder, full_device(server)):
        done = server.cli("cat", "orders", "--cursor-file", path)
        expect_equal((done.returncode, done.stdout), (1, b""), f"exit code and output with {path} ({done.stderr})")
