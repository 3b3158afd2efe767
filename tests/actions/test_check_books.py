"""The books are checked: each invariant is broken on purpose, with the guards lifted, and must be named."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from balancedue.actions.ask_processor import check_attempt
from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.check_books import ASKING, RULES, check_books
from balancedue.actions.refund import refund_payment
from balancedue.actions.reverse_payment import reverse_payment
from balancedue.actions.settle import settle
from balancedue.actions.settle_refund import hear_refunds
from balancedue.actions.take_in_fees import take_in_movement
from balancedue.models import (
    BalanceTransaction,
    Delivery,
    Dispute,
    EntryProof,
    Event,
    JournalEntry,
    Order,
    Payment,
    PaymentAttempt,
    PaymentRequest,
    Payout,
    Posting,
    ProcessorConnection,
    ProcessorEvent,
    Refund,
    guards_sql,
)
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import CUSTOMER, PROCESSOR
from balancedue.rules.money import Money
from tests.actions.desk import Desk, open_desk
from tests.card_shop import CardShop
from tests.makers import (
    make_account,
    make_attempt,
    make_contact,
    make_dispute,
    make_order,
    make_payment,
    make_payout,
    movement,
)


@pytest.fixture
def books(db: None) -> Desk:
    """A shop with a bit of everything, and its books right."""
    desk = open_desk()
    desk.request(notify=[desk.owner.email])
    bounced = make_payment(desk.order, 20_000, reference="4471")
    reverse_payment(payment=bounced, reason="bounced", by=desk.owner.actor)
    make_payment(desk.order, 10_000)
    attempt = make_attempt(desk.order, state="waiting", payer_email="dana@riverside-hs.example")
    settle(attempt, Outcome(Kind.PAID, received=attempt.amount), by=PROCESSOR)
    assert desk.breaches() == []
    return desk


@contextmanager
def _guards_lifted() -> Iterator[None]:
    """What somebody with the database's own tools could do."""
    guards_sql.drop(connection)
    yield
    guards_sql.install(connection)


def _posting(desk: Desk) -> Any:
    return Posting.objects.filter(order=desk.order, ledger="receivable", entry__kind="payment").order_by("-pk")


def _last_entry(desk: Desk) -> JournalEntry:
    return desk.order.entries.latest("version")


def _change_an_amount(desk: Desk) -> None:
    _posting(desk).filter(pk=_posting(desk)[0].pk).update(amount_minor=-1)


def _change_both_legs(desk: Desk) -> None:
    for posting in _last_entry(desk).postings.all():
        Posting.objects.filter(pk=posting.pk).update(amount_minor=7 if posting.amount_minor > 0 else -7)


def _change_who(desk: Desk) -> None:
    JournalEntry.objects.filter(pk=_last_entry(desk).pk).update(by="user:somebody")


def _forget_who(desk: Desk) -> None:
    JournalEntry.objects.filter(pk=_last_entry(desk).pk).update(by="")


def _change_when(desk: Desk) -> None:
    JournalEntry.objects.filter(pk=_last_entry(desk).pk).update(at=timezone.now() - timedelta(days=9))


def _cut_the_chain(desk: Desk) -> None:
    JournalEntry.objects.filter(pk=_last_entry(desk).pk).update(previous_hash="0" * 64)


def _skip_a_version(desk: Desk) -> None:
    JournalEntry.objects.filter(pk=_last_entry(desk).pk).update(version=99)


def _lose_a_posting(desk: Desk) -> None:
    _posting(desk).filter(pk=_posting(desk)[0].pk).delete()


def _book_on_another_order(desk: Desk) -> None:
    other = make_order(desk.account)
    Posting.objects.filter(pk=_posting(desk)[0].pk).update(order=other)


def _move_a_payment(desk: Desk) -> None:
    Payment.objects.filter(pk=desk.order.payments.first().pk).update(order=make_order(desk.account))  # type: ignore[union-attr]


def _change_a_payment(desk: Desk) -> None:
    Payment.objects.filter(method="check", reversal=None).update(amount_minor=5)


def _lose_a_payment(desk: Desk) -> None:
    Payment.objects.filter(method="check", reversal=None).delete()


def _unbook_a_success(desk: Desk) -> None:
    make_attempt(make_order(desk.account), state="succeeded", connection=desk.connection)


