"""What a processor tells us by itself, or when asked what happened: webhooks, disputes, fees and payouts."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from balancedue.rules.money import Money


class Concern(Enum):
    """What a webhook is about, so what is looked up again."""

    PAYMENT = "payment"
    REFUNDS = "refunds"
    DISPUTES = "disputes"
    FEES = "fees"
    PAYOUT = "payout"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class HookNote:
    """A verified webhook: which object it speaks of. The object itself is always looked up again."""

    event_id: str
    type: str
    reference: str  # the payment object it concerns, or ""
    attempt_id: str  # from our metadata, or ""
    livemode: bool | None
    account: str = ""
    concern: Concern = Concern.PAYMENT


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """An event found by listing: the same note as its webhook would have given, and the body as listed."""

    note: HookNote
    body: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Missed:
    """What happened since a moment, oldest first. `until`: there was more; this is all of it up to then."""

    events: list[ListedEvent]
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DisputeReport:
    """A dispute as the processor has it now."""

    reference: str  # dp_…
    state: str  # rules.states.DISPUTE_STATES
    amount: Money  # disputed, in the currency of the payment
    withdrawn: Money  # what of it is taken from us at the moment
    reason: str  # rules.disputes.REASONS
    blocks_refunds: bool
    evidence_sent: bool
    due_at: datetime | None
    opened_at: datetime
    livemode: bool | None = None


@dataclass(frozen=True, slots=True)
class TransactionReport:
    """One movement on our balance at the processor. Minor units of its own, the settlement, currency."""

    reference: str  # txn_…
    kind: str  # payment, refund, dispute, fee, payout, other
    amount: Money  # signed; before the fee
    fee: Money  # what the processor kept of it
    source: str  # what moved it: ch_…, re_…, dp_…
    at: datetime
    money_reference: str = ""  # the payment (pi_…) behind it, where the answer says


@dataclass(frozen=True, slots=True)
class PayoutReport:
    """A payout as the processor has it now."""

    reference: str  # po_…
    state: str  # rules.states.PAYOUT_STATES
    amount: Money
    arrives_on: date
    made_at: datetime
    detail: str = ""  # why it failed
    is_itemised: bool = True  # the processor says what it holds; not of one that somebody made by hand


class BadSignature(Exception):
    """A webhook that cannot be trusted: wrong secret, changed body, or outside the time window."""
