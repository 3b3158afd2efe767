"""`balancedue reseal`: the second half of changing BALANCEDUE_FIELD_KEYS (docs/operations.md, Keys)."""

from typing import Any

from django.core.management.base import BaseCommand

from balancedue.actions.reseal_secrets import reseal_secrets


class Command(BaseCommand):
    help = "Seal every processor key and link with the first of BALANCEDUE_FIELD_KEYS, so that the others can go."

    def handle(self, *args: Any, **options: Any) -> None:
        done, closed = reseal_secrets()
        for public_id in closed:
            self.stdout.write(f"{public_id}: none of the keys here opens it")
        self.stdout.write(f"{done} sealed with the newest key.")
        if closed:
            raise SystemExit(1)
