"""What the programs say: help, names, numbers and units, summaries, words for what is empty or one."""

import json
import os
import re
import shlex
import subprocess

from case import SMALL, case, lines, run_ok, run_refused
from checks import expect, expect_equal, expect_in
from newcomer import filled, said



@case("counts and generations that are no whole numbers in their range are refused with the range")
def counts(environment):
    server = filled(environment)
    for arguments in (["cat", "orders", "--count", "-1"], ["cat", "orders", "-n", "-5"], ["cat", "orders", "-n", "0"],
                      ["replay", "orders", "--count=-2"], ["cat", "orders", "-n", "1.5"],
                      ["cat", "orders", "-n", "99999999999999999999999"], ["cat", "orders", "--accept-loss", "abc"],
                      ["append", "orders", "--window", "-1"], ["journal", "create", "x", "--producers", "-1"],
                      ["replay", "orders", "--exec", "true", "--exec-batch", "-3"]):
        text = run_refused(server, 2, ["write a whole number, 1"], *arguments)
        expect("18446744073709551615" not in text and "convert" not in text, f"{arguments}: {text}")
    run_refused(server, 2, "write a whole number, 1 to 4294967295", "cat", "orders", "--accept-loss", "5000000000")


@case("an empty delimiter is refused: it would mean no key, unsaid")
def empty_delimiters(environment):
    server = filled(environment)
    for option in ("-K", "--key-delimiter", "--id-delimiter"):
        run_refused(server, 2, [option.lstrip("-") if option != "-K" else "key-delimiter", "at least one character"],
                    "append", "orders", option, "", stdin=b"a:b\n")


@case("append of a wrong input: the advice asks for the corrected one, and works with it")
def append_wrong_input(environment):
    server = filled(environment, 0)
    arguments = ["append", "orders", "--producer", "p", "-K", ":"]
    text = run_refused(server, 1, ["input transaction 3", "--producer p --resume and the corrected input"],
                       *arguments, stdin=b"a:1\nb:2\nc3\nd:4\n")
    expect("the same input" not in text, f"the same input would fail again: {text}")
    run_ok(server, *arguments, "--resume", stdin=b"a:1\nb:2\nc:3\nd:4\n")
    expect_equal(run_ok(server, "cat", "orders"), b"1\n2\n3\n4\n", "each once")


@case("a command whose large output nobody reads: exit code 141 and no message, also where SIGPIPE is ignored")
def large_output_unread(environment):
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        done = subprocess.run([environment.programs.client, "completion", "zsh"], stdout=write_end,
                              stderr=subprocess.PIPE, restore_signals=False, timeout=30, check=False)
    finally:
        os.close(write_end)
    expect_equal((done.returncode, done.stderr), (141, b""), "exit code, message")


@case("journal trim says which LSN is the oldest then; whole appends are trimmed")
def trim_says(environment):
    server = filled(environment, 30, batch=10)
    expect_in("its oldest transaction is now LSN 11, not 15: appends are trimmed as a whole",
              run_ok(server, "journal", "trim", "orders", "--before", "15").decode(), "within an append")
    expect_equal(run_ok(server, "cat", "orders"), lines(11, 30), "what is kept")
    expect_equal(run_ok(server, "journal", "trim", "orders", "--before", "21").decode(),
                 "trimmed journal orders: its oldest transaction is now LSN 21\n", "at the bounds of an append")


@case("help, version, other names of commands, tail -f; every help names --server; hints name the command")
def help_and_names(environment):
    server = filled(environment)
    version = run_ok(server, "--version")
    expect(re.fullmatch(rb"ringjournal \d+\.\d+\.\d+\n", version) is not None, f"{version}")
    expect_equal(run_ok(server, "version"), version, "the command")
    expect_equal(json.loads(run_ok(server, "-o", "json", "version"))["version"], version.decode().split()[1], "JSON")
    for words in (["tail"], ["journal", "create"], ["cheat"], ["bench"], []):
        by_flag = subprocess.run([environment.programs.client, *words, "--help"], capture_output=True, timeout=30,
                                 check=False, text=True)
        by_word = subprocess.run([environment.programs.client, "help", *words], capture_output=True, timeout=30,
                                 check=False, text=True)
        expect_equal((by_flag.returncode, by_word.returncode), (0, 0), f"exit codes for {words}")
        expect_in("--server", by_flag.stdout, f"help of {words}")
        expect_equal(by_word.stdout.split(), by_flag.stdout.split(), f"help {words}")
        if words:
            expect("seq 1000 | ringjournal append" not in by_flag.stdout, f"help of {words} has its own examples")
            expect("132" not in by_flag.stdout and "closed the pipe" not in by_flag.stdout, f"exit codes in {words}")
    bare = subprocess.run([environment.programs.client], capture_output=True, timeout=30, check=False, text=True)
    expect_equal(bare.returncode, 2, "exit code without a command")
    expect_in(["append", "replay", "journal", "doctor"], bare.stderr, "it lists the commands")
    run_refused(server, 2, ["did you mean 'tail'", "help"], "help", "tial")
    run_refused(server, 2, ["ringjournal tail --help"], "tail", "orders", "--nonsense")
    run_refused(server, 2, ["ringjournal journal create --help"], "journal", "create", "x", "--ring", "1KB")
    run_refused(server, 2, ["create", "ls", "info", "ringjournal journal --help"], "journal")
    listed = run_ok(server, "journal", "ls")
    for words in (["journal", "list"], ["ls"]):
        expect_equal(run_ok(server, *words), listed, f"{words}")
    expect_equal(run_ok(server, "journal", "describe", "orders"), run_ok(server, "journal", "info", "orders"), "describe")
    expect_equal(run_ok(server, "read", "orders"), run_ok(server, "cat", "orders"), "read")
    expect_equal(run_ok(server, "tail", "-f", "orders", "--from", "-2", "-n", "2"), lines(29, 30), "tail -f")
    run_ok(server, "journal", "delete", "orders", "--yes")


