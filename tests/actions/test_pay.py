"""Paying by card: from the press of Pay to money in the books, against a real stand-in processor."""

import time

import pytest

from balancedue.actions.add_payment import add_payment
from balancedue.actions.ask_processor import check_attempt
from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.pay import begin_payment
from balancedue.actions.reconcile import reconcile_next
from balancedue.actions.settle import settle
from balancedue.models import Delivery, Event, Payment, PaymentAttempt, PaymentRequest, read_balance
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import CUSTOMER, PROCESSOR, WORKER
from balancedue.rules.errors import Refused
from balancedue.rules.money import Money
from tests.card_shop import CardShop
from tests.makers import make_order, make_payment


def test_a_paid_card_settles_the_whole_balance(shop: CardShop) -> None:
    """S29, S30, M2, N2: the order shows the payment, nothing is due, the request is paid."""
    begun = shop.begin(payer_email="dana@riverside-hs.example")
    assert begun.client_secret.startswith(begun.attempt.reference)
    assert shop.confirm(begun.attempt.reference) == "succeeded"

    attempt = check_attempt(begun.attempt, by=CUSTOMER)

    assert attempt.state == "succeeded"
    order = shop.fresh()
    assert read_balance(order).due == Money(0, "USD")
    assert (order.due_minor, order.paid_minor) == (0, 110_528)
    payment = order.payments.get()
    assert (payment.method, payment.amount_minor, payment.card) == ("card", 110_528, "Visa ending 4242")
    assert PaymentRequest.objects.get().status == "paid"


def test_the_same_success_heard_many_times_is_booked_once(shop: CardShop) -> None:
    """M3, D1, E3: return page, webhook and worker all settle; one payment, one notice, one receipt."""
    begun = shop.begin(payer_email="dana@riverside-hs.example")
    shop.confirm(begun.attempt.reference)
    for who in (CUSTOMER, PROCESSOR, WORKER, CUSTOMER):
        check_attempt(begun.attempt, by=who)
    assert Payment.objects.count() == 1
    assert Delivery.objects.filter(kind="payment_notice").count() == 1
    assert Delivery.objects.filter(kind="receipt").count() == 1
    assert Event.objects.filter(kind="payment_succeeded").count() == 1


