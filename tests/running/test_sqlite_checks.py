"""What a copy of the database must be before it is called a backup."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from balancedue.management.sqlite_checks import deeper_problem_with
from balancedue.models import guards_sql


@pytest.fixture
def copied(transactional_db: None, tmp_path: Path) -> Path:
    """A copy of the database under test."""
    if connection.vendor != "sqlite":
        pytest.skip("copies are of SQLite")
    file = tmp_path / "copy.sqlite3"
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as live, closing(sqlite3.connect(file)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    return file


def _run(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute(statement)
        database.commit()


def test_a_true_copy_has_no_problem(copied: Path) -> None:
    assert deeper_problem_with(copied) == ""


def test_a_missing_guard_is_named(copied: Path) -> None:
    """N7."""
    guard = min(guards_sql.expected(connection))
    _run(copied, f"DROP TRIGGER {guard}")
    assert guard in deeper_problem_with(copied)


def test_rows_that_point_nowhere_are_told(copied: Path) -> None:
    _run(
        copied,
        "INSERT INTO balancedue_tally (name, window, count, ends_at) VALUES ('x', 1, 1, '2026-11-20')",
    )
    assert deeper_problem_with(copied) == ""
    _run(
        copied,
        "INSERT INTO balancedue_apikey (public_id, account_id, name, starts_with, key_hash, created_at)"
        " VALUES ('key_x', 999999, 'x', 'x', 'x', '2026-11-20')",
    )
    assert "1 rows point to rows that are not there, the first in balancedue_apikey" in deeper_problem_with(copied)


def test_what_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello " * 400)
    assert "not a database" in deeper_problem_with(tmp_path / "text")
