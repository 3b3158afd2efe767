"""`balancedue create-api-key`: a key for the API, shown once."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from balancedue.actions.create_account import create_api_key
from balancedue.models import Account
from balancedue.rules.errors import Refused


class Command(BaseCommand):
    help = "Make an API key. It is printed once, alone on the last line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--name", required=True, help="what the key is for")

    def handle(self, *args: Any, slug: str, name: str, **options: Any) -> None:
        account = Account.objects.filter(slug=slug).first()
        if account is None:
            raise CommandError(f"There is no account {slug}")
        try:
            key, plain = create_api_key(account=account, name=name)
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"Keep this key now, it is not shown again. {key.name}:")
        self.stdout.write(plain)
