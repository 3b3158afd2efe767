"""`balancedue create-account`: an account and its owner."""

import getpass
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from balancedue.actions.create_account import create_account
from balancedue.rules.errors import Refused
from balancedue.web.guard import RESERVED


class Command(BaseCommand):
    help = "Make an account and its owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", help="the account's name in addresses: lower case, digits, hyphens")
        parser.add_argument("--name", required=True, help="the shop's name, as customers know it")
        parser.add_argument("--owner-email", required=True)
        parser.add_argument("--owner-name", default="")
        parser.add_argument("--currency", default="USD")
        parser.add_argument("--country", default="US")
        parser.add_argument("--time-zone", default="UTC")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the owner's password from standard input"
        )

    def handle(self, *args: Any, password_stdin: bool, **options: Any) -> None:
        password = _password(password_stdin)
        facts = ("slug", "name", "owner_email", "owner_name", "currency", "country", "time_zone")
        try:
            account, owner = create_account(
                **{name: options[name] for name in facts}, password=password, reserved=RESERVED
            )
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"Account {account.slug} is ready. {owner.email} signs in at /login/.")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    return getpass.getpass("Password for the owner: ") if sys.stdin.isatty() else ""
