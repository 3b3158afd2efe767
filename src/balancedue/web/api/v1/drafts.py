"""From a body to a draft of an order."""

from dataclasses import replace
from typing import Any

from balancedue.actions.order_lines import NewLine, OrderDraft
from balancedue.models import Account, Order

from .bodies import LineBody, OrderBody, OrderChange

# What a change names -> what the draft calls it, and what null makes of it.
_PLAIN: dict[str, tuple[str, Any]] = {
    "discount": ("discount_minor", 0),
    "shipping": ("shipping_minor", 0),
    "shipping_tax_rate": ("shipping_tax_rate", None),
    "due_date": ("due_date", None),
    "po_number": ("po_number", ""),
    "internal_note": ("internal_note", ""),
}


def draft_of(body: OrderBody, account: Account) -> OrderDraft:
    """A new order's draft, without its contact."""
    includes = account.prices_include_tax if body.prices_include_tax is None else body.prices_include_tax
    return OrderDraft(
        currency=body.currency or account.currency,
        lines=[_line(line) for line in body.lines],
        prices_include_tax=includes,
        discount_minor=body.discount,
        shipping_minor=body.shipping,
        shipping_tax_rate=body.shipping_tax_rate,
        due_date=body.due_date,
        po_number=body.po_number,
        internal_note=body.internal_note,
    )


def changed_draft(order: Order, change: OrderChange) -> OrderDraft:
    """The order as it is, with the named changes made; the contact aside."""
    draft = OrderDraft(
        currency=order.currency,
        lines=[
            NewLine(line.description, line.quantity, line.unit_price_minor, line.detail, line.sku, line.tax_rate)
            for line in order.lines.all()
        ],
        prices_include_tax=order.prices_include_tax,
        contact=order.contact,
        discount_minor=order.discount_minor,
        shipping_minor=order.shipping_minor,
        shipping_tax_rate=order.shipping_tax_rate,
        due_date=order.due_date,
        po_number=order.po_number,
        internal_note=order.internal_note,
    )
    stated = change.model_fields_set
    facts: dict[str, Any] = {}
    for name in stated & _PLAIN.keys():
        fact, nothing = _PLAIN[name]
        value = getattr(change, name)
        facts[fact] = nothing if value is None else value
    if "lines" in stated and change.lines is not None:
        facts["lines"] = [_line(line) for line in change.lines]
    return replace(draft, **facts)


def _line(line: LineBody) -> NewLine:
    return NewLine(line.description, line.quantity, line.unit_price, line.detail, line.sku, line.tax_rate)
