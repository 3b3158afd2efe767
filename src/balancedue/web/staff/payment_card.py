"""The payment card: what is due, what was asked, and the one next step (ux.md 3.3, "States of the card")."""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import segno
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from balancedue.actions.refund import refundable
from balancedue.models import Delivery, Payment, PaymentAttempt, PaymentRequest, Refund
from balancedue.processors.registry import maker_or_missing
from balancedue.rules.clock_words import day_words, time_words
from balancedue.rules.gate import MANAGER, STAFF, at_least
from balancedue.rules.methods import CARD, METHODS
from balancedue.rules.money import Money
from balancedue.rules.states import (
    EXPIRED,
    FAILED,
    HOLDING,
    IN_FLIGHT,
    OPEN_REFUND,
    OPENED,
    PAID,
    PENDING,
    SENT,
    STARTED,
    SUPERSEDED,
    UNKNOWN,
    WITHDRAWN,
)
from balancedue.web.guard import StaffRequest

from .dispute_notes import DisputeNote, dispute_notes
from .order_facts import OrderFacts
from .order_list import link_of

SOON, LATELY, SELDOM = 3, 8, 60  # seconds between looks (ux.md 2, Live data)
LATELY_IS = timedelta(minutes=10)
NEWS_IS_FRESH = timedelta(days=1)
NOT_ARRIVED = ("failed", "bounced")
UNDER_WAY = ("waiting", "sending")
_CHANGING = re.compile(r'value="[A-Za-z0-9]{64}"|<time[^>]*>[^<]*</time>')  # CSRF tokens, "2 minutes ago"


@dataclass(slots=True)
class Card:
    """The card as the template draws it. `state` names the row of ux.md 3.3; `every` is 0 when nothing will change."""

    facts: OrderFacts
    state: str
    sum: Money
    label: str = "Balance due"
    about: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list)
    request: PaymentRequest | None = None
    failed: list[Delivery] = field(default_factory=list)
    late: list[Delivery] = field(default_factory=list)
    attempt: PaymentAttempt | None = None
    put_aside: list[PaymentAttempt] = field(default_factory=list)
    surplus: list[Payment] = field(default_factory=list)  # came in on top, and not given back yet
    refunds: list[Refund] = field(default_factory=list)  # on their way, or failed last
    disputes: list[DisputeNote] = field(default_factory=list)
    costs: list["Cost"] = field(default_factory=list)
    refundable: frozenset[str] = frozenset()  # payments with something left to refund, by public id
    was: Money | None = None  # what the open request asked for, when that has changed
    link: str = ""
    qr: SafeString = field(default_factory=SafeString)
    pays_through: str = ""
    holds_until: datetime | None = None
    every: int = 0
    spoken: str = ""

    @property
    def seen_as(self) -> str:
        """What a page that shows the card says it has; another one is spoken."""
        disputed = any(dispute.is_open for dispute in self.facts.disputes)
        return f"{self.state}-disputed" if disputed else self.state

    @property
    def ask_words(self) -> str:
        """The words on the button that opens the window."""
        if self.failed:
            return "Fix address and resend"
        if self.was is not None:
            return "Send updated request"
        again = {SENT: "Request again", OPENED: "Request again", EXPIRED: "New link", WITHDRAWN: "New link"}
        return again.get(self.state, "Edit and send" if self.state == "undone" else "Request Payment")

    @property
    def ask_first(self) -> bool:
        """Whether asking is the next thing to do: not while the customer has a request that holds."""
        return self.state not in (SENT, OPENED) or bool(self.failed) or self.was is not None

    @property
    def gate_tone(self) -> str:
        """How loud the reason is while nothing can be requested; "" for the plain ones."""
        return {"processor_broken": "crit", "no_processor": "warn", "processor_not_compatible": "warn"}.get(
            self.facts.gate.code, ""
        )

    @property
    def reversible(self) -> list[Payment]:
        """Payments added by hand that still count, and of which nothing was given back."""
        given = {refund.payment_id for refund in self.facts.refunds if refund.is_held}
        return [p for p in self.facts.payments if p.method != CARD and not p.is_reversed and p.pk not in given]

    @property
    def gives_back(self) -> bool:
        """Whether a refund is the next thing to do: a credit that is no second payment."""
        return bool(self.refundable and self.facts.standing.balance.credit and not self.surplus)


@dataclass(frozen=True, slots=True)
class Cost:
    """What the processor kept of a card payment so far, and what is left of it, in the currency that it settles in."""

    name: str
    fees: Money
    net: Money


