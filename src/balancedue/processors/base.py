"""What the product asks of a card processor, and the words both sides use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from balancedue.processors.reports import DisputeReport, HookNote, Missed, PayoutReport, TransactionReport
from balancedue.rules.money import Money


class Can(Enum):
    """A capability. Nothing in the product asks for a processor by name (S6, requirements.md 3.29)."""

    REQUEST = "take payment requests"
    LOOK_UP = "look up payments"
    CANCEL = "cancel payments"
    REFUND = "refund payments"
    HOOK = "send webhooks"
    MISSED = "say what happened while we did not hear"  # ListsEvents
    DISPUTES = "tell of disputes"  # TellsDisputes
    PAYOUTS = "tell of fees and payouts"  # TellsPayouts
    HOSTED = "take payments on a page of its own"  # Charge.return_url


class Kind(Enum):
    """What the processor said, or that it said nothing."""

    PAID = "paid"
    DECLINED = "declined"  # this try failed; `retryable` says whether the same object can be tried again
    NEEDS_CUSTOMER = "needs_customer"  # waits for a card, or for 3-D Secure
    PENDING = "pending"  # the processor is working on it
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # we did not hear: never the same as failed (N14)
    REFUSED = "refused"  # nothing was made at the processor: bad key, amount too small, bad request


@dataclass(frozen=True, slots=True)
class Charge:
    """One attempt to be paid, as handed to a processor. Opaque ids only: no names, no order numbers of others."""

    amount: Money
    key: str  # idempotency key, stored before the call
    attempt_id: str  # att_…
    order_id: str  # ord_…
    account_id: str  # acc_…
    description: str
    statement_suffix: str = ""
    return_url: str = ""  # set: paid on the processor's own page, which sends the payer back here (Can.HOSTED)
    payer_email: str = ""  # as the payer typed it, to be filled in on that page; else not sent


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back. Amount, currency, account and mode are as the processor saw them; `settle` compares them."""

    kind: Kind
    reference: str = ""  # the processor's object (pi_…); empty when it named none, as after silence
    amount: Money | None = None  # asked for
    received: Money | None = None  # actually taken; only with PAID
    account: str = ""  # the processor's account id, where it says
    livemode: bool | None = None
    attempt_id: str = ""  # what our own metadata on the object says
    refund_id: str = ""  # likewise, of a refund (rf_…)
    code: str = ""  # our reason code: rules.declines
    detail: str = ""  # for staff and logs; never shown to the customer, never holds a secret
    try_reference: str = ""  # the processor's id of this try (ch_…), so that one decline is told once
    retryable: bool = False
    needs_action: bool = False  # with NEEDS_CUSTOMER: 3-D Secure is under way
    card: str = ""  # "Visa ending 4242"
    payer_name: str = ""
    payer_email: str = ""
    client_secret: str = field(default="", repr=False)  # for the payer's browser only
    money_reference: str = ""  # the object that holds the money, where that is not `reference` itself
    go_to: str = field(default="", repr=False)  # the processor's own page, with NEEDS_CUSTOMER of a hosted payment
    fingerprint: str = ""  # the same for one card, whoever types it (K1)
    statement: str = ""  # what the payer's bank shows beside the payment


@dataclass(frozen=True, slots=True)
class Check:
    """One line of "Check connection": what was checked, whether it holds, and the fix when it does not."""

    label: str
    ok: bool
    detail: str = ""
    fix: str = ""
    needed: bool = True  # without it the processor is not ready; else something is only less good than it could be


