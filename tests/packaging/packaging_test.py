#!/usr/bin/env python3
"""The examples, built by g++ and pkg-config against an installed client library, and run against a server."""

import os
import re
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))

from checks import Checks, Failed, expect, expect_equal, expect_in, wait_until  # noqa: E402
from server import Programs, Server  # noqa: E402

EXAMPLES = {"append": "ringjournal-client", "tail": "ringjournal-client", "async": "ringjournal-client",
            "batch": "ringjournal-client", "testing": "ringjournal-client-testing"}
RUN_S = 60
COMPILE_S = 300


class Installed:
    """An unpacked tree, and programs that were built against it and nothing else of ours."""

    def __init__(self, folder):
        self.prefix = os.path.join(folder, "prefix")
        self.programs = os.path.join(folder, "programs")
        os.makedirs(self.programs)

    def install(self, bin_folder):
        """By `./dev install`, if the programs are those that it builds; else it would build others."""
        if os.path.realpath(bin_folder) == os.path.join(ROOT, "bin"):
            done = dev("install", "--prefix", self.prefix)
            expect_equal(done.returncode, 0, f"./dev install ({done.stdout[-2000:]}{done.stderr[-2000:]})")
            return
        with tarfile.open(os.path.join(bin_folder, "ringjournal-client.tar")) as archive:
            archive.extractall(self.prefix)

    def flags(self, library):
        environment = {**os.environ, "PKG_CONFIG_PATH": os.path.join(self.prefix, "lib", "pkgconfig")}
        done = subprocess.run(["pkg-config", "--cflags", "--libs", library], env=environment,
                              capture_output=True, text=True, check=False)
        expect_equal(done.returncode, 0, f"pkg-config {library} ({done.stderr})")
        return done.stdout.split()

    def compile(self, source, target, library, *more):
        done = subprocess.run(["g++", "-Wall", "-Werror", *more, "-o", target, source,
                               *self.flags(library)], capture_output=True, text=True,
                              cwd=self.programs, timeout=COMPILE_S, check=False)
        expect_equal(done.returncode, 0, f"g++ {os.path.basename(source)} ({done.stderr[-2000:]})")

    def compile_c(self, source, target):
        done = subprocess.run(["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", "-o", target, source,
                               *self.flags("ringjournal")], capture_output=True, text=True, timeout=COMPILE_S,
                              check=False)
        expect_equal(done.returncode, 0, f"gcc {os.path.basename(source)} ({done.stderr[-2000:]})")

    def build_example(self, name, library):
        self.compile(os.path.join(ROOT, "examples", name, f"{name}.cc"), self.path(name), library)

    def path(self, name):
        return os.path.join(self.programs, name)

    def run(self, name, *arguments, stdin=""):
        return subprocess.run([self.path(name), *arguments], input=stdin, capture_output=True, text=True,
                              timeout=RUN_S, check=False)

    def run_ok(self, name, *arguments, stdin=""):
        done = self.run(name, *arguments, stdin=stdin)
        expect_equal(done.returncode, 0, f"exit code of {name} ({done.stdout}{done.stderr})")
        return done.stdout


def dev(*arguments):
    return subprocess.run([os.path.join(ROOT, "dev"), *arguments], capture_output=True, text=True,
                          timeout=10 * COMPILE_S, check=False)


def install_without_a_place_is_refused():
    done = dev("install")
    expect_equal(done.returncode, 1, "exit code of ./dev install without a place")
    expect_in("./dev install --prefix DIR", done.stderr, "its message")


def replayed(server, journal):
    done = server.cli("replay", journal)
    expect_equal(done.returncode, 0, f"replay ({done.stderr.decode()})")
    return done.stdout.decode().splitlines()


def headers_stand_alone(installed):
    """Each public header compiles as the only one, and nothing names a header by the tree's path."""
    folder = os.path.join(installed.prefix, "include", "ringjournal")
    headers = sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)
    expect(len(headers) > 10, f"only {len(headers)} headers were installed")
    source = installed.path("headers.cc")
    with open(source, "w", encoding="ascii") as file:
        for header in headers:
            file.write(f'#include "{os.path.relpath(header, os.path.dirname(folder))}"\n')
            with open(header, encoding="utf-8") as text:
                expect(not re.search(r'#include "(client|journal|proto)/', text.read()),
                       f"{header} includes by the tree's path")
        file.write("int main() {}\n")
    installed.compile(source, installed.path("headers"), "ringjournal-client")


def documented_code_compiles(installed):
    with open(os.path.join(ROOT, "docs", "client.md"), encoding="utf-8") as file:
        blocks = re.findall(r"```(cpp|c)\n(.*?)```", file.read(), re.DOTALL)
    expect({language for language, _ in blocks} == {"cpp", "c"}, "docs/client.md shows no code in C++ or C")
    for number, (language, block) in enumerate(blocks):
        lines = block.splitlines()
        top = [line for line in lines if line.startswith(("#include", "namespace"))]
        body = [line for line in lines if line not in top]
        main = "int main(void) {" if language == "c" else "int main() {"
        source = installed.path(f"documented{number}.{'c' if language == 'c' else 'cc'}")
        with open(source, "w", encoding="utf-8") as file:
            file.write("\n".join([*top, main, *body, "}"]) + "\n")
        if language == "c":
            installed.compile_c(source, installed.path(f"documented{number}"))
        else:
            installed.compile(source, installed.path(f"documented{number}"), "ringjournal-client")


