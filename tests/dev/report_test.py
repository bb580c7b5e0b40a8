#!/usr/bin/env python3
"""`./dev test` must not count what did not run, nor hide what failed."""

import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GTEST = """<testsuites><testsuite>
<testcase name="Good" classname="A" status="run" result="completed"/>
<testcase name="Skipped" classname="A" status="run" result="skipped"/>
<testcase name="Off" classname="A" status="notrun" result="suppressed"/>
%s</testsuite></testsuites>"""
BAD_CASE = '<testcase name="Bad" classname="A" status="run"><failure message="x">why</failure></testcase>'


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def test_event(folder, status, xml=None, log="log"):
    outputs = [{"name": "test.log", "uri": "file://" + write(folder, "test.log", log)}]
    if xml is not None:
        outputs.append({"name": "test.xml", "uri": "file://" + write(folder, "test.xml", xml)})
    return {"id": {"testResult": {"label": "//a:b"}},
            "testResult": {"status": status, "testActionOutput": outputs}}


def report(folder, log="", events=(), exit_code=0):
    """Returns (passed, failed, what is said about the failures)."""
    lines = "\n".join(json.dumps(event) for event in events)
    out = subprocess.run(
        [sys.executable, os.path.join(ROOT, "tools/dev/test_report.py"), "--phase", "x",
         "--log", write(folder, "log", log), "--events", write(folder, "events", lines),
         "--failures", os.path.join(folder, "failures"), "--exit-code", str(exit_code)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout
    with open(os.path.join(folder, "failures"), encoding="utf-8") as file:
        return (*map(int, out.split()), file.read())


def named_checks_of_scripts_are_counted(folder):
    passed, failed, text = report(folder, "ok - a\nnoise\nreason\nnot ok - b\nok - c\n", exit_code=1)
    return (passed, failed) == (2, 1) and "not ok - b" in text and "reason" in text


def gtest_cases_are_counted_and_skipped_ones_are_not(folder):
    return report(folder, events=[test_event(folder, "PASSED", GTEST % "")])[:2] == (1, 0)


def a_failed_case_is_counted_and_shown(folder):
    passed, failed, text = report(folder, events=[test_event(folder, "FAILED", GTEST % BAD_CASE)], exit_code=3)
    return (passed, failed) == (1, 1) and "//a:b: A.Bad" in text and "why" in text


def a_crash_without_results_is_a_failure_with_the_logs_end(folder):
    passed, failed, text = report(folder, events=[test_event(folder, "FAILED", log="boom")], exit_code=3)
    return (passed, failed) == (0, 1) and "boom" in text


def a_crash_behind_good_cases_is_a_failure(folder):
    return report(folder, events=[test_event(folder, "TIMEOUT", GTEST % "")], exit_code=3)[1] == 1


def a_target_that_does_not_build_is_a_failure(folder):
    event = {"id": {"targetCompleted": {"label": "//a:b"}}, "completed": {}}
    return report(folder, events=[event], exit_code=1)[:2] == (0, 1)


def a_test_that_runs_no_case_is_a_failure(folder):
    return report(folder, events=[test_event(folder, "PASSED", "<testsuites/>")])[:2] == (0, 1)


def a_phase_that_runs_nothing_is_a_failure(folder):
    return report(folder)[:2] == (0, 1)


def an_exit_code_without_a_named_failure_is_a_failure(folder):
    return report(folder, "ok - a\n", exit_code=2)[:2] == (1, 1)


CHECKS = (named_checks_of_scripts_are_counted, gtest_cases_are_counted_and_skipped_ones_are_not,
          a_failed_case_is_counted_and_shown, a_crash_without_results_is_a_failure_with_the_logs_end,
          a_crash_behind_good_cases_is_a_failure, a_target_that_does_not_build_is_a_failure,
          a_test_that_runs_no_case_is_a_failure, a_phase_that_runs_nothing_is_a_failure,
          an_exit_code_without_a_named_failure_is_a_failure)


def main():
    failed = False
    for check in CHECKS:
        with tempfile.TemporaryDirectory() as folder:
            good = check(folder)
        print(f"{'ok' if good else 'not ok'} - test report: {check.__name__.replace('_', ' ')}", flush=True)
        failed = failed or not good
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
