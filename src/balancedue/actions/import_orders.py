"""Import orders out of a file: each one whole or not at all, and none twice."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction

from balancedue.models import Account, Contact, Order
from balancedue.readers.stated import Fault, RawOrder, StatedOrder, read_order
from balancedue.rules.actor import Actor
from balancedue.rules.currencies import currency as known_currency
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.ledger import RECEIVABLE
from balancedue.rules.money import Money

from .order_lines import NewLine, OrderDraft
from .place_order import place_order
from .place_order_for import find_or_save_contact


class Outcome(StrEnum):
    IMPORTED = "imported"
    ALREADY_THERE = "already there"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one order of the file."""

    number: str
    outcome: Outcome
    faults: tuple[Fault, ...] = ()
    total: Money | None = None
    lines: int = 0
    unnamed_lines: int = 0  # without a description
    has_contact: bool = False


def import_orders(
    *, account: Account, orders: Iterable[RawOrder], by: Actor, currency: str = "", dry_run: bool = False
) -> Iterator[Result]:
    """Place each order in a transaction of its own, and tell of each as it is done. Raises Refused for the currency.

    An order number the account has with the same content is already there; with other content it is refused.
    `dry_run` writes nothing and tells the same.
    """
    usual = known_currency(currency or account.currency).code
    seen: dict[str, int] = {}  # a dry run has to remember what it would have placed: number -> hash of its content
    for raw in orders:
        stated = read_order(raw, currency=usual, zone=account.zone)
        if isinstance(stated, list):
            yield Result(raw.number, Outcome.REFUSED, tuple(stated))
            continue
        yield _dry(account, stated, seen) if dry_run else _import(account, stated, by)


def _import(account: Account, stated: StatedOrder, by: Actor) -> Result:
    draft = _draft(account, stated)
    try:
        with transaction.atomic():
            there = _there(account, stated, draft)
            if there is not None:
                return there
            draft.check()
            contact = _contact(account, stated)
            order = place_order(
                account=account,
                draft=_draft(account, stated, contact),
                by=by,
                number=stated.number,
                placed_at=stated.placed_at,
            )
            return _imported(stated, order.total)
    except Refused as refusal:
        return Result(stated.number, Outcome.REFUSED, _faults(stated, refusal))


def _dry(account: Account, stated: StatedOrder, seen: dict[str, int]) -> Result:
    draft = _draft(account, stated)
    content = hash(_content(draft))
    try:
        there = _there(account, stated, draft)
        if there is not None:
            return there
        if stated.number in seen:
            same = content == seen[stated.number]
            return Result(stated.number, Outcome.ALREADY_THERE) if same else _other_content(stated)
        draft.check()
    except Refused as refusal:
        return Result(stated.number, Outcome.REFUSED, _faults(stated, refusal))
    seen[stated.number] = content
    return _imported(stated, Money(draft.postings()[RECEIVABLE], stated.currency))


def _imported(stated: StatedOrder, total: Money) -> Result:
    unnamed = sum(1 for line in stated.lines if not line.description)
    return Result(
        stated.number, Outcome.IMPORTED, (), total, len(stated.lines), unnamed, has_contact=bool(stated.contact)
    )


def _draft(account: Account, stated: StatedOrder, contact: Contact | None = None) -> OrderDraft:
    return OrderDraft(
        currency=stated.currency,
        prices_include_tax=account.prices_include_tax,
        lines=[
            NewLine(line.description, line.quantity, line.unit_price_minor, line.detail, line.sku, line.tax_rate)
            for line in stated.lines
        ],
        contact=contact,
        discount_minor=stated.discount_minor,
        shipping_minor=stated.shipping_minor,
        due_date=stated.due_date,
        po_number=stated.po_number,
    )


def _contact(account: Account, stated: StatedOrder) -> Contact | None:
    """One contact per e-mail address; without an address, one per name, company and phone."""
    if not stated.contact:
        return None
    email = stated.contact.get("email")
    known = account.contacts.filter(email=email).order_by("pk").first() if email else None
    return known or find_or_save_contact(account=account, facts=stated.contact)


def _there(account: Account, stated: StatedOrder, draft: OrderDraft) -> Result | None:
    """What to tell when the account has an order of this number."""
    order = account.orders.filter(number=stated.number).first()
    if order is None:
        return None
    if _content(draft) == _stored_content(order):
        return Result(stated.number, Outcome.ALREADY_THERE)
    return _other_content(stated)


def _other_content(stated: StatedOrder) -> Result:
    fault = Fault(None, "number", f"There is already an order {stated.number} with other content")
    return Result(stated.number, Outcome.REFUSED, (fault,))


def _content(draft: OrderDraft) -> tuple[object, ...]:
    """What makes two orders the same: what was ordered, at what price. Contacts may have been corrected since."""
    lines = tuple(
        (line.description, line.detail, line.sku, line.quantity, line.unit_price_minor, line.tax_rate)
        for line in draft.lines
    )
    return (draft.currency, draft.discount_minor, draft.shipping_minor, draft.due_date, draft.po_number, lines)


def _stored_content(order: Order) -> tuple[object, ...]:
    lines = order.lines.values_list("description", "detail", "sku", "quantity", "unit_price_minor", "tax_rate")
    return (
        order.currency, order.discount_minor, order.shipping_minor, order.due_date, order.po_number, tuple(lines),
    )  # fmt: skip


def _faults(stated: StatedOrder, refusal: Refused) -> tuple[Fault, ...]:
    """A refusal of the whole order, each part at its row where it has one."""
    problems = refusal.problems if isinstance(refusal, Invalid) else {refusal.field: refusal.sentence}
    return tuple(Fault(_row(stated, name), name, sentence) for name, sentence in problems.items())


def _row(stated: StatedOrder, name: str) -> int | None:
    head, _, rest = name.partition(".")
    index = rest.partition(".")[0]
    return stated.rows[int(index)] if head == "lines" and index.isdigit() else None
