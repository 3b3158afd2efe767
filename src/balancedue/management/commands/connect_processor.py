"""`balancedue connect-processor`: connect a card processor to an account, and check it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from balancedue.actions.check_connection import check_connection, is_ready, set_up_hook
from balancedue.actions.connect_processor import connect_processor
from balancedue.models import Account
from balancedue.processors.base import Can
from balancedue.processors.registry import maker, makers
from balancedue.rules.errors import Invalid, Refused


class Command(BaseCommand):
    help = "Connect a card processor to an account, have its webhooks sent to us, and check the connection."

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
        made = maker(kind)
        try:
            connection = connect_processor(account=account, kind=kind, credentials=credentials)
        except Invalid as refusal:
            raise CommandError("\n".join(f"{name}: {words}" for name, words in refusal.problems.items())) from refusal
        except Refused as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"{made.label} is connected to {slug} as {connection.public_id}.")
        if no_check:
            return
        if Can.HOOK in made.can and not credentials.get("webhook_secret"):
            try:
                connection = set_up_hook(connection=connection)
            except Refused as refusal:
                self.stdout.write(f"NOT Webhooks · {refusal.sentence}")
        lines = check_connection(connection=connection)
        for line in lines:
            mark = "ok " if line.ok else "NOT" if line.needed else "-  "
            self.stdout.write(f"{mark} {' · '.join(part for part in (line.label, line.detail, line.fix) if part)}")
        if Can.REQUEST in made.can:
            self.stdout.write(f"{made.label} is ready." if is_ready(lines) else f"{made.label} is not ready yet.")
