#!/usr/bin/env python3
"""A lint that cannot fail is no lint: each rule must report its bad snippet, and only that."""

import sys
import unittest

import bans
import docs
import lint
import lint_cases
import sizes
from tree import Tree


def reported(check, files):
    findings = lint.findings_of(lint.CHECKS[check], Tree(files))
    return [(f.path, f.line, f.rule) for f in findings]


class Lint(unittest.TestCase):

    def test_every_bad_snippet_is_reported_at_its_line(self):
        for check, files, expected in lint_cases.BAD:
            with self.subTest(check=check, files=files):
                # journal/ has two bans on rand(), so the expected one must be among the reported.
                self.assertIn(expected, reported(check, files))
                self.assertEqual({e[0] for e in reported(check, files)}, {expected[0]})

    def test_what_only_looks_bad_is_not_reported(self):
        for check, files in lint_cases.GOOD:
            with self.subTest(check=check, files=files):
                self.assertEqual(reported(check, files), [])

    def test_every_check_has_a_bad_snippet(self):
        self.assertEqual(set(lint.CHECKS), {check for check, _, _ in lint_cases.BAD})

    def test_every_ban_has_a_bad_snippet(self):
        self.assertEqual({ban.rule for ban in bans.BANS} | {"to-do"},
                         {expected[2] for check, _, expected in lint_cases.BAD if check == "bans"})

    def test_a_message_says_where_what_why_and_what_to_do(self):
        files = {"io/a.cc": "using namespace std;"}
        text = lint.findings_of(lint.CHECKS["bans"], Tree(files))[0].text()
        self.assertEqual(text, "io/a.cc:1: [using-namespace] `using namespace`. A reader cannot tell "
                               "where a name comes from. Name what you use.")

    def test_the_ratchet_is_lowered_but_never_raised(self):
        ratchet = '{"io/a.cc": 410, "io/b.cc": 410, "io/c.cc": 410}'
        tree = Tree({"io/a.cc": "int a;\n" * 405, "io/b.cc": "int a;\n" * 450, "io/c.cc": "",
                     sizes.RATCHET: ratchet})
        self.assertEqual(sizes.lowered_ratchet(tree), {"io/a.cc": 405, "io/b.cc": 410})

    def test_the_page_of_limits_lists_value_and_reason(self):
        page = docs.limits_page(Tree({docs.LIMITS_HEADER: lint_cases.LIMITS}))
        self.assertIn("| `kRing` | 4 | Why. here |", page)


class ResultLines(unittest.TextTestResult):
    """One "ok - NAME" or "not ok - NAME" line for each test."""

    def stopTest(self, test):
        bad = any(problem[0] is test or getattr(problem[0], "test_case", None) is test
                  for problem in self.failures + self.errors)
        print(f"{'not ok' if bad else 'ok'} - lint's own test: {test.id().split('.')[-1]}", flush=True)
        super().stopTest(test)


if __name__ == "__main__":
    runner = unittest.TextTestRunner(stream=sys.stdout, verbosity=0, resultclass=ResultLines)
    unittest.main(testRunner=runner)
