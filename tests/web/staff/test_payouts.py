"""Payouts, as those who may see the shop's money read them."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from balancedue.actions.settle import settle
from balancedue.actions.take_in_fees import take_in_movement
from balancedue.models import Order, PaymentAttempt, Payout
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import PROCESSOR
from balancedue.rules.gate import MANAGER, STAFF, VIEWER
from balancedue.rules.money import Money
from tests.makers import make_account, make_attempt, make_connection, make_order, make_payout, make_user, movement

from .desk import Desk, words


def _paid(desk: Desk, **facts: Any) -> PaymentAttempt:
    attempt = make_attempt(make_order(desk.account, **facts), state="waiting", card="Visa ending 4242")
    return settle(attempt, Outcome(Kind.PAID, received=attempt.amount), by=PROCESSOR)


def _payout(desk: Desk, *attempts: PaymentAttempt, **changes: Any) -> Payout:
    return make_payout(desk.account.connections.get(), [movement(attempt) for attempt in attempts], **changes)


def test_without_any_it_says_what_will_stand_here(desk: Desk) -> None:
    assert "No payouts yet. Once customers pay by card" in words(desk.get("payouts/"))


def test_each_payout_says_when_how_much_and_how_many_payments(desk: Desk) -> None:
    _payout(desk, _paid(desk), _paid(desk, total_minor=2000), arrives_on=date(2026, 3, 9))
    _payout(desk, listed=False, amount=Money(-5000, "USD"), state="in_transit")
    read = words(desk.get("payouts/"))
    assert "Mar 9, 2026 2 payments Paid out $1,092.05" in read
    assert "Not known On its way \u2212$50.00" in read


def test_below_zero_the_money_was_taken(desk: Desk) -> None:
    """Refunds and disputes may come to more than what was paid."""
    payout = _payout(desk, listed=False, amount=Money(-5000, "USD"), state="paid")
    assert "Taken from your bank \u2212$50.00" in words(desk.get("payouts/"))
    assert "Taken from your bank" in words(desk.get(f"payouts/{payout.public_id}/"))


def test_many_payouts_have_pages(desk: Desk, django_assert_max_num_queries: Any) -> None:
    """And as few queries for many as for one."""
    now = timezone.now()
    for age in range(30):
        _payout(desk, listed=False, amount=Money(100 + age, "USD"), made_at=now - timedelta(days=age))
    with django_assert_max_num_queries(12):
        first = words(desk.get("payouts/"))
    assert "1 to 25 of 30 Older" in first
    assert "$1.29" in words(desk.get("payouts/", page="2"))


def test_a_payout_adds_up_line_by_line(desk: Desk) -> None:
    """N8: payments, refunds, disputes, fees and other activity come to what arrived."""
    attempt = _paid(desk, number="7")
    back = movement(attempt, kind="refund", amount=Money(-1000, "USD"), fee=Money(0, "USD"), source="re_1")
    taken = movement(attempt, kind="dispute", amount=Money(-2000, "USD"), fee=Money(1500, "USD"), source="dp_1")
    till = movement(attempt, amount=Money(5000, "USD"), fee=Money(175, "USD"), money_reference="pi_till")
    payout = make_payout(desk.account.connections.get(), [movement(attempt), back, taken, till])
    read = words(desk.get(f"payouts/{payout.public_id}/"))
    assert "Payout of $1,076.18 Paid out Arrived" in read
    minus = "\u2212"
    assert (
        f"Payments $1,105.28 Refunds {minus}$10.00 Disputes {minus}$20.00 Fees {minus}$47.35 "
        "Other activity of this account 1 movement of no order here, less fees $48.25 Payout $1,076.18"
    ) in read
    assert "#7 Payment" in read
    assert f"{minus}$10.00 $0.00 {minus}$10.00" in read
    assert f'href="/{desk.account.slug}/orders/7/"' in desk.get(f"payouts/{payout.public_id}/").content.decode()


def test_a_payout_of_other_activity_alone_says_so(desk: Desk) -> None:
    till = movement(_paid(desk), money_reference="pi_till")
    payout = make_payout(desk.account.connections.get(), [till])
    read = words(desk.get(f"payouts/{payout.public_id}/"))
    assert "Payments $0.00 Fees $0.00 Other activity of this account" in read
    assert "By order" not in read


def test_a_failed_payout_says_where_the_money_is(desk: Desk) -> None:
    """Every failure says whether money was taken, and what to do."""
    payout = _payout(desk, _paid(desk), state="failed", detail="The bank account has been closed")
    read = words(desk.get(f"payouts/{payout.public_id}/"))
    assert "The bank account has been closed . The money is with Test processor again. Check the bank account" in read


def test_what_a_payout_holds_may_not_be_known(desk: Desk) -> None:
    waits = _payout(desk, listed=False, state="in_transit", amount=Money(100, "USD"))
    by_hand = _payout(desk, listed=False, amount=Money(100, "USD"))
    assert "not known yet. We keep asking Test processor." in words(desk.get(f"payouts/{waits.public_id}/"))
    read = words(desk.get(f"payouts/{by_hand.public_id}/"))
    assert "Test processor does not say what this payout holds." in read
    assert "As CSV" not in read


def test_the_csv_holds_every_line_and_runs_no_formula(desk: Desk) -> None:
    """Figures stay figures; an order number that a spreadsheet would take for a formula does not."""
    attempt = _paid(desk)
    Order.objects.update(number="=1+1")
    back = movement(attempt, kind="refund", amount=Money(-1000, "USD"), fee=Money(0, "USD"), source="re_1")
    till = movement(attempt, amount=Money(5000, "USD"), fee=Money(175, "USD"), money_reference="pi_till")
    payout = make_payout(desk.account.connections.get(), [movement(attempt), back, till])
    answer = desk.get(f"payouts/{payout.public_id}/lines.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert payout.public_id in answer["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert sum(Decimal(row["net"]) for row in rows) == payout.amount.decimal
    refund = next(row for row in rows if row["kind"] == "refund")
    assert (refund["order"], refund["amount"], refund["payment"]) == ("'=1+1", "-10.00", attempt.payment.public_id)
    assert [row["order"] for row in rows].count("") == 1


@pytest.mark.parametrize(("role", "status"), [(MANAGER, 200), (STAFF, 403), (VIEWER, 403)])
def test_payouts_are_for_managers_and_owners(desk: Desk, role: str, status: int) -> None:
    """requirements.md 2.10; whoever may not see them is not led there either."""
    payout = _payout(desk, _paid(desk))
    desk.client.force_login(make_user(desk.account, role=role, name="Theo"))
    for tail in ("payouts/", f"payouts/{payout.public_id}/", f"payouts/{payout.public_id}/lines.csv"):
        assert desk.get(tail).status_code == status
    assert (f"/{desk.account.slug}/payouts/" in desk.get().content.decode()) == (status == 200)


def test_nobody_sees_the_payouts_of_another_shop(desk: Desk) -> None:
    """N12."""
    other = make_account()
    payout = make_payout(make_connection(other), [], listed=False)
    assert desk.get(f"payouts/{payout.public_id}/").status_code == 404
    assert desk.get(f"payouts/{payout.public_id}/lines.csv").status_code == 404
    assert desk.client.get(f"/{other.slug}/payouts/").status_code == 404


def test_the_order_says_what_a_card_payment_cost(desk: Desk) -> None:
    """Quietly, under the totals, to those who may see the shop's money."""
    attempt = _paid(desk, number="7")
    assert "fees" not in words(desk.get("orders/7/"))
    take_in_movement(attempt.connection, movement(attempt))
    assert "Visa ending 4242 : fees $32.35 , net $1,072.93" in words(desk.get("orders/7/"))
    desk.client.force_login(make_user(desk.account, role=STAFF, name="Theo"))
    assert "fees $32.35" not in words(desk.get("orders/7/"))
