#!/usr/bin/python3
"""The kill tests in full: 50 SIGKILLs with the ring kept, 50 with the ring lost as well."""

import sys

import run

if __name__ == "__main__":
    sys.exit(run.main(kills=50))
