"""`balancedue restore FILE`: put a backup in the place of the SQLite database. What was there is kept beside it."""

import sqlite3
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from balancedue.management.sqlite_checks import deeper_problem_with
from balancedue.running.sqlite_file import database_file, is_in_use, problem_with, put_in_place


class Command(BaseCommand):
    help = "Put a backup in the place of the database (SQLite). Stop the server and the worker first."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="what `balancedue backup` wrote")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        target = database_file()
        if target is None:
            raise CommandError("This is for SQLite. For PostgreSQL: pg_restore --clean --if-exists --dbname=URL FILE")
        problem = problem_with(file) or deeper_problem_with(file)
        if problem:
            raise CommandError(f"{file} is not a backup: {problem}. Nothing was changed.")
        if target.exists() and is_in_use(target):
            raise CommandError("The database is in use. Stop the server and the worker, then run this again.")
        try:
            kept = put_in_place(file, target)
        except (OSError, sqlite3.Error) as error:
            raise CommandError(f"{file} could not be put in place: {error}") from error
        self.stdout.write(f"{file} is now the database.")
        if kept is not None:
            self.stdout.write(f"What was there before is {kept}.")
        self.stdout.write(
            "Next: balancedue migrate, then start the server and the worker, then balancedue check-books."
        )
