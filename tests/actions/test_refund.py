"""Refunds: money given back by staff, in the processor's dashboard, or by hand; once, and never above the payment."""

import hashlib
import hmac
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from balancedue.actions import refund as refund_verb
from balancedue.actions.ask_processor import check_attempt
from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.check_books import check_books
from balancedue.actions.receive_event import process_next_event, receive_event
from balancedue.actions.reconcile import reconcile_next_refund
from balancedue.actions.refund import refund_payment, refundable
from balancedue.actions.reverse_payment import reverse_payment
from balancedue.actions.settle import settle
from balancedue.actions.settle_refund import settle_refund
from balancedue.models import Delivery, Payment, Refund, charged, invoice_of, read_standing
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import COMMAND, CUSTOMER, PROCESSOR
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.ids import new_id
from balancedue.rules.money import Money
from tests.actions.desk import Desk
from tests.card_shop import CardShop
from tests.makers import make_attempt, make_payment, make_request

ALL = 110_528
OUTSIDE = pytest.mark.django_db(transaction=True)  # a processor is asked outside of any transaction


def _paid(shop: CardShop, card: str = "pm_card_visa") -> Payment:
    """The customer has paid all that is due by card."""
    begun = shop.begin(payer_email="dana@riverside-hs.example")
    shop.confirm(begun.attempt.reference, card)
    check_attempt(begun.attempt, by=CUSTOMER)
    return Payment.objects.select_related("order__account").get(attempt=begun.attempt)


def _refund(payment: Payment, minor: int = ALL, **given: Any) -> Refund:
    facts = {"reason": "requested_by_customer", "by": COMMAND} | given
    return refund_payment(payment=payment, amount=Money(minor, "USD"), **facts)


