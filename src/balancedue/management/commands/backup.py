"""`balancedue backup FILE`: a consistent copy of the SQLite database, while everything goes on running."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from balancedue.management.sqlite_checks import deeper_problem_with
from balancedue.running.sqlite_file import copy, database_file, problem_with


class Command(BaseCommand):
    help = "Copy the database (SQLite) into a new file, consistent, while the server and the worker run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the copy; must not be there yet")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        source = database_file()
        if source is None:
            raise CommandError("This is for SQLite. For PostgreSQL: pg_dump --format=custom --file=FILE DATABASE_URL")
        if not source.exists():
            raise CommandError(f"There is no database at {source} yet. First: balancedue migrate")
        if file.exists():
            raise CommandError(f"{file} is there already. Nothing was written over.")
        try:
            copy(source, file)
        except (OSError, sqlite3.Error) as error:
            raise CommandError(f"{file} could not be written: {error}") from error
        problem = problem_with(file) or deeper_problem_with(file)
        if problem:
            raise CommandError(f"{file} was written but does not read back: {problem}")
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as made:
            orders = made.execute("SELECT count(*) FROM balancedue_order").fetchone()[0]
        self.stdout.write(f"{file}: {file.stat().st_size:,} bytes, {orders:,} orders, read back and whole.")
        self.stdout.write("The keys are not in it: keep BALANCEDUE_FIELD_KEYS and BALANCEDUE_SECRET_KEY elsewhere.")
