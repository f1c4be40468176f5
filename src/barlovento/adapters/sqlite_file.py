"""The file of a workspace's store: its tables, and how it is opened and written to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

TABLES = """
CREATE TABLE entries (
    idx INTEGER PRIMARY KEY, kind TEXT NOT NULL, time TEXT NOT NULL,
    body BLOB NOT NULL, leaf BLOB NOT NULL) STRICT;
CREATE INDEX entries_by_kind ON entries (kind, idx);
CREATE TABLE documents (digest TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT;
CREATE TABLE sealed (
    idx INTEGER NOT NULL, field TEXT NOT NULL, salt BLOB NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (idx, field)) STRICT;
CREATE TABLE nodes (
    level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,
    PRIMARY KEY (level, idx)) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TRIGGER entries_stay BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'entries of the log are never changed'); END;
CREATE TRIGGER entries_last BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'entries of the log are never deleted'); END;
"""


def connect(file: Path) -> sqlite3.Connection:
    """Open a file for many readers and one writer at a time."""
    connection = sqlite3.connect(file, isolation_level=None, timeout=30.0)
    connection.execute("PRAGMA journal_mode = WAL")
    # An entry that was answered for must outlast a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold a transaction in which others can't write; what fails leaves nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def statements(script: str) -> Iterable[str]:
    """Part a script into statements; triggers hold semicolons inside."""
    begun = ""
    for line in script.splitlines():
        begun += line + "\n"
        if sqlite3.complete_statement(begun):
            yield begun
            begun = ""
