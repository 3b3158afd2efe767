"""The SQLite file as a file: copied while in use, looked over, put in place. Knows no tables but one's name."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

PAGES_AT_ONCE = 4096  # 16 MB a step; writers get their turn in between
BUSY_SECONDS = 20
OWN_TABLE = "balancedue_journalentry"  # a database without it is another program's


def database_file() -> Path | None:
    """Where the database is; None when it is not SQLite."""
    database = settings.DATABASES["default"]
    return Path(database["NAME"]) if database["ENGINE"].endswith("sqlite3") else None


def problem_with(file: Path) -> str:
    """What keeps `file` from being used as our database; "" when nothing does."""
    if not file.is_file():
        return "there is no such file"
    try:
        with closing(_read_only(file)) as database:
            found = [row[0] for row in database.execute("PRAGMA quick_check")]
            known = database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [OWN_TABLE]).fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    if found != ["ok"]:
        return "; ".join(map(str, found[:3]))
    return "" if known else "it holds no journal of Balancedue"


def copy(source: Path, target: Path) -> None:
    """A consistent copy, readable by its owner alone, on disk when this returns. Raises OSError, sqlite3.Error."""
    unfinished = target.with_name(f"{target.name}.unfinished")
    os.close(os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
    try:
        with closing(_read_only(source)) as one, closing(sqlite3.connect(unfinished)) as other:
            one.backup(other, pages=PAGES_AT_ONCE)
            other.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        _sync(unfinished)
        unfinished.rename(target)
        _sync(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def is_in_use(file: Path) -> bool:
    """Whether another process has the database open. Leaves no log beside the file when none has."""
    with closing(sqlite3.connect(file, timeout=0)) as database:
        try:
            # Only a connection that is alone may leave the write-ahead log behind.
            return bool(database.execute("PRAGMA journal_mode=DELETE").fetchone()[0] != "delete")
        except sqlite3.OperationalError:
            return True


def put_in_place(backup: Path, target: Path) -> Path | None:
    """`backup` becomes the database; answers where the one before is kept. Nobody may have either open."""
    kept = None
    if target.exists():
        kept = target.with_name(f"{target.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
        target.rename(kept)
    try:
        copy(backup, target)
    except BaseException:
        if kept is not None:
            kept.rename(target)
        raise
    return kept


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
