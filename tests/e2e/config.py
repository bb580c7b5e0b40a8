"""The server's configuration: file, variables, flags, what they risk; and logs that nobody reads."""

import os
import re
import subprocess
import time

from case import SMALL, Bystander, case, lines, run_ok
from checks import expect, expect_equal, expect_in
from server import Server
from wire import ROOT


def run_server(environment, *flags, variables=None, cwd=None):
    """Runs ringjournald to its end. Returns (exit code, stdout, stderr)."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("RINGJOURNAL_")}
    done = subprocess.run([environment.programs.server, *flags], capture_output=True, timeout=20, check=False,
                          stdin=subprocess.DEVNULL, env={**clean, **(variables or {})}, cwd=cwd)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def write(server, name, text):
    path = os.path.join(server.folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


class ConfiguredServer(Server):
    """A server whose settings all come from its configuration file."""

    def command(self):
        write(self, "c.toml", f"data-dir = '{self.data_dir}'\nring-dir = '{self.ring_dir}'\n"
              f"listen = '{self.address}'\naddress-file = '{self._address_file}'\nnode = 'filed'\n")
        return [self.programs.server, "--config", os.path.join(self.folder, "c.toml"), *self.flags]


@case("a server runs from its configuration file; a running one can be checked and keeps running")
def from_file(environment):
    server = environment.enter_context(ConfiguredServer(environment.programs)).start()
    bystander = Bystander(environment, server)
    bystander.goes_on()
    with environment.connect(server) as connection:
        expect_equal(connection.hello.node, "filed", "node")
    code, said, errors = run_server(environment, "--config", os.path.join(server.folder, "c.toml"), "--check-config")
    expect_equal(code, 0, f"exit code of the check ({said}{errors})")
    bystander.goes_on()
    bystander.kept_everything()


@case("--print-config: flags over variables over the file over defaults, and a file that reads back")
def print_config(environment):
    server = environment.server()
    path = write(server, "c.toml", "data-dir = 'from-file'\nnode = 'from-file'\nlog-level = 'warn'\n")
    variables = {"RINGJOURNAL_CONFIG": path, "RINGJOURNAL_NODE": "variable", "RINGJOURNAL_LOG_LEVEL": "error"}
    code, printed, _ = run_server(environment, "--print-config", "--log-level", "debug", variables=variables)
    expect_equal(code, 0, "exit code")
    shown = dict(re.findall(r"^([\w-]+) = \S+ +# (.*)$", printed, re.MULTILINE))
    expect_equal((shown["data-dir"], shown["node"], shown["log-level"], shown["spin-us"]),
                 (f"{path}:1", "RINGJOURNAL_NODE", "--log-level", "default"), "origins")
    again = write(server, "again.toml", printed)
    code, reprinted, said = run_server(environment, "--config", again, "--print-config")
    expect_equal(code, 0, f"exit code of the printed file ({said})")
    values = lambda text: re.findall(r"^([\w-]+ = \S+)", text, re.MULTILINE)
    expect_equal(values(reprinted), values(printed), "the settings")


@case("wrong configurations: exit code 2, and a sentence with the line and what mends it")
def wrong_files(environment):
    server = environment.server()
    for text, parts in (("data-dir = 'd'\nring_total = '1GiB'", ["c.toml:2", "did you mean ring-total?"]),
                        ("data-dir = 'd'\nring-total = 5", ["c.toml:2", 'ring-total = "8GiB"']),
                        ("data-dir = 'd'\nring-total = '5'", ["c.toml:2", "it has no unit", "MiB"]),
                        ("data-dir = 'd'\ndrain-timeout = '5 s'", ["c.toml:2", "ns, us, ms"]),
                        ("data-dir = 'd'\nlisten = '0.0.0.0:1'", ["--allow-remote", "authentication"]),
                        ("data-dir = 'd'\nring-dir = 'd'", ["lies in --ring-dir", "on a disk"]),
                        ("data-dir 'd'", ["c.toml:1", "this is not TOML"])):
        path = write(server, "c.toml", text)
        for mode in ([], ["--check-config"]):
            code, _, said = run_server(environment, "--config", path, *mode, cwd=server.folder)
            expect_equal(code, 2, f"exit code of {text!r} {mode} ({said})")
            expect_in(parts, said, f"message of {text!r}")
            expect_equal(len(said.splitlines()), 1, f"lines of {said}")
    for flags, parts in ((["--config", server.folder], ["not a regular file"]),
                         (["--config", server.folder + "/none"], ["No such file", "--config"]),
                         (["--data-dir", "a", "--data-dir", "b"], ["twice", "keep the one"])):
        code, _, said = run_server(environment, *flags)
        expect_equal(code, 2, f"exit code of {flags}")
        expect_in(parts, said, f"message of {flags}")


@case("a secret among the flags or in the file is refused, and nowhere repeated")
def secrets(environment):
    server = environment.server()
    path = write(server, "c.toml", "data-dir = 'd'\npassword = 'hunter2'\n")
    for flags in (["--password", "hunter2"], ["--auth-token=hunter2"], ["--config", path]):
        code, out, said = run_server(environment, *flags)
        expect_equal(code, 2, f"exit code of {flags}")
        expect_in("secret", said, f"message of {flags}")
        expect("hunter2" not in out + said, f"the secret is repeated: {said}")


@case("--check-config: 0 with risks named, 1 where the machine would refuse, and a memory-only journal is told of")
def check_config(environment):
    server = environment.serving()
    run_ok(server, "journal", "create", "quick", "--ring", "1MiB", "--memory-only")
    base = ["--check-config", "--data-dir", server.data_dir, "--ring-dir", server.ring_dir]
    code, said, _ = run_server(environment, *base, "--listen", "0.0.0.0:7411", "--allow-remote",
                               variables={"RINGJOURNAL_RINGDIR": "x"})
    expect_equal(code, 0, f"exit code with risks ({said})")
    for line in (r"WARN  listen +0\.0\.0\.0:7411 is reachable", r"WARN  journal quick +it is memory-only",
                 r"WARN  environment .*RINGJOURNAL_RING_DIR", r"PASS  spin-us"):
        expect(re.search(line, said), f"{line} in {said}")
    code, said, _ = run_server(environment, *base, "--node", "other")
    expect_equal(code, 1, f"exit code of another node ({said})")
    expect_in(["FAIL  node", "mend: --node node1"], said, "other node")
    code, said, _ = run_server(environment, "--check-config", "--data-dir", environment.programs.server)
    expect_equal(code, 1, f"exit code where the data directory is a file ({said})")
    expect_in("FAIL  data-dir", said, "a file")


@case("docs/configuration.md: its commands run on its own example")
def documented(environment):
    server = environment.server()
    with open(os.path.join(ROOT, "docs", "configuration.md"), encoding="utf-8") as page:
        text = page.read()
    example = re.search(r"```toml\n(.*?)```", text, re.DOTALL).group(1)
    write(server, "ringjournald.toml", example.replace("/var/lib/ringjournal", "data").replace("/run/", ""))
    commands = re.search(r"```sh\n(.*?)```", text, re.DOTALL).group(1)
    folder = os.path.dirname(environment.programs.server)
    done = subprocess.run(["bash", "-euc", commands], cwd=server.folder, capture_output=True, timeout=30, check=False,
                          env={**os.environ, "PATH": os.path.abspath(folder) + ":" + os.environ["PATH"]})
    expect_equal(done.returncode, 0, f"exit code ({done.stderr.decode()})")
    expect_in(["# ringjournald.toml:1", "PASS  listen"], done.stdout.decode(), "what they print")


@case("a log that nobody reads stops no session: appends go on, and the drops are told of later")
def blocked_log(environment):
    server = environment.server(flags=["--log-level", "trace"])
    read_end, write_end = os.pipe()
    try:
        # Full before the server starts, so that its first line already finds no room.
        os.set_blocking(write_end, False)
        try:
            while True:
                os.write(write_end, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(write_end, True)
        server.process = subprocess.Popen(server.command(), stdin=subprocess.DEVNULL, stderr=write_end)
        server.wait_serving()
        run_ok(server, "journal", "create", "orders", *SMALL)
        # For ten times as long as a line waits for a reader (kLogStalledWaitMs), however fast this is.
        until = time.monotonic() + 2.0
        for _ in range(20):
            run_ok(server, "append", "orders", "--level", "disk", stdin=lines(1, 50))
        while time.monotonic() < until:
            expect_equal(len(run_ok(server, "cat", "orders").splitlines()), 1000, "transactions")
        os.close(write_end)
        write_end = None
        while os.read(read_end, 1 << 20) == b"x" * (1 << 20):
            pass
        run_ok(server, "cat", "orders")
        expect_equal(server.stop(), 0, "exit code of the stop")
        said = b""
        while chunk := os.read(read_end, 1 << 20):
            said += chunk
        expect_in("event=log_lines_dropped", said.decode(errors="replace"), "log after the reader is back")
    finally:
        for fd in (read_end, write_end):
            if fd is not None:
                os.close(fd)
