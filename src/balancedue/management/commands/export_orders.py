"""`balancedue export-orders`: an account's orders in our own format, one per line; import-orders reads it back."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from balancedue.models import Account, Order
from balancedue.readers.own_file import order_text
from balancedue.readers.stated import StatedLine, StatedOrder


class Command(BaseCommand):
    help = "Write an account's orders to a file in our own format: what was ordered, by whom; no payments."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, slug: str, file: Path, **options: Any) -> None:
        account = Account.objects.filter(slug=slug).first()
        if account is None:
            raise CommandError(f"There is no account {slug}")
        try:
            opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # customers' names are in it
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        count = 0
        with os.fdopen(opened, "w", encoding="utf-8") as out:
            for order in _orders(account):
                out.write(order_text(order) + "\n")
                count += 1
        self.stdout.write(f"{count:,} orders written to {file}")


def _orders(account: Account) -> Iterator[StatedOrder]:
    """Oldest first. Cancelled orders are left out: importing would bring them to life."""
    orders = account.orders.filter(status=Order.OPEN).order_by("placed_at", "pk")
    for order in orders.select_related("contact").prefetch_related("lines").iterator(chunk_size=200):
        yield _stated(order)


def _stated(order: Order) -> StatedOrder:
    contact = order.contact
    names = ("name", "company", "email", "phone")
    lines = [
        StatedLine(line.description, line.quantity, line.unit_price_minor, line.detail, line.sku, line.tax_rate)
        for line in order.lines.all()
    ]
    return StatedOrder(
        number=order.number,
        placed_at=order.placed_at,
        due_date=order.due_date,
        currency=order.currency,
        po_number=order.po_number,
        discount_minor=order.discount_minor,
        shipping_minor=order.shipping_minor,
        contact={name: getattr(contact, name) for name in names if getattr(contact, name)} if contact else {},
        lines=tuple(lines),
        rows=(),
    )
