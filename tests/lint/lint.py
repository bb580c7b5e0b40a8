#!/usr/bin/env python3
"""The lint, run as a test: prints what is wrong, then "ok - NAME" or "not ok - NAME" per check.

lint.py          all checks on the checkout that this file lies in
lint.py --write  first lower the ratchet where things have shrunk, and write docs/limits.md anew
"""

import json
import os
import sys

import bans
import docs
import glossary
import hygiene
import layers
import sizes
from tree import Tree

CHECKS = {
    "layers": layers.check_layers,
    "journal is pure": layers.check_purity,
    "bans": bans.check_bans,
    "no order of hash tables": bans.check_hash_order,
    "sizes": sizes.check_sizes,
    "glossary": glossary.check_glossary,
    "readmes": hygiene.check_readmes,
    "include guards": hygiene.check_guards,
    "no machine's traces": hygiene.check_traces,
    "build files": hygiene.check_build_files,
    "links": docs.check_links,
    "index of documents": docs.check_index,
    "commands in documents": docs.check_commands,
    "named tests exist": docs.check_named_tests,
    "limits are listed": docs.check_limits,
}


def findings_of(check, tree):
    """What a check reports and no `lint-allow` comment excuses."""
    found = [f for f in check(tree) if f.path not in tree.files or not tree.allowed(f)]
    return sorted(set(found))


def write_generated(root, tree):
    """Writes the ratchet and the page of limits; neither loses anything that is not derived."""
    with open(os.path.join(root, sizes.RATCHET), "w", encoding="utf-8") as file:
        file.write(json.dumps(sizes.lowered_ratchet(tree), indent=2) + "\n")
    with open(os.path.join(root, docs.LIMITS_PAGE), "w", encoding="utf-8") as file:
        file.write(docs.limits_page(tree))


def main(arguments):
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if arguments not in ([], ["--write"]):
        print(__doc__, file=sys.stderr)
        return 2
    tree = Tree.of_checkout(root)
    if arguments:
        write_generated(root, tree)
        tree = Tree.of_checkout(root)
    failed = False
    for name, check in CHECKS.items():
        found = findings_of(check, tree)
        for finding in found:
            print(finding.text())
        print(f"{'not ok' if found else 'ok'} - lint: {name}")
        failed = failed or bool(found)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
