"""What an order is made of, as a person or a program states it; and writing it down."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from balancedue.models import Contact, Order, OrderLine
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.ledger import Postings, charge_postings
from balancedue.rules.numbers import divide_half_up
from balancedue.rules.totals import PricedLine, add_up

_TEXT_LIMITS = {"description": 500, "detail": 500, "sku": 80}


@dataclass(frozen=True, slots=True)
class NewLine:
    """One line: quantity at most 3 decimals, price in minor units, tax rate in percent."""

    description: str
    quantity: Decimal
    unit_price_minor: int
    detail: str = ""
    sku: str = ""
    tax_rate: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """Everything about an order that can be stated and changed. Amounts in minor units of `currency`."""

    currency: str
    lines: Sequence[NewLine]
    prices_include_tax: bool
    contact: Contact | None = None
    discount_minor: int = 0
    shipping_minor: int = 0
    shipping_tax_rate: Decimal | None = None
    due_date: date | None = None
    po_number: str = ""
    internal_note: str = field(default="", repr=False)

    def check(self) -> None:
        """Raises Invalid or Refused for anything that cannot be an order."""
        problems = {}
        if not self.lines:
            problems["lines"] = "Add at least one line"
        if len(self.po_number) > 60:
            problems["po_number"] = "Keep the PO number to 60 characters"
        for index, line in enumerate(self.lines):
            for name, limit in _TEXT_LIMITS.items():
                if len(getattr(line, name)) > limit:
                    problems[f"lines.{index}.{name}"] = f"Keep the {name} to {limit} characters"
        if problems:
            raise Invalid(problems)
        self.postings()

    def postings(self) -> Postings:
        """What the journal should hold for this order."""
        totals = add_up(
            [PricedLine(line.quantity, line.unit_price_minor, line.tax_rate) for line in self.lines],
            currency=self.currency,
            discount_minor=self.discount_minor,
            shipping_minor=self.shipping_minor,
            shipping_tax_rate=self.shipping_tax_rate,
            prices_include_tax=self.prices_include_tax,
        )
        return charge_postings(
            total_minor=totals.total.minor, tax_minor=totals.tax.minor, shipping_minor=self._net_shipping_minor()
        )

    def _net_shipping_minor(self) -> int:
        if not self.prices_include_tax or not self.shipping_tax_rate:
            return self.shipping_minor
        milli = int(self.shipping_tax_rate * 1000)
        return self.shipping_minor - divide_half_up(self.shipping_minor * milli, 100_000 + milli)


def write_draft(order: Order, draft: OrderDraft) -> None:
    """Put the draft's facts on the order and replace its lines. The order must be locked or new."""
    if order.pk and order.currency != draft.currency:
        raise Refused("invalid", "The currency of an order stays as it is", field="currency")
    assert draft.contact is None or draft.contact.account_id == order.account_id, "a contact of another account"
    for name in (
        "currency",
        "prices_include_tax",
        "contact",
        "discount_minor",
        "shipping_minor",
        "shipping_tax_rate",
        "due_date",
        "po_number",
        "internal_note",
    ):
        setattr(order, name, getattr(draft, name))
    order.save()
    order.lines.all().delete()
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            position=position,
            description=line.description,
            detail=line.detail,
            sku=line.sku,
            quantity=line.quantity,
            unit_price_minor=line.unit_price_minor,
            tax_rate=line.tax_rate,
        )
        for position, line in enumerate(draft.lines, start=1)
    )
