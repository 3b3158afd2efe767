"""`balancedue check-books`: the invariants over the live books; exit status 1 and a line per breach."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from balancedue.actions.check_books import check_books
from balancedue.models import Account


class Command(BaseCommand):
    help = "Check that the books are right: one account, or all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", nargs="?")
        parser.add_argument("--offline", action="store_true", help="do not ask the card processors")

    def handle(self, *args: Any, slug: str | None, offline: bool, **options: Any) -> None:
        account = Account.objects.filter(slug=slug).first() if slug else None
        if slug and account is None:
            raise CommandError(f"There is no account {slug}")
        breaches = check_books(account, ask_processors=not offline)
        for breach in breaches:
            self.stdout.write(str(breach))
        if breaches:
            raise SystemExit(1)
        self.stdout.write("The books are right.")
