"""`balancedue check-pay-page`: the payment page as customers receive it; exit status 1 and a line per difference."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from balancedue.actions.watch_pay_page import look_at_page
from balancedue.models import Account
from balancedue.transports.web_page import NotReceived


class Command(BaseCommand):
    help = "Receive the payment page of one account, or of all, and compare it with what it must be."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", nargs="?")

    def handle(self, *args: Any, slug: str | None, **options: Any) -> None:
        accounts = Account.objects.filter(archived_at=None).order_by("slug")
        accounts = accounts.filter(slug=slug) if slug else accounts
        if slug and not accounts:
            raise CommandError(f"There is no account {slug}")
        found = [self._look(account) for account in accounts]
        if any(found):
            raise SystemExit(1)

    def _look(self, account: Account) -> list[str]:
        try:
            found = look_at_page(account)
        except NotReceived as miss:
            found = [f"not received: {miss}"]
        words = found or ["nothing can be paid there now" if found is None else "as it must be"]
        for line in words:
            self.stdout.write(f"{account.slug}: {line}")
        return found or []