def _refusal(payment: Payment, minor: int = ALL, **given: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        _refund(payment, minor, **given)
    return refused.value


def _due(shop: CardShop | Desk) -> int:
    return read_standing(shop.fresh()).balance.remaining.minor


def _given(shop: CardShop) -> list[int]:
    """What the processor gave back: the truth about money."""
    rows = shop.stripe.v1.refunds.list({"limit": 100}).data
    return [refund.amount for refund in rows if refund.status in ("pending", "succeeded")]


def _elsewhere(shop: CardShop, minor: int) -> str:
    """Somebody refunds in the processor's dashboard; the refund's name there."""
    charge = shop.charges()[0]["id"]
    return str(shop.sandbox.post("/_sandbox/refunds", {"charge": charge, "amount": minor})["id"])


def _webhook(shop: CardShop, payment: Payment, kind: str = "refund.updated") -> None:
    assert payment.attempt is not None
    about = {"id": new_id("re"), "object": "refund", "payment_intent": payment.attempt.reference}
    body = json.dumps({"object": "event", "id": new_id("evt"), "type": kind, "data": {"object": about}}).encode()
    moment = int(timezone.now().timestamp())
    digest = hmac.new(b"whsec_testtesttest", f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    receive_event(connection=shop.connection, headers={"Stripe-Signature": f"t={moment},v1={digest}"}, body=body)
    assert process_next_event()


def _letters(kind: str) -> int:
    return Delivery.objects.filter(kind=kind).count()


def _worker_comes() -> None:
    """The time of the next check comes."""
    Refund.objects.exclude(next_check_at=None).update(next_check_at=timezone.now(), leased_until=None)
    assert reconcile_next_refund()


def _column_adds_up(shop: CardShop | Desk) -> None:
    """M1: total, reductions, cancellation, payments and refunds come to the balance."""
    order = shop.fresh()
    invoice = invoice_of(order, read_standing(order), test_mode=True)
    money = sum(line.amount.minor for line in invoice.payments if line.reversed_on is None)
    shown = invoice.total.minor - invoice.reduced.minor + invoice.other.minor - money
    assert shown == invoice.balance.remaining.minor


def test_a_full_refund_gives_all_back_and_opens_the_balance_again(shop: CardShop) -> None:
    """Requirements.md 3.10: refund only; the payer is told once, the books say where the money went."""
    payment = _paid(shop)
    refund = _refund(payment, note="Rain")
    assert (refund.state, refund.amount_minor, refund.note, refund.next_check_at) == ("succeeded", ALL, "Rain", None)
    assert _given(shop) == [ALL]
    assert (_due(shop), refundable(payment).minor) == (ALL, 0)
    assert refund.entry is not None
    assert dict(refund.entry.postings.values_list("ledger", "amount_minor")) == {
        "receivable": ALL, "processor_clearing": -ALL,
    }  # fmt: skip
    assert (_letters("refund"), _letters("refund_failed")) == (1, 0)
    assert Delivery.objects.get(kind="refund").to == "dana@riverside-hs.example"
    _column_adds_up(shop)


def test_several_parts_are_refunded_until_nothing_is_left(shop: CardShop) -> None:
    """N9: each its own row and entry; never above."""
    payment = _paid(shop)
    for minor in (10_000, 500, 100_000):
        _refund(payment, minor)
    refusal = _refusal(payment, 29)
    assert (refusal.code, refusal.field) == ("more_than_refundable", "amount")
    assert refusal.sentence == "At most $0.28 of this payment can be refunded."
    _refund(payment, 28)
    assert _refusal(payment, 1).sentence == "This payment is refunded."
    assert sorted(_given(shop)) == [28, 500, 10_000, 100_000]
    assert _due(shop) == ALL
    _column_adds_up(shop)


@pytest.mark.parametrize(
    ("given", "field"),
    [({"minor": 0}, "amount"), ({"minor": -1}, "amount"), ({"reason": ""}, "reason"), ({"reason": "fun"}, "reason"),
     ({"note": "x" * 501}, "note")],
)  # fmt: skip
def test_what_cannot_be_a_refund_is_said_at_its_field(desk: Desk, given: dict[str, Any], field: str) -> None:
    """M8."""
    refusal = _refusal(make_payment(desk.order, 1_000), **{"minor": 5, **given})
    assert isinstance(refusal, Invalid)
    assert list(refusal.problems) == [field]
    assert not Refund.objects.exists()


def test_another_currency_is_refused(desk: Desk) -> None:
    payment = make_payment(desk.order, 1_000)
    with pytest.raises(Invalid, match="This payment is in USD"):
        refund_payment(payment=payment, amount=Money(5, "EUR"), reason="other", by=COMMAND)


def test_the_same_form_twice_refunds_once(shop: CardShop) -> None:
    """E7: a double click."""
    payment = _paid(shop)
    first, second = _refund(payment, 1_000, form_key="k"), _refund(payment, 1_000, form_key="k")
    assert first.pk == second.pk
    assert _given(shop) == [1_000]


def _all_at_once(count: int, deed: Any) -> list[str]:
    """`deed(n)` in threads that start on one word; what each came to."""
    start = threading.Barrier(count)

    def act(number: int) -> str:
        try:
            start.wait(10)
            return str(deed(number).state)
        except Refused as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as crew:
        return sorted(crew.map(act, range(count)))


def test_staff_at_once_never_refund_more_than_was_paid(shop: CardShop) -> None:
    """E7, N9: four people, each wants most of it back."""
    payment = _paid(shop)
    said = _all_at_once(4, lambda _: _refund(Payment.objects.get(pk=payment.pk), 100_000))
    assert said == ["more_than_refundable"] * 3 + ["succeeded"]
    assert _given(shop) == [100_000]


def test_one_form_sent_at_once_from_two_places_refunds_once(shop: CardShop) -> None:
    """E7."""
    payment = _paid(shop)
    assert set(_all_at_once(3, lambda _: _refund(Payment.objects.get(pk=payment.pk), 50_000, form_key="k"))) <= {
        "succeeded", "started",
    }  # fmt: skip
    assert _given(shop) == [50_000]
    assert Refund.objects.get().state == "succeeded"


def test_refund_and_reduce_leaves_nothing_due(shop: CardShop) -> None:
    """Requirements.md 3.10: total and money both go down; sales, tax and shipping in proportion."""
    payment = _paid(shop)
    before = charged(shop.fresh())
    refund = _refund(payment, 10_528, reduce_order=True)
    balance = read_standing(shop.fresh()).balance
    assert (balance.total.minor, balance.settled.minor, balance.remaining.minor) == (100_000, 100_000, 0)
    assert balance.is_paid
    assert refund.reduction is not None
    taken = dict(refund.reduction.postings.values_list("ledger", "amount_minor"))
    assert (taken.pop("receivable"), sum(taken.values())) == (-10_528, 10_528)
    assert set(taken) <= set(before)
    order = shop.fresh()
    invoice = invoice_of(order, read_standing(order), test_mode=True)
    assert (invoice.reduced.minor, invoice.payments[-1].amount.minor) == (10_528, -10_528)
    _column_adds_up(shop)


def test_the_rest_of_a_cancelled_order_is_given_back_and_nothing_is_due(shop: CardShop) -> None:
    """Requirements.md 3.9: what was paid is credit; after the refund it is none. There is nothing to reduce."""
    payment = _paid(shop)
    cancel_order(order=shop.fresh(), by=COMMAND)
    assert _due(shop) == -ALL
    refund = _refund(payment, reduce_order=True)
    assert (_due(shop), refund.reduces_order, refund.reduction) == (0, False, None)
    _column_adds_up(shop)


def test_a_surplus_is_refunded_and_the_order_stays_paid(shop: CardShop) -> None:
    """F6."""
    payment = _paid(shop)
    second = make_attempt(
        shop.fresh(), state="cancelled", connection=shop.connection, reference="", amount_minor=ALL,
        balance_version=payment.attempt.balance_version if payment.attempt else 0,
    )  # fmt: skip
    intent = shop.stripe.v1.payment_intents.create(
        {"amount": ALL, "currency": "usd", "confirm": True, "payment_method": "pm_card_visa",
         "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
         "metadata": {"attempt": second.public_id}}
    )  # fmt: skip
    settle(second, Outcome(Kind.PAID, reference=intent.id, received=Money(ALL, "USD")), by=PROCESSOR)
    surplus = Payment.objects.get(attempt=second)
    assert (surplus.surplus, _due(shop)) == (True, -ALL)
    _refund(surplus, reason="duplicate")
    balance = read_standing(shop.fresh()).balance
    assert (balance.remaining.minor, balance.is_paid) == (0, True)
    assert refundable(surplus).minor == 0
    assert refundable(payment).minor == ALL


def test_a_refund_that_fails_later_puts_everything_back(shop: CardShop) -> None:
    """F5: pending, booked, then failed: the money counts as paid again, the reduction is undone, staff are told."""
    payment = _paid(shop, "pm_card_sandboxRefundWaitsForFunds")
    refund = _refund(payment, 10_000, reduce_order=True)
    assert (refund.state, refundable(payment).minor) == ("pending", 100_528)
    assert refund.next_check_at is not None
    assert read_standing(shop.fresh()).balance.total.minor == 100_528
    shop.sandbox.post(f"/_sandbox/refunds/{refund.reference}", {"outcome": "failed"})
    _worker_comes()
    refund.refresh_from_db()
    balance = read_standing(shop.fresh()).balance
    assert (refund.state, balance.total.minor, balance.remaining.minor) == ("failed", ALL, 0)
    assert (_letters("refund"), _letters("refund_failed")) == (1, 1)
    assert refundable(payment).minor == ALL
    _column_adds_up(shop)
    assert _refund(payment, 10_000).pk != refund.pk  # can retry


def test_a_refund_that_succeeded_can_still_come_back(shop: CardShop) -> None:
    """F5: a bank returns it days later; a webhook says so."""
    payment = _paid(shop)
    refund = _refund(payment)
    shop.sandbox.post(f"/_sandbox/refunds/{refund.reference}", {"outcome": "failed"})
    _webhook(shop, payment, "charge.refund.updated")
    refund.refresh_from_db()
    assert (refund.state, _due(shop)) == ("failed", 0)


@OUTSIDE
def test_a_failed_refund_of_a_part_paid_order_leaves_its_request_open(desk: Desk) -> None:
    """F5, N6: undoing refund and reduction never makes a part paid order look paid in between."""
    attempt = make_attempt(desk.order, state="started", amount_minor=70_000, connection=desk.connection)
    settle(attempt, Outcome(Kind.PAID, received=Money(70_000, "USD")), by=PROCESSOR)
    payment = Payment.objects.select_related("order__account").get()
    refund = _unasked(payment, 50_000, reduce_order=True)
    settle_refund(refund, Outcome(Kind.PENDING, reference="re_1"), by=PROCESSOR)
    assert (desk.balance.total.minor, desk.balance.remaining.minor) == (60_528, 40_528)
    request = make_request(desk.fresh(), by=desk.owner)
    settle_refund(refund, Outcome(Kind.DECLINED, reference="re_1"), by=PROCESSOR)
    assert (desk.balance.total.minor, desk.balance.remaining.minor) == (ALL, 40_528)
    request.refresh_from_db()
    assert request.paid_at is None


@OUTSIDE
def test_a_refund_that_fails_after_cancellation_charges_nothing_again(desk: Desk) -> None:
    """F5, requirements.md 3.9: the money is credit again, and nothing is owed."""
    attempt = make_attempt(desk.order, state="started", connection=desk.connection)
    settle(attempt, Outcome(Kind.PAID, received=Money(ALL, "USD")), by=PROCESSOR)
    refund = _unasked(Payment.objects.get(), 50_000, reduce_order=True)
    settle_refund(refund, Outcome(Kind.PENDING, reference="re_1"), by=PROCESSOR)
    cancel_order(order=desk.fresh(), by=COMMAND)
    settle_refund(refund, Outcome(Kind.DECLINED, reference="re_1"), by=PROCESSOR)
    assert (desk.balance.total.minor, desk.balance.credit.minor) == (0, ALL)
    _column_adds_up(desk)


def _unasked(payment: Payment, minor: int, **given: Any) -> Refund:
    """A refund whose processor answers nobody: it is in doubt."""
    refund = _refund(payment, minor, **given)
    assert refund.state == "unknown"
    return refund


def test_a_refund_made_in_the_dashboard_is_found_by_its_webhook(shop: CardShop) -> None:
    """E7: one row, the balance due again, and said to be made elsewhere."""
    payment = _paid(shop)
    name = _elsewhere(shop, 30_000)
    for _ in range(3):
        _webhook(shop, payment, "charge.refunded")
    refund = Refund.objects.get()
    assert (refund.reference, refund.state, refund.made_elsewhere, refund.amount_minor) == (
        name, "succeeded", True, 30_000,
    )  # fmt: skip
    assert (_due(shop), refundable(payment).minor) == (30_000, 80_528)
    assert _refusal(payment, 80_529).code == "more_than_refundable"


def test_the_webhook_may_come_before_our_own_answer(shop: CardShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """E7: known by our own id on it; still one row, one entry, one letter."""
    payment = _paid(shop)
    ask = refund_verb.start_refund

    def answer_late(refund: Refund) -> Outcome:
        outcome = ask(refund)
        _webhook(shop, payment, "refund.created")
        assert Refund.objects.get().state == "succeeded"
        return outcome

    monkeypatch.setattr(refund_verb, "start_refund", answer_late)
    refund = _refund(payment, 7_000)
    assert (refund.state, Refund.objects.count(), _letters("refund"), _due(shop)) == ("succeeded", 1, 1, 7_000)
    assert _given(shop) == [7_000]


def test_a_dashboard_refund_that_meets_ours_leaves_ours_refused(shop: CardShop) -> None:
    """E7, N9: the processor takes one of the two."""
    payment = _paid(shop)
    _elsewhere(shop, ALL)  # not heard of here yet
    ours = _refund(payment)
    assert (ours.state, ours.entry) == ("refused", None)
    _webhook(shop, payment)
    assert (_due(shop), refundable(payment).minor, _given(shop)) == (ALL, 0, [ALL])


def test_a_processor_that_is_down_leaves_the_refund_in_doubt_and_the_worker_ends_it(shop: CardShop) -> None:
    """N14, N10: it counts as given back until we know; the same key again makes one refund."""
    payment = _paid(shop)
    shop.sandbox.faults(mode="down")
    refund = _refund(payment, 60_000)
    assert (refund.state, refund.entry, _due(shop)) == ("unknown", None, 0)
    assert refund.next_check_at is not None
    assert _refusal(payment, 60_000).code == "more_than_refundable"
    shop.sandbox.faults(mode="none")
    _worker_comes()
    assert (Refund.objects.get().state, _due(shop), _given(shop)) == ("succeeded", 60_000, [60_000])


def test_an_answer_that_was_lost_does_not_refund_twice(shop: CardShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """C1 for refunds: made there, never heard here; asked again under the same key."""
    payment = _paid(shop)
    ask = refund_verb.start_refund

    def lose(refund: Refund) -> Outcome:
        ask(refund)
        return Outcome(Kind.UNKNOWN)

    monkeypatch.setattr(refund_verb, "start_refund", lose)
    assert _refund(payment, 60_000).state == "unknown"
    _worker_comes()
    assert (Refund.objects.get().state, _given(shop)) == ("succeeded", [60_000])


def test_a_day_later_it_is_looked_for_and_not_sent_again(shop: CardShop) -> None:
    """C5: the processor may have forgotten our key; a list without it means that it was never made."""
    payment = _paid(shop)
    shop.sandbox.faults(mode="down")
    _refund(payment, 60_000)
    Refund.objects.update(started_at=timezone.now() - timedelta(hours=24))
    _worker_comes()
    assert Refund.objects.get().state == "unknown"  # not heard is no news
    shop.sandbox.faults(mode="none")
    _worker_comes()
    refund = Refund.objects.get()
    assert (refund.state, refund.code, _given(shop)) == ("refused", "never_made", [])
    assert refundable(payment).minor == ALL


@OUTSIDE
def test_a_key_rejected_while_in_doubt_says_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """N14: the refund may have been made before the key was taken away."""
    attempt = make_attempt(desk.order, state="started", connection=desk.connection)
    settle(attempt, Outcome(Kind.PAID, received=Money(ALL, "USD")), by=PROCESSOR)
    refund = _unasked(Payment.objects.get(), 5_000)
    monkeypatch.setattr(
        "balancedue.actions.reconcile.start_refund",
        lambda refund: Outcome(Kind.REFUSED, code="processor_key_rejected"),
    )
    _worker_comes()
    refund.refresh_from_db()
    assert refund.state == "unknown"
    settle_refund(refund, Outcome(Kind.PAID, reference="re_1"), by=PROCESSOR)
    assert _due(desk) == 5_000


@OUTSIDE
def test_a_refused_refund_that_turns_out_to_be_made_is_booked(desk: Desk) -> None:
    """Requirements.md 3.23: the processor is the truth about money."""
    attempt = make_attempt(desk.order, state="started", connection=desk.connection)
    settle(attempt, Outcome(Kind.PAID, received=Money(ALL, "USD")), by=PROCESSOR)
    refund = _unasked(Payment.objects.get(), 5_000)
    refund = settle_refund(refund, Outcome(Kind.REFUSED), by=PROCESSOR)
    assert (refund.state, _due(desk)) == ("refused", 0)
    refund = settle_refund(refund, Outcome(Kind.PAID, reference="re_1"), by=PROCESSOR)
    assert (refund.state, _due(desk)) == ("succeeded", 5_000)


@OUTSIDE
def test_an_answer_about_another_sum_is_not_taken_in(desk: Desk) -> None:
    """N3: neither its amount nor its name."""
    attempt = make_attempt(desk.order, state="started", connection=desk.connection)
    settle(attempt, Outcome(Kind.PAID, received=Money(ALL, "USD")), by=PROCESSOR)
    refund = _unasked(Payment.objects.get(), 5_000)
    refund = settle_refund(refund, Outcome(Kind.PAID, reference="re_9", amount=Money(6_000, "USD")), by=PROCESSOR)
    assert (refund.state, refund.reference, refund.entry) == ("unknown", "", None)
    assert refund.detail == "the processor says 60.00 USD"


def test_money_that_came_in_by_hand_goes_back_by_hand(desk: Desk) -> None:
    """The cash or the check is returned by a person: done once it is written down, and no letter says otherwise."""
    payment = make_payment(desk.order, 40_000, method="cash")
    refund = _refund(payment, 15_000)
    assert (refund.state, refund.connection, desk.balance.due.minor) == ("succeeded", None, 85_528)
    assert refund.entry is not None
    assert dict(refund.entry.postings.values_list("ledger", "amount_minor")) == {"receivable": 15_000, "cash": -15_000}
    assert _letters("refund") == 0
    with pytest.raises(Refused, match="Part of this payment was refunded"):
        reverse_payment(payment=payment, reason="Bounced", by=COMMAND)
    _column_adds_up(desk)


def test_a_refund_by_hand_that_was_cut_short_is_booked_by_the_worker(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B3, N10."""
    payment = make_payment(desk.order, 40_000, method="cash")
    with monkeypatch.context() as cut:
        cut.setattr(refund_verb, "book_by_hand", lambda refund, by: refund)
        assert _refund(payment, 15_000).state == "started"
    _worker_comes()
    assert (Refund.objects.get().state, desk.balance.due.minor) == ("succeeded", 85_528)


def test_a_reversed_payment_cannot_be_refunded(desk: Desk) -> None:
    """It never came in."""
    payment = make_payment(desk.order, 40_000)
    reverse_payment(payment=payment, reason="Bounced", by=COMMAND)
    payment.refresh_from_db()
    assert refundable(payment).minor == 0
    assert _refusal(payment, 1).code == "not_refundable"


def test_more_given_back_than_was_paid_would_be_seen(desk: Desk) -> None:
    """N9, N2, N10: check-books is not blind."""
    payment = make_payment(desk.order, 40_000)
    good = _refund(payment, 40_000)
    now = timezone.now()
    facts = {"order": desk.order, "payment": payment, "currency": "USD", "by": "x", "started_at": now}
    bad = Refund.objects.create(
        **facts, state="succeeded", amount_minor=1, processor_key="x", changed_at=now, form_key="x"
    )
    waits = Refund.objects.create(
        **facts, state="unknown", amount_minor=1, processor_key="y", changed_at=now, form_key="y"
    )
    seen = " ".join(str(breach) for breach in check_books(desk.account, ask_processors=False))
    assert f"N9: {payment.public_id} of 40000 has 40001 refunded" in seen
    assert f"N2: {bad.public_id} is succeeded and is not booked" in seen
    assert f"N10: {waits.public_id} is unknown and has no next check" in seen
    Refund.objects.exclude(pk=good.pk).delete()