def test_the_notify_list_is_told_and_never_the_customer(shop: CardShop) -> None:
    """S31, M9: each address on the list once."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    check_attempt(begun.attempt, by=CUSTOMER)
    told = Delivery.objects.filter(kind="payment_notice").values_list("to", flat=True)
    assert list(told) == [shop.owner.email]


def test_a_lesser_amount_than_is_due_is_never_charged(shop: CardShop) -> None:
    """S30, J10: what the page showed must be what is due; the payer cannot choose."""
    with pytest.raises(Refused) as refusal:
        shop.begin(shown=Money(100, "USD"))
    assert refusal.value.code == "balance_changed"
    assert refusal.value.facts["now"] == Money(110_528, "USD")
    assert not PaymentAttempt.objects.exists()


def test_a_changed_balance_stops_the_payment_and_says_the_new_figure(shop: CardShop) -> None:
    """S33, E5, F2: requirements.md 3.2."""
    seen = shop.payable
    make_payment(shop.order, 50_000)
    with pytest.raises(Refused) as refusal:
        shop.begin(shown=seen)
    assert (refusal.value.facts["was"], refusal.value.facts["now"]) == (seen, Money(60_528, "USD"))


def test_the_second_tab_takes_up_the_same_attempt(shop: CardShop) -> None:
    """E1, E2, N4: one object at the processor, so one success at most."""
    first, second = shop.begin("tab-one"), shop.begin("tab-two")
    assert first.attempt.pk == second.attempt.pk
    assert first.client_secret == second.client_secret
    assert shop.confirm(first.attempt.reference) == "succeeded"
    with pytest.raises(Exception, match="status"):
        shop.confirm(second.attempt.reference)
    check_attempt(first.attempt, by=CUSTOMER)
    assert len(shop.charges()) == 1


def test_a_decline_leaves_the_same_attempt_for_another_card(shop: CardShop) -> None:
    """C5: the second card is not poisoned by the first; the decline is told once however often it is heard."""
    begun = shop.begin()
    assert shop.confirm(begun.attempt.reference, "pm_card_visa_chargeDeclinedInsufficientFunds") == "card_declined"
    for _ in range(3):
        attempt = check_attempt(begun.attempt, by=CUSTOMER)
    assert (attempt.state, attempt.code, attempt.declines) == ("waiting", "insufficient_funds", 1)
    again = shop.begin()
    assert again.attempt.pk == attempt.pk
    assert shop.confirm(again.attempt.reference) == "succeeded"
    assert check_attempt(attempt, by=CUSTOMER).state == "succeeded"


def test_a_manual_payment_cancels_the_open_card_attempt_first(shop: CardShop) -> None:
    """S32, S33, E6, money-safety.md 6.7: cancelled, and seen cancelled at the processor."""
    begun = shop.begin()
    make_payment(shop.order, 10_000)
    attempt = PaymentAttempt.objects.get()
    assert attempt.state == "cancelled"
    assert shop.stripe.v1.payment_intents.retrieve(attempt.reference).status == "canceled"
    with pytest.raises(Exception, match="canceled"):
        shop.confirm(begun.attempt.reference)
    assert shop.begin().attempt.amount_minor == 100_528


def test_a_manual_payment_stops_where_the_card_was_just_charged(shop: CardShop) -> None:
    """E6: the card payment is booked and shown; the cash is not added blindly on top."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    with pytest.raises(Refused) as refusal:
        make_payment(shop.order, 110_528)
    assert refusal.value.code == "payment_in_progress"
    assert [payment.method for payment in Payment.objects.all()] == ["card"]


def test_a_processor_that_is_down_leaves_an_unknown_attempt_and_no_failure(shop: CardShop) -> None:
    """N14, C1, C3: unknown is not failed; once it answers, the same key goes on."""
    shop.sandbox.faults(mode="down")
    with pytest.raises(Refused) as refusal:
        shop.begin()
    assert refusal.value.code == "payment_in_progress"
    assert PaymentAttempt.objects.get().state == "unknown"
    shop.sandbox.faults(mode="none")
    begun = shop.begin()
    assert PaymentAttempt.objects.count() == 1
    shop.confirm(begun.attempt.reference)
    check_attempt(begun.attempt, by=CUSTOMER)
    assert read_balance(shop.fresh()).due.minor == 0


def test_an_open_attempt_blocks_cash_while_the_processor_cannot_be_asked(shop: CardShop) -> None:
    """N4, money-safety.md 6.8: not seen cancelled, so nothing else takes the money path."""
    shop.begin()
    shop.sandbox.faults(mode="down")
    with pytest.raises(Refused) as refusal:
        make_payment(shop.order, 10_000)
    assert refusal.value.code == "payment_in_progress"
    assert not Payment.objects.exists()


