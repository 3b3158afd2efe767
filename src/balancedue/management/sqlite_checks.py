"""A look inside a copy of the database: what SQLite can check, and that history is still guarded (N7)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from django.db import connection

from balancedue.models import guards_sql


def deeper_problem_with(file: Path) -> str:
    """What is wrong inside a database file of ours; "" when nothing is. Reads all of it, and changes nothing."""
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as database:
            return " ".join(_problems(database))
    except sqlite3.DatabaseError as error:
        return str(error)


def _problems(database: sqlite3.Connection) -> Iterator[str]:
    found = [row[0] for row in database.execute("PRAGMA integrity_check(3)")]
    if found != ["ok"]:
        yield "; ".join(map(str, found))
    # A tool that opens the file without foreign keys can leave rows that point nowhere.
    broken = database.execute("PRAGMA foreign_key_check").fetchall()
    if broken:
        yield f"{len(broken)} rows point to rows that are not there, the first in {broken[0][0]}"
    guards = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    missing = sorted(guards_sql.expected(connection) - guards)
    if missing:
        yield f"guards of the journal are missing: {', '.join(missing)}"
