"""The files that the lint looks at, and what it says about them."""

import os
import re
import subprocess
from typing import NamedTuple

TEXT_ENDINGS = (".cc", ".h", ".proto", ".py", ".sh", ".bzl", ".md", ".bazel", ".toml", ".json", ".txt",
                ".BUILD", ".bazelrc", "/dev", "/run", "WORKSPACE", ".clang-tidy")
ALLOW = re.compile(r"lint-allow: ([\w-]+): (.*)")
ALLOW_REASON_LETTERS_MIN = 10
ALLOW_LINES_ABOVE = 2


class Finding(NamedTuple):
    """One thing that is wrong. `what`, `why` and `todo` are sentences without a full stop."""
    path: str
    line: int
    rule: str
    what: str
    why: str
    todo: str

    def text(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.what}. {self.why}. {self.todo}."


class Tree:
    """Paths and texts of a checkout, or of a made-up one in the self-test."""

    def __init__(self, files):
        self.files = dict(files)
        self._code = {}

    @staticmethod
    def of_checkout(root):
        files = {}
        for path in _paths(root):
            if ("/" + path).endswith(TEXT_ENDINGS):
                with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
                    files[path] = file.read()
        return Tree(files)

    def paths(self, *endings):
        return sorted(path for path in self.files if not endings or path.endswith(endings))

    def lines(self, path):
        return self.files[path].split("\n")

    def code(self, path):
        """C++ with comments and the insides of strings blanked; lines keep their numbers."""
        if path not in self._code:
            self._code[path] = strip_cpp(self.files[path])
        return self._code[path]

    def allowed(self, finding):
        """True if a comment at the finding says `lint-allow: RULE: REASON`."""
        lines = self.lines(finding.path)
        for line in lines[max(0, finding.line - 1 - ALLOW_LINES_ABOVE):finding.line]:
            match = ALLOW.search(line)
            if match and match.group(1) == finding.rule:
                return len(match.group(2).strip()) >= ALLOW_REASON_LETTERS_MIN
        return False


def _paths(root):
    """Tracked and new files; without git (an unpacked archive), all but what is built."""
    git = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others",
                          "--exclude-standard"], capture_output=True, check=False)
    if git.returncode == 0:
        names = git.stdout.decode().split("\0")
        return sorted(name for name in names if name and os.path.isfile(os.path.join(root, name)))
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in (".git", "bin", "node_modules", "__pycache__")]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


_CPP_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/'                       # comments
    r'|R"(?P<raw>[^()\\\s]{0,16})\(.*?\)(?P=raw)"'  # raw strings
    r'|"(?:[^"\\\n]|\\.)*"'                     # strings
    r"|(?<![0-9a-fA-F])'(?:[^'\\\n]|\\.)+'",    # characters, not digit separators
    re.DOTALL)


def strip_cpp(text):
    def blank(match):
        token = match.group(0)
        # An include's path is looked at by the layers' check.
        kept = token[0] if token[0] in "\"'" else " "
        inner = re.sub(r"[^\n]", " ", token[1:-1])
        return kept + inner + (token[-1] if kept != " " else " ")
    return _CPP_TOKEN.sub(blank, text)


def is_test(path):
    """A test, or a header that only tests include."""
    name = path.split("/")[-1]
    return name.endswith("_test.cc") or name.startswith("test_") or path.startswith("tests/")


def line_of(text, position):
    return text.count("\n", 0, position) + 1
