"""The test cards: what each number does. Nothing else is accepted.

Numbers are those Stripe publishes for testing, where it has one for the case. Stripe has no card that stays in
`processing`, nor one whose refund waits for funds or for the customer; those numbers here are none of Stripe's.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import Enum


class Settling(Enum):
    """When the result of a charge is known."""

    AT_ONCE = "at_once"
    LATER = "later"
    FAILS_LATER = "fails_later"


class Afterwards(Enum):
    """What becomes of a payment that went well: of its refunds, or by its bank."""

    NOTHING = "nothing"
    REFUND_PENDS = "refund_pends"
    """Its refunds are pending, then succeed."""
    REFUND_FAILS = "refund_fails"
    """Its refunds succeed, then fail."""
    REFUND_PENDS_AND_FAILS = "refund_pends_and_fails"
    REFUND_WAITS_FOR_FUNDS = "refund_waits_for_funds"
    """Its refunds stay pending, with the reason insufficient_funds, until told otherwise."""
    REFUND_ASKS = "refund_asks"
    """Its refunds wait for the customer; such a refund can be cancelled."""
    DISPUTE_FRAUDULENT = "fraudulent"
    DISPUTE_NOT_RECEIVED = "product_not_received"
    INQUIRY = "inquiry"
    """The bank asks before it takes money back."""


@dataclass(frozen=True, slots=True)
class Decline:
    """Why the bank says no, in Stripe's codes and words."""

    code: str
    message: str
    decline_code: str | None = None


_DECLINED = "Your card was declined."
_GENERIC = Decline("card_declined", _DECLINED, "generic_decline")
_NO_FUNDS = Decline("card_declined", "Your card has insufficient funds.", "insufficient_funds")
_LOST = Decline("card_declined", _DECLINED, "lost_card")
_STOLEN = Decline("card_declined", _DECLINED, "stolen_card")
_FRAUD = Decline("card_declined", _DECLINED, "fraudulent")
_EXPIRED = Decline("expired_card", "Your card has expired.")
_WRONG_CODE = Decline("incorrect_cvc", "Your card's security code is incorrect.")
_PROCESSING = Decline("processing_error", "An error occurred while processing your card. Try again in a little bit.")
_RETURNED = Decline("card_declined", "The bank returned this payment.", "generic_decline")


@dataclass(frozen=True, slots=True)
class TestCard:
    """One row of the table. `token` is the payment method id that stands for it in server-side calls."""

    __test__ = False

    number: str
    what: str
    token: str
    brand: str = "visa"
    decline: Decline | None = None
    challenge: bool = False
    settling: Settling = Settling.AT_ONCE
    afterwards: Afterwards = Afterwards.NOTHING

    @property
    def last4(self) -> str:
        """The four digits that may be shown."""
        return self.number[-4:]

    def fingerprint(self, account: str) -> str:
        """The same for the same number at the same account, and says nothing about either."""
        return hashlib.sha256(f"balancedue-sandbox:{account}:{self.number}".encode()).hexdigest()[:16]

    @property
    def grouped(self) -> str:
        """The number as printed on a card."""
        groups = (4, 6, 5) if self.brand == "amex" else (4, 4, 4, 4)
        starts = [sum(groups[:index]) for index in range(len(groups))]
        return " ".join(self.number[start : start + size] for start, size in zip(starts, groups, strict=True))


CARDS: tuple[TestCard, ...] = (
    TestCard("4242424242424242", "Pays", "pm_card_visa"),
    TestCard("5555555555554444", "Pays (Mastercard)", "pm_card_mastercard", "mastercard"),
    TestCard("378282246310005", "Pays (American Express)", "pm_card_amex", "amex"),
    TestCard("4000002500003155", "Asks for 3-D Secure, then pays", "pm_card_authenticationRequired", challenge=True),
    TestCard(
        "4000008400001629",
        "Asks for 3-D Secure, then is declined",
        "pm_card_threeDSecureRequiredChargeDeclined",
        decline=_GENERIC,
        challenge=True,
    ),
    TestCard("4000000000000002", "Declined", "pm_card_visa_chargeDeclined", decline=_GENERIC),
    TestCard(
        "4000000000009995",
        "Declined: not enough funds",
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        decline=_NO_FUNDS,
    ),
    TestCard("4000000000009987", "Declined: lost card", "pm_card_visa_chargeDeclinedLostCard", decline=_LOST),
    TestCard("4000000000009979", "Declined: stolen card", "pm_card_visa_chargeDeclinedStolenCard", decline=_STOLEN),
    TestCard("4100000000000019", "Declined: looks like fraud", "pm_card_radarBlock", decline=_FRAUD),
    TestCard("4000000000000069", "Declined: expired", "pm_card_chargeDeclinedExpiredCard", decline=_EXPIRED),
    TestCard(
        "4000000000000127", "Declined: wrong security code", "pm_card_chargeDeclinedIncorrectCvc", decline=_WRONG_CODE
    ),
    TestCard(
        "4000000000000119", "Declined: processing error", "pm_card_chargeDeclinedProcessingError", decline=_PROCESSING
    ),
    TestCard(
        "4000000000006009",
        "Stays in processing for a while, then pays",
        "pm_card_sandboxPending",
        settling=Settling.LATER,
    ),
    TestCard(
        "4000000000006017",
        "Stays in processing for a while, then is returned",
        "pm_card_sandboxPendingFails",
        decline=_RETURNED,
        settling=Settling.FAILS_LATER,
    ),
    TestCard(
        "4000000000007726",
        "Pays; a refund is pending, then succeeds",
        "pm_card_pendingRefund",
        afterwards=Afterwards.REFUND_PENDS,
    ),
    TestCard(
        "4000000000005126",
        "Pays; a refund succeeds, then fails",
        "pm_card_refundFail",
        afterwards=Afterwards.REFUND_FAILS,
    ),
    TestCard(
        "4000000000006025",
        "Pays; a refund is pending, then fails",
        "pm_card_sandboxRefundPendsAndFails",
        afterwards=Afterwards.REFUND_PENDS_AND_FAILS,
    ),
    TestCard(
        "4000000000006033",
        "Pays; a refund waits for funds",
        "pm_card_sandboxRefundWaitsForFunds",
        afterwards=Afterwards.REFUND_WAITS_FOR_FUNDS,
    ),
    TestCard(
        "4000000000006041",
        "Pays; a refund waits for the customer and can be cancelled",
        "pm_card_sandboxRefundAsks",
        afterwards=Afterwards.REFUND_ASKS,
    ),
    TestCard(
        "4000000000000259",
        "Pays, then is disputed as fraudulent",
        "pm_card_createDispute",
        afterwards=Afterwards.DISPUTE_FRAUDULENT,
    ),
    TestCard(
        "4000000000002685",
        "Pays, then is disputed as not received",
        "pm_card_createDisputeProductNotReceived",
        afterwards=Afterwards.DISPUTE_NOT_RECEIVED,
    ),
    TestCard(
        "4000000000001976",
        "Pays, then the bank inquires",
        "pm_card_createDisputeInquiry",
        afterwards=Afterwards.INQUIRY,
    ),
)

BY_NUMBER = {card.number: card for card in CARDS}
BY_TOKEN = {card.token: card for card in CARDS}

USE_A_TEST_CARD = "This is a test: use a test card, such as 4242 4242 4242 4242. No money was taken."


def card_for(typed: str) -> TestCard | None:
    """The test card with that number, spaces and hyphens allowed; None for every other number on earth."""
    return BY_NUMBER.get(re.sub(r"[\s-]", "", typed))
