"""Each test card does what the table says, and an intent is charged at most once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from balancedue.sandbox.cards import CARDS, card_for
from tests.sandbox.conftest import until
from tests.servers import Sandbox

SUM: dict[str, Any] = {"amount": 110528, "currency": "usd"}


@pytest.mark.parametrize(
    ("token", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card"),
        ("pm_card_radarBlock", "card_declined", "fraudulent"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
    ],
)
def test_a_decline_leaves_the_intent_open_for_another_card(
    client: stripe.StripeClient, token: str, code: str, decline_code: str | None
) -> None:
    """A failed charge is kept, the same intent can be paid with a second card."""
    intent = client.v1.payment_intents.create(SUM)
    with pytest.raises(stripe.CardError) as decline:
        client.v1.payment_intents.confirm(intent.id, {"payment_method": token})
    error: Any = decline.value.error
    assert (decline.value.http_status, decline.value.code, error.decline_code) == (402, code, decline_code)
    assert error.payment_intent.status == "requires_payment_method"
    assert client.v1.charges.retrieve(error.charge).status == "failed"
    paid = client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_mastercard"})
    assert (paid.status, paid.amount_received, paid.last_payment_error) == ("succeeded", 110528, None)


def test_every_card_of_the_table_is_a_card_number() -> None:
    """All pass Luhn's check, none is listed twice, and each is drawn in groups."""
    for card in CARDS:
        digits = [int(digit) for digit in reversed(card.number)]
        total = sum(sum(divmod(digit * (1 + index % 2), 10)) for index, digit in enumerate(digits))
        assert total % 10 == 0, card.number
        assert card.grouped.replace(" ", "") == card.number
    assert len({card.number for card in CARDS}) == len({card.token for card in CARDS}) == len(CARDS)
    assert card_for("4242-4242 4242 4242") is CARDS[0]
    assert card_for("4111111111111111") is None


@pytest.mark.parametrize(
    ("token", "status", "charge_status"),
    [
        ("pm_card_sandboxPending", "succeeded", "succeeded"),
        ("pm_card_sandboxPendingFails", "requires_payment_method", "failed"),
    ],
)
def test_a_slow_card_is_pending_until_its_end(
    client: stripe.StripeClient, token: str, status: str, charge_status: str
) -> None:
    """`processing` first, the end a little later; meanwhile it can be neither paid again nor cancelled."""
    intent = client.v1.payment_intents.create({**SUM, "confirm": True, "payment_method": token})
    assert (intent.status, intent.amount_received) == ("processing", 0)
    for call in (client.v1.payment_intents.confirm, client.v1.payment_intents.cancel):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            call(intent.id)
        assert refusal.value.code in {"payment_intent_unexpected_state"}
    until(lambda: client.v1.payment_intents.retrieve(intent.id).status == status)
    charge = client.v1.charges.list({"payment_intent": intent.id}).data[0]
    assert charge.status == charge_status


def test_sixteen_confirmations_at_once_take_the_money_once(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    """N4: an intent succeeds at most once."""
    intent = client.v1.payment_intents.create(SUM)
    together = threading.Barrier(16)

    def confirm(_: int) -> str:
        together.wait()
        try:
            return str(client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"}).status)
        except stripe.InvalidRequestError as refusal:
            return str(refusal.code)

    with ThreadPoolExecutor(16) as pool:
        answers = sorted(pool.map(confirm, range(16)))
    assert answers == ["payment_intent_unexpected_state"] * 15 + ["succeeded"]
    charges = [one for one in sandbox.get("/_sandbox/books")["charges"] if one["payment_intent"] == intent.id]
    assert [one["amount"] for one in charges] == [110528]


def test_cancelling_and_confirming_at_once_never_do_both(client: stripe.StripeClient) -> None:
    """Whoever comes second is told."""
    for _ in range(5):
        intent = client.v1.payment_intents.create(SUM)
        together = threading.Barrier(2)

        def confirm(id: str = intent.id, together: threading.Barrier = together) -> bool:
            together.wait()
            return _went(lambda: client.v1.payment_intents.confirm(id, {"payment_method": "pm_card_visa"}))

        def cancel(id: str = intent.id, together: threading.Barrier = together) -> bool:
            together.wait()
            return _went(lambda: client.v1.payment_intents.cancel(id))

        with ThreadPoolExecutor(2) as pool:
            paid, cancelled = pool.submit(confirm), pool.submit(cancel)
            assert paid.result() != cancelled.result()
        assert client.v1.payment_intents.retrieve(intent.id).status == ("succeeded" if paid.result() else "canceled")


def _went(call: Any) -> bool:
    try:
        call()
    except stripe.InvalidRequestError:
        return False
    return True


def test_changing_the_sum_withdraws_a_question_to_the_bank(client: stripe.StripeClient) -> None:
    """The bank was asked about another sum: what it answers no longer counts."""
    intent = client.v1.payment_intents.create(
        {
            **SUM,
            "confirm": True,
            "payment_method": "pm_card_authenticationRequired",
            "return_url": "http://localhost:1/back",
        }
    )
    assert intent.status == "requires_action"
    assert intent.next_action is not None
    assert intent.next_action.redirect_to_url is not None
    assert client.v1.payment_intents.update(intent.id, {"amount": 500}).status == "requires_payment_method"
