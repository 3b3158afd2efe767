"""Why a card payment did not happen, in our own reason codes, and what to say about it (ux.md 3.8).

A processor translates its own codes into these; nothing it writes itself is ever shown to a payer. Every sentence for
the payer answers three questions: what happened, was money taken, what to do now (U16). Lost, stolen and suspected
fraud read exactly like a plain decline, so that a thief learns nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

NO_MONEY_TAKEN = "No money was taken."

_PLAIN = f"Your bank declined this card. {NO_MONEY_TAKEN} Check the details, use another card, or ask your bank."
_UNAVAILABLE = f"Online payment is not available right now. {NO_MONEY_TAKEN} Call or email the shop to pay."


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. `payer` is shown to the customer, `staff` under "What does this mean?".

    `field` names the card field the payer should look at ("code", "expiry", "number"), or "".
    """

    code: str
    payer: str
    staff: str
    field: str = ""


_TABLE = (
    # The bank, or the card, said no.
    Reason(
        "declined",
        _PLAIN,
        "The customer's bank said no and gave no reason. Only the bank can tell the customer why. "
        "Another card usually works.",
    ),
    Reason(
        "insufficient_funds",
        f"The bank says there is not enough money available. {NO_MONEY_TAKEN} Use another card, or ask your bank.",
        "The account behind the card does not hold enough, or its credit is used up. "
        "The customer can use another card or pay another way.",
    ),
    Reason(
        "limit_exceeded",
        f"This card has reached a limit set by the bank. {NO_MONEY_TAKEN} Use another card, or ask your bank.",
        "The card has reached its limit for now. The bank can raise it, or the customer can use another card.",
    ),
    Reason(
        "wrong_code",
        f"The security code did not match. {NO_MONEY_TAKEN} Check the security code and pay again, "
        "or use another card.",
        "The three or four digits on the card were typed wrong. The customer can try again.",
        field="code",
    ),
    Reason(
        "wrong_details",
        f"The card details did not match. {NO_MONEY_TAKEN} Check the card number, date and postal code and pay again, "
        "or use another card.",
        "The card number, date or postal code was typed wrong, or the account is closed. The customer can try again.",
        field="number",
    ),
    Reason(
        "expired_card",
        f"This card has expired. {NO_MONEY_TAKEN} Check the expiry date, or use another card.",
        "The card is past its expiry date, or the date was typed wrong. The customer needs another card.",
        field="expiry",
    ),
    Reason(
        "authentication_failed",
        f"Your bank could not confirm it was you. {NO_MONEY_TAKEN} Pay again and follow your bank's steps, "
        "or use another card.",
        "The bank asked the customer to confirm the payment (3-D Secure) and did not get a good answer. "
        "The customer can try again.",
    ),
    Reason(
        "card_not_supported",
        f"This card cannot be used for this payment. {NO_MONEY_TAKEN} Use another card, or ask your bank.",
        "The card does not allow this kind of payment or this currency. Another card usually works.",
    ),
    Reason(
        "lost_or_stolen",
        _PLAIN,
        "The bank reports this card as lost or stolen. The customer was shown a plain decline. Do not tell the person "
        "the reason, do not take the card by phone, and ask for another way to pay.",
    ),
    Reason(
        "suspected_fraud",
        _PLAIN,
        "The bank or the processor suspects fraud. The customer was shown a plain decline. Do not tell the person the "
        "reason, and take care before you ship anything.",
    ),
    Reason(
        "duplicate_payment",
        _PLAIN,
        "The bank saw the same amount on the same card a moment before and stopped this one. "
        "Look at the order's payments before the customer tries again.",
    ),
    Reason(
        "test_card",
        _PLAIN,
        "A test card was used with a live processor, or a real card in test mode. Check the mode of the processor.",
    ),
    Reason(
        "processing_error",
        f"The card could not be processed. {NO_MONEY_TAKEN} Wait a minute and pay again, or use another card.",
        "The bank or the card network had a fault. Nothing is wrong with the card. The customer can try again soon.",
    ),
    # The processor would not begin.
    Reason(
        "below_minimum",
        f"This amount is too small to pay by card. {NO_MONEY_TAKEN} Call or email the shop to pay.",
        "The balance is below the least amount the processor charges. Take it another way with Add Payment.",
    ),
    Reason(
        "above_maximum",
        f"This amount is too large to pay by card. {NO_MONEY_TAKEN} Call or email the shop to pay.",
        "The balance is above the most the processor charges at once. Take part of it another way with Add Payment.",
    ),
    Reason(
        "amount_not_chargeable",
        f"This amount cannot be paid by card. {NO_MONEY_TAKEN} Call or email the shop to pay.",
        "Cards in this currency cannot be charged the smallest units of the balance. "
        "Take the odd units another way with Add Payment, or change the order.",
    ),
    Reason(
        "currency_not_supported",
        f"This shop cannot take cards in this currency. {NO_MONEY_TAKEN} Call or email the shop to pay.",
        "The processor does not charge this currency for your account. Check the currencies with the processor.",
    ),
    Reason(
        "processor_key_rejected",
        _UNAVAILABLE,
        "The processor did not accept our key. It may have been rolled or deleted. "
        "Paste the current key in Settings, Processors.",
    ),
    Reason(
        "processor_refused",
        _UNAVAILABLE,
        "The processor refused to begin this payment. Check the connection in Settings, Processors; "
        "the details beside this line say what it answered.",
    ),
    # We take no cards for a while (rules.card_testing).
    Reason(
        "cards_rest",
        f"Card payments to this shop are paused. {NO_MONEY_TAKEN} Wait an hour, or call or email the shop to pay.",
        "Many cards were declined within minutes, as when somebody tests stolen ones, so nobody can pay by card for a "
        "while. If these were your customers, let card payments go on from the card processors page.",
    ),
    Reason(
        "too_many_tries",
        f"Too many tries with this invoice. {NO_MONEY_TAKEN} Wait an hour or call the shop.",
        "Too many cards were declined on this order, or from where the customer is. It rests for an hour. "
        "The customer can pay another way.",
    ),
    Reason(
        "processor_not_compatible",
        _UNAVAILABLE,
        "This processor cannot take payment requests. Add Stripe as well.",
    ),
)

REASONS: Mapping[str, Reason] = MappingProxyType({reason.code: reason for reason in _TABLE})
"""Every reason by its code."""


def reason(code: str) -> Reason:
    """The reason for one of our codes; a plain decline for any other (a third party's, or an old one)."""
    return REASONS.get(code, REASONS["declined"])


_REFUNDS = {
    "already_refunded": "This payment was refunded in full before. Nothing more was sent back.",
    "more_than_refundable": "This is more than is left to refund of this payment. Nothing was sent back.",
    "payment_disputed": "The customer's bank has opened a dispute about this payment, so it cannot be refunded. "
    "Nothing was sent back.",
    "not_enough_at_processor": "Your balance with the processor is too low for this refund. Nothing was sent back. "
    "Refund again after the next payments, or add funds there.",
    "refund_failed": "The customer's bank did not take the money back. It is with you again. "
    "Ask the customer for another way to return it.",
}


def refund_words(code: str) -> str:
    """Why a refund did not go through, for staff."""
    return _REFUNDS.get(code) or staff_words(code)


def payer_sentence(code: str) -> str:
    """What the payer reads."""
    return reason(code).payer


def staff_words(code: str) -> str:
    """What staff read under "What does this mean?"."""
    return reason(code).staff
