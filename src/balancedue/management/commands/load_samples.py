"""`balancedue load-samples`: the sample shop of the demo, in every state an order can be in (ux.md 3.1)."""

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from balancedue.actions.load_samples import load_sample_orders, make_sample_account
from balancedue.models import Account
from balancedue.web.guard import RESERVED


class Command(BaseCommand):
    help = "Make the sample shop with its orders, once. Reads the owner's password from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--owner-email", required=True)
        parser.add_argument("--sandbox-keys", type=Path, help="keys.json of a running sandbox")

    def handle(self, *args: Any, slug: str, owner_email: str, sandbox_keys: Path | None, **options: Any) -> None:
        if Account.objects.filter(slug=slug).exists():
            self.stdout.write(f"The account {slug} is there already.")
            return
        password = sys.stdin.readline().strip()
        keys = json.loads(sandbox_keys.read_text()) if sandbox_keys else {}
        credentials = {name: keys[name] for name in ("secret_key", "publishable_key") if name in keys}
        if credentials:
            credentials["api_base"] = settings.SANDBOX_URL
        owner = make_sample_account(
            slug=slug, owner_email=owner_email, password=password, reserved=RESERVED, keys=credentials
        )
        orders = load_sample_orders(owner=owner, account=Account.objects.get(slug=slug))
        self.stdout.write(f"{len(orders)} sample orders are in {slug}.")