def _call_a_success_a_decline(desk: Desk) -> None:
    PaymentAttempt.objects.filter(state="succeeded").update(state="declined")


def _mix_modes(desk: Desk) -> None:
    ProcessorConnection.objects.update(livemode=True)


def _charge_another_currency(desk: Desk) -> None:
    PaymentAttempt.objects.update(currency="EUR")


def _forget_the_next_check(desk: Desk) -> None:
    make_attempt(make_order(desk.account), state="unknown", connection=desk.connection)


def _park_a_webhook(desk: Desk) -> None:
    now = timezone.now()
    ProcessorEvent.objects.create(
        connection=desk.connection, external_id="evt_1", type="charge.x", status="parked", received_at=now,
        next_try_at=now, error="no attempt is known",
    )  # fmt: skip


def _tell_twice(desk: Desk) -> None:
    told = Event.objects.get(kind="payment_succeeded")
    told.pk = None
    told.save(force_insert=True)


def _tell_nobody(desk: Desk) -> None:
    Delivery.objects.filter(kind="payment_notice").delete()


def _tell_a_stranger(desk: Desk) -> None:
    Delivery.objects.filter(kind="payment_notice").update(to="stranger@shop.example")


def _mix_accounts(desk: Desk) -> None:
    Delivery.objects.update(account=make_account())


def _mix_contacts(desk: Desk) -> None:
    Order.objects.update(contact=make_contact(make_account()))


def _change_the_copies(desk: Desk) -> None:
    Order.objects.filter(pk=desk.order.pk).update(due_minor=7)


def _change_the_version(desk: Desk) -> None:
    Order.objects.filter(pk=desk.order.pk).update(balance_version=77)


def _revive_a_request(desk: Desk) -> None:
    PaymentRequest.objects.update(status="sent")


def _reverse_something_else(desk: Desk) -> None:
    reversal = JournalEntry.objects.get(kind="reversal")
    other = desk.order.entries.filter(kind="payment").exclude(pk=reversal.reverses_id).first()
    JournalEntry.objects.filter(pk=reversal.pk).update(reverses=other)


def _refund_too_much(desk: Desk) -> None:
    payment = desk.order.payments.get(amount_minor=10_000)
    refund_payment(payment=payment, amount=payment.amount, reason="other", by=desk.owner.actor)
    Payment.objects.filter(pk=payment.pk).update(amount_minor=9_999)


def _forget_to_book_a_refund(desk: Desk) -> None:
    payment = desk.order.payments.get(amount_minor=10_000)
    refund = refund_payment(payment=payment, amount=payment.amount, reason="other", by=desk.owner.actor)
    Refund.objects.filter(pk=refund.pk).update(entry=None)


def _disputed(desk: Desk, **changes: Any) -> Dispute:
    return make_dispute(PaymentAttempt.objects.get(order=desk.order, state="succeeded"), **changes)


def _forget_what_a_bank_took(desk: Desk) -> None:
    Dispute.objects.filter(pk=_disputed(desk).pk).update(withdrawn_minor=0)


def _call_a_dispute_lost(desk: Desk) -> None:
    Dispute.objects.filter(pk=_disputed(desk).pk).update(state="lost")


def _lose_a_dispute(desk: Desk) -> None:
    dispute = _disputed(desk)
    dispute.deliveries.all().delete()
    dispute.delete()


def _move_a_dispute(desk: Desk) -> None:
    dispute = _disputed(desk, state="inquiry", withdrawn=Money(0, "USD"))
    Dispute.objects.filter(pk=dispute.pk).update(order=make_order(desk.account))


def _forget_an_open_dispute(desk: Desk) -> None:
    Dispute.objects.filter(pk=_disputed(desk).pk).update(next_check_at=None)


def _dispute_more_than_was_paid(desk: Desk) -> None:
    dispute = _disputed(desk)
    Dispute.objects.filter(pk=dispute.pk).update(withdrawn_minor=dispute.withdrawn_minor + 1)


def _cost(desk: Desk) -> BalanceTransaction:
    attempt = PaymentAttempt.objects.get(order=desk.order, state="succeeded")
    report = movement(attempt)
    take_in_movement(desk.connection, report)
    return BalanceTransaction.objects.get(reference=report.reference)


