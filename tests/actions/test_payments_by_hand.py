"""Add Payment and its reversal: money that came in by other means."""

from datetime import timedelta

import pytest
from django.utils import timezone

from balancedue.actions.add_payment import add_payment
from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.reverse_payment import reverse_payment
from balancedue.actions.settle import settle
from balancedue.models import Delivery, Payment, PaymentRequest
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import PROCESSOR
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.money import Money
from tests.actions.desk import DANA, Desk
from tests.makers import make_account, make_attempt, make_order, make_payment


def test_a_deposit_lowers_what_remains(desk: Desk) -> None:
    """S32, S33, S9: a part payment; the rest can still be asked for."""
    payment = make_payment(desk.order, 40_000, method="check", reference="4471", note="left at the desk")
    assert desk.copies() == (110_528, 40_000, 70_528)
    postings = dict(payment.entry.postings.values_list("ledger", "amount_minor"))
    assert postings == {"bank": 40_000, "receivable": -40_000}
    assert (payment.entry.kind, payment.entry.cause, payment.entry.version) == ("payment", payment.public_id, 2)
    assert desk.request().amount_at_sending == Money(70_528, "USD")


@pytest.mark.parametrize(
    ("method", "ledger"),
    [
        ("cash", "cash"), ("check", "bank"), ("bank_transfer", "bank"), ("card_terminal", "bank"),
        ("purchase_order", "bank"), ("other", "bank"),
    ],
)  # fmt: skip
def test_every_method_has_a_place_in_the_books(desk: Desk, method: str, ledger: str) -> None:
    """Requirements.md 2.15."""
    payment = make_payment(desk.order, 100, method=method)
    assert payment.entry.postings.filter(ledger=ledger, amount_minor=100).exists()


def test_the_last_payment_ends_the_request(desk: Desk) -> None:
    """S34, M6: nothing is due, and the request is paid."""
    request = desk.request()
    make_payment(desk.order, 110_528)
    assert PaymentRequest.objects.get(pk=request.pk).status == "paid"
    assert desk.balance.is_paid
    assert desk.refusal().code == "nothing_due"


def test_more_than_is_due_is_kept_as_credit(desk: Desk) -> None:
    """Requirements.md 2.7, 3.7: never refused for that."""
    make_payment(desk.order, 120_000)
    assert (desk.balance.due.minor, desk.balance.credit.minor) == (0, 9_472)


def test_money_for_a_cancelled_order_is_written_down_too(desk: Desk) -> None:
    """Requirements.md 3.25: the money came."""
    cancel_order(order=desk.order, by=desk.owner.actor)
    make_payment(desk.order, 5_000)
    assert desk.balance.credit.minor == 5_000


def test_manual_payments_notify_nobody(desk: Desk) -> None:
    """Requirements.md 2.6."""
    desk.request(notify=[desk.owner.email])
    make_payment(desk.order, 110_528)
    assert not Delivery.objects.filter(kind="payment_notice").exists()


def test_a_receipt_goes_out_when_asked_for(desk: Desk) -> None:
    """Requirements.md 2.9."""
    payment = make_payment(desk.order, 5_000, email_receipt=True)
    receipt = Delivery.objects.get(payment=payment)
    assert (receipt.kind, receipt.to) == ("receipt", DANA)


def test_the_same_form_sent_twice_makes_one_payment(desk: Desk) -> None:
    """E4: a double click."""
    first = make_payment(desk.order, 5_000, form_key="form-1")
    again = make_payment(desk.order, 5_000, form_key="form-1")
    assert first.pk == again.pk
    assert desk.copies() == (110_528, 5_000, 105_528)


def test_a_payment_just_like_another_is_asked_about(desk: Desk) -> None:
    """E4: two people with the same check, which one of them dates a day earlier; only a plain yes adds it twice."""
    first = make_payment(desk.order, 5_000, reference="4471", form_key="a")
    with pytest.raises(Refused) as refusal:
        make_payment(desk.order, 5_000, reference="4471", form_key="b", received_on=first.received_on - timedelta(1))
    assert refusal.value.code == "looks_repeated"
    assert refusal.value.facts["payment"] == first.public_id
    make_payment(desk.order, 5_000, reference="4471", form_key="b", even_if_alike=True)
    assert desk.balance.settled.minor == 10_000


@pytest.mark.parametrize("other", [{"reference": "4472"}, {"method": "cash"}, {"minor": 5_001}, {"reversed": True}])
def test_a_payment_that_differs_is_not_asked_about(desk: Desk, other: dict[str, object]) -> None:
    """E4: what differs in number, method or amount came in as well; what was reversed did not."""
    today = timezone.now().astimezone(desk.account.zone).date()
    first = make_payment(desk.order, 5_000, reference="4471", received_on=today)
    if other.pop("reversed", False):
        reverse_payment(payment=first, reason="typed on the wrong order", by=desk.owner.actor)
    facts = {"minor": 5_000, "reference": "4471", "received_on": today} | other
    make_payment(desk.order, facts.pop("minor"), **facts)  # type: ignore[arg-type]
    assert Payment.objects.count() == 2


