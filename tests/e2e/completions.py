"""Shell completion: what bash, zsh and fish really offer."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

from case import Skip, case
from checks import expect, expect_equal, expect_in
from operator_commands import offline

# What is typed, up to the cursor, and what must be offered there: exactly.
EXACT = (
    ("journal cr", ["create"]),
    ("append orders --level disk", ["disk", "disk_quorum"]),
    ("cat --s", ["--server", "--since"]),
    ("journal create --m", ["--memory-only"]),
    ("-o ", ["json", "text"]),
    ("completion f", ["fish"]),
    ("checkpoint n", ["now"]),
    ("bench failover --fault cut", ["cut", "cut-in", "cut-out"]),
)

# The words of the function under test go to a file on their way to the real compadd; keys are typed
# ahead, as into a terminal.
ZSH_START = """PROMPT= RPROMPT= LISTMAX=9999
fpath=({folder} $fpath)
autoload -U compinit && compinit -u -D
{load}
compadd() {{ local -a hits; builtin compadd -A hits "$@"; print -rl -- $hits >> {folder}/offered; builtin compadd "$@" }}
offer() {{ zle expand-or-complete; : > {folder}/completed }}
zle -N offer; bindkey '^I' offer
"""


def commands_of_help(environment):
    text, _ = offline(environment, "--help")
    commands = re.findall(r"^  (\w+) ", text.split("Subcommands:")[1].split("Examples:")[0], re.MULTILINE)
    expect(len(commands) >= 12, f"the commands of --help: {commands}")
    return commands


def check_offers(environment, offered):
    """`offered(line)` is what the shell offers behind `ringjournal line`, sorted."""
    at_start = offered("")
    expect_equal([c for c in commands_of_help(environment) if c not in at_start], [], "commands that are not offered")
    for line, words in EXACT:
        expect_equal([w for w in offered(line) if not w.endswith("/")], words, f"offered behind `ringjournal {line}`")


def needs(shell):
    if not shutil.which(shell):
        raise Skip(f"there is no {shell} here; ./dev setup installs it")


@case("completion: bash offers every command, its options and their words")
def bash_completion(environment):
    script, _ = offline(environment, "completion", "bash")

    def offered(line):
        words = ["ringjournal", *line.split(" ")]
        array = " ".join(f"'{w}'" for w in words)
        done = subprocess.run(["bash", "-euc", f'{script}\nCOMP_WORDS=({array}); COMP_CWORD={len(words) - 1}\n'
                               '_ringjournal || true; printf "%s\\n" "${COMPREPLY[@]}"'],
                              capture_output=True, timeout=30, check=True)
        return sorted(done.stdout.decode().split())
    check_offers(environment, offered)
    expect_equal(offered("append --producer "), [], "a free value")


@case("completion: fish offers every command, its options and their words")
def fish_completion(environment):
    needs("fish")
    script, _ = offline(environment, "completion", "fish")
    folder = environment.enter_context(tempfile.TemporaryDirectory())
    home = {**os.environ, "HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_DATA_HOME": folder}

    def offered(line):
        done = subprocess.run(["fish", "--no-config", "-c", f"source; complete -C 'ringjournal {line}'"],
                              input=script.encode(), cwd=folder, env=home, capture_output=True, timeout=30, check=False)
        expect_equal((done.returncode, done.stderr), (0, b""), "fish takes the script")
        return sorted(row.split("\t")[0] for row in done.stdout.decode().splitlines())
    check_offers(environment, offered)


class Zsh:
    """An interactive zsh on a terminal of its own, with compinit and the script loaded."""

    def __init__(self, folder, load):
        self.folder, self.asked = folder, 0
        self.process, self.terminal = pty.fork()
        if self.process == 0:
            os.environ.update(HOME=folder, TERM="dumb")
            os.chdir(folder)
            os.execvp("zsh", ["zsh", "-f", "-i"])
        self.type(ZSH_START.format(folder=folder, load=load))
        self.wait_typed()

    def type(self, text):
        os.write(self.terminal, text.encode())

    def wait_typed(self):
        """Until all that was typed has been read: the last of it makes a file."""
        self.asked += 1
        done = os.path.join(self.folder, f"done-{self.asked}")
        self.type(f"\x15 : > {done}\n")
        self.wait_for(done)

    def wait_for(self, done):
        screen, deadline = b"", time.monotonic() + 30
        while not os.path.exists(done):
            expect(time.monotonic() < deadline, f"zsh does not answer; its screen: {screen[-500:]!r}")
            if select.select([self.terminal], [], [], 0.05)[0]:
                screen += os.read(self.terminal, 65536)

    def offered(self, line):
        path = os.path.join(self.folder, "offered")
        with open(path, "w", encoding="utf-8"):
            pass
        # What is typed while it completes may end that.
        completed = os.path.join(self.folder, "completed")
        if os.path.exists(completed):
            os.unlink(completed)
        self.type(f"ringjournal {line}\t")
        self.wait_for(completed)
        self.wait_typed()
        with open(path, encoding="utf-8") as file:
            return sorted(word for word in file.read().splitlines() if word)

    def close(self):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.terminal)


@case("completion: zsh with compinit offers every command, its options and their words, sourced and from fpath")
def zsh_completion(environment):
    needs("zsh")
    script, _ = offline(environment, "completion", "zsh")
    expect_in("#compdef ringjournal", script, "the first line")
    for name, load in (("sourced", "source {folder}/sourced"), ("_ringjournal", ":")):
        folder = environment.enter_context(tempfile.TemporaryDirectory())
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(script)
        zsh = Zsh(folder, load.format(folder=folder))
        environment.callback(zsh.close)
        check_offers(environment, zsh.offered)
        expect_equal([w for w in zsh.offered("") if w == name], [], "files where a command must stand")
        expect_in(name, zsh.offered("append orders "), "files where one may stand")
