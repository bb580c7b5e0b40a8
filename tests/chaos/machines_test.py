#!/usr/bin/python3
"""The same on machines of its own: where namespaces are not permitted it says so, and does nothing."""

import sys

import run

if __name__ == "__main__":
    sys.exit(run.main(["--netns", *sys.argv[1:]], rounds=1, faults=("cut", "vanish")))
