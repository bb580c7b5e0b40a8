#!/usr/bin/python3
"""The kill tests with the budget of `./dev test`."""

import sys

import run

if __name__ == "__main__":
    sys.exit(run.main([]))
