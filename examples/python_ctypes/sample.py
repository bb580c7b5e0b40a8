#!/usr/bin/python3
"""Appends lines and reads them into a database, each exactly once, however often it is killed and run again.

sample.py HOST:PORT append JOURNAL PRODUCER < lines    goes on behind the lines that are there
sample.py HOST:PORT read JOURNAL FILE.sqlite           goes on behind the lines that are in the table
"""
import sqlite3
import sys

import ringjournal

ROWS_PER_COMMIT = 100


def append(journal, producer, lines):
    with ringjournal.Writer(journal, producer, create=1) as writer:
        for number, line in enumerate(lines, 1):
            # Lines below were applied by an earlier run. An error ends this one: the next line must not overtake.
            if number > writer.last_sequence:
                writer.append(line.rstrip(b"\n"))


def read(journal, path):
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE IF NOT EXISTS lines (lsn INTEGER PRIMARY KEY, line BLOB)")
    database.execute("CREATE TABLE IF NOT EXISTS cursor (one INTEGER PRIMARY KEY, text BLOB)")
    row = database.execute("SELECT text FROM cursor").fetchone()
    with ringjournal.Subscription(journal, row and row[0]) as subscription:
        for count, transaction in enumerate(subscription, 1):
            database.execute("INSERT INTO lines VALUES (?, ?)", transaction)
            if count % ROWS_PER_COMMIT == 0:
                commit(database, subscription)
        commit(database, subscription)


def commit(database, subscription):
    """What was read and where to go on, in one step."""
    database.execute("REPLACE INTO cursor VALUES (1, ?)", (subscription.cursor(),))
    database.commit()


def main():
    if len(sys.argv) != 5 or sys.argv[2] not in ("append", "read"):
        sys.exit(__doc__)
    _, servers, command, name, last = sys.argv
    try:
        with ringjournal.Journal(servers, name) as journal:
            if command == "append":
                append(journal, last, sys.stdin.buffer)
            else:
                read(journal, last)
    except ringjournal.Error as error:
        sys.exit(str(error))


main()