def _paid_out(desk: Desk) -> Payout:
    return make_payout(desk.connection, [movement(PaymentAttempt.objects.get(order=desk.order, state="succeeded"))])


def _forget_to_book_a_fee(desk: Desk) -> None:
    BalanceTransaction.objects.filter(pk=_cost(desk).pk).update(entry=None)


def _change_a_fee(desk: Desk) -> None:
    BalanceTransaction.objects.filter(pk=_cost(desk).pk).update(fee_minor=1)


def _charge_a_fee_in_another_currency(desk: Desk) -> None:
    BalanceTransaction.objects.filter(pk=_cost(desk).pk).update(currency="EUR")


def _lose_what_cost_a_fee(desk: Desk) -> None:
    _cost(desk).delete()


def _cost_another_account(desk: Desk) -> None:
    BalanceTransaction.objects.filter(pk=_cost(desk).pk).update(account=make_account())


def _lose_a_line_of_a_payout(desk: Desk) -> None:
    BalanceTransaction.objects.filter(payout=_paid_out(desk)).update(payout=None)


def _mix_currencies_in_a_payout(desk: Desk) -> None:
    Payout.objects.filter(pk=_paid_out(desk).pk).update(currency="EUR")


def _forget_an_open_payout(desk: Desk) -> None:
    Payout.objects.filter(pk=_paid_out(desk).pk).update(state="in_transit")


PLANTED: list[tuple[Callable[[Desk], None], set[str]]] = [
    (_change_an_amount, {"N8", "N2", "N13", "A2"}),
    (_change_both_legs, {"N2", "N13", "A2"}),
    (_change_who, {"N13"}),
    (_forget_who, {"N13"}),
    (_change_when, {"N13"}),
    (_cut_the_chain, {"N13"}),
    (_skip_a_version, {"N13", "A2"}),
    (_lose_a_posting, {"N8", "N13", "A2"}),
    (_book_on_another_order, {"N8", "A2"}),
    (_move_a_payment, {"N2"}),
    (_change_a_payment, {"N2"}),
    (_lose_a_payment, {"N2"}),
    (_unbook_a_success, {"N2"}),
    (_call_a_success_a_decline, {"N2"}),
    (_mix_modes, {"N3"}),
    (_charge_another_currency, {"N3"}),
    (_forget_the_next_check, {"N10"}),
    (_park_a_webhook, {"N10"}),
    (_tell_twice, {"N11"}),
    (_tell_nobody, {"N11"}),
    (_tell_a_stranger, {"N11"}),
    (_mix_accounts, {"N12"}),
    (_mix_contacts, {"N12"}),
    (_change_the_copies, {"A2"}),
    (_change_the_version, {"A2"}),
    (_revive_a_request, {"N6"}),
    (_reverse_something_else, {"N6", "N13"}),
    (_refund_too_much, {"N9", "N2"}),
    (_forget_to_book_a_refund, {"N2"}),
    (_forget_what_a_bank_took, {"N2"}),
    (_call_a_dispute_lost, {"N2"}),
    (_lose_a_dispute, {"N2"}),
    (_move_a_dispute, {"N2"}),
    (_forget_an_open_dispute, {"N10"}),
    (_dispute_more_than_was_paid, {"N9", "N2"}),
    (_forget_to_book_a_fee, {"N2"}),
    (_change_a_fee, {"N2"}),
    (_charge_a_fee_in_another_currency, {"N2"}),
    (_lose_what_cost_a_fee, {"N2"}),
    (_cost_another_account, {"N12"}),
    (_lose_a_line_of_a_payout, {"N8"}),
    (_mix_currencies_in_a_payout, {"N8"}),
    (_forget_an_open_payout, {"N10"}),
]


@pytest.mark.parametrize(("breach", "rules"), PLANTED, ids=lambda value: getattr(value, "__name__", "").strip("_"))
def test_a_planted_breach_is_named(books: Desk, breach: Callable[[Desk], None], rules: set[str]) -> None:
    """L1, L2, R22: by its invariant, and no other invariant cries wolf."""
    with transaction.atomic():
        with _guards_lifted():
            breach(books)
        named = {found.rule for found in check_books(ask_processors=False)}
        transaction.set_rollback(True)
    assert named == rules


