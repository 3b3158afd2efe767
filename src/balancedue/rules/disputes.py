"""Disputes: why the bank asks and what helps, in words; and what each look-up adds to the story."""

from collections.abc import Mapping
from dataclasses import dataclass

INQUIRY = frozenset({"inquiry", "inquiry_answered"})


@dataclass(frozen=True, slots=True)
class Reason:
    """`words` follow "The customer's bank says: "; `evidence` follows "What usually helps: ". For staff only."""

    words: str
    evidence: str


REASONS: Mapping[str, Reason] = {
    "not_authorised": Reason(
        "the cardholder did not make this payment",
        "the emails and messages with the customer, the signed order, and proof of delivery to their address",
    ),
    "not_recognised": Reason(
        "the cardholder does not know this payment",
        "the invoice, the emails with the customer, and the name your shop has on card statements",
    ),
    "not_received": Reason(
        "the goods or services did not arrive",
        "the carrier's tracking or a signed delivery note, with the date and the address",
    ),
    "not_as_described": Reason(
        "the goods or services were not as described",
        "the order and the proof the customer approved, photos, and the emails about the complaint",
    ),
    "refund_missing": Reason(
        "a refund that was promised did not come",
        "proof that it was refunded, or your terms on returns and where the customer agreed to them",
    ),
    "paid_twice": Reason(
        "the same thing was paid twice",
        "both invoices, showing that they are for different things; or the refund of the second payment",
    ),
    "subscription_cancelled": Reason(
        "a subscription had been cancelled",
        "your cancellation terms, and what the customer used or received after the day they name",
    ),
    "bank_trouble": Reason(
        "the bank could not process the payment",
        "nothing much: ask the customer to pay another way",
    ),
    "network_rules": Reason(
        "a rule of the card network was not kept",
        "what the card processor asks for beside the dispute",
    ),
    "general": Reason(
        "it gives no particular reason",
        "the order, the invoice, the emails with the customer, and proof of delivery",
    ),
}

_NEWS = {
    "inquiry_answered": "dispute_answered",
    "under_review": "dispute_answered",
    "won": "dispute_won",
    "lost": "dispute_lost",
    "closed": "dispute_closed",
}


def news(before: str | None, state: str) -> list[str]:
    """The events that lead from one state to the next that was seen; `before` is None when it is new to us.

    Look-ups may miss states in between: each says what must have happened, once.
    """
    if before == state:
        return []
    told = []
    if before is None and state in INQUIRY | {"closed"}:
        told.append("dispute_inquiry")
    elif state not in INQUIRY | {"closed"} and (before is None or before in INQUIRY):
        told.append("dispute_opened")
    elif state not in _NEWS:
        told.append("dispute_reopened")
    return [*told, _NEWS[state]] if state in _NEWS else told