@case("append's summary is a short line; a file that cannot be opened is said before anything is appended")
def short_summary(environment):
    server = filled(environment, 1)
    slow = r"(, in \d+\.\d s \(\d+/s\))?"  # told from a tenth of a second on
    for more, count, end in (([], 1, "LSN 2, level replicated" + slow),
                             (["--producer", "p"], 2, "LSN 3..4, level replicated" + slow + ", as producer p")):
        text = said(server, "append", "orders", *more, stdin=b"x\n" * count)
        line = f"ringjournal append: appended {count} transaction{'s' if count > 1 else ''} to orders, {end}\n"
        expect(re.fullmatch(line, text) is not None, f"the summary: {text}")
    good = os.path.join(server.folder, "good")
    with open(good, "wb") as file:
        file.write(b"z\n")
    for wrong, why in (("/nonexistent", "No such file"), (server.folder, "Is a directory")):
        text = run_refused(server, 1, [wrong, why], "append", "orders", good, wrong)
        expect("appended 0" not in text and "appended 1" not in text, text)
    expect_equal(run_ok(server, "cat", "orders", "--from", "2"), b"x\n" * 3, "nothing of the good file")


@case("settings and sizes are said with units and as options; secrets in --server are not repeated")
def units_and_secrets(environment):
    server = environment.serving()
    text = run_refused(server, 4, ["--ring 1KiB", "64KiB", "64GiB"], "journal", "create", "x", "--ring", "1KiB")
    expect("ring_bytes" not in text, text)
    run_refused(server, 4, ["--ring 3MiB", "2MiB or 4MiB"], "journal", "create", "x", "--ring", "3MiB")
    run_refused(server, 4, ["--checkpoint-interval", "h"], "journal", "create", "x", "--checkpoint-interval", "1000h")
    for wrong, right in (("1GB", "GiB"), ("64KB", "KiB"), ("1mb", "MiB"), ("1M", "MiB"), ("4k", "KiB")):
        run_refused(server, 2, [right, "did you mean"],
                    "journal", "create", "x", "--ring", wrong)
    done = subprocess.run([environment.programs.client, "--server", "user:hunter2@127.0.0.1:1", "status"],
                          capture_output=True, timeout=30, check=False, text=True)
    expect_equal(done.returncode, 2, f"exit code ({done.stderr})")
    expect("hunter2" not in done.stderr + done.stdout, f"the secret is repeated: {done.stderr}")


@case("a range in which nothing is says why, on stderr, with exit code 0")
def empty_ranges(environment):
    server = filled(environment)
    for arguments, part in ((["--from", "10", "--until", "5"], "ends with LSN 5, before its start"),
                            (["--from", "99999999"], "the newest in orders is LSN 30"), (["--grep", "zzz"], "filter")):
        for command in ("cat", "replay", "export") if "--grep" not in arguments else ("cat", "replay"):
            text = said(server, command, "orders", *arguments)
            expect_in(["nothing", part], text, f"{command} {arguments}")
            expect("range hash" not in text, f"{command}: {text}")
    expect_equal(said(server, "cat", "orders", "--from", "99999999", "--quiet"), "", "what --quiet says")


@case("doctor beside its running server passes the port, and takes the flag that it recommends")
def doctor_beside(environment):
    server = environment.serving()
    findings = json.loads(run_ok(server, "-o", "json", "doctor", "--listen", server.address, "--data-dir", server.data_dir,
                                 "--ring-dir", server.ring_dir, "--address-file", "address"))["findings"]
    (port,) = [f for f in findings if f["check"] == "port"]
    expect_equal(port["severity"], "PASS", f"the port: {port}")
    expect_in("ringjournald that answers", port["sentence"], "what it says")


@case("a terminal is shown control characters, not sent them; a pipe gets the bytes")
def terminal(environment):
    server = filled(environment, 1)
    run_ok(server, "append", "orders", stdin=b"\x1b[31mred\n")
    expect_equal(run_ok(server, "cat", "orders", "--from", "2"), b"\x1b[31mred\n", "into a pipe")
    command = shlex.join(server.client_command("cat", "orders", "--from", "2"))
    seen = subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True, timeout=60, check=False)
    expect_equal(seen.stdout, b"\\x1b[31mred\r\n", "on a terminal")


@case("verify and inspect say each thing once: one of it is no plural, the journal's id stands in the path")
def words(environment):
    server = filled(environment, 1)
    run_ok(server, "append", "orders", "--level", "disk", stdin=b"x\n")
    text = run_ok(server, "verify", server.data_dir).decode() + run_ok(server, "inspect", server.data_dir).decode()
    expect_in(["1 file, 1 journal with segments: no damage", "LSNs 1..2: 2 transactions"], text, "the text")
    expect(re.search(r"journal [0-9a-f]{32}|(\b[a-z ]+: )\1", text) is None, f"each thing once: {text}")
    run_ok(server, "journal", "create", "a-name-that-is-longer-than-its-column", *SMALL)
    heads = [line.index(word) for line, word in zip(run_ok(server, "journal", "ls").decode().splitlines(),
                                                    ("STORAGE", "ok", "ok"))]
    expect_equal(len(set(heads)), 1, f"columns {heads}")
    expect_in("1 session\n", run_ok(server, "status").decode(), "one session")
