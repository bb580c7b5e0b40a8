#!/usr/bin/python3
"""./dev soak chaos: 20 of each fault, unless told otherwise."""

import sys

import run

if __name__ == "__main__":
    sys.exit(run.main())
