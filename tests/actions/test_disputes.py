"""Disputes: taken in whatever the order of news, in the books, told once, and in the way of refunds."""

import hashlib
import hmac
import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from balancedue.actions.ask_processor import check_attempt
from balancedue.actions.check_books import check_books
from balancedue.actions.receive_event import process_next_event, receive_event
from balancedue.actions.refund import refund_payment, refundable
from balancedue.actions.settle import settle
from balancedue.actions.take_in_disputes import (
    WATCHED_FOR,
    booked,
    hear_disputes,
    reconcile_next_dispute,
    take_in_disputes,
)
from balancedue.actions.write_letter import write_letter
from balancedue.models import Delivery, Dispute, Payment, PaymentAttempt, Refund, invoice_of, read_standing
from balancedue.processors.base import Kind, Outcome
from balancedue.processors.reports import DisputeReport
from balancedue.rules.actor import COMMAND, CUSTOMER, PROCESSOR
from balancedue.rules.errors import Refused
from balancedue.rules.ids import new_id
from balancedue.rules.money import Money
from tests.actions.desk import Desk
from tests.card_shop import CardShop
from tests.makers import dispute_report, make_attempt, make_request

ALL = 110_528
OPENED_AT = datetime(2026, 11, 20, 9, tzinfo=UTC)


# --- With a running stand-in: what the processor has is the truth -----------------------------------------------


def _paid(shop: CardShop) -> Payment:
    begun = shop.begin(payer_email="dana@riverside-hs.example")
    shop.confirm(begun.attempt.reference)
    check_attempt(begun.attempt, by=CUSTOMER)
    return Payment.objects.select_related("order__account", "attempt").get(attempt=begun.attempt)


def _disputed(shop: CardShop, **given: Any) -> str:
    """The bank disputes the shop's one charge; the dispute's name at the processor."""
    return shop.sandbox.dispute(str(shop.charges()[0]["id"]), **given)


