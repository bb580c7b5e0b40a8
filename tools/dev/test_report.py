#!/usr/bin/env python3
"""Counts what a phase of `./dev test` has passed and failed, and writes down what failed.

Prints "PASSED FAILED". Sources: "ok - name" and "not ok - name" lines of the log (script tests),
and Bazel's build events, which name the test.xml of every GoogleTest, cached ones too.
"""

import argparse
import json
import re
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree

EXCERPT_LINES_MAX = 40
# Where a sanitizer's report starts, and what it repeats at length behind the useful part.
SANITIZER_START = re.compile(r"ERROR: \w+Sanitizer|runtime error:|SUMMARY: \w+Sanitizer")
RESULT_LINE = re.compile(r"^(ok|not ok) - (.*)$")


def script_results(log_lines):
    """Returns (passed, [failed names with the lines in front of them])."""
    passed, failed, recent = 0, [], []
    for line in log_lines:
        match = RESULT_LINE.match(line)
        if not match:
            recent.append(line)
            continue
        if match.group(1) == "ok":
            passed += 1
        else:
            failed.append("\n".join([line] + recent[-EXCERPT_LINES_MAX:]))
        recent = []
    return passed, failed


def xml_results(path):
    """Returns (passed, [failed case with its message]) of one GoogleTest result file."""
    passed, failed = 0, []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        problems = case.findall("failure") + case.findall("error")
        if problems and "exited with error code" in (problems[0].get("message") or ""):
            continue  # Bazel's stand-in for a result file; the log says more
        name = f'{case.get("classname", "")}.{case.get("name", "")}'.strip(".")
        if problems:
            text = problems[0].text or problems[0].get("message") or ""
            failed.append(name + "\n" + excerpt(text))
        elif case.get("result") != "skipped" and case.get("status") != "notrun":
            passed += 1
    return passed, failed


def excerpt(text):
    """The lines that say why: from a sanitizer's report on, else the last ones."""
    lines = text.strip().splitlines()
    for i, line in enumerate(lines):
        if SANITIZER_START.search(line):
            return "\n".join(lines[max(0, i - 3):i + EXCERPT_LINES_MAX])
    return "\n".join(lines[-EXCERPT_LINES_MAX:])


def outputs_by_name(result):
    """Local paths of a test result's files, e.g. {"test.xml": "/…/test.xml"}."""
    paths = {}
    for output in result.get("testActionOutput", []):
        uri = urllib.parse.urlparse(output.get("uri", ""))
        if uri.scheme == "file":
            paths[output["name"]] = urllib.parse.unquote(uri.path)
    return paths


def test_target_results(label, result):
    """Returns (passed, failures) of one test target's run."""
    paths = outputs_by_name(result)
    passed, failed = 0, []
    try:
        passed, failed = xml_results(paths["test.xml"])
    except (KeyError, OSError, ElementTree.ParseError):
        pass  # a crash leaves no result file; the status below says so
    status = result.get("status", "NO_STATUS")
    if status != "PASSED" and not failed:
        try:
            with open(paths["test.log"], errors="replace") as log:
                failed = [status + "\n" + excerpt(log.read())]
        except (KeyError, OSError):
            failed = [status]
    if status == "PASSED" and passed == 0 and not failed:
        failed = ["the test passed without running a single case"]
    return passed, [f"{label}: {text}" for text in failed]


def bazel_results(events_path):
    """Returns (passed, failures) of all test targets that Bazel's events name."""
    passed, failed = 0, []
    try:
        with open(events_path) as file:
            events = [json.loads(line) for line in file if line.strip()]
    except OSError:
        return 0, []
    for event in events:
        event_id = event.get("id", {})
        if "testResult" in event and "testResult" in event_id:
            more, problems = test_target_results(event_id["testResult"]["label"],
                                                 event["testResult"])
            passed += more
            failed += problems
        elif "targetCompleted" in event_id and not event.get("completed", {}).get("success"):
            failed.append(f'{event_id["targetCompleted"]["label"]}: does not build')
    return passed, failed


def main():
    parser = argparse.ArgumentParser()
    for name in ("phase", "log", "events", "failures"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--exit-code", type=int, required=True)
    args = parser.parse_args()
    with open(args.log, errors="replace") as file:
        log_lines = file.read().splitlines()
    passed, failed = script_results(log_lines)
    more, problems = bazel_results(args.events)
    passed, failed = passed + more, failed + problems
    if args.exit_code != 0 and not failed:
        failed = [f"{args.phase}: exit code {args.exit_code}\n" + excerpt("\n".join(log_lines))]
    if args.exit_code == 0 and passed == 0 and not failed:
        failed = [f"{args.phase}: nothing ran, so nothing is known"]
    with open(args.failures, "w") as file:
        file.write("\n".join(failed) + "\n")
    print(passed, len(failed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
