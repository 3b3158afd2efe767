"""How an order stands: one function, from the journal; the copies for lists agree with it (M1, A2)."""

import random
from typing import Any

import pytest
from django.db import transaction

from balancedue.actions.reverse_payment import reverse_payment
from balancedue.models import Order, invoice_of, read_balance, read_standing
from balancedue.rules.actor import COMMAND
from balancedue.rules.money import Money
from tests.makers import make_account, make_attempt, make_order, make_payment


@pytest.fixture
def order(db: None) -> Order:
    return make_order(make_account())


def test_the_balance_is_the_sum_of_its_moves(order: Order) -> None:
    """M1, requirements.md 4.6: every figure leads to its entries."""
    payment = make_payment(order, 40_000)
    make_payment(order, 10_000, method="cash")
    reverse_payment(payment=payment, reason="bounced", by=COMMAND)
    standing = read_standing(Order.objects.get(pk=order.pk))
    assert [(move.kind, move.amount.minor, move.version) for move in standing.moves] == [
        ("order_placed", 110_528, 1), ("payment", -40_000, 2), ("payment", -10_000, 3), ("reversal", 40_000, 4),
    ]  # fmt: skip
    assert (
        standing.balance.remaining
        == Money(100_528, "USD")
        == Money(sum(move.amount.minor for move in standing.moves), "USD")
    )
    assert [move.version for move in standing.since(2)] == [3, 4]


def test_the_attempt_under_way_is_part_of_it(order: Order) -> None:
    """Requirements.md 3.13: only what is pending is taken off what can be paid."""
    attempt = make_attempt(order, state="waiting")
    standing = read_standing(Order.objects.get(pk=order.pk))
    assert standing.attempt == attempt
    assert standing.balance.payable.minor == 110_528
    type(attempt).objects.update(state="pending")
    assert read_balance(Order.objects.get(pk=order.pk)).payable.minor == 0
    type(attempt).objects.update(state="declined")
    assert read_standing(Order.objects.get(pk=order.pk)).attempt is None


def test_it_takes_two_queries(order: Order, django_assert_num_queries: Any) -> None:
    """However many entries there are."""
    for minor in range(1, 6):
        make_payment(order, minor)
    fresh = Order.objects.get(pk=order.pk)
    with django_assert_num_queries(2):
        read_standing(fresh)


def test_the_copies_for_lists_agree_with_the_journal_after_anything(order: Order) -> None:
    """A2: recomputed after many random operations, no difference."""
    dice = random.Random(7)
    for _ in range(60):
        kept = list(order.payments.filter(reversal=None))
        if kept and dice.random() < 0.4:
            reverse_payment(payment=dice.choice(kept), reason="x", by=COMMAND)
        else:
            make_payment(order, dice.randint(1, 50_000), even_if_alike=True)
        copy = Order.objects.get(pk=order.pk)
        balance = read_balance(copy)
        assert (copy.total_minor, copy.paid_minor, copy.due_minor) == (
            balance.total.minor, balance.settled.minor, balance.remaining.minor,
        )  # fmt: skip


def test_the_invoice_shows_the_same_balance(order: Order) -> None:
    """M1: gate, mail, page, PDF and charge read one figure."""
    make_payment(order, 40_000)
    fresh = Order.objects.get(pk=order.pk)
    standing = read_standing(fresh)
    invoice = invoice_of(fresh, standing, test_mode=False)
    assert invoice.balance == standing.balance
    assert invoice.total.minor == 110_528
    assert [payment.amount.minor for payment in invoice.payments] == [40_000]


def test_an_order_is_locked_with_its_account(order: Order, django_assert_num_queries: Any) -> None:
    """Money-safety.md 6.2: one query, and nothing is fetched after it."""
    with transaction.atomic(), django_assert_num_queries(1):
        locked = Order.objects.locked(order.pk)
        assert locked.account.name
        assert locked.contact is not None
