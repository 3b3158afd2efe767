"""Sums that change, come short or come back (money-safety.md 3 F), at a running stand-in processor."""

from datetime import timedelta
from decimal import Decimal

import pytest
import stripe
import time_machine
from django.utils import timezone

from balancedue.actions.ask_processor import check_attempt
from balancedue.actions.change_order import change_order
from balancedue.actions.order_lines import NewLine, OrderDraft
from balancedue.actions.reconcile import reconcile_next_refund
from balancedue.actions.refund import refund_payment, refundable
from balancedue.actions.settle import settle
from balancedue.models import Delivery, Payment, Refund, read_balance
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import COMMAND, CUSTOMER, PROCESSOR
from balancedue.rules.money import Money
from tests.actions.desk import Desk
from tests.card_shop import CardShop
from tests.makers import make_attempt

ALL = 110_528


def _paid(shop: CardShop, card: str = "pm_card_visa") -> Payment:
    begun = shop.begin()
    shop.confirm(begun.attempt.reference, card)
    check_attempt(begun.attempt, by=CUSTOMER)
    return Payment.objects.select_related("order__account").get(attempt=begun.attempt)


@pytest.mark.parametrize("total", [150_000, 90_000])
def test_a_sum_changed_after_a_decline_is_another_object(shop: CardShop, total: int) -> None:
    """F2: a new balance version; the declined object is over at the processor and its secret charges nothing."""
    declined = shop.begin().attempt
    shop.confirm(declined.reference, "pm_card_visa_chargeDeclined")
    assert check_attempt(declined, by=CUSTOMER).state == "waiting"
    draft = OrderDraft("USD", [NewLine("Hoodie", Decimal(1), total)], False, contact=shop.order.contact)
    change_order(order=shop.fresh(), draft=draft, by=shop.owner.actor)
    begun = shop.begin()
    assert begun.attempt.balance_version == declined.balance_version + 1
    assert (begun.attempt.amount_minor, begun.attempt.reference != declined.reference) == (total, True)
    with pytest.raises(stripe.InvalidRequestError, match="canceled"):
        shop.confirm(declined.reference)
    assert shop.confirm(begun.attempt.reference) == "succeeded"
    assert check_attempt(begun.attempt, by=CUSTOMER).state == "succeeded"
    assert [charge["amount"] for charge in shop.charges()] == [total]
    assert read_balance(shop.fresh()).remaining.minor == 0


def test_what_came_short_is_still_owed(desk: Desk) -> None:
    """F3: recorded is what was received; the rest stays due, and the request is not paid."""
    request = desk.request()
    attempt = make_attempt(desk.order, state="waiting", connection=desk.connection, request=request)
    short = Outcome(Kind.PAID, amount=Money(ALL, "USD"), received=Money(ALL - 5_000, "USD"))
    assert settle(attempt, short, by=PROCESSOR).state == "succeeded"
    assert desk.copies() == (ALL, ALL - 5_000, 5_000)
    assert Payment.objects.get().amount_minor == ALL - 5_000
    request.refresh_from_db()
    assert request.paid_at is None
    assert desk.request(even_if_just_sent=True).status == "holding"  # for the rest


def test_a_refund_that_fails_after_ten_days_is_money_again(shop: CardShop) -> None:
    """F5: pending for ten days with no webhook, then failed: on the ledger, told to staff, and it can be made again."""
    payment = _paid(shop, "pm_card_sandboxRefundWaitsForFunds")
    refund = refund_payment(payment=payment, amount=Money(10_000, "USD"), reason="requested_by_customer", by=COMMAND)
    assert (refund.state, read_balance(shop.fresh()).due.minor) == ("pending", 10_000)
    start, looks = timezone.now(), 0
    while (due := Refund.objects.get().next_check_at) and due < start + timedelta(days=10):
        with time_machine.travel(due, tick=True):
            assert reconcile_next_refund()
        looks += 1
    assert (Refund.objects.get().state, looks > 40) == ("pending", True)
    shop.sandbox.end(refund.reference, "failed")
    assert due is not None
    with time_machine.travel(due, tick=True):
        assert reconcile_next_refund()
    assert Refund.objects.get().state == "failed"
    assert read_balance(shop.fresh()).due.minor == 0
    assert [entry.kind for entry in shop.order.entries.order_by("version")][-2:] == ["refund", "refund_failed"]
    assert Delivery.objects.filter(kind="refund_failed", to=shop.owner.email).count() == 1
    assert refundable(payment).minor == ALL
    again = refund_payment(payment=payment, amount=Money(10_000, "USD"), reason="requested_by_customer", by=COMMAND)
    assert again.pk != refund.pk
