"""Fees: each movement at the processor is kept once, its fee booked once, and nobody at the card form is disturbed."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils import timezone

from balancedue.actions.ask_processor import check_attempt
from balancedue.actions.change_order import change_order
from balancedue.actions.order_lines import NewLine, OrderDraft
from balancedue.actions.settle_refund import hear_refunds
from balancedue.actions.take_in_disputes import hear_disputes
from balancedue.actions.take_in_fees import SOUGHT_FOR, fetch_next_fee, hear_fees, take_in_movement
from balancedue.models import BalanceTransaction, JournalEntry, Payment, PaymentAttempt
from balancedue.processors.reports import TransactionReport
from balancedue.rules.actor import CUSTOMER
from balancedue.rules.money import Money
from tests.card_shop import CardShop
from tests.makers import make_attempt, make_connection
from tests.sandbox.conftest import until

FEE = 3235  # 2.9 % and 30 of 110,528


def _pay(shop: CardShop) -> PaymentAttempt:
    """Dana pays by card; the processor has it on its balance."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    attempt = check_attempt(begun.attempt, by=CUSTOMER)
    charge = _charge(shop, attempt)
    until(lambda: shop.stripe.v1.charges.retrieve(charge).balance_transaction is not None)
    return attempt


def _charge(shop: CardShop, attempt: PaymentAttempt) -> str:
    return str(shop.stripe.v1.payment_intents.retrieve(attempt.money_reference).latest_charge)


def _report(attempt: PaymentAttempt, **changes: Any) -> TransactionReport:
    report = TransactionReport(
        "txn_1", "payment", Money(110_528, "USD"), Money(FEE, "USD"), "ch_1", timezone.now(), attempt.money_reference
    )
    return replace(report, **changes)


def _fees(shop: CardShop) -> list[dict[str, int]]:
    entries = shop.order.entries.filter(kind="fee").order_by("version")
    return [dict(entry.postings.values_list("ledger", "amount_minor")) for entry in entries]


def _due_now() -> Payment:
    Payment.objects.update(next_check_at=timezone.now())
    return Payment.objects.get()


def test_the_fee_of_a_payment_is_booked_once_however_often_it_is_heard(shop: CardShop) -> None:
    """N2: the row is kept once, and so is its entry, which says that the processor kept it."""
    attempt = _pay(shop)
    assert hear_fees(attempt)
    assert hear_fees(attempt)
    row = BalanceTransaction.objects.get()
    assert (row.kind, row.amount_minor, row.fee_minor, row.net.minor) == ("payment", 110_528, FEE, 110_528 - FEE)
    assert (row.order, row.payment, row.account) == (shop.order, attempt.payment, shop.account)
    assert _fees(shop) == [{"fees": FEE, "processor_clearing": -FEE}]
    assert row.entry is not None
    assert (row.entry.cause, row.entry.by) == (attempt.payment.public_id, "processor")


def test_a_fee_told_by_four_at_once_is_booked_once(shop: CardShop) -> None:
    """D1, N13: webhook, worker and payout in the same moment; the order's chain has one entry for it."""
    attempt = _pay(shop)

    def hear(_: int) -> None:
        try:
            take_in_movement(shop.connection, _report(attempt))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as crew:
        list(crew.map(hear, range(4)))
    assert BalanceTransaction.objects.count() == 1
    assert len(_fees(shop)) == 1


def test_a_fee_changes_nothing_for_whoever_is_at_the_card_form(shop: CardShop) -> None:
    """N4: the balance version is what the payer's page is held to, and a fee does not raise it."""
    first = _pay(shop)
    more = OrderDraft(
        currency="USD",
        lines=[NewLine("One more hoodie", Decimal(1), 120_000)],
        prices_include_tax=False,
        contact=shop.fresh().contact,
    )
    change_order(order=shop.fresh(), draft=more, by=shop.owner.actor)
    shown, before = shop.payable, shop.fresh()
    assert hear_fees(first)
    after = shop.fresh()
    copies = [(one.balance_version, one.total_minor, one.paid_minor, one.due_minor) for one in (before, after)]
    assert copies[0] == copies[1]
    begun = shop.begin(shown=shown)
    hear_fees(first)
    take_in_movement(shop.connection, _report(first, reference="txn_late", kind="fee", amount=Money(0, "USD")))
    shop.confirm(begun.attempt.reference)
    second = check_attempt(begun.attempt, by=CUSTOMER)
    assert (second.state, second.surplus, shop.fresh().due_minor) == ("succeeded", False, 0)


def test_a_card_payment_is_looked_at_until_its_fee_is_known(shop: CardShop) -> None:
    """About a minute after it, and no more once it is known."""
    _pay(shop)
    payment = Payment.objects.get()
    assert payment.next_check_at is not None
    assert timedelta(seconds=50) < payment.next_check_at - payment.created_at < timedelta(seconds=70)
    assert not fetch_next_fee()
    _due_now()
    assert fetch_next_fee()
    payment.refresh_from_db()
    assert (payment.next_check_at, payment.lease, len(_fees(shop))) == (None, "", 1)
    assert not fetch_next_fee()


