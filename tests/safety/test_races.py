"""Races between real processes, on both databases: whatever the order, one payment, one notice, right books."""

import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from balancedue.actions.ask_processor import check_attempt
from balancedue.models import (
    Delivery,
    Event,
    Order,
    Payment,
    PaymentAttempt,
    PaymentRequest,
    ProcessorEvent,
    Refund,
    read_balance,
)
from balancedue.rules.actor import CUSTOMER
from balancedue.rules.ids import new_id
from balancedue.rules.limits import MAX_DECLINES_PER_LINK_HOUR
from tests.card_shop import CardShop
from tests.makers import make_order, make_payment, make_request, make_user
from tests.safety.crew import Crew
from tests.smtp import SmtpServer

pytestmark = pytest.mark.race

POLITE = {"refused payment_in_progress", "refused nothing_due"}


def _taken(shop: CardShop) -> list[dict[str, Any]]:
    """What the processor took for this shop, by its own books."""
    mine = {attempt.public_id for attempt in PaymentAttempt.objects.filter(order__account=shop.account)}
    books = shop.sandbox.get("/_sandbox/books")["charges"]
    return [charge for charge in books if json.loads(charge["metadata"] or "{}").get("attempt") in mine]


@pytest.mark.parametrize("payers", [6, 16])
def test_many_payers_on_one_link_make_one_charge(shop: CardShop, crew: Crew, payers: int) -> None:
    """E1, N4: the same attempt, or a polite refusal, for all but one; the processor's books say one charge."""
    said = crew.race(*[{"deed": "pay", "request": shop.request.pk, "email": f"p{n}@x.example"} for n in range(payers)])
    assert [charge["amount"] for charge in _taken(shop)] == [110_528]
    assert Payment.objects.count() == 1
    assert sum(words.startswith("succeeded") for words in said) == 1
    others = {words for words in said if not words.startswith("succeeded")}
    crowd = {"refused too_many_tries"} if payers > MAX_DECLINES_PER_LINK_HOUR else set()  # so many at once rest it (K1)
    assert others <= POLITE | crowd | {"payment_intent_unexpected_state, succeeded"}
    assert Delivery.objects.filter(kind="payment_notice").count() == 1
    assert Event.objects.filter(kind="payment_succeeded").count() == 1


def test_everyone_who_hears_of_a_success_books_it_once(shop: CardShop, crew: Crew) -> None:
    """E3, D1: return page, webhook, the same webhook again, "check now", and the worker, all at once."""
    begun = shop.begin(payer_email="dana@riverside-hs.example")
    shop.confirm(begun.attempt.reference)
    PaymentAttempt.objects.update(next_check_at=timezone.now() - timedelta(seconds=1))
    hook = _webhook(shop, begun.attempt)
    back = {"deed": "check", "attempt": begun.attempt.pk}
    crew.race(*[back] * 3, *[hook] * 4, *[back | {"user": shop.owner.pk}] * 2, *[{"deed": "work"}] * 2)
    crew.race({"deed": "work"})
    assert Payment.objects.count() == shop.order.entries.filter(kind="payment").count() == 1
    for kind in ("payment_notice", "receipt"):
        assert Delivery.objects.filter(kind=kind).count() == 1
    assert Event.objects.filter(kind__in=["payment_succeeded", "request_paid"]).count() == 2
    assert read_balance(shop.fresh()).due.minor == 0


def test_one_webhook_a_hundred_times_at_once_has_one_effect(shop: CardShop, crew: Crew) -> None:
    """D1, incidents 37 and 39: all are answered 200, one row is kept, the payment is booked and told once."""
    begun = shop.begin(payer_email="dana@riverside-hs.example")
    shop.confirm(begun.attempt.reference)
    hook = _webhook(shop, begun.attempt) | {"deed": "knock", "connection": shop.connection.public_id, "times": 10}
    assert crew.race(*[hook] * 10) == ["200"] * 10
    crew.race({"deed": "work"})
    assert ProcessorEvent.objects.get().status == "done"
    assert Payment.objects.count() == 1
    assert Event.objects.filter(kind="payment_succeeded").count() == 1
    assert Delivery.objects.filter(kind="receipt").count() == 1


def _webhook(shop: CardShop, attempt: PaymentAttempt, kind: str = "payment_intent.succeeded") -> dict[str, Any]:
    about: dict[str, Any] = {"id": new_id("ch"), "object": "charge", "payment_intent": attempt.reference}
    if kind.startswith("payment_intent."):
        about = {"id": attempt.reference, "object": "payment_intent", "metadata": {"attempt": attempt.public_id}}
    event = {"object": "event", "id": new_id("evt"), "type": kind, "data": {"object": about}}
    body, moment = json.dumps(event), int(timezone.now().timestamp())
    secret = shop.connection.credentials["webhook_secret"]
    digest = hmac.new(secret.encode(), f"{moment}.{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={moment},v1={digest}"}
    return {"deed": "hear", "connection": shop.connection.pk, "headers": headers, "body": body}


