"""`balancedue restore FILE`: put a backup in the place of the SQLite database. The present one is kept beside it."""

import os
import sqlite3
import stat
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone

from balancedue.management.sqlite_copy import copy_database, counted, database_file, faults_of, opened, sync_folder


class Command(BaseCommand):
    help = "Put a backup in the place of the database. Stop the server and the worker first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        live = database_file()
        if not file.is_file():
            raise CommandError(f"There is no file {file}")
        if file.resolve() == live:
            raise CommandError("That is the database itself.")
        faults = faults_of(file)
        if faults:
            raise CommandError(f"{file} cannot be restored. " + " ".join(faults))
        connections.close_all()
        kept = _restored(file, live)
        self.stdout.write(f"Restored {file}: {counted(live)}")
        if kept is not None:
            self.stdout.write(f"What was there before is kept as {kept}")
        self.stdout.write(
            "Run `balancedue migrate`, then `balancedue check-books`, then start the server and the worker."
        )
        self.stdout.write("Messages that left after the backup was made are not known in it: those still waiting in it")
        self.stdout.write("will be sent again.")


def _restored(file: Path, live: Path) -> Path | None:
    """Swap the files in one step; answers where the former database is, if there was one."""
    live.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{live.name}.", dir=live.parent)
    os.close(handle)
    copy = Path(name)
    try:
        copy_database(file, copy)
        kept = None
        if live.exists():
            _like(live, copy)
            kept = _set_aside(live)
        copy.replace(live)
        sync_folder(live.parent)
        return kept
    except OSError as error:
        raise CommandError(f"{live}: {error.strerror or error}") from error
    finally:
        copy.unlink(missing_ok=True)


def _set_aside(live: Path) -> Path:
    """Give the present database a second name, after it has taken its write-ahead log in and nobody uses it."""
    try:
        with opened(live, mode="rw") as database:
            database.execute("PRAGMA busy_timeout=2000")
            # Only the last connection may end the write-ahead log: this is how we know that we are alone.
            alone = database.execute("PRAGMA journal_mode=DELETE").fetchone()[0] == "delete"
    except sqlite3.OperationalError:
        alone = False
    except sqlite3.DatabaseError:
        alone = True  # damaged: that may be why we are here. Keep the file as it is
    if not alone:
        raise CommandError("The database is in use. Stop the server and the worker, then restore again.")
    kept = live.with_name(f"{live.name}.before-{timezone.now():%Y%m%dT%H%M%S}")
    os.link(live, kept)
    for ending in ("-wal", "-shm"):  # a log that stayed with a damaged database must not be read into the restored one
        log = live.with_name(live.name + ending)
        if log.exists():
            log.replace(kept.with_name(kept.name + ending))
    return kept


def _like(live: Path, copy: Path) -> None:
    """The same owner and rights as the database had: restoring may be done by another user than the server's."""
    facts = live.stat()
    copy.chmod(stat.S_IMODE(facts.st_mode))
    if (facts.st_uid, facts.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(copy, facts.st_uid, facts.st_gid)