def test_a_processor_that_is_not_heard_is_asked_again_later_and_later(shop: CardShop) -> None:
    """N14: nothing heard is no answer. Some days later nobody asks any more: the payout tells."""
    attempt = _pay(shop)
    shop.sandbox.faults(plan=[{"operation": "GET /v1/payment_intents/{id}", "fault": "error", "status": 500}])
    waits = []
    for _ in range(3):
        _due_now()
        assert fetch_next_fee()
        payment = Payment.objects.get()
        assert payment.next_check_at is not None
        waits.append(payment.next_check_at - timezone.now())
    assert waits == sorted(waits)
    assert waits[2] > waits[0] * 2
    assert not hear_fees(attempt)
    Payment.objects.update(created_at=F("created_at") - SOUGHT_FOR, next_check_at=timezone.now())
    assert fetch_next_fee()
    assert Payment.objects.get().next_check_at is None
    Payment.objects.update(created_at=F("created_at") + SOUGHT_FOR)
    shop.sandbox.faults(plan=[])
    assert not BalanceTransaction.objects.exists()


def test_a_fee_that_is_not_known_yet_is_heard_without_effect(shop: CardShop) -> None:
    """The processor puts a payment on its balance a moment after it: asked before, it has nothing to say."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    attempt = check_attempt(begun.attempt, by=CUSTOMER)
    assert hear_fees(attempt)
    assert BalanceTransaction.objects.exists() == (Payment.objects.get().next_check_at is None)


def test_a_refund_and_a_dispute_bring_movements_of_their_own(shop: CardShop) -> None:
    """A refund costs nothing and leaves the fee; a dispute costs. Each hangs on what it is of."""
    attempt = _pay(shop)
    charge = _charge(shop, attempt)
    refund = shop.stripe.v1.refunds.create({"charge": charge, "amount": 1000})
    shop.sandbox.dispute(charge, amount=2000)
    assert hear_refunds(attempt)
    assert hear_disputes(attempt)
    assert hear_fees(attempt)
    rows = {row.kind: row for row in BalanceTransaction.objects.all()}
    assert {kind: (row.amount_minor, row.fee_minor) for kind, row in rows.items()} == {
        "payment": (110_528, FEE),
        "refund": (-1000, 0),
        "dispute": (-2000, 1500),
    }
    assert rows["refund"].refund is not None
    assert (rows["refund"].refund.reference, rows["refund"].entry) == (refund.id, None)
    assert rows["dispute"].dispute is not None
    assert {row.order_id for row in rows.values()} == {shop.order.pk}
    assert [entry["fees"] for entry in _fees(shop)] == [FEE, 1500]


def test_a_fee_given_back_posts_the_opposite(shop: CardShop) -> None:
    attempt = _pay(shop)
    take_in_movement(shop.connection, _report(attempt, fee=Money(-200, "USD")))
    assert _fees(shop) == [{"fees": -200, "processor_clearing": 200}]


def test_a_fee_in_another_currency_is_booked_in_that_one(shop: CardShop) -> None:
    """The processor may settle in another currency than the order's; what the order comes to stays as it was."""
    attempt = _pay(shop)
    before = shop.fresh()
    take_in_movement(shop.connection, _report(attempt, amount=Money(101_234, "EUR"), fee=Money(2966, "EUR")))
    assert JournalEntry.objects.get(kind="fee").currency == "EUR"
    assert (shop.fresh().paid_minor, shop.fresh().due_minor) == (before.paid_minor, before.due_minor)


def test_what_belongs_to_no_payment_of_ours_is_kept_and_booked_nowhere(shop: CardShop) -> None:
    """N12: nor is what another connection says about a payment of this one."""
    attempt = _pay(shop)
    other = make_connection(shop.account, is_default=False)
    take_in_movement(shop.connection, _report(attempt, reference="txn_2", money_reference="pi_of_a_till"))
    take_in_movement(shop.connection, _report(attempt, reference="txn_3", money_reference="", source=""))
    take_in_movement(other, _report(attempt, reference="txn_4"))
    rows = BalanceTransaction.objects.all()
    assert [(row.order, row.payment, row.entry) for row in rows] == [(None, None, None)] * 3
    assert _fees(shop) == []


def test_a_movement_heard_of_before_its_payment_is_linked_later(shop: CardShop) -> None:
    """Order does not matter: the payout may tell of it first."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    report = _report(begun.attempt, money_reference=begun.attempt.reference)
    take_in_movement(shop.connection, report)
    assert BalanceTransaction.objects.get().order is None
    check_attempt(begun.attempt, by=CUSTOMER)
    take_in_movement(shop.connection, report)
    row = BalanceTransaction.objects.get()
    assert (row.order, len(_fees(shop))) == (shop.order, 1)


def test_a_processor_that_tells_of_no_fees_is_not_asked_for_any(shop: CardShop) -> None:
    attempt = _pay(shop)
    silent = make_connection(shop.account, kind="paypal_express")
    PaymentAttempt.objects.update(connection=silent)
    _due_now()
    assert fetch_next_fee()
    assert Payment.objects.get().next_check_at is None
    assert hear_fees(make_attempt(shop.order, state="declined", connection=silent, amount_minor=1))
    PaymentAttempt.objects.filter(pk=attempt.pk).update(connection=shop.connection)
    PaymentAttempt.objects.filter(connection=silent).delete()