def _webhook(shop: CardShop, payment: Payment, kind: str = "charge.dispute.updated") -> None:
    assert payment.attempt is not None
    about = {"id": new_id("dp"), "object": "dispute", "payment_intent": payment.attempt.money_reference}
    body = json.dumps({"object": "event", "id": new_id("evt"), "type": kind, "data": {"object": about}}).encode()
    moment = int(timezone.now().timestamp())
    digest = hmac.new(b"whsec_testtesttest", f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    receive_event(connection=shop.connection, headers={"Stripe-Signature": f"t={moment},v1={digest}"}, body=body)
    assert process_next_event()


def _worker_comes() -> bool:
    """The time of the next check comes."""
    Dispute.objects.exclude(next_check_at=None).update(next_check_at=timezone.now())
    return reconcile_next_dispute()


def _due(shop: CardShop | Desk) -> int:
    return read_standing(shop.fresh()).balance.remaining.minor


def _told(shop: CardShop | Desk) -> list[str]:
    kinds = shop.order.events.filter(kind__startswith="dispute_").order_by("pk").values_list("kind", flat=True)
    return [kind.removeprefix("dispute_") for kind in kinds]


def _entries(shop: CardShop | Desk) -> list[str]:
    kinds = shop.order.entries.filter(kind__startswith="dispute_").order_by("version").values_list("kind", flat=True)
    return [kind.removeprefix("dispute_") for kind in kinds]


def _letters(shop: CardShop | Desk) -> list[str]:
    rows = Delivery.objects.filter(order=shop.order, kind__startswith="dispute_").order_by("pk")
    assert {row.to for row in rows} <= {shop.owner.email}
    return [row.kind.removeprefix("dispute_") for row in rows]


def _column_adds_up(shop: CardShop | Desk) -> None:
    """M1: total, reductions, payments, refunds and lost disputes come to the balance."""
    order = shop.fresh()
    invoice = invoice_of(order, read_standing(order), test_mode=True)
    money = sum(line.amount.minor for line in invoice.payments if line.reversed_on is None)
    shown = invoice.total.minor - invoice.reduced.minor + invoice.other.minor - money
    assert shown == invoice.balance.remaining.minor


def test_a_dispute_moves_money_and_leaves_the_order_paid(shop: CardShop) -> None:
    """Requirements.md 3.27, N6: the money is in doubt; nobody owes anything; staff hear once."""
    payment = _paid(shop)
    named = _disputed(shop, reason="product_not_received")
    _webhook(shop, payment, "charge.dispute.created")
    dispute = Dispute.objects.get()
    assert (dispute.reference, dispute.state, dispute.reason) == (named, "needs_response", "not_received")
    assert (dispute.amount_minor, dispute.withdrawn_minor, dispute.detail) == (ALL, ALL, "")
    assert (dispute.order_id, dispute.payment_id, dispute.closed_at) == (shop.order.pk, payment.pk, None)
    assert booked(dispute) == {"disputes": ALL, "processor_clearing": -ALL}
    assert (_due(shop), _entries(shop), _told(shop)) == (0, ["withdrawn"], ["opened", "withdrawn"])
    assert shop.fresh().requests.get().status == "paid"
    _webhook(shop, payment, "charge.dispute.funds_withdrawn")  # tells nothing new
    _webhook(shop, payment)
    assert (_entries(shop), _told(shop), _letters(shop)) == (["withdrawn"], ["opened", "withdrawn"], ["opened"])
    _column_adds_up(shop)


def test_a_dispute_that_is_won_brings_the_money_back(shop: CardShop) -> None:
    """Requirements.md 3.27: nothing was owed meanwhile, and nothing is now; refunds are open again."""
    payment = _paid(shop)
    named = _disputed(shop)
    _webhook(shop, payment)
    shop.sandbox.end(named, "won")
    _webhook(shop, payment, "charge.dispute.closed")
    dispute = Dispute.objects.get()
    assert (dispute.state, dispute.withdrawn_minor, dispute.blocks_refunds) == ("won", 0, False)
    assert (booked(dispute), _due(shop)) == ({}, 0)
    assert _entries(shop) == ["withdrawn", "reinstated"]
    assert _told(shop) == ["opened", "withdrawn", "won", "reinstated"]
    assert _letters(shop) == ["opened", "won"]
    assert refundable(payment).minor == ALL


def test_a_dispute_that_is_lost_opens_the_balance_and_asks_nobody(shop: CardShop) -> None:
    """Requirements.md 3.27: only a loss re-opens it; a new request is the staff's choice."""
    payment = _paid(shop)
    named = _disputed(shop)
    _webhook(shop, payment)
    shop.sandbox.end(named, "lost")
    _webhook(shop, payment, "charge.dispute.closed")
    dispute = Dispute.objects.get()
    assert booked(dispute) == {"receivable": ALL, "processor_clearing": -ALL}
    assert (_due(shop), _entries(shop), _told(shop)[-1]) == (ALL, ["withdrawn", "lost"], "lost")
    assert _letters(shop) == ["opened", "lost"]
    assert shop.fresh().requests.get().status == "paid"
    assert refundable(payment).minor == 0
    _column_adds_up(shop)


@pytest.mark.parametrize(("outcome", "due"), [("won", 0), ("lost", 40_000)])
def test_a_part_of_a_payment_is_disputed(shop: CardShop, outcome: str, due: int) -> None:
    payment = _paid(shop)
    named = _disputed(shop, amount=40_000)
    _webhook(shop, payment)
    assert booked(Dispute.objects.get()) == {"disputes": 40_000, "processor_clearing": -40_000}
    shop.sandbox.end(named, outcome)
    _webhook(shop, payment)
    assert _due(shop) == due
    _column_adds_up(shop)


def test_an_inquiry_moves_no_money_and_blocks_no_refund(shop: CardShop) -> None:
    payment = _paid(shop)
    named = _disputed(shop, status="warning_needs_response")
    _webhook(shop, payment)
    dispute = Dispute.objects.get()
    assert (dispute.state, dispute.withdrawn_minor, booked(dispute)) == ("inquiry", 0, {})
    refund = refund_payment(payment=payment, amount=Money(1_000, "USD"), reason="other", by=COMMAND)
    assert refund.state == "succeeded"
    shop.sandbox.end(named, "won")
    _webhook(shop, payment)
    dispute.refresh_from_db()
    assert (dispute.state, _entries(shop), _told(shop)) == ("closed", [], ["inquiry", "closed"])
    assert _letters(shop) == ["opened"]
    assert _due(shop) == 1_000


def test_an_inquiry_that_becomes_a_dispute_is_told_again(shop: CardShop) -> None:
    payment = _paid(shop)
    named = _disputed(shop, status="warning_needs_response")
    _webhook(shop, payment)
    shop.sandbox.end(named, "escalated")
    _webhook(shop, payment)
    assert _told(shop) == ["inquiry", "opened", "withdrawn"]
    assert _letters(shop) == ["opened", "opened"]
    assert refundable(payment).minor == 0


def test_evidence_that_was_sent_is_seen(shop: CardShop) -> None:
    payment = _paid(shop)
    named = _disputed(shop)
    _webhook(shop, payment)
    shop.stripe.v1.disputes.update(named, {"evidence": {"customer_name": "Dana"}, "submit": True})
    _webhook(shop, payment)
    dispute = Dispute.objects.get()
    assert (dispute.state, dispute.evidence_sent, _told(shop)[-1]) == ("under_review", True, "answered")


def test_the_worker_sees_the_end_when_no_webhook_comes(shop: CardShop) -> None:
    """N10: whoever knows of a dispute looks at it again, soon, then less often, and a while after its end."""
    payment = _paid(shop)
    named = _disputed(shop)
    assert payment.attempt is not None
    assert hear_disputes(payment.attempt)
    first = Dispute.objects.get().next_check_at
    assert first is not None
    assert first - timezone.now() < timedelta(seconds=31)
    assert not reconcile_next_dispute()
    for _ in range(6):
        assert _worker_comes()
    later = Dispute.objects.get().next_check_at
    assert later is not None
    assert timedelta(hours=4) < later - timezone.now() <= timedelta(hours=6)
    shop.sandbox.end(named, "lost")
    assert _worker_comes()
    assert (Dispute.objects.get().state, _due(shop)) == ("lost", ALL)
    Dispute.objects.update(closed_at=timezone.now() - WATCHED_FOR - timedelta(hours=1))
    assert _worker_comes()
    assert Dispute.objects.get().next_check_at is None


def test_a_dispute_is_looked_at_just_after_its_term(shop: CardShop) -> None:
    """What nobody answered in time is lost: that is heard within minutes, not hours."""
    payment = _paid(shop)
    due = timezone.now().replace(microsecond=0) + timedelta(hours=2)
    _disputed(shop, due_by=int(due.timestamp()))
    _webhook(shop, payment)
    for _ in range(6):
        assert _worker_comes()
    assert Dispute.objects.get().next_check_at == due + timedelta(minutes=10)


def test_a_processor_that_is_not_heard_is_asked_again(shop: CardShop) -> None:
    """N10, N14: silence changes nothing and drops nothing."""
    payment = _paid(shop)
    _disputed(shop)
    _webhook(shop, payment)
    before = Dispute.objects.get()
    shop.sandbox.faults(mode="down")
    assert _worker_comes()
    after = Dispute.objects.get()
    assert (after.state, after.withdrawn_minor, after.lease) == (before.state, before.withdrawn_minor, "")
    assert after.next_check_at is not None
    assert after.next_check_at > timezone.now()
    assert after.checks == before.checks + 1
    _webhook(shop, payment)
    assert shop.connection.webhooks.latest("pk").status == "new"  # kept, to be looked into again


def test_a_disputed_payment_is_not_refunded(shop: CardShop) -> None:
    """Requirements.md 3.26, N9: refused before the processor is asked; after a loss in other words."""
    payment = _paid(shop)
    named = _disputed(shop, amount=40_000)
    _webhook(shop, payment)
    with pytest.raises(Refused) as refused:
        refund_payment(payment=payment, amount=Money(1_000, "USD"), reason="other", by=COMMAND)
    assert refused.value.code == "payment_disputed"
    assert refused.value.sentence == "This payment is disputed. It cannot be refunded until the bank has decided."
    assert not Refund.objects.exists()
    shop.sandbox.end(named, "lost")
    _webhook(shop, payment)
    with pytest.raises(Refused, match="gave this payment back to the payer"):
        refund_payment(payment=payment, amount=Money(1_000, "USD"), reason="other", by=COMMAND)


def test_a_refund_that_meets_an_unknown_dispute_learns_of_it(shop: CardShop) -> None:
    """The webhook was lost: the processor's refusal makes us look."""
    payment = _paid(shop)
    _disputed(shop)
    refund = refund_payment(payment=payment, amount=None, reason="other", by=COMMAND)
    assert (refund.state, refund.code) == ("refused", "payment_disputed")
    assert (Dispute.objects.get().state, _letters(shop), _due(shop)) == ("needs_response", ["opened"], 0)


def test_a_dispute_nobody_told_us_of_is_named_in_the_books(shop: CardShop) -> None:
    """L2, N1: missing, and standing otherwise."""
    payment = _paid(shop)
    named = _disputed(shop)
    found = [f"N1: {payment.attempt and payment.attempt.public_id}: the processor says that {named} is needs_response"]
    assert [str(breach) for breach in check_books(shop.account)] == found
    _webhook(shop, payment)
    assert check_books(shop.account) == []
    shop.sandbox.end(named, "lost")
    assert [breach.rule for breach in check_books(shop.account)] == ["N1"]
    _webhook(shop, payment)


@pytest.mark.parametrize(("outcome", "due"), [("won", ALL), ("lost", ALL + 50_000)])
def test_what_was_refunded_can_be_disputed_as_well(shop: CardShop, outcome: str, due: int) -> None:
    """N1: the money has left twice, and the books say so; when it is lost, the customer owes both."""
    payment = _paid(shop)
    refund_payment(payment=payment, amount=None, reason="other", by=COMMAND)
    named = _disputed(shop, amount=50_000)
    _webhook(shop, payment)
    assert booked(Dispute.objects.get()) == {"disputes": 50_000, "processor_clearing": -50_000}
    assert (_due(shop), refundable(payment).minor) == (ALL, 0)
    shop.sandbox.end(named, outcome)
    _webhook(shop, payment)
    assert _due(shop) == due
    _column_adds_up(shop)


def test_what_a_bank_took_cannot_be_refunded_as_well(shop: CardShop) -> None:
    """N9: two disputes and a refund of one payment, together never above it."""
    payment = _paid(shop)
    shop.sandbox.end(_disputed(shop, amount=40_000), "won")
    _webhook(shop, payment)
    refund_payment(payment=payment, amount=Money(100_000, "USD"), reason="other", by=COMMAND)
    _disputed(shop, amount=10_000)
    _webhook(shop, payment)
    Dispute.objects.update(blocks_refunds=False)
    assert refundable(payment).minor == 528
    assert check_books(shop.account) == []


# --- Without one: reports in any order ------------------------------------------------------------------------


def _report(**changes: Any) -> DisputeReport:
    plain = {"reference": "dp_1", "due_at": OPENED_AT + timedelta(days=20), "opened_at": OPENED_AT}
    return dispute_report(PaymentAttempt(amount_minor=ALL, currency="USD", livemode=False), **plain | changes)


NOTHING = Money(0, "USD")
LIFE = {
    "inquiry": _report(state="inquiry", withdrawn=NOTHING, blocks_refunds=False),
    "opened": _report(),
    "review": _report(state="under_review", evidence_sent=True),
    "lost": _report(state="lost"),
    "won_no_money": _report(state="won", blocks_refunds=False),
    "won_part": _report(state="won", withdrawn=Money(10_528, "USD"), blocks_refunds=False),
}


@pytest.fixture
def attempt(desk: Desk) -> PaymentAttempt:
    """The order was asked for and paid by card."""
    make_request(desk.order, by=desk.owner)
    attempt = make_attempt(desk.order, state="waiting", payer_email="dana@riverside-hs.example")
    return settle(attempt, Outcome(Kind.PAID, received=attempt.amount), by=PROCESSOR)


@pytest.mark.parametrize("order", list(itertools.permutations(["opened", "review", "lost", "won_part"])), ids="-".join)
def test_the_books_are_the_same_whatever_the_order_of_news(
    desk: Desk, attempt: PaymentAttempt, order: tuple[str, ...]
) -> None:
    """Money-safety.md 6.3: what was heard last is how it stands; the way there leaves no trace in the sums."""
    for name in [*order, "review", "lost"]:
        take_in_disputes(attempt, [LIFE[name]])
        take_in_disputes(attempt, [LIFE[name]])
        assert desk.breaches() == []
        _column_adds_up(desk)
    assert booked(Dispute.objects.get()) == {"receivable": ALL, "processor_clearing": -ALL}
    assert _due(desk) == ALL
    entries = _entries(desk)
    take_in_disputes(attempt, [LIFE["lost"]])
    assert _entries(desk) == entries


def test_a_loss_that_is_undone_settles_the_order_again(desk: Desk, attempt: PaymentAttempt) -> None:
    """A win after a loss: the receivable is closed by its own entry, and an open request is paid."""
    take_in_disputes(attempt, [LIFE["lost"]])
    assert (_due(desk), _told(desk), _letters(desk)) == (ALL, ["opened", "lost"], ["lost"])
    again = make_request(desk.fresh(), by=desk.owner)
    take_in_disputes(attempt, [LIFE["won_no_money"]])
    again.refresh_from_db()
    assert (_due(desk), again.status) == (0, "paid")
    assert booked(Dispute.objects.get()) == {"disputes": ALL, "processor_clearing": -ALL}
    take_in_disputes(attempt, [LIFE["won_part"]])
    assert booked(Dispute.objects.get()) == {"disputes": 10_528, "processor_clearing": -10_528}
    take_in_disputes(attempt, [_report(state="won", withdrawn=NOTHING)])
    assert (booked(Dispute.objects.get()), _entries(desk)) == ({}, ["lost", "regained", "reinstated", "reinstated"])
    _column_adds_up(desk)


def test_a_win_can_be_taken_again(desk: Desk, attempt: PaymentAttempt) -> None:
    take_in_disputes(attempt, [LIFE["opened"]])
    take_in_disputes(attempt, [_report(state="won", withdrawn=NOTHING)])
    take_in_disputes(attempt, [LIFE["lost"]])
    assert (_due(desk), _letters(desk)) == (ALL, ["opened", "won", "lost"])


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"amount": Money(5, "EUR"), "withdrawn": Money(5, "EUR")}, "it is about 0.05 EUR, the payment in USD"),
        ({"withdrawn": Money(ALL + 1, "USD")}, "1105.29 USD was taken, more than was paid"),
        ({"livemode": True}, "live and test mode mixed"),
    ],
)
def test_what_does_not_fit_is_said_and_not_booked(
    desk: Desk, attempt: PaymentAttempt, changes: dict[str, Any], detail: str
) -> None:
    """N3, N9: no wrong figure anywhere; the dispute itself is shown."""
    take_in_disputes(attempt, [_report(state="lost", **changes)])
    dispute = Dispute.objects.get()
    assert (dispute.detail, booked(dispute), _due(desk), _entries(desk)) == (detail, {}, 0, [])
    take_in_disputes(attempt, [LIFE["lost"]])  # and once it fits, it is booked
    assert (Dispute.objects.get().detail, _due(desk)) == ("", ALL)


