"""`balancedue connect-processor`: connect a card processor to an account."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from balancedue.actions.connect_processor import check_connection, connect_processor, set_up_hook
from balancedue.models import Account
from balancedue.processors.base import Can
from balancedue.processors.registry import maker, makers
from balancedue.rules.errors import Invalid, Refused


class Command(BaseCommand):
    help = "Connect a card processor to an account, and have its webhooks sent to us."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("kind", choices=[made.name for made in makers()])
        parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a credential; repeatable")
        parser.add_argument("--no-check", action="store_true", help="do not ask the processor anything now")

    def handle(self, *args: Any, slug: str, kind: str, set: list[str], no_check: bool, **options: Any) -> None:
        account = Account.objects.filter(slug=slug).first()
        if account is None:
            raise CommandError(f"There is no account {slug}")
        credentials = {name: value for name, _, value in (pair.partition("=") for pair in set)}
        try:
            connection = connect_processor(account=account, kind=kind, credentials=credentials)
            if Can.HOOK in maker(kind).can and not no_check and not credentials.get("webhook_secret"):
                connection = set_up_hook(connection=connection)
        except Invalid as refusal:
            raise CommandError("\n".join(f"{name}: {words}" for name, words in refusal.problems.items())) from refusal
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        for line in [] if no_check else check_connection(connection=connection):
            self.stdout.write(f"{'ok ' if line.ok else 'NOT'} {line.label} {line.detail} {line.fix}".rstrip())
        self.stdout.write(f"{maker(kind).label} is connected to {slug} as {connection.public_id}.")
