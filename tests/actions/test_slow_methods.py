"""Bank debits and the like: pending for days, then paid or returned. No money is counted before it is there."""

import time
import urllib.request

import pytest

from balancedue.actions.ask_processor import check_attempt
from balancedue.actions.settle import settle
from balancedue.actions.work import work_once
from balancedue.models import Delivery, Event, Payment, PaymentAttempt, read_balance
from balancedue.processors.base import Kind
from balancedue.processors.stripe.outcome import read_intent
from balancedue.rules.actor import CUSTOMER, PROCESSOR
from balancedue.rules.errors import Refused
from balancedue.rules.money import Money
from tests.actions.desk import Desk
from tests.card_shop import CardShop
from tests.makers import make_attempt, make_payment
from tests.processors.objects import fixture, intent, paid_intent

SLOW, RETURNED = "pm_card_sandboxPending", "pm_card_sandboxPendingFails"
DEBIT = {"type": "us_bank_account", "us_bank_account": {"last4": "6789", "fingerprint": "bank_1", "bank_name": "X"}}


def submit(shop: CardShop, card: str) -> PaymentAttempt:
    """The customer pays; the processor has taken it in and knows no end yet."""
    begun = shop.begin(payer_email="dana@riverside-hs.example")
    assert shop.confirm(begun.attempt.reference, card) == "processing"
    return check_attempt(begun.attempt, by=CUSTOMER)


def end(shop: CardShop, attempt: PaymentAttempt, *, seconds: float = 10) -> PaymentAttempt:
    """Look again until it is known."""
    until = time.monotonic() + seconds
    while attempt.state == "pending":
        assert time.monotonic() < until
        time.sleep(0.1)
        attempt = check_attempt(attempt, by=PROCESSOR)
    return attempt


def told(shop: CardShop) -> list[str]:
    kinds = Event.objects.filter(order=shop.order).order_by("pk").values_list("kind", flat=True)
    steps = [kind for kind in kinds if kind.startswith("payment_")]
    return [kind for kind in steps if kind not in ("payment_requested", "payment_waits_for_customer")]


def test_submitted_is_not_paid(shop: CardShop) -> None:
    """N6, S30: nothing is booked, the balance is what it was, nobody is told of money."""
    attempt = submit(shop, SLOW)
    assert attempt.state == "pending"
    balance = read_balance(shop.fresh())
    assert (balance.due.minor, balance.settled.minor, balance.pending.minor) == (110_528, 0, 110_528)
    assert not Payment.objects.exists()
    assert not Delivery.objects.filter(kind__in=["receipt", "payment_notice"]).exists()
    assert told(shop) == ["payment_started", "payment_became_pending"]


def test_while_it_is_pending_nothing_else_may_start(shop: CardShop) -> None:
    """S3, E6, requirements.md 3.13: no second card, no payment by hand."""
    attempt = submit(shop, SLOW)
    with pytest.raises(Refused) as refusal:
        shop.begin()
    assert (refusal.value.code, refusal.value.facts["attempt"]) == ("payment_in_progress", attempt.public_id)
    with pytest.raises(Refused) as refusal:
        make_payment(shop.order, 10_000)
    assert refusal.value.code == "payment_in_progress"
    assert PaymentAttempt.objects.count() == 1


def test_paid_later_it_is_booked_then(shop: CardShop) -> None:
    """M2, N6."""
    attempt = end(shop, submit(shop, SLOW))
    assert attempt.state == "succeeded"
    assert read_balance(shop.fresh()).due == Money(0, "USD")
    assert Payment.objects.get().amount_minor == 110_528
    assert told(shop) == ["payment_started", "payment_became_pending", "payment_succeeded"]
    assert Delivery.objects.filter(kind="receipt").count() == 1


def test_returned_later_it_is_owed_as_before_and_can_be_paid_another_way(shop: CardShop) -> None:
    """N6, C5: the timeline says why; the same object takes another card; a payment by hand is possible again."""
    attempt = end(shop, submit(shop, RETURNED))
    assert (attempt.state, attempt.code, attempt.declines) == ("waiting", "declined", 1)
    assert not Payment.objects.exists()
    assert told(shop) == ["payment_started", "payment_became_pending", "payment_declined"]
    assert read_balance(shop.fresh()).pending.minor == 0
    again = shop.begin()
    assert again.attempt.pk == attempt.pk
    assert shop.confirm(again.attempt.reference) == "succeeded"
    check_attempt(attempt, by=CUSTOMER)
    assert len(shop.charges()) == 1
    assert Payment.objects.get().amount_minor == 110_528


