"""Documents: links lead somewhere, commands exist, limits are listed."""

import posixpath
import re

from tree import Finding

LINK = re.compile(r"\[[^\]\n]+\]\(([^)\s#]+)(?:#[^)]*)?\)")
DEV_COMMAND = re.compile(r"(?:^|[`\s])\./dev ([a-z]+)")
NAMED_TEST = re.compile(r"`(\w+_test): (\w+)`")
STORY = re.compile(r"`story: ([a-z-]+)`")
LIMITS_HEADER = "journal/base/limits.h"
LIMITS_FOLDER = "journal/base/limits/"
LIMITS_PAGE = "docs/limits.md"
CONSTANT = re.compile(r"^inline constexpr (u?int\d+_t|int|size_t) (k\w+)\s*=\s*([^;]+);[ \t]*(?://[ \t]*(.*))?",
                      re.DOTALL)


def check_links(tree):
    findings = []
    for path in tree.paths(".md"):
        for number, line in enumerate(tree.lines(path), 1):
            for target in LINK.findall(line):
                if "://" in target:
                    continue
                full = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
                known = full in tree.files or any(p.startswith(full + "/") for p in tree.files)
                if not known:
                    findings.append(Finding(path, number, "link", f"{target} leads nowhere",
                                            "A reader follows it", "Correct or remove it"))
    return findings


def check_index(tree):
    """Every page under docs/ is linked from the README.md of its folder."""
    findings = []
    for path in tree.paths(".md"):
        folder, name = posixpath.split(path)
        index = f"{folder}/README.md"
        if not path.startswith("docs/") or path == index:
            continue
        if f"({name})" not in tree.files.get(index, ""):
            findings.append(Finding(path, 1, "index", f"{index} does not link it",
                                    "Nobody finds it", "Add it to the table there"))
    return findings


def check_commands(tree):
    """Every `./dev X` in a document is a command of ./dev."""
    commands = set(re.findall(r"^  ([a-z]+)\)", tree.files.get("dev", ""), re.MULTILINE)) | {"help"}
    findings = []
    for path in tree.paths(".md"):
        for number, line in enumerate(tree.lines(path), 1):
            for command in DEV_COMMAND.findall(line):
                if command not in commands:
                    findings.append(Finding(path, number, "command", f"`./dev {command}` does not exist",
                                            "A reader types what stands there", "See ./dev help"))
    return findings


def check_named_tests(tree):
    """A test that a document names as proof (`x_test: Name`, `story: name`) exists."""
    sources = {posixpath.basename(p).rsplit(".", 1)[0]: p for p in tree.paths(".cc", ".py")}
    findings = []
    for path in tree.paths(".md"):
        for number, line in enumerate(tree.lines(path), 1):
            missing = [f"{program}: {name}" for program, name in NAMED_TEST.findall(line)
                       if not re.search(rf"\b{name}\b", tree.files.get(sources.get(program), ""))]
            missing += [f"story: {name}" for name in STORY.findall(line)
                        if f"tests/scenarios/{name}.txt" not in tree.files]
            findings += [Finding(path, number, "named-test", f"there is no test `{name}`",
                                 "What is promised would have no proof", "Name the test that proves it, or write it")
                         for name in missing]
    return findings


def limits_lines(tree):
    """limits.h, and the headers that it collects."""
    themes = [path for path in tree.paths(".h") if path.startswith(LIMITS_FOLDER)]
    return [line for path in [LIMITS_HEADER] + themes for line in tree.lines(path)]


def limits_page(tree):
    """The page that lists limits.h: section, constant, value, reason."""
    out = ["# Limits", "",
           "Made from `journal/base/limits/` by `python3 tests/lint/lint.py --write`; the lint compares.", ""]
    comment, pending = [], ""
    for line in limits_lines(tree):
        text = line.strip()
        if text.startswith("// ----"):
            out += ["", f"## {text.strip('/- ').capitalize()}", "", "| limit | value | reason |", "|---|---|---|"]
            comment = []
            continue
        if text.startswith("//") and not pending:
            comment.append(text.lstrip("/ "))
            continue
        pending = f"{pending} {text}".strip()
        if pending and not pending.startswith("inline constexpr"):
            pending, comment = "", []
        match = CONSTANT.match(pending)
        if match:
            name, value, behind = match.group(2), " ".join(match.group(3).split()), match.group(4)
            if name not in ("kKiB", "kMiB", "kGiB"):
                reason = " ".join(comment + ([behind] if behind else []))
                out.append(f"| `{name}` | {value} | {reason} |")
            pending, comment = "", []
        elif ";" in pending.split("//")[0]:
            raise ValueError(f"{LIMITS_HEADER}: not understood as a limit: {pending}")
    return "\n".join(out).replace("\n\n\n", "\n\n") + "\n"


def check_limits(tree):
    if LIMITS_HEADER not in tree.files or tree.files.get(LIMITS_PAGE) == limits_page(tree):
        return []
    return [Finding(LIMITS_PAGE, 1, "limits", f"it differs from {LIMITS_HEADER}",
                    "A user must be able to look up every limit",
                    "Run: python3 tests/lint/lint.py --write")]