def payment_card(request: StaffRequest, facts: OrderFacts) -> Card:
    """Work out the card from the facts."""
    balance, latest = facts.standing.balance, facts.latest
    card = Card(facts, _state(facts), balance.credit if balance.credit else balance.due, request=latest)
    if balance.credit:
        card.label = "Credit"
    locale = request.account.locale
    if balance.settled and balance.due:
        card.about = f"of {balance.total.show(locale)}, {balance.settled.show(locale)} paid"
    if facts.order.is_cancelled:
        card.about = _cancelled_words(request, facts)
    chosen = facts.processors.for_requests
    card.pays_through = maker_or_missing(chosen.kind).label if chosen else ""
    attempt = facts.standing.attempt
    if attempt is not None and (attempt.state in IN_FLIGHT or attempt.needs_action):
        card.attempt = attempt
    card.put_aside = [attempt for attempt in facts.attempts if attempt.waits_for_person]
    card.surplus = [p for p in facts.payments if p.surplus and refundable(p)] if balance.credit else []
    card.refunds = [r for r in facts.refunds if r.state in OPEN_REFUND or (r.state == FAILED and _is_last(r, facts))]
    card.disputes = dispute_notes(request.account, facts.disputes, is_owed=bool(balance.due))
    if at_least(request.membership.role, MANAGER):
        card.refundable = frozenset(p.public_id for p in facts.payments if refundable(p))
        card.costs = _costs(facts)
    if latest is not None:
        _add_request(request, card, latest)
    card.every = _interval(card)
    card.spoken = _spoken(card, locale)
    return card


def _costs(facts: OrderFacts) -> list[Cost]:
    """Payment by payment, its refunds and disputes counted in."""
    costs = []
    for payment in facts.payments:
        moved = [row for row in facts.moved if row.payment_id == payment.pk]
        for currency in sorted({row.currency for row in moved}):
            rows = [row for row in moved if row.currency == currency]
            fees, net = sum(row.fee_minor for row in rows), sum(row.net.minor for row in rows)
            costs.append(Cost(payment.card or METHODS[payment.method], Money(fees, currency), Money(net, currency)))
    return costs


def _is_last(refund: Refund, facts: OrderFacts) -> bool:
    """Whether nothing was refunded of its payment after it."""
    return refund.pk == max(other.pk for other in facts.refunds if other.payment_id == refund.payment_id)


def _add_request(request: StaffRequest, card: Card, latest: PaymentRequest) -> None:
    letters = card.facts.letters_of(latest)
    card.failed = [letter for letter in letters if letter.status in NOT_ARRIVED] if latest.is_live else []
    card.late = [letter for letter in letters if letter.status in UNDER_WAY and letter.error]
    if latest.status in (SENT, OPENED, PAID, SUPERSEDED, EXPIRED) and latest.sent_at:
        card.steps = _steps(latest, failed=bool(letters) and len(card.failed) == len(letters))
    balance = card.facts.standing.balance
    if latest.status in (SENT, OPENED) and balance.due and latest.amount_at_sending_minor != balance.due.minor:
        card.was = Money(latest.amount_at_sending_minor, card.facts.order.currency)
    if latest.status == HOLDING:
        card.holds_until = latest.hold_until
    if latest.status not in (WITHDRAWN, EXPIRED, HOLDING) and at_least(request.membership.role, STAFF):
        card.link = link_of(latest)
        card.qr = _qr(card.link) if card.link else SafeString()


def _state(facts: OrderFacts) -> str:
    latest = facts.latest
    if facts.order.is_cancelled:
        return "cancelled"
    if not facts.standing.balance.due:
        return "settled"
    if latest is None or latest.status in (PAID, SUPERSEDED):
        return "new"
    if latest.status == WITHDRAWN:
        return "undone" if latest.sent_at is None else "withdrawn"
    return str(latest.status)


def _steps(latest: PaymentRequest, *, failed: bool) -> list[dict[str, Any]]:
    """Sent, Opened, Paid. Payment without an opening is possible: the page was looked at and paid in one go."""
    sent = {
        "name": "Not delivered" if failed else "Sent",
        "at": latest.sent_at,
        "state": "failed" if failed else "done",
    }
    opened = {"name": "Opened", "at": latest.opened_at, "state": "done" if latest.opened_at or latest.paid_at else ""}
    paid = {"name": "Paid", "at": latest.paid_at, "state": "paid" if latest.paid_at else ""}
    return [sent, opened, paid]