def test_returned_later_cash_may_be_taken(shop: CardShop) -> None:
    """S32."""
    end(shop, submit(shop, RETURNED))
    make_payment(shop.order, 110_528)
    assert read_balance(shop.fresh()).due.minor == 0
    assert PaymentAttempt.objects.get().state == "cancelled"


def test_the_worker_finds_the_end_by_itself(shop: CardShop) -> None:
    """N10, R8: nobody's page is open, no webhook comes."""
    attempt = submit(shop, SLOW)
    until = time.monotonic() + 10
    while not Payment.objects.exists():
        assert time.monotonic() < until
        PaymentAttempt.objects.filter(pk=attempt.pk).update(next_check_at=attempt.started_at)
        work_once()
        time.sleep(0.1)
    assert PaymentAttempt.objects.get().state == "succeeded"


def _bank_debit(attempt: PaymentAttempt, **facts: object) -> dict[str, object]:
    plain = {"id": attempt.reference, "amount": attempt.amount_minor, "metadata": {"attempt": attempt.public_id}}
    charge = fixture("charge", payment_method_details=DEBIT, calculated_statement_descriptor="FOXGLOVE* INV-7")
    return {**plain, "latest_charge": charge, **facts}


def test_a_bank_debit_as_stripe_tells_it(desk: Desk) -> None:
    """processing, then succeeded: the means of payment is named, the account known by its fingerprint."""
    attempt = make_attempt(desk.order, state="waiting", money_reference="")
    pending = read_intent(intent(**_bank_debit(attempt, status="processing")))
    assert (pending.kind, pending.fingerprint) == (Kind.PENDING, "bank_1")
    attempt = settle(attempt, pending, by=PROCESSOR)
    assert (attempt.state, attempt.fingerprint) == ("pending", "bank_1")
    assert (desk.balance.settled.minor, desk.balance.pending.minor) == (0, 110_528)
    paid = read_intent(paid_intent(**_bank_debit(attempt, amount_received=attempt.amount_minor)))
    settle(attempt, paid, by=PROCESSOR)
    payment = Payment.objects.get()
    assert (payment.card, payment.statement) == ("US bank account ending 6789", "FOXGLOVE* INV-7")


def test_a_bank_debit_that_was_returned_as_stripe_tells_it(desk: Desk) -> None:
    """processing, then requires_payment_method: never counted, and told in our own words."""
    attempt = make_attempt(desk.order, state="pending")
    error = {"type": "invalid_request_error", "code": "payment_intent_payment_attempt_failed", "payment_method": DEBIT}
    returned = read_intent(intent(**_bank_debit(attempt, last_payment_error=error)))
    attempt = settle(attempt, returned, by=PROCESSOR)
    assert (attempt.state, attempt.fingerprint, attempt.declines) == ("waiting", "bank_1", 1)
    assert (desk.balance.settled.minor, desk.balance.pending.minor) == (0, 0)
    assert not Payment.objects.exists()


def test_what_a_card_leaves_behind(shop: CardShop) -> None:
    """ux.md 3.9, K1: the payment keeps what the statement says, the attempt the card's fingerprint."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference, "pm_card_visa_chargeDeclined")
    declined = check_attempt(begun.attempt, by=CUSTOMER).fingerprint
    shop.confirm(begun.attempt.reference)
    attempt = check_attempt(begun.attempt, by=CUSTOMER)
    assert declined
    assert attempt.fingerprint not in ("", declined)
    assert Payment.objects.get().statement == f"SANDBOX* {shop.fresh().invoice_number}"


@pytest.mark.parametrize("hosted", [True, False])
def test_the_processor_is_never_told_where_to_send_a_receipt(shop: CardShop, hosted: bool) -> None:
    """Requirements.md 2.9, 3.16: the receipt is ours, on either page."""
    type(shop.connection).objects.filter(pk=shop.connection.pk).update(hosted=hosted)
    begun = shop.begin(payer_email="dana@riverside-hs.example")
    if hosted:
        urllib.request.urlopen(urllib.request.Request(begun.go_to, b"", method="POST"), timeout=10).close()
    [made] = shop.stripe.v1.payment_intents.list().data
    assert made.receipt_email is None
    assert shop.confirm(made.id) == "succeeded"
    [charge] = shop.charges()
    assert charge["receipt_email"] is None
    check_attempt(begun.attempt, by=CUSTOMER)
    assert Delivery.objects.filter(kind="receipt", to="dana@riverside-hs.example").count() == 1
