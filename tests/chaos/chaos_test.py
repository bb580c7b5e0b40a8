#!/usr/bin/python3
"""The chaos harness with the budget of `./dev test`."""

import sys

import run

if __name__ == "__main__":
    sys.exit(run.main(rounds=1, faults=("kill", "lose", "pause", "cut", "flap", "killall", "fail-disk", "bitflip")))