def _cancelled_words(request: StaffRequest, facts: OrderFacts) -> str:
    account, order = request.account, facts.order
    assert order.cancelled_at is not None
    on = day_words(order.cancelled_at.astimezone(account.zone).date(), account.locale)
    paid = facts.standing.balance.settled
    rest = f" {paid.show(account.locale)} was paid and not refunded." if paid.minor > 0 else ""
    return f"Order cancelled {on}.{rest}"


def _interval(card: Card) -> int:
    every = _while_asking(card)
    return min(filter(None, (every, _while_banks_speak(card.facts))), default=0)


def _while_banks_speak(facts: OrderFacts) -> int:
    """An order paid by card is never quite over: it is refunded at the processor, or disputed, and an open page must

    show that within 10 s of the webhook. So every 8 s while something is open and for a day after the last news, and
    every minute after that. Almost every answer is a 204: the page has what there is.
    """
    paid = [payment.created_at for payment in facts.payments if payment.attempt_id is not None]
    if not paid:
        return 0
    news = [*paid, *(refund.changed_at for refund in facts.refunds), *(each.changed_at for each in facts.disputes)]
    is_open = any(refund.state == PENDING for refund in facts.refunds) or any(each.is_open for each in facts.disputes)
    return LATELY if is_open or timezone.now() - max(news) < NEWS_IS_FRESH else SELDOM


def _while_asking(card: Card) -> int:
    if card.attempt is not None or any(refund.state in (STARTED, UNKNOWN) for refund in card.refunds):
        return SOON
    if card.state in ("cancelled", "settled"):
        return 0
    latest = card.request
    if latest is None:
        return SELDOM
    if card.state == HOLDING or any(d.status in UNDER_WAY and not d.error for d in card.facts.letters_of(latest)):
        return SOON
    moments = [moment for moment in (latest.sent_at, latest.opened_at) if moment]
    lately = any(timezone.now() - moment < LATELY_IS for moment in moments)
    return LATELY if lately else SELDOM


def _spoken(card: Card, locale: str) -> str:
    """What a change to this state sounds like."""
    if card.attempt is not None:
        return "A card payment is in progress"
    if card.seen_as != card.state:
        return "A payment is disputed"
    if card.state == "settled":
        settled = card.facts.standing.balance.settled
        return f"Paid {settled.show(locale)}" if settled else "Nothing is due"
    if card.failed:
        return f"Not delivered to {card.failed[0].to}"
    return {SENT: "The payment request was sent", OPENED: "The invoice was opened"}.get(card.state, "")


@lru_cache(maxsize=128)
def _qr(link: str) -> SafeString:
    drawn = segno.make(link, error="m").svg_inline(border=2, omitsize=True, title="QR code of the invoice link")
    return mark_safe(drawn)  # noqa: S308 - drawn by segno from an address of our own


def card_html(request: StaffRequest, facts: OrderFacts) -> tuple[SafeString, Card, str]:
    """The card as markup that asks for itself again while something may change; the card; a print of what it shows."""
    card = payment_card(request, facts)
    account = request.account
    context = {
        "card": card,
        "order": facts.order,
        "invoice": facts.invoice,
        "gate": facts.gate,
        "fix_url": reverse(facts.gate.fix_page, args=[account.slug]) if facts.gate.fix_page else "",
        "may_work": at_least(request.membership.role, STAFF),
        "refundable_payments": card.refundable,
        "waits_since": _since(request, card),
        "attempt_since": _at(request, card.attempt.started_at) if card.attempt else "",
    }
    inside = render_to_string("staff/order/payment_card.html", context, request)
    seen = hashlib.sha256(_CHANGING.sub("", inside).encode()).hexdigest()[:16]
    frame = {"inside": inside, "seen": seen, "every": card.every, "order": facts.order, "card_state": card.seen_as}
    frame["drawn_at"] = _at(request, timezone.now())
    return SafeString(render_to_string("staff/order/live_card.html", frame, request)), card, seen


def _since(request: StaffRequest, card: Card) -> str:
    """Since when the letter waits, once the undo time is over."""
    if card.holds_until is None or card.holds_until > timezone.now() - timedelta(seconds=SOON):
        return ""
    return _at(request, card.holds_until)


def _at(request: StaffRequest, moment: datetime) -> str:
    return time_words(moment, request.account.locale, request.account.zone)