@pytest.mark.parametrize("round_", range(3))
def test_cash_and_card_never_both_take_the_balance(shop: CardShop, crew: Crew, round_: int) -> None:
    """E6: the card attempt is cancelled and seen cancelled, or the cash is refused; never both."""
    card = {"deed": "pay", "request": shop.request.pk}
    cash = {"deed": "add", "order": shop.order.pk, "minor": 110_528, "only_if_due": True}
    said = crew.race(card, cash, card, cash | {"reference": "4471"})
    taken = sum(charge["amount"] for charge in _taken(shop))
    by_card = sum(payment.amount_minor for payment in Payment.objects.filter(method="card"))
    assert by_card == taken, said
    assert read_balance(shop.fresh()).settled.minor - taken in (0, 110_528, 221_056), said
    if taken:
        assert not Payment.objects.exclude(method="card").exists(), said


def test_cancelling_and_paying_end_one_way_or_the_other(shop: CardShop, crew: Crew) -> None:
    """M7, requirements.md 3.25: cancelled with nothing taken, or paid; if both, the credit is shown."""
    crew.race({"deed": "pay", "request": shop.request.pk}, {"deed": "cancel", "order": shop.order.pk})
    order, taken = shop.fresh(), sum(charge["amount"] for charge in _taken(shop))
    assert read_balance(order).settled.minor == taken
    assert order.is_cancelled == (taken == 0)


def test_two_people_with_the_same_check_add_it_once(shop: CardShop, crew: Crew) -> None:
    """E4: different forms, the same cheque; all but one are asked first."""
    check = {"deed": "add", "order": shop.order.pk, "minor": 5_000, "reference": "4471"}
    said = crew.race(*[check | {"form_key": new_id("form")} for _ in range(6)])
    assert said.count("refused looks_repeated") == 5
    assert Payment.objects.count() == 1


def test_where_the_lock_is_forgotten_the_database_refuses(shop: CardShop, crew: Crew) -> None:
    """A4, R6: the races are real, since without the lock they collide; and the constraints hold what it held."""
    careless = {"deed": "add", "order": shop.order.pk, "minor": 5_000, "careless": True}
    said = crew.race(*[careless | {"reference": str(n)} for n in range(6)], may_break=True)
    refused = [words for words in said if words.startswith(("broken IntegrityError", "broken AssertionError"))]
    assert Payment.objects.count() == 6 - len(refused)
    if connection.vendor == "postgresql":  # on SQLite a writing transaction is alone anyway
        assert refused


def test_one_form_sent_many_times_makes_one_payment(shop: CardShop, crew: Crew) -> None:
    """E4: every answer names the same payment."""
    said = crew.race(*[{"deed": "add", "order": shop.order.pk, "minor": 5_000, "form_key": "form-1"}] * 6)
    assert set(said) == {Payment.objects.get().public_id}


def test_different_payments_at_once_are_all_added(shop: CardShop, crew: Crew) -> None:
    """N1, A2: no update is lost; the versions have no gap."""
    crew.race(*[{"deed": "add", "order": shop.order.pk, "minor": 1_000 + n} for n in range(8)])
    order = shop.fresh()
    assert (order.paid_minor, order.balance_version) == (8_028, 9)
    assert order.due_minor == read_balance(order).remaining.minor == 102_500


def test_a_payment_is_reversed_once(shop: CardShop, crew: Crew) -> None:
    """Requirements.md 2.15."""
    payment = make_payment(shop.order, 5_000)
    crew.race(*[{"deed": "reverse", "payment": payment.pk}] * 6)
    assert shop.order.entries.filter(kind="reversal").count() == 1
    assert shop.fresh().paid_minor == 0


