"""Copies of the SQLite database: made while it runs, and trusted only after a look inside."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from balancedue.models import guards_sql

HEADER = b"SQLite format 3\x00"
NOT_HERE = (
    "The database is PostgreSQL. Use its own tools: pg_dump --format=custom to back up, pg_restore to restore "
    "(docs/operations.md)."
)


def database_file() -> Path:
    """Where the live database is; CommandError when it is not SQLite."""
    if connection.vendor != "sqlite":
        raise CommandError(NOT_HERE)
    return Path(str(connection.settings_dict["NAME"])).resolve()


@contextmanager
def opened(path: Path, *, mode: str = "ro") -> Iterator[sqlite3.Connection]:
    """A connection of its own to a database file. `mode`: ro, rw or rwc."""
    address = f"file:{quote(str(path))}?mode={mode}"
    with closing(sqlite3.connect(address, uri=True, timeout=20, isolation_level=None)) as database:
        yield database


def copy_database(source: Path, target: Path) -> None:
    """A consistent copy as one plain file, on the disk when this returns. Writers may go on meanwhile."""
    with opened(source) as live, opened(target, mode="rwc") as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    with target.open("rb") as file:
        os.fsync(file.fileno())


def faults_of(path: Path) -> list[str]:
    """What is wrong with a database file, as sentences; empty when it can be trusted."""
    with path.open("rb") as file:
        if file.read(len(HEADER)) != HEADER:
            return ["It is not an SQLite database."]
    try:
        with opened(path) as database:
            return list(_faults(database))
    except sqlite3.DatabaseError as error:
        return [f"SQLite cannot read it: {error}."]


def _faults(database: sqlite3.Connection) -> Iterator[str]:
    tables = _column(database, "SELECT name FROM sqlite_master WHERE type = 'table'")
    if "balancedue_order" not in tables or "django_migrations" not in tables:
        yield "It is not a database of Balancedue."
        return
    yield from (f"Integrity: {line}" for line in _column(database, "PRAGMA integrity_check") if line != "ok")
    broken = database.execute("PRAGMA foreign_key_check").fetchall()
    if broken:
        yield f"{len(broken)} rows point to rows that are not there, the first in {broken[0][0]}."
    guards = set(_column(database, "SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    missing = sorted(guards_sql.expected(connection) - guards)
    if missing:
        yield f"The guards of the journal are missing: {', '.join(missing)}."
    known = {name for app, name in MigrationLoader(None).disk_migrations if app == "balancedue"}
    applied = set(_column(database, "SELECT name FROM django_migrations WHERE app = 'balancedue'"))
    if applied - known:
        yield f"It was written by a later version of Balancedue ({max(applied - known)})."


def counted(path: Path) -> str:
    """How much is in it, in words."""
    with opened(path) as database:
        orders = _column(database, "SELECT count(*) FROM balancedue_order")[0]
        payments = _column(database, "SELECT count(*) FROM balancedue_payment")[0]
    return f"{orders:,} orders, {payments:,} payments, {path.stat().st_size:,} bytes"


def _column(database: sqlite3.Connection, query: str) -> list[Any]:
    return [row[0] for row in database.execute(query)]


def sync_folder(folder: Path) -> None:
    """Make a new name in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
