"""Backup and restore of the SQLite database, as an operator does them: by command, on files."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from balancedue.running import sqlite_file


def balancedue(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one command on the data of `folder`."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment["BALANCEDUE_DATA_DIR"] = str(folder)
    command = [sys.executable, "-m", "balancedue", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def make_database(file: Path, rows: int = 1) -> Path:
    """A database in the way of ours: a write-ahead log, and the table that says whose it is."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute(f"CREATE TABLE {sqlite_file.OWN_TABLE} (id INTEGER PRIMARY KEY)")
        database.execute("CREATE TABLE balancedue_order (id INTEGER PRIMARY KEY)")
        database.executemany("INSERT INTO balancedue_order VALUES (?)", [(n,) for n in range(rows)])
        database.commit()
    return file


def count(file: Path) -> int:
    with closing(sqlite3.connect(file)) as database:
        return int(database.execute("SELECT count(*) FROM balancedue_order").fetchone()[0])


def test_a_copy_is_whole_while_somebody_writes(tmp_path: Path) -> None:
    """The copy holds what was committed, not what is half done; the writer is not held up."""
    file = make_database(tmp_path / "live.sqlite3", rows=1000)
    with closing(sqlite3.connect(file)) as writer:
        writer.execute("INSERT INTO balancedue_order VALUES (5000)")
        sqlite_file.copy(file, tmp_path / "copy.sqlite3")
        writer.commit()
    assert (count(tmp_path / "copy.sqlite3"), count(file)) == (1000, 1001)
    assert sqlite_file.problem_with(tmp_path / "copy.sqlite3") == ""
    assert (tmp_path / "copy.sqlite3").stat().st_mode & 0o077 == 0
    assert {path.name for path in tmp_path.iterdir()} >= {"copy.sqlite3", "live.sqlite3"}
    assert not list(tmp_path.glob("*.unfinished"))


def test_a_copy_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "no.sqlite3").write_bytes(b"not a database, whatever its name says " * 40)
    with pytest.raises(sqlite3.DatabaseError):
        sqlite_file.copy(tmp_path / "no.sqlite3", tmp_path / "copy.sqlite3")
    assert [path.name for path in tmp_path.iterdir()] == ["no.sqlite3"]


def test_what_is_no_backup_is_known(tmp_path: Path) -> None:
    """No file, no database, another program's database, a damaged one: each has its sentence."""
    assert sqlite_file.problem_with(tmp_path / "gone") == "there is no such file"
    (tmp_path / "text").write_text("hello " * 400)
    assert "not a database" in sqlite_file.problem_with(tmp_path / "text")
    with closing(sqlite3.connect(tmp_path / "other")) as other:
        other.execute("CREATE TABLE songs (id INTEGER)")
    assert sqlite_file.problem_with(tmp_path / "other") == "it holds no journal of Balancedue"
    damaged = bytearray(make_database(tmp_path / "whole", rows=5000).read_bytes())
    damaged[len(damaged) // 2 :] = b"\x00" * (len(damaged) - len(damaged) // 2)
    (tmp_path / "damaged").write_bytes(damaged)
    assert sqlite_file.problem_with(tmp_path / "damaged")


def test_a_database_that_others_have_open_is_in_use(tmp_path: Path) -> None:
    file = make_database(tmp_path / "live.sqlite3")
    with closing(sqlite3.connect(file)) as other:
        other.execute("SELECT count(*) FROM balancedue_order").fetchone()
        assert sqlite_file.is_in_use(file)
    assert not sqlite_file.is_in_use(file)
    assert [path.name for path in tmp_path.iterdir()] == ["live.sqlite3"]


@pytest.mark.slow
def test_backup_and_restore_bring_an_account_back(tmp_path: Path) -> None:
    """Back up, add something, restore: it is as it was, and what was there in between is kept beside it."""
    data, copy = tmp_path / "data", tmp_path / "copy.sqlite3"
    data.mkdir()
    assert balancedue(data, "migrate", "--verbosity", "0").returncode == 0
    made = balancedue(data, "backup", str(copy))
    assert made.returncode == 0, made.stderr
    assert "0 orders, read back and whole" in made.stdout
    again = balancedue(data, "backup", str(copy))
    assert (again.returncode, "Nothing was written over" in again.stderr) == (1, True)

    assert balancedue(data, "create-account", "shop", "--name", "Shop", "--owner-email", "a@b.example").returncode == 0
    restored = balancedue(data, "restore", str(copy))
    assert restored.returncode == 0, restored.stderr
    assert "What was there before is" in restored.stdout
    assert len(list(data.glob("balancedue.sqlite3.before-*"))) == 1
    assert "There is no account shop" in balancedue(data, "check-books", "shop").stderr

    with closing(sqlite3.connect(data / "balancedue.sqlite3")) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("SELECT count(*) FROM balancedue_order").fetchone()
        refused = balancedue(data, "restore", str(copy))
    assert (refused.returncode, "in use" in refused.stderr) == (1, True)