def _paid(shop: CardShop) -> Payment:
    """The card was charged, and we know."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    check_attempt(begun.attempt, by=CUSTOMER)
    return Payment.objects.select_related("attempt").get()


def _given(shop: CardShop) -> dict[str, int]:
    """What the processor gave back, by its name of it."""
    rows = shop.stripe.v1.refunds.list({"limit": 100}).data
    return {refund.id: refund.amount for refund in rows if refund.status in ("pending", "succeeded")}


def _refunds_are_the_processors(shop: CardShop, payment: Payment, crew: Crew) -> None:
    """Once the worker has been, one row for each refund there, none besides, and the order owes what went back."""
    assert payment.attempt is not None
    Refund.objects.exclude(next_check_at=None).update(next_check_at=timezone.now())
    crew.race(_webhook(shop, payment.attempt, "charge.refunded"), {"deed": "work"})
    crew.race({"deed": "work"})
    rows = Refund.objects.exclude(state="refused")
    assert {row.reference: row.amount_minor for row in rows} == _given(shop)
    assert {row.state for row in rows} == {"succeeded"}
    assert rows.count() == shop.order.entries.filter(kind="refund").count()
    assert sum(_given(shop).values()) == read_balance(shop.fresh()).due.minor <= payment.amount_minor


def test_a_refund_button_pressed_many_times_refunds_once(shop: CardShop, crew: Crew) -> None:
    """E7: the same form, in processes of its own each time."""
    payment = _paid(shop)
    press = {"deed": "refund", "payment": payment.pk, "minor": 60_000, "form_key": "form-1"}
    said = crew.race(*[press] * 6)
    assert set(said) == {Refund.objects.get().public_id}
    assert list(_given(shop).values()) == [60_000]
    _refunds_are_the_processors(shop, payment, crew)


@pytest.mark.parametrize("round_", range(3))
def test_staff_dashboard_and_webhook_together_never_refund_more_than_was_paid(
    shop: CardShop, crew: Crew, round_: int
) -> None:
    """E7, N9: two staff, the dashboard, and the webhook before any answer: refunds at most captured, one row each."""
    payment = _paid(shop)
    assert payment.attempt is not None
    ours = [{"deed": "refund", "payment": payment.pk, "minor": 60_000, "form_key": new_id("form")} for _ in range(3)]
    charge = {"charge": shop.charges()[0]["id"], "origin": shop.sandbox.url}
    theirs = {"deed": "refund_elsewhere", "minor": 50_000, **charge}
    hook = _webhook(shop, payment.attempt, "charge.refunded")
    said = crew.race(*ours, theirs, theirs, hook, {"deed": "work"}, hook)
    assert 50_000 <= sum(_given(shop).values()) <= payment.amount_minor, said
    _refunds_are_the_processors(shop, payment, crew)


def test_a_double_click_sends_one_request(shop: CardShop, crew: Crew) -> None:
    """S20, M3."""
    form = {"deed": "ask", "order": shop.order.pk, "user": shop.owner.pk, "form_key": "form-1"}
    said = crew.race(*[form] * 6)
    assert len(set(said)) == 1
    assert PaymentRequest.objects.count() == 2  # the shop's first, and this one
    assert PaymentRequest.objects.filter(status="holding").get().public_id == said[0]


def test_requests_at_once_leave_one_live(shop: CardShop, crew: Crew) -> None:
    """Requirements.md 2.4: each supersedes the one before it."""
    form = {"deed": "ask", "order": shop.order.pk, "user": shop.owner.pk, "even_if_just_sent": True}
    said = crew.race(*[form] * 6)
    assert len(set(said)) == 6
    assert sorted(PaymentRequest.objects.values_list("status", flat=True)) == ["holding"] + ["superseded"] * 6
    assert Delivery.objects.filter(kind="payment_request", status="waiting").count() == 1


def test_of_several_people_one_sends_and_the_others_hear_of_it(shop: CardShop, crew: Crew) -> None:
    """Ux.md 3.4."""
    order = make_order(shop.account)
    people = [make_user(shop.account, name=name) for name in ("Ann", "Ben", "Cy", "Di")]
    said = crew.race(*[{"deed": "ask", "order": order.pk, "user": person.pk} for person in people])
    assert said.count("refused just_requested") == 3
    assert order.requests.count() == 1


def test_four_workers_send_each_of_a_hundred_letters_once(shop: CardShop, crew: Crew, mail_server: SmtpServer) -> None:
    """H1, R21, architecture.md 7: claims, leases; nobody gets two."""
    PaymentRequest.objects.update(status="withdrawn")
    Delivery.objects.update(status="dropped")
    for order in [make_order(shop.account) for _ in range(20)]:
        make_request(order, by=shop.owner, to=", ".join(f"p{n}.{order.number}@riverside-hs.example" for n in range(5)))
    crew.race(*[{"deed": "work", "email_url": mail_server.url}] * 4)
    assert len(mail_server.messages) == 100
    assert len({letter.recipients[0] for letter in mail_server.messages}) == 100
    assert set(Delivery.objects.exclude(status="dropped").values_list("status", "tries")) == {("sent", 1)}
    assert Event.objects.filter(kind="request_sent").count() == 20


def test_orders_placed_at_once_have_numbers_of_their_own(shop: CardShop, crew: Crew) -> None:
    """S1: none twice, none left out."""
    said = crew.race(*[{"deed": "place", "account": shop.account.pk, "orders": 5}] * 6)
    numbers = sorted(int(number) for words in said for number in words.split())
    assert numbers == list(range(1002, 1032))
    assert Order.objects.count() == 31
