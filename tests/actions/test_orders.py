"""Placing, changing and cancelling an order: what it comes to, and how the books say so."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.change_order import change_order
from balancedue.actions.order_lines import NewLine, OrderDraft
from balancedue.actions.place_order import place_order
from balancedue.models import JournalEntry, Order, PaymentRequest
from balancedue.rules.actor import COMMAND
from balancedue.rules.errors import Invalid, Refused
from tests.actions.desk import Desk
from tests.makers import make_account, make_contact, make_order, make_payment

HOODIES = NewLine("Fleece hoodie, forest green", Decimal(24), 3_895, sku="HD-FG", tax_rate=Decimal("8.25"))
SETUP = NewLine("Screen set-up", Decimal("1.5"), 4_000)


def _draft(*lines: NewLine, **facts: object) -> OrderDraft:
    given: dict[str, object] = {"currency": "USD", "lines": lines or (HOODIES, SETUP), "prices_include_tax": False}
    return OrderDraft(**given | facts)  # type: ignore[arg-type]


def _postings(entry: JournalEntry) -> dict[str, int]:
    return dict(entry.postings.values_list("ledger", "amount_minor"))


def test_placing_an_order_makes_it_owed(desk: Desk) -> None:
    """N8, N13, architecture.md 3a: one entry, split into sales, tax and shipping, with who and why."""
    order = place_order(account=desk.account, draft=_draft(shipping_minor=1_500), by=desk.owner.actor)
    entry = order.entries.get()
    # 24 x 38.95 = 934.80, taxed 8.25 % = 77.12; 1.5 x 40.00 = 60.00; shipping 15.00
    assert _postings(entry) == {"receivable": 108_692, "sales": -99_480, "tax": -7_712, "shipping": -1_500}
    assert (entry.kind, entry.version, entry.by, entry.cause) == (
        "order_placed", 1, str(desk.owner.actor), order.public_id,
    )  # fmt: skip
    assert (order.total_minor, order.paid_minor, order.due_minor, order.balance_version) == (108_692, 0, 108_692, 1)
    assert order.totals().total.minor == 108_692


def test_shipping_in_prices_with_tax_is_booked_without_its_tax(desk: Desk) -> None:
    """Architecture.md 3a: tax is taken out of the gross."""
    draft = _draft(
        NewLine("Mug", Decimal(10), 1_190, tax_rate=Decimal(19)),
        prices_include_tax=True, shipping_minor=1_190, shipping_tax_rate=Decimal(19),
    )  # fmt: skip
    order = place_order(account=desk.account, draft=draft, by=COMMAND)
    assert _postings(order.entries.get()) == {"receivable": 13_090, "sales": -10_000, "tax": -2_090, "shipping": -1_000}


def test_an_order_of_nothing_owes_nothing(desk: Desk) -> None:
    """Requirements.md 3.8: no entry, no balance, not paid either."""
    order = place_order(account=desk.account, draft=_draft(NewLine("Sample", Decimal(1), 0)), by=COMMAND)
    assert not order.entries.exists()
    assert (order.total_minor, order.due_minor, order.balance_version) == (0, 0, 0)


def test_orders_are_numbered_one_after_the_other(desk: Desk) -> None:
    """Requirements.md 2.8: the account's next number, stepping over those taken by hand."""
    make_order(desk.account, number="1002")
    numbers = [make_order(desk.account).number for _ in range(2)]
    assert (desk.order.number, numbers) == ("1001", ["1003", "1004"])
    assert desk.order.invoice_number == "INV-1001"


def test_a_number_is_taken_once_per_account(desk: Desk) -> None:
    """S1: the number names one order; another account has its own."""
    with pytest.raises(Refused) as refusal:
        make_order(desk.account, number="1001")
    assert (refusal.value.code, refusal.value.field) == ("number_taken", "number")
    assert make_order(make_account(), number="1001").number == "1001"


def test_what_cannot_be_an_order_is_refused_with_every_reason(desk: Desk) -> None:
    """M8: all problems at once, and nothing written."""
    before = Order.objects.count()
    with pytest.raises(Invalid) as refusal:
        place_order(account=desk.account, draft=_draft(replace(SETUP, sku="x" * 81), po_number="9" * 61), by=COMMAND)
    assert set(refusal.value.problems) == {"po_number", "lines.0.sku"}
    for wrong in (
        {"lines": ()}, {"lines": (replace(SETUP, quantity=Decimal(0)),)}, {"discount_minor": 10**9},
        {"currency": "XXX"}, {"shipping_minor": -1}, {"lines": (replace(SETUP, unit_price_minor=-1),)},
    ):  # fmt: skip
        with pytest.raises(Refused):
            place_order(account=desk.account, draft=replace(_draft(), **wrong), by=COMMAND)  # type: ignore[arg-type]
    with pytest.raises(Refused, match="40 characters"):
        place_order(account=desk.account, draft=_draft(), by=COMMAND, number="9" * 41)
    assert Order.objects.count() == before