def test_without_a_number_another_day_is_another_payment(desk: Desk) -> None:
    """E4: cash of the same amount, day after day; twice on one day is asked about."""
    today = timezone.now().astimezone(desk.account.zone).date()
    for days in (0, 1):
        make_payment(desk.order, 5_000, method="cash", received_on=today - timedelta(days))
    with pytest.raises(Refused, match="just like this one"):
        make_payment(desk.order, 5_000, method="cash", received_on=today)
    assert Payment.objects.count() == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"minor": 0}, "amount"), ({"minor": -5}, "amount"), ({"minor": 10**12}, "amount"),
        ({"method": "card"}, "method"), ({"method": "shells"}, "method"), ({"reference": "x" * 121}, "reference"),
        ({"note": "x" * 2001}, "note"), ({"tomorrow": True}, "received_on"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_payment_is_refused_at_its_field(desk: Desk, wrong: dict[str, object], field: str) -> None:
    """F4, M8: a card is never written down by hand."""
    today = timezone.now().astimezone(desk.account.zone).date()
    day = today + timedelta(days=bool(wrong.pop("tomorrow", False)))
    given: dict[str, object] = {"minor": 5_000, "received_on": day} | wrong
    with pytest.raises(Invalid) as refusal:
        make_payment(desk.order, given.pop("minor"), **given)  # type: ignore[arg-type]
    assert list(refusal.value.problems) == [field]
    assert not Payment.objects.exists()


def test_another_currency_is_refused(desk: Desk) -> None:
    """N3."""
    today = timezone.now().astimezone(desk.account.zone).date()
    with pytest.raises(Invalid) as refusal:
        add_payment(
            order=desk.order, amount=Money(500, "EUR"), method="cash", received_on=today, by=desk.owner.actor
        )  # fmt: skip
    assert refusal.value.problems == {"amount": "This order is in USD"}


def test_a_reversal_puts_the_debt_back_and_keeps_both_lines(desk: Desk) -> None:
    """Requirements.md 2.15, N6, N7."""
    payment = make_payment(desk.order, 40_000)
    reversed_ = reverse_payment(payment=payment, reason=" The check bounced ", by=desk.owner.actor)
    assert (reversed_.is_reversed, reversed_.reversal_reason) == (True, "The check bounced")
    assert desk.copies() == (110_528, 0, 110_528)
    entry = desk.order.entries.latest("pk")
    assert (entry.kind, entry.reverses_id, entry.cause) == ("reversal", payment.entry_id, payment.public_id)
    assert desk.events("payment_added", "payment_reversed") == ["payment_added", "payment_reversed"]


def test_reversing_twice_changes_nothing(desk: Desk) -> None:
    """M3: two people press at once."""
    payment = make_payment(desk.order, 40_000)
    stale = Payment.objects.get(pk=payment.pk)
    reverse_payment(payment=payment, reason="bounced", by=desk.owner.actor)
    assert reverse_payment(payment=stale, reason="bounced again", by=desk.owner.actor).reversal_reason == "bounced"
    assert desk.order.entries.filter(kind="reversal").count() == 1


def test_a_reversal_needs_a_reason(desk: Desk) -> None:
    """N13."""
    payment = make_payment(desk.order, 40_000)
    for reason in ("", "   ", "x" * 301):
        with pytest.raises(Invalid):
            reverse_payment(payment=payment, reason=reason, by=desk.owner.actor)
    assert desk.balance.settled.minor == 40_000


def test_a_card_payment_is_refunded_and_never_reversed(desk: Desk) -> None:
    """Requirements.md 2.15: its money is at the processor."""
    payment = make_payment(desk.order, 40_000)
    payment.method = "card"
    with pytest.raises(Refused) as refusal:
        reverse_payment(payment=payment, reason="wrong", by=desk.owner.actor)
    assert refusal.value.code == "not_reversible"


def test_a_request_can_be_sent_again_after_a_reversal(desk: Desk) -> None:
    """S3: the balance is due anew."""
    desk.request()
    payment = make_payment(desk.order, 110_528)
    reverse_payment(payment=payment, reason="bounced", by=desk.owner.actor)
    assert desk.request().amount_at_sending.minor == 110_528


@pytest.mark.django_db(transaction=True)
def test_money_on_its_way_stops_other_money() -> None:
    """E6, N14: the processor cannot be asked, so the payment may be in already."""
    order = make_order(make_account())
    make_attempt(order, state="unknown")
    with pytest.raises(Refused) as refusal:
        make_payment(order, 5_000)
    assert refusal.value.code == "payment_in_progress"
    assert not Payment.objects.exists()


@pytest.mark.parametrize("deed", ["add", "cancel"])
def test_a_card_payment_since_the_order_was_read_is_the_news(desk: Desk, deed: str) -> None:
    """E6: it was booked while this waited for the lock; nobody adds cash on top of it unseen."""
    as_read = desk.fresh()
    attempt = make_attempt(desk.order, state="waiting")
    settle(attempt, Outcome(Kind.PAID, received=attempt.amount), by=PROCESSOR)
    with pytest.raises(Refused) as refusal:
        make_payment(as_read, 5_000) if deed == "add" else cancel_order(order=as_read, by=desk.owner.actor)
    assert (refusal.value.code, refusal.value.facts["attempt"]) == ("payment_in_progress", attempt.public_id)
    make_payment(desk.fresh(), 5_000)
    assert desk.balance.credit.minor == 5_000
