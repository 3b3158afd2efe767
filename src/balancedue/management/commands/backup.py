"""`balancedue backup FILE`: a consistent copy of the SQLite database, while everything runs."""

import os
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from balancedue.management.sqlite_copy import copy_database, counted, database_file, faults_of, sync_folder


class Command(BaseCommand):
    help = "Copy the SQLite database while it runs, and check the copy before it gets its name."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--replace", action="store_true", help="replace a file that is there, once the copy is good"
        )

    def handle(self, *args: Any, file: Path, replace: bool, **options: Any) -> None:
        live, target = database_file(), file.resolve()
        if not live.exists():
            raise CommandError(f"There is no database at {live}")
        if target == live or target.name.startswith(f"{live.name}-"):
            raise CommandError("That is the database itself. Choose another file.")
        if target.exists() and not replace:
            raise CommandError(f"There is already a file {file}. Choose another name, or add --replace.")
        if not target.parent.is_dir():
            raise CommandError(f"There is no folder {file.parent}")
        self.stdout.write(f"{file}: {_backed_up(live, target)}")
        self.stdout.write("Keep BALANCEDUE_FIELD_KEYS as well, in another place: without it nobody can open the links")
        self.stdout.write("and the processors' keys in this copy.")


def _backed_up(live: Path, target: Path) -> str:
    """Copy beside the target, check, and only then give it its name."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # readable by us alone
    os.close(handle)
    copy = Path(name)
    try:
        copy_database(live, copy)
        faults = faults_of(copy)
        if faults:
            raise CommandError("The copy is not good and was not kept. " + " ".join(faults))
        words = counted(copy)
        copy.replace(target)
        sync_folder(target.parent)
        return words
    except OSError as error:
        raise CommandError(f"{target}: {error.strerror or error}") from error
    finally:
        copy.unlink(missing_ok=True)