def test_a_contact_of_another_account_is_never_put_on_an_order(desk: Desk) -> None:
    """N12."""
    stranger = make_contact(make_account())
    with pytest.raises(AssertionError, match="another account"):
        place_order(account=desk.account, draft=_draft(contact=stranger), by=COMMAND)


def test_an_order_of_ten_thousand_lines_adds_up(desk: Desk) -> None:
    """F10: no overflow."""
    line = NewLine("Sticker", Decimal("9999999"), 1)
    order = place_order(account=desk.account, draft=_draft(*[line] * 10_000), by=COMMAND)
    assert order.total_minor == 99_999_990_000
    assert order.lines.count() == 10_000


def test_a_change_is_an_entry_of_its_own(desk: Desk) -> None:
    """S33, N7: what was written stays; the difference is added, and the open invoice asks for the new balance."""
    make_payment(desk.order, 50_000)
    change_order(order=desk.order, draft=_draft(NewLine("Hoodies", Decimal(1), 120_000)), by=desk.owner.actor)
    assert desk.copies() == (120_000, 50_000, 70_000)
    entries = list(desk.order.entries.all())
    assert [(entry.kind, entry.version) for entry in entries] == [
        ("order_placed", 1), ("payment", 2), ("order_changed", 3),
    ]  # fmt: skip
    assert _postings(entries[2]) == {"receivable": 9_472, "sales": -9_472}
    assert desk.order.events.get(kind="order_changed").data == {"change_minor": 9_472}


def test_a_change_without_money_leaves_the_books_alone(desk: Desk) -> None:
    """A2: words change, the balance version does not."""
    draft = _draft(NewLine("Hoodie, pine", Decimal(1), 110_528), due_date=date(2026, 12, 1), po_number="PO 7")
    order = change_order(order=desk.order, draft=draft, by=COMMAND)
    assert (order.balance_version, order.po_number, order.lines.get().description) == (1, "PO 7", "Hoodie, pine")
    assert order.entries.count() == 1


def test_tax_may_change_while_the_total_stays(desk: Desk) -> None:
    """N8: an entry that moves between sales and tax alone."""
    change_order(
        order=desk.order,
        draft=_draft(NewLine("Hoodie", Decimal(1), 110_528, tax_rate=Decimal(10)), prices_include_tax=True),
        by=COMMAND,
    )
    assert _postings(desk.order.entries.latest("pk")) == {"sales": 10_048, "tax": -10_048}
    assert desk.copies() == (110_528, 0, 110_528)


def test_a_change_below_what_was_paid_shows_as_credit(desk: Desk) -> None:
    """Requirements.md 2.7, N6: what was paid stays paid."""
    make_payment(desk.order, 100_000)
    change_order(order=desk.order, draft=_draft(NewLine("Hoodie", Decimal(1), 80_000)), by=COMMAND)
    assert (desk.balance.due.minor, desk.balance.credit.minor, desk.balance.settled.minor) == (0, 20_000, 100_000)


def test_a_change_that_makes_it_paid_ends_the_request(desk: Desk) -> None:
    """M5, M6: no live request asks for nothing."""
    request = desk.request()
    make_payment(desk.order, 100_000)
    change_order(order=desk.order, draft=_draft(NewLine("Hoodie", Decimal(1), 100_000)), by=COMMAND)
    assert PaymentRequest.objects.get(pk=request.pk).status == "paid"


def test_the_currency_of_an_order_stays(desk: Desk) -> None:
    """E5, N3."""
    with pytest.raises(Refused) as refusal:
        change_order(order=desk.order, draft=_draft(currency="EUR"), by=COMMAND)
    assert refusal.value.field == "currency"
    assert desk.copies() == (110_528, 0, 110_528)


def test_a_cancelled_order_owes_nothing_and_keeps_what_was_paid(desk: Desk) -> None:
    """M7, requirements.md 3.9: the charge is undone, the payment is not."""
    make_payment(desk.order, 30_000)
    order = cancel_order(order=desk.order, by=desk.owner.actor)
    assert (order.status, desk.copies()) == ("cancelled", (0, 30_000, -30_000))
    assert desk.balance.credit.minor == 30_000
    assert not desk.balance.is_paid


def test_cancelling_twice_changes_nothing(desk: Desk) -> None:
    """M3."""
    first = cancel_order(order=desk.order, by=COMMAND)
    again = cancel_order(order=desk.order, by=COMMAND)
    assert (first.cancelled_at, first.balance_version) == (again.cancelled_at, again.balance_version)
    assert desk.events("order_cancelled") == ["order_cancelled"]


def test_a_cancelled_order_cannot_be_changed(desk: Desk) -> None:
    """M7."""
    cancel_order(order=desk.order, by=COMMAND)
    with pytest.raises(Refused) as refusal:
        change_order(order=desk.order, draft=_draft(), by=COMMAND)
    assert refusal.value.code == "order_cancelled"


def test_an_older_order_keeps_its_day(desk: Desk) -> None:
    """Imports say when an order was placed; the books say when it was written."""
    long_ago = datetime(2019, 5, 6, tzinfo=UTC)
    order = make_order(desk.account, placed_at=long_ago)
    assert order.placed_at == long_ago
    assert order.entries.get().at.year > 2019
