"""Words of code that are not used here, each with its replacement."""

import re
from typing import Callable, NamedTuple

from tree import Finding, is_test, line_of


def anywhere(path):
    return True


def in_journal(path):
    # check.h ends the process with a message: the one place that may print.
    return (path.startswith("journal/") and not is_test(path)
            and path != "journal/base/check.h")


def in_headers(path):
    return path.endswith(".h")


class Ban(NamedTuple):
    rule: str
    pattern: str
    where: Callable[[str], bool]
    why: str
    instead: str


BANS = [
    Ban("sleep", r"\b(usleep|nanosleep|sleep_for|sleep_until|SleepFor)\b|(?<![\w:.>])sleep\s*\(",
        is_test, "A test that sleeps is slow or flaky", "Wait for an event with a deadline, or "
        "pass the time in"),
    Ban("shared-temp", r'"/tmp\b', is_test, "Two runs at once would share it",
        "Use testing::TempDir() and mkdtemp"),
    Ban("using-namespace", r"\busing\s+namespace\b", anywhere, "A reader cannot tell where a name "
        "comes from", "Name what you use"),
    Ban("printf", r"(?<!\w)(?:std::)?(?:f|v|vf|d)?printf\s*\(|(?<!\w)f?puts\s*\(|std::(cout|cerr|clog)\b",
        in_journal, "The core does no output", "Return a Status or an effect"),
    Ban("clock", r"std::chrono|absl::Now\b|absl::GetCurrentTime|\bclock_gettime\b|\bgettimeofday\b"
        r"|(?<![\w.>])(?:std::)?time\s*\(\s*(?:nullptr|NULL|0|&)", in_journal,
        "The core runs under simulated time", "Take `now` as an argument"),
    Ban("environment", r"\b(secure_)?getenv\b", in_journal, "The core is a function of its "
        "arguments", "Take the value as an argument"),
    Ban("randomness", r"(?<![\w.>])s?rand(om)?\s*\(|\brandom_device\b|\barc4random\b|\bgetrandom\b",
        in_journal, "One seed must give one run, byte for byte", "Take the number as an argument"),
    Ban("rand", r"(?<![\w.>:])(?:std::)?s?rand\s*\(", anywhere, "It is shared state and weak",
        "Use a seeded engine of <random>"),
    Ban("absl-view", r"\babsl::(string_view|optional|Span|variant)\b", in_headers,
        "Our headers speak std; this version of absl does not convert",
        "Use std::string_view, std::optional, std::span"),
    Ban("throw", r"\bthrow\b(?!\s*\(|\s+CLI::)", anywhere, "There are no exceptions here",
        "Return an absl::Status, or RJ_CHECK for a programmer's error"),
    Ban("assert", r"(?<![\w.>:])assert\s*\(", anywhere, "An optimised build drops it", "Use RJ_CHECK"),
    Ban("unsafe-c", r"(?<![\w.>:])(?:std::)?(strcpy|strcat|sprintf|gets|atoi|atol|atoll|strtok)\s*\(",
        anywhere, "It does not check what it gets", "Use absl::SimpleAtoi, absl::StrFormat, std::string"),
    Ban("pragma-once", r"#\s*pragma\s+once", anywhere, "The house style is include guards",
        "Use #ifndef FOLDER_FILE_H_"),
]

TO_DO = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
HASH = r"(?:std::unordered_(?:multi)?(?:map|set)|absl::(?:flat|node)_hash_(?:map|set))"
HASH_NAME = re.compile(HASH + r"<.*>\s+(\w+)\s*(?:;|=|\{|ABSL)")


def check_bans(tree):
    findings = []
    for path in tree.paths(".cc", ".h"):
        code, raw = tree.code(path), tree.files[path]
        for ban in BANS:
            # A path in a string is what the rule on temporary paths is about.
            text = raw if ban.rule == "shared-temp" else code
            for match in re.finditer(ban.pattern, text) if ban.where(path) else ():
                findings.append(Finding(path, line_of(text, match.start()), ban.rule,
                                        f"`{match.group(0).strip()}`", ban.why, ban.instead))
    for path in tree.paths():
        if path.startswith("tests/lint/"):
            continue
        for number, line in enumerate(tree.lines(path), 1):
            if TO_DO.search(line):
                findings.append(Finding(path, number, "to-do", f"a note to do something: {line.strip()}",
                                        "Nobody finds it again", "Do it, or file an issue"))
    return findings


def check_hash_order(tree):
    """The order of a hash table differs from run to run; the core must not depend on it."""
    findings = []
    for path in tree.paths(".cc", ".h"):
        if not path.startswith("journal/") or is_test(path):
            continue
        code = tree.code(path)
        for match in re.finditer(HASH + r"\s*<", code):
            findings.append(Finding(
                path, line_of(code, match.start()), "hash-table", f"`{match.group(0)}…>` in journal/",
                "Its order differs from run to run, and one seed must give one run",
                "Use std::map or a sorted vector; for look-ups only, say so: "
                "`// lint-allow: hash-table: REASON`"))
        findings += _iterations(tree, path, code)
    return findings


def _iterations(tree, path, code):
    stem = re.sub(r"\.(cc|h)$", "", path)
    pair = [p for p in (stem + ".h", stem + ".cc") if p in tree.files]
    names = {m.group(1) for p in pair for m in HASH_NAME.finditer(tree.code(p))}
    findings = []
    for name in names:
        loop = re.compile(rf"for\s*\([^;()]*:\s*(?:[\w.>-]*(?:\.|->))?{name}\s*\)|\b{name}\.c?begin\(")
        for match in loop.finditer(code):
            findings.append(Finding(
                path, line_of(code, match.start()), "hash-order", f"a walk over the hash table `{name}`",
                "Its order differs from run to run, and one seed must give one run",
                "Keep it in a std::map or a sorted vector"))
    return findings