def append_and_tail(installed, server):
    address = server.address
    out = installed.run_ok("append", address, "orders", "buy 100", "sell 50")
    expect_equal(out, "'buy 100' has LSN 1\n'sell 50' has LSN 2\n", "output of append")
    cursor = installed.path("cursor.txt")
    expect_equal(installed.run_ok("tail", address, "orders", cursor, "2"), "1 buy 100\n2 sell 50\n",
                 "the first tail")
    installed.run_ok("append", f"127.0.0.1:1,{address}", "orders", "hold")
    expect_equal(installed.run_ok("tail", address, "orders", cursor, "1"), "3 hold\n",
                 "the tail that goes on at its cursor")
    installed.run_ok("append", address, "others", "x")
    done = installed.run("tail", address, "others", cursor, "1")
    expect_equal((done.returncode, done.stdout), (1, ""), "tail with another journal's cursor")
    expect_in("the cursor was saved in journal", done.stderr, "its message")


def async_through_a_kill(installed, server):
    count = 30000
    process = subprocess.Popen([installed.path("async"), server.address, "busy", str(count)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_until("the first appends are there", lambda: any(
            b"busy" in line for line in server.cli("journal", "ls").stdout.splitlines()))
        server.kill()
        server.start()
        out, err = process.communicate(timeout=RUN_S)
    finally:
        if process.poll() is None:
            process.kill()
    expect_equal(process.returncode, 0, f"exit code of async ({out}{err})")
    expect_equal(out, f"{count} applied up to LSN {count}, 0 not applied, 0 unknown\n", "output of async")
    expect_equal(replayed(server, "busy"), [f"transaction {i}" for i in range(count)], "what is there")


def batch_of_lines(installed, server):
    lines = [f"line {i}" for i in range(1, 1301)]
    out = installed.run_ok("batch", server.address, "numbers", stdin="\n".join(lines) + "\n")
    expect_equal(out, "1300 lines in 3 appends\n", "output of batch")
    expect_equal(replayed(server, "numbers"), lines, "what is there")


def c_interface(installed, server):
    """A program in C11 against the shared library, through what pkg-config says of it."""
    program = installed.path("c_interface")
    installed.compile_c(os.path.join(HERE, "c_interface.c"), program)
    done = subprocess.run([program, server.address], capture_output=True, text=True, timeout=RUN_S, check=False,
                          env={**os.environ, "LD_LIBRARY_PATH": os.path.join(installed.prefix, "lib")})
    expect_equal((done.returncode, done.stderr), (0, ""), "the program")


def exports_of_the_shared_library(installed):
    """The functions of the header, all of them and nothing else."""
    library = os.path.join(installed.prefix, "lib", "libringjournal.so")
    done = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True)
    exported = {line.split()[-1] for line in done.stdout.splitlines()}
    folder = os.path.join(installed.prefix, "include", "ringjournal", "client", "c")
    declared = set()
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            declared |= set(re.findall(r"^RJ_API [^;(]*?(rj_\w+)\(", file.read(), re.MULTILINE))
    expect(len(declared) > 30, f"only {len(declared)} functions were found in the headers")
    expect_equal(exported, declared, "exported symbols")


def check_build(checks, installed, bin_folder):
    with checks.check("packaging: ./dev install without a place is refused"):
        install_without_a_place_is_refused()
    with checks.check("packaging: the client library installs"):
        installed.install(bin_folder)
    for name, library in EXAMPLES.items():
        with checks.check(f"packaging: examples/{name} builds with pkg-config {library}"):
            installed.build_example(name, library)
    for check in (headers_stand_alone, documented_code_compiles, exports_of_the_shared_library):
        with checks.check(f"packaging: {check.__name__.replace('_', ' ')}"):
            check(installed)
    with checks.check("examples: a program's own test runs against the fake journal"):
        expect_equal(installed.run_ok("testing").count("ok - "), 4, "checks of the example")


def main():
    programs = Programs(os.environ.get("RINGJOURNAL_BIN", os.path.join(ROOT, "bin")))
    bin_folder = os.path.dirname(programs.client)
    if not os.path.exists(os.path.join(bin_folder, "ringjournal-client.tar")):
        raise Failed(f"ringjournal-client.tar is missing in {bin_folder}. Run ./dev build")
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        installed = Installed(folder)
        check_build(checks, installed, bin_folder)
        for check in (append_and_tail, async_through_a_kill, batch_of_lines, c_interface):
            with checks.check(f"examples: {check.__name__.replace('_', ' ')}"):
                with Server(programs) as server:
                    check(installed, server.start())
    return checks.close()


if __name__ == "__main__":
    sys.exit(main())