def test_a_missing_guard_is_named(books: Desk) -> None:
    """N7: each by its name."""
    with transaction.atomic():
        guards_sql.drop(connection)
        found = [str(breach) for breach in check_books(books.account, ask_processors=False)]
        guards_sql.install(connection)
    assert found == [f"N7: the database guard {name} is missing" for name in sorted(guards_sql.expected(connection))]


def test_two_active_attempts_are_named(books: Desk) -> None:
    """N4: if ever the constraint were lost."""
    order = make_order(books.account)
    make_attempt(order, state="waiting", next_check_at=timezone.now())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DROP INDEX one_active_attempt_per_order")
        make_attempt(order, state="waiting", next_check_at=timezone.now(), balance_version=9)
        found = {breach.rule for breach in check_books(books.account, ask_processors=False)}
        transaction.set_rollback(True)
    assert found == {"N4"}


def test_one_accounts_trouble_is_not_anothers(books: Desk) -> None:
    """N12: the check of one account looks at that account."""
    other = open_desk()
    Order.objects.filter(pk=other.order.pk).update(due_minor=7)
    assert books.breaches() == []
    assert [str(breach).split(":")[0] for breach in check_books(ask_processors=False)] == ["A2"]


def test_every_rule_is_planted() -> None:
    """R22: no rule without a test that sees it fail."""
    planted = {rule for _, rules in PLANTED for rule in rules} | {"N7", "N4", "N1"}
    assert {rule for rule, _ in {**RULES, **ASKING}} == planted


def test_a_payment_the_processor_knows_nothing_of_is_named(shop: CardShop) -> None:
    """N1: the processor is the truth about money."""
    begun = shop.begin()
    settle(begun.attempt, Outcome(Kind.PAID, received=begun.attempt.amount), by=PROCESSOR)  # nobody paid
    found = [str(breach) for breach in check_books(shop.account)]
    assert any(line.startswith("N1: ") and "succeeded" in line for line in found)
    shop.confirm(begun.attempt.reference)  # and now somebody has
    assert check_books(shop.account) == []


def test_a_payment_we_know_nothing_of_is_named(shop: CardShop) -> None:
    """N1: taken by the processor, cancelled in our books; asking puts it right."""
    begun = shop.begin()
    settle(begun.attempt, Outcome(Kind.CANCELLED), by=PROCESSOR)
    assert any("can still be confirmed" in str(breach) for breach in check_books(shop.account))
    shop.confirm(begun.attempt.reference)
    found = [str(breach) for breach in check_books(shop.account)]
    assert [line.split(":")[0] for line in found] == ["N1"]
    check_attempt(begun.attempt, by=CUSTOMER)
    assert check_books(shop.account) == []


def test_a_refund_the_processor_made_and_nobody_told_us_of_is_named(shop: CardShop) -> None:
    """N1: until it is taken in."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    attempt = check_attempt(begun.attempt, by=CUSTOMER)
    shop.sandbox.post("/_sandbox/refunds", {"charge": shop.charges()[0]["id"], "amount": 100})
    (found,) = check_books(shop.account)
    assert (found.rule, "do not agree on the refund re_" in found.sentence) == ("N1", True)
    assert hear_refunds(attempt)
    assert check_books(shop.account) == []


def test_a_processor_that_cannot_be_asked_says_nothing_about_the_books(shop: CardShop) -> None:
    """N14."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    check_attempt(begun.attempt, by=CUSTOMER)
    shop.sandbox.faults(mode="down")
    assert check_books(shop.account) == []


def test_the_command_ends_with_1_when_something_is_wrong(books: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract.md: check-books."""
    call_command("check_books", books.account.slug, offline=True)
    assert capsys.readouterr().out == "The books are right.\n"
    Order.objects.filter(pk=books.order.pk).update(due_minor=7)
    with pytest.raises(SystemExit) as end:
        call_command("check_books", offline=True)
    assert end.value.code == 1
    assert capsys.readouterr().out.startswith("A2: order ord_")


def test_a_cancelled_order_with_money_has_right_books(books: Desk) -> None:
    """Requirements.md 3.25."""
    cancel_order(order=books.fresh(), by=books.owner.actor)
    assert books.breaches() == []
    assert EntryProof.objects.exclude(total_minor=0).count() == 0
