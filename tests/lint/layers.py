"""Layers: proto -> journal -> io -> {server | client} -> tools -> tests, and a pure journal/."""

import re

from tree import Finding, is_test, line_of

RANKS = {"proto": 0, "journal": 1, "io": 2, "server": 3, "client": 3, "tools": 4, "tests": 5,
         "examples": 6}
ORDER = "proto -> journal -> io -> {server | client} -> tools -> tests -> examples"
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)
LABEL = re.compile(r'"//([\w/.-]+)(?::[\w./-]+)?"')
VISIBILITY = re.compile(r"(?:default_)?visibility\s*=\s*\[[^\]]*\]", re.DOTALL)

TIME = "time comes in as an argument named `now`"
THREADS = "one thread owns the core"
FILES = "files and sockets belong to io/; take bytes, or return an effect"
# Header (a prefix) -> what to do instead.
IMPURE_HEADERS = {
    "thread": THREADS, "mutex": THREADS, "shared_mutex": THREADS, "condition_variable": THREADS,
    "future": THREADS, "absl/synchronization/": THREADS, "pthread.h": THREADS,
    "atomic": "only journal/ring/ orders stores for the next process; elsewhere " + THREADS,
    "chrono": TIME, "ctime": TIME, "time.h": TIME, "absl/time/clock.h": TIME, "sys/time.h": TIME,
    "random": "a seed or a number comes in as an argument", "absl/random/": "see <random>",
    "fstream": FILES, "filesystem": FILES, "iostream": FILES, "unistd.h": FILES, "fcntl.h": FILES,
    "sys/": FILES, "netinet/": FILES, "arpa/": FILES, "liburing": FILES, "spdlog/": FILES,
}
ATOMIC_FOLDER = "journal/ring/"


def rank(path):
    return RANKS.get(path.split("/")[0])


def allowed_edge(source, target):
    """True if a file in folder `source` may use folder `target`."""
    if source == target:
        return True
    if {source, target} == {"server", "client"}:
        return False
    return RANKS[target] < RANKS[source]


def check_layers(tree):
    findings = []
    for path in tree.paths(".cc", ".h"):
        text = tree.files[path]
        for match in INCLUDE.finditer(text):
            findings += _check_use(path, line_of(text, match.start(2)), match.group(2))
            if match.group(1) == '"' and "/" not in match.group(2):
                findings.append(Finding(
                    path, line_of(text, match.start(2)), "layers",
                    f'"{match.group(2)}" is included without its folder',
                    "The folder is the layer, so a reader must see it",
                    "Write the path from the repository's root"))
    for path in tree.paths("BUILD.bazel"):
        text = VISIBILITY.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), tree.files[path])
        for match in LABEL.finditer(text):
            if not match.group(1).startswith("tools/build_defs"):
                findings += _check_use(path, line_of(text, match.start()), match.group(1) + "/")
    return findings


def _check_use(path, line, target):
    source_layer, target_layer = path.split("/")[0], target.split("/")[0]
    if "/" not in target or source_layer not in RANKS or target_layer not in RANKS:
        return []
    if allowed_edge(source_layer, target_layer):
        return []
    why = f"Arrows go one way: {ORDER}"
    if {source_layer, target_layer} == {"server", "client"}:
        why = "client and server never see each other"
    return [Finding(path, line, "layers", f"{source_layer}/ uses {target.rstrip('/')}", why,
                    f"Move what both need to a layer left of {source_layer}/")]


def check_purity(tree):
    """journal/ has no thread, clock, file, socket or randomness of its own; tests may."""
    findings = []
    for path in tree.paths(".cc", ".h"):
        if not path.startswith("journal/") or is_test(path):
            continue
        text = tree.files[path]
        for match in INCLUDE.finditer(text):
            header = match.group(2)
            for banned, instead in IMPURE_HEADERS.items():
                hit = header.startswith(banned) if banned.endswith("/") else header == banned
                if banned == "liburing":
                    hit = header.startswith(banned)
                if not hit or (banned == "atomic" and path.startswith(ATOMIC_FOLDER)):
                    continue
                findings.append(Finding(
                    path, line_of(text, match.start(2)), "purity", f"journal/ includes <{header}>",
                    "The core runs under simulated time, disks and network", f"Instead: {instead}"))
    return findings