def test_two_disputes_of_one_payment_stand_apart(desk: Desk, attempt: PaymentAttempt) -> None:
    first = _report(amount=Money(60_000, "USD"), withdrawn=Money(60_000, "USD"))
    second = replace(first, reference="dp_2", opened_at=OPENED_AT + timedelta(hours=1))
    third = replace(second, reference="dp_3", withdrawn=Money(50_528, "USD"), state="lost")
    take_in_disputes(attempt, [second, first])
    assert [dispute.detail == "" for dispute in Dispute.objects.order_by("reference")] == [True, False]
    take_in_disputes(attempt, [third])
    assert _due(desk) == 50_528
    assert desk.breaches() == []


def test_money_by_hand_is_never_disputed(desk: Desk) -> None:
    """A report about a payment that is not booked yet waits for it."""
    attempt = make_attempt(desk.order, state="waiting", next_check_at=timezone.now())
    take_in_disputes(attempt, [LIFE["opened"]])
    assert not Dispute.objects.exists()


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("opened", "dispute_opened", ["Dispute opened: $1,105.28 (#", "did not make this payment", "taken back for now",
                                      "Answer at Test processor, dispute dp_1, by Dec 10, 2026"]),
        ("inquiry", "dispute_opened", ["No money was taken so far"]),
        ("lost", "dispute_lost", ["Dispute lost: $1,105.28", "is owed on the order again"]),
        ("won_no_money", "dispute_won", ["Dispute won: $1,105.28", "comes back to you"]),
    ],
)  # fmt: skip
def test_staff_read_what_happened_and_what_to_do(
    desk: Desk, attempt: PaymentAttempt, name: str, kind: str, says: list[str]
) -> None:
    """ux.md 3.13: once, to who sent the request and the owner; why, how much, by when, and where."""
    take_in_disputes(attempt, [LIFE[name]])
    [delivery] = Delivery.objects.filter(kind=kind)
    letter = write_letter(delivery)
    whole = f"{letter.subject}\n{letter.text}"
    assert [words for words in says if words not in whole] == []