def test_a_slow_method_is_pending_then_paid(shop: CardShop) -> None:
    """Requirements.md 3.13: pending is neither paid nor payable."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference, "pm_card_sandboxPending")
    attempt = check_attempt(begun.attempt, by=CUSTOMER)
    assert attempt.state == "pending"
    balance = read_balance(shop.fresh())
    assert (balance.due.minor, balance.pending.minor, balance.payable.minor) == (110_528, 110_528, 0)
    with pytest.raises(Refused) as refusal:
        shop.begin(shown=balance.due)
    assert refusal.value.code == "payment_in_progress"
    settle(attempt, _paid(attempt), by=PROCESSOR)
    assert read_balance(shop.fresh()).due.minor == 0
    # The stand-in settles by itself a moment later: the books must agree with it.
    _wait_until_settled(shop, attempt)


def test_what_does_not_fit_is_put_aside_and_not_booked(shop: CardShop) -> None:
    """N3, D6, requirements.md 3.22: a success for another amount, currency or attempt waits for a person."""
    for wrong in (
        {"amount": Money(1, "USD")},
        {"received": Money(110_528, "EUR"), "amount": None},
        {"livemode": True},
        {"attempt_id": "att_another"},
    ):
        order = make_order(shop.account)
        attempt = PaymentAttempt.objects.create(
            order=order, connection=shop.connection, amount_minor=110_528, currency="USD",
            balance_version=order.balance_version, livemode=False, page_key="k", processor_key=order.public_id,
            started_at=order.placed_at, changed_at=order.placed_at,
        )  # fmt: skip
        outcome = _paid(attempt, **wrong)
        assert settle(attempt, outcome, by=PROCESSOR).state == "put_aside", wrong
        assert not order.payments.exists()


def test_less_than_asked_is_booked_as_received(shop: CardShop) -> None:
    """F3: what came is recorded; the rest remains due."""
    order = make_order(shop.account)
    attempt = PaymentAttempt.objects.create(
        order=order, connection=shop.connection, amount_minor=110_528, currency="USD",
        balance_version=order.balance_version, livemode=False, page_key="k", processor_key=order.public_id,
        started_at=order.placed_at, changed_at=order.placed_at,
    )  # fmt: skip
    settle(attempt, _paid(attempt, received=Money(100_000, "USD")), by=PROCESSOR)
    assert read_balance(order.__class__.objects.get(pk=order.pk)).due.minor == 10_528


def test_money_for_a_cancelled_order_is_kept_and_told(shop: CardShop) -> None:
    """Requirements.md 3.25, M7: recorded as credit, staff told; never refused, never hidden."""
    order = make_order(shop.account)
    attempt = PaymentAttempt.objects.create(
        order=order, connection=shop.connection, amount_minor=110_528, currency="USD", state="cancelled",
        balance_version=order.balance_version, livemode=False, page_key="k", processor_key=order.public_id,
        started_at=order.placed_at, changed_at=order.placed_at,
    )  # fmt: skip
    cancel_order(order=order, by=shop.owner.actor)
    settle(attempt, _paid(attempt), by=PROCESSOR)
    assert read_balance(order.__class__.objects.get(pk=order.pk)).credit.minor == 110_528
    assert Delivery.objects.filter(kind="paid_after_cancellation", to=shop.owner.email).count() == 1


def test_a_second_success_for_one_balance_is_surplus_and_told(shop: CardShop) -> None:
    """Architecture.md 4, E6: booked as credit, payer and staff are told; the order stays paid."""
    order = make_order(shop.account)
    attempts = [
        PaymentAttempt.objects.create(
            order=order, connection=shop.connection, amount_minor=110_528, currency="USD", state="cancelled",
            balance_version=order.balance_version, livemode=False, page_key="k", processor_key=f"{order.public_id}{n}",
            payer_email="dana@riverside-hs.example", started_at=order.placed_at, changed_at=order.placed_at,
        )
        for n in range(2)
    ]  # fmt: skip
    first, second = (settle(attempt, _paid(attempt), by=PROCESSOR) for attempt in attempts)
    assert (first.surplus, second.surplus) == (False, True)
    assert read_balance(order.__class__.objects.get(pk=order.pk)).credit.minor == 110_528
    assert Delivery.objects.filter(kind="paid_twice", to="dana@riverside-hs.example").count() == 1
    assert Delivery.objects.filter(kind="paid_twice_staff").count() == 1


def test_nothing_goes_back_once_it_is_paid(shop: CardShop) -> None:
    """N6, requirements.md 3.23: late news of a decline or cancellation changes nothing."""
    begun = shop.begin()
    shop.confirm(begun.attempt.reference)
    attempt = check_attempt(begun.attempt, by=CUSTOMER)
    for kind in (Kind.DECLINED, Kind.CANCELLED, Kind.NEEDS_CUSTOMER, Kind.PENDING, Kind.UNKNOWN):
        assert settle(attempt, Outcome(kind), by=PROCESSOR).state == "succeeded"


def test_many_declines_rest_the_invoice(shop: CardShop) -> None:
    """K1, requirements.md 3.36: card testing stops here."""
    attempt = shop.begin().attempt
    for n in range(10):
        settle(attempt, Outcome(Kind.DECLINED, code="declined", retryable=True, try_reference=f"ch_{n}"), by=PROCESSOR)
    with pytest.raises(Refused) as refusal:
        shop.begin()
    assert refusal.value.code == "too_many_tries"


def test_after_many_declines_the_open_form_is_closed_at_the_processor(shop: CardShop) -> None:
    """K1: whoever still holds the client secret stops too."""
    attempt = shop.begin().attempt
    for n in range(10):
        settle(attempt, Outcome(Kind.DECLINED, code="declined", retryable=True, try_reference=f"ch_{n}"), by=PROCESSOR)
    while reconcile_next():
        pass
    assert PaymentAttempt.objects.get().state == "cancelled"
    assert shop.stripe.v1.payment_intents.retrieve(attempt.reference).status == "canceled"


def test_without_a_processor_nothing_is_begun(shop: CardShop) -> None:
    """M10: switched off between sending and paying."""
    shop.connection.__class__.objects.update(is_enabled=False)
    with pytest.raises(Refused) as refusal:
        shop.begin()
    assert refusal.value.code == "no_processor"
    assert not PaymentAttempt.objects.exists()


def test_a_rejected_key_is_shown_to_staff_and_not_to_the_customer(shop: CardShop) -> None:
    """Requirements.md 3.28, ux.md 3.3 "Processor broken"."""
    shop.connection.credentials = {**shop.connection.credentials, "secret_key": "sk_test_unknownkey"}
    shop.connection.save()
    with pytest.raises(Refused) as refusal:
        shop.begin()
    assert refusal.value.code == "processor_refused"
    assert "key" not in refusal.value.sentence
    shop.connection.refresh_from_db()
    assert shop.connection.broken_at is not None


def test_below_the_minimum_there_is_nothing_to_press(shop: CardShop) -> None:
    """Requirements.md 3.5."""
    make_payment(shop.order, 110_528 - 30)
    with pytest.raises(Refused) as refusal:
        shop.begin()
    assert refusal.value.code == "below_minimum"


def test_a_paid_invoice_cannot_be_paid_again(shop: CardShop) -> None:
    """M6, S34."""
    make_payment(shop.order, 110_528)
    with pytest.raises(Refused) as refusal:
        begin_payment(request=shop.request, page_key="late", shown=Money(110_528, "USD"))
    assert refusal.value.code == "nothing_due"


def test_more_cash_than_is_due_becomes_credit(shop: CardShop) -> None:
    """Requirements.md 2.7, 3.7."""
    add_payment(
        order=shop.order, amount=Money(120_000, "USD"), method="cash",
        received_on=shop.order.placed_at.astimezone(shop.account.zone).date(), by=shop.owner.actor,
    )  # fmt: skip
    assert read_balance(shop.fresh()).credit == Money(9_472, "USD")


def _paid(attempt: PaymentAttempt, **changed: object) -> Outcome:
    facts = {"amount": attempt.amount, "received": attempt.amount, "livemode": False, "attempt_id": attempt.public_id}
    return Outcome(Kind.PAID, **facts | changed)  # type: ignore[arg-type]


def _wait_until_settled(shop: CardShop, attempt: PaymentAttempt) -> None:
    for _ in range(100):
        if shop.stripe.v1.payment_intents.retrieve(attempt.reference).status == "succeeded":
            return
        time.sleep(0.05)
    raise AssertionError("the stand-in did not settle")
