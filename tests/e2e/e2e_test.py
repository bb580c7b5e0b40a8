#!/usr/bin/python3
"""The end-to-end tests as `./dev test` runs them."""

import sys

import run

if __name__ == "__main__":
    sys.exit(run.main([]))
