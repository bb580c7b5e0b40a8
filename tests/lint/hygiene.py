"""What every folder and file has: a README, its include guard, a BUILD entry, no machine's traces."""

import posixpath
import re

from tree import Finding, is_test

MACHINE_PATH = re.compile(r"(?<![\w.$}~-])/(?:work|root)/|(?<![\w.$}~-])/(?:home|Users)/\w")
URL_HOST = re.compile(r"\b(?:https?|ftp)://(?:[^/@\s\"'`)>]*@)?\[?([\w.:$*{}<-]+)")
# Hosts that documents may cite. A place where a build downloads from is not among them.
URL_HOSTS = {"127.0.0.1", "localhost", "example.com", "example.org", "github.com", "kernel.org",
             "www.kernel.org", "lwn.net", "man7.org", "protobuf.dev", "datatracker.ietf.org",
             "www.rfc-editor.org", "www.postgresql.org", "www.apache.org", "keepachangelog.com",
             "semver.org"}
REGISTRY = re.compile(r"registry\.[\w-]+\.(?:org|io|com)|pypi\.org|pythonhosted\.org|deb\.debian\.org"
                      r"|proxy\.golang\.org|ghcr\.io|docker\.io|static\.crates\.io|[\w-]+\.pkg\.dev"
                      r"|artifactory|snapshot\.debian\.org", re.IGNORECASE)
EXEMPT = ("tests/lint/",)


def folders_with_code(tree):
    return sorted({posixpath.dirname(path) for path in tree.paths(".cc", ".h")} - {""})


def check_readmes(tree):
    findings = []
    for folder in folders_with_code(tree):
        readme = f"{folder}/README.md"
        if readme not in tree.files:
            findings.append(Finding(f"{folder}/", 1, "readme", "the folder has no README.md",
                                    "A newcomer opens the folder and must see what it is for",
                                    "Write its purpose, its interface and a picture"))
        elif not tree.files[readme].startswith("# "):
            findings.append(Finding(readme, 1, "readme", "it does not start with a title",
                                    "The first line says what the folder is", "Start with `# `"))
    return findings


def check_guards(tree):
    findings = []
    for path in tree.paths(".h"):
        guard = re.sub(r"[^A-Z0-9]", "_", path.upper()) + "_"
        lines = tree.lines(path)
        opens = next((i for i, line in enumerate(lines, 1) if line.startswith("#ifndef ")), 1)
        if f"#ifndef {guard}" not in lines or f"#define {guard}" not in lines:
            findings.append(Finding(path, opens, "guard", "the include guard has another name",
                                    "Two headers with one guard hide each other", f"Call it {guard}"))
        elif f"#endif  // {guard}" not in lines:
            findings.append(Finding(path, len(lines), "guard", "the last #endif does not name the guard",
                                    "A reader must see what it closes", f"Write: #endif  // {guard}"))
    return findings


def check_traces(tree):
    """Paths of a machine and hosts of package registries."""
    findings = []
    for path in tree.paths():
        if path.startswith(EXEMPT):
            continue
        for number, line in enumerate(tree.lines(path), 1):
            match = MACHINE_PATH.search(line)
            if match:
                findings.append(Finding(path, number, "machine-path", f"`{match.group(0)}`",
                                        "It exists on one machine only", "Use a relative path"))
            hosts = [h.split(":")[0].rstrip(".") for h in URL_HOST.findall(line)]
            # What starts with a variable or a placeholder is an address at run time.
            bad = [h for h in hosts if h and h[0].isalnum() and h.lower() not in URL_HOSTS]
            bad += REGISTRY.findall(line)
            if bad:
                findings.append(Finding(path, number, "host", f"`{bad[0]}`",
                                        "The build downloads nothing, and mirrors differ",
                                        "Leave it out, or add the host to URL_HOSTS if it is cited"))
    return findings


def check_build_files(tree):
    findings = []
    for path in tree.paths("_test.cc"):
        build = posixpath.join(posixpath.dirname(path), "BUILD.bazel")
        name, text = posixpath.basename(path), tree.files.get(build, "")
        if name not in text and "glob(" not in text:
            findings.append(Finding(path, 1, "build", f"{build} does not name {name}",
                                    "A test that is not built is never run", "Add it to an rj_test"))
    for path in tree.paths("BUILD.bazel"):
        if path.startswith("tools/build_defs/"):
            continue
        for number, line in enumerate(tree.lines(path), 1):
            if re.search(r"\b(?:native\.)?cc_(?:library|binary|test)\(", line):
                findings.append(Finding(path, number, "build", "a native C++ rule",
                                        "It has no warnings as errors", "Use the rj_ macros of //tools/build_defs:cc.bzl"))
        findings += _check_visibility(path, tree)
    return findings + _check_mutated(tree)


MUTATED = "tests/cluster_sim/BUILD.bazel"


def _check_mutated(tree):
    """A rule that can be broken must be broken in what mutants_test runs."""
    named = tree.files.get(MUTATED, "")
    findings = []
    for path in tree.paths(".cc"):
        if path.startswith("tests/") or is_test(path) or "Mutated(Mutant::" not in tree.files[path]:
            continue
        if f'"//{posixpath.dirname(path)}:{posixpath.basename(path)}"' in named:
            continue
        findings.append(Finding(path, 1, "build", f"{MUTATED} does not compile it with mutants",
                                "Its mutants change nothing, and live",
                                "Add it to `mutated` there, and to exports_files of its folder"))
    return findings


def _check_visibility(path, tree):
    """The build enforces the layers too: nobody outside may reach into server/."""
    if not path.startswith("server/"):
        return []
    return [Finding(path, number, "visibility", "a target of server/ is public",
                    "client/ and tools/ could come to depend on it",
                    'Give it to "//server:__subpackages__", "//tests:__subpackages__" and who needs it')
            for number, line in enumerate(tree.lines(path), 1) if "//visibility:public" in line]