@dataclass(frozen=True, slots=True)
class Site:
    """Where a connection is used: what its processor is held against when it is checked."""

    mark: str  # the connection's public id; our own test webhook carries it as its attempt
    origin: str  # where customers pay: https://pay.shop.example
    hook_url: str
    currencies: tuple[str, ...]  # that are asked for, the account's own first
    hook: str = ""  # the processor's id of the webhook endpoint made for us (we_…)
    account: str = ""  # the processor's account as known so far (acct_…)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found."""

    lines: tuple[Check, ...]
    accepts_key: bool | None = True  # None: it was not heard
    account: str = ""  # the account that the key belongs to, where the processor says
    test_event: str = ""  # the object made and ended so that a webhook of our own is sent; "": none will be
    sent_at: datetime | None = None  # when that was


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook endpoint that the processor made for us."""

    secret: str = field(repr=False)  # its webhooks are signed with it; said this once
    reference: str = ""  # the processor's id of it (we_…), where it has one


@dataclass(frozen=True, slots=True)
class Setting:
    """One credential a processor needs, as a form shows it."""

    name: str
    label: str
    hint: str = ""
    secret: bool = True
    required: bool = True


@dataclass(frozen=True, slots=True)
class PayPage:
    """What the payment page must load and may talk to. Origins go into the Content-Security-Policy."""

    template: str  # a fragment under templates/customer/pay/
    script_src: str  # the one outside script
    publishable_key: str
    frame_origins: tuple[str, ...] = ()
    connect_origins: tuple[str, ...] = ()
    script_origins: tuple[str, ...] = ()
    hosted_origins: tuple[str, ...] = ()  # of the processor's own page, where Outcome.go_to leads (Can.HOSTED)
    fields: tuple[str, ...] = ()  # names of inputs that the fragment adds; the page is watched for any other (R19)


class Processor(Protocol):
    """One connected processor. It never raises for money reasons, never touches a model, never opens a transaction."""

    @property
    def livemode(self) -> bool: ...

    def smallest(self, currency: str) -> int | None:
        """The least amount in minor units that can be charged; None when the currency cannot be."""

    def start(self, charge: Charge) -> Outcome: ...
    def look_up(self, reference: str) -> Outcome: ...
    def find(self, attempt_id: str, since: datetime | None = None, *, hosted: bool = False) -> Outcome:
        """Look for an object by our own attempt id, when its reference was never heard. UNKNOWN when not found yet.

        `hosted`: it was to be paid on the processor's own page.
        `since`: when the attempt was made; narrows the search. Code `not_found` means that all of that time was looked
        through; `search_incomplete` or "" that it was not.
        """

    def cancel(self, reference: str) -> Outcome: ...
    def refund(self, reference: str, amount: Money, key: str, refund_id: str = "") -> Outcome:
        """Give money of the payment `reference` back. The outcome's reference is the refund's own."""

    def refunds_of(self, reference: str) -> list[Outcome] | None:
        """Every refund of a payment, wherever it was made; None when the processor was not heard."""

    def read_hook(self, headers: Mapping[str, str], body: bytes) -> HookNote:
        """Verify and read a webhook. Raises BadSignature."""

    def set_up_hook(self, url: str, *, keep: str = "") -> Hook:
        """Have webhooks sent to `url`, at an endpoint of its own. Raises Refused, with a sentence for the form.

        `keep`: the one in use so far, which stays until `drop_hooks`; others made by us for `url` may go.
        """

    def drop_hooks(self, url: str, *, keep: str) -> None:
        """The endpoint `keep` is heard: have nothing sent to `url` by others."""

    def account_of_keys(self) -> str:
        """Try the keys: the account they belong to, "" where the processor does not say.

        Raises Refused, with the field it belongs to: `processor_key_rejected`, or `processor_unreachable`.
        """

    def check(self, site: Site) -> Findings:
        """Whether all is well, line by line. Puts right what it can, and makes nothing that takes money."""

    def pay_page(self) -> PayPage: ...
    def amount_in_page(self, amount: Money) -> int:
        """`amount` as the page's script counts it. Refused where it cannot be charged at all."""


class ListsEvents(Processor, Protocol):
    """Can.MISSED."""

    def events_since(self, moment: datetime, *, undelivered: bool) -> Missed | None:
        """What happened since `moment`; `undelivered`: only what no webhook told us. None: not heard."""


class TellsDisputes(Processor, Protocol):
    """Can.DISPUTES."""

    def disputes_of(self, reference: str) -> list[DisputeReport] | None:
        """Every dispute of a payment, by its money reference; None when the processor was not heard."""


class TellsPayouts(Processor, Protocol):
    """Can.PAYOUTS."""

    def transactions_of(self, reference: str) -> list[TransactionReport] | None:
        """What a payment, its refunds and its disputes moved on our balance; None when the processor was not heard."""

    def payout(self, reference: str) -> PayoutReport | None:
        """One payout; None when the processor was not heard."""

    def payouts_since(self, moment: datetime) -> list[PayoutReport] | None:
        """Payouts made since `moment`, oldest first; None when the processor was not heard."""

    def in_payout(self, reference: str, after: str = "") -> list[TransactionReport] | None:
        """The next lines of what one payout holds, after the line `after`; an empty list is the end.

        Without the payout's own movement, so that amounts less fees come to the payout's amount. None: not heard.
        """


class Maker(Protocol):
    """A kind of processor: what it is called, what it can do, and how to open a connection."""

    @property
    def name(self) -> str:
        """Stable, such as "stripe"; stored with every connection."""

    @property
    def label(self) -> str:
        """For people: "Stripe"."""

    @property
    def can(self) -> frozenset[Can]: ...
    @property
    def why_not(self) -> str:
        """Said to staff when REQUEST is missing."""

    @property
    def settings(self) -> tuple[Setting, ...]: ...

    def problems(self, credentials: Mapping[str, str]) -> dict[str, str]:
        """One sentence per setting that cannot be right, before anybody is asked; empty when all is well."""

    def open(self, credentials: Mapping[str, str]) -> Processor: ...
