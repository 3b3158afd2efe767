"""What happened to an order, in words: one row of the table for each kind of event (ux.md 3.3, Activity)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from balancedue.models import (
    ApiKey,
    Delivery,
    Event,
    Note,
    Order,
    Payment,
    PaymentAttempt,
    PaymentRequest,
    Refund,
    User,
)
from balancedue.rules.declines import staff_words
from balancedue.rules.disputes import REASONS
from balancedue.rules.methods import METHODS
from balancedue.rules.money import Money

NEWEST = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `who` is a name or "", and `what` reads on from it. `meaning` answers "What does this mean?"."""

    glyph: str
    tone: str
    who: str
    what: str
    at: datetime
    meaning: str = ""
    note: str = ""
    request: PaymentRequest | None = None
    deliveries: tuple[Delivery, ...] = ()
    letter: str = ""  # the delivery whose letter can be shown


@dataclass(frozen=True, slots=True)
class Facts:
    """The rows that events speak of, by public id."""

    order: Order
    locale: str
    requests: dict[str, PaymentRequest]
    payments: dict[str, Payment]
    attempts: dict[str, PaymentAttempt]
    deliveries: dict[str, Delivery]
    refunds: dict[str, Refund] = field(default_factory=dict)
    kept_letters: frozenset[str] = frozenset()
    names: dict[str, str] = field(default_factory=dict)  # actor -> name

    def amount(self, event: Event, name: str = "amount_minor") -> str:
        return Money(int(event.data.get(name, 0)), self.order.currency).show(self.locale)

    def payment(self, event: Event) -> Payment | None:
        return self.payments.get(event.data.get("payment", ""))

    def delivery(self, event: Event) -> Delivery | None:
        return self.deliveries.get(event.data.get("delivery", ""))


@dataclass(frozen=True, slots=True)
class Told:
    """How one kind is told: `by_name` reads on from a name, `plain` stands alone. Either may be empty."""

    glyph: str
    tone: str
    by_name: str
    plain: str
    fill: Callable[[Event, Facts], dict[str, str]] = lambda event, facts: {}


def _amount(event: Event, facts: Facts) -> dict[str, str]:
    return {"amount": facts.amount(event)}


def _change(event: Event, facts: Facts) -> dict[str, str]:
    minor = int(event.data.get("change_minor", 0))
    if not minor:
        return {"change": ""}
    size = Money(abs(minor), facts.order.currency).show(facts.locale)
    return {"change": f": {size} {'more' if minor > 0 else 'less'}"}


def _manual(event: Event, facts: Facts) -> dict[str, str]:
    payment = facts.payment(event)
    reference = f", {payment.reference}" if payment and payment.reference else ""
    method = METHODS.get(str(event.data.get("method", "")), "other means").lower()
    return {"amount": facts.amount(event), "how": f"{method}{reference}"}


def _reversal(event: Event, facts: Facts) -> dict[str, str]:
    payment = facts.payment(event)
    return {"amount": facts.amount(event), "reason": payment.reversal_reason if payment else ""}


def _card(event: Event, facts: Facts) -> dict[str, str]:
    payment = facts.payment(event)
    return {"amount": facts.amount(event), "card": payment.card if payment and payment.card else "card"}


def _refund(event: Event, facts: Facts) -> dict[str, str]:
    refund = facts.refunds.get(event.data.get("refund", ""))
    if refund is None:
        return {"amount": facts.amount(event), "why": ""}
    why = "; ".join(filter(None, [refund.get_reason_display(), refund.note]))
    return {"amount": facts.amount(event), "why": why}


def _dispute(event: Event, facts: Facts) -> dict[str, str]:
    amount = Money(int(event.data.get("amount_minor", 0)), str(event.data.get("currency", facts.order.currency)))
    return {"amount": amount.show(facts.locale)}


def _sent_to(event: Event, facts: Facts) -> dict[str, str]:
    request = facts.requests.get(event.data.get("request", ""))
    return {"to": ", ".join([*request.to, *request.cc]) if request else "the customer"}


def _finding(event: Event, facts: Facts) -> dict[str, str]:
    attempt = facts.attempts.get(event.data.get("attempt", ""))
    return {"note": attempt.resolved_note if attempt else ""}


_LETTERS = {
    "payment_request": "Payment request",
    "receipt": "Receipt",
    "payment_notice": "Payment notification",
    "not_delivered": "Note that an email was not delivered",
    "refund": "Note about a refund",
    "refund_failed": "Note about a failed refund",
    "dispute_opened": "Note about a dispute",
    "dispute_won": "Note about a dispute",
    "dispute_lost": "Note about a dispute",
    "paid_twice": "Note about a second payment",
    "paid_twice_staff": "Note about a second payment",
    "paid_after_cancellation": "Note about a payment after cancellation",
}


def _letter(event: Event, facts: Facts) -> dict[str, str]:
    delivery = facts.delivery(event)
    if delivery is None:
        return {"letter": "Email", "to": "the customer", "why": "it was refused"}
    why = delivery.error or "it was refused"
    return {"letter": _LETTERS.get(delivery.kind, "Email"), "to": delivery.to, "why": why}


_TABLE: dict[str, Told] = {
    "order_placed": Told("orders", "", "placed the order", "Order placed"),
    "order_changed": Told("edit", "", "changed the order{change}", "Order changed{change}", _change),
    "order_cancelled": Told("cross-circle", "crit", "cancelled the order", "Order cancelled"),
    "payment_requested": Told(
        "mail", "", "requested payment of {amount}", "Payment of {amount} requested", _amount
    ),
    "request_sent": Told("send", "", "", "Payment request sent to {to}", _sent_to),
    "request_opened": Told("eye", "", "", "Invoice opened"),
    "request_undone": Told(
        "undo", "", "took the request back before it left", "Request taken back before it left"
    ),
    "request_withdrawn": Told("link", "warn", "turned the link off", "Link turned off"),
    "request_superseded": Told("mail", "", "", "The earlier request was replaced; its link still opens the invoice"),
    "request_expired": Told("clock", "warn", "", "Link expired"),
    "payment_added": Told(
        "cash", "pos", "added a payment of {amount} by {how}", "Payment of {amount} added by {how}", _manual
    ),
    "payment_reversed": Told(
        "refund", "warn", "reversed the payment of {amount}: {reason}", "Payment of {amount} reversed: {reason}",
        _reversal,
    ),
    "refund_started": Told("refund", "", "refunded {amount}: {why}", "Refund of {amount}: {why}", _refund),
    "refund_found": Told("refund", "warn", "", "A refund of {amount} was made at the processor", _amount),
    "refund_became_pending": Told("clock", "", "", "The refund of {amount} is on its way", _amount),
    "refund_not_heard_of": Told(
        "clock", "warn", "", "No answer from the processor about the refund of {amount}. We keep asking.", _amount
    ),
    "refund_succeeded": Told("check-circle", "pos", "", "The refund of {amount} is done", _amount),
    "refund_refused": Told("cross-circle", "crit", "", "The refund of {amount} was not made. No money moved.", _amount),
    "refund_failed": Told(
        "alert", "crit", "", "The refund of {amount} failed. The money is with you again.", _amount
    ),
    "dispute_inquiry": Told("alert", "crit", "", "The payer's bank asks about {amount}", _dispute),
    "dispute_opened": Told("alert", "crit", "", "Dispute opened: the payer's bank wants {amount} back", _dispute),
    "dispute_answered": Told("send", "", "", "The evidence about {amount} is with the bank", _dispute),
    "dispute_reopened": Told("alert", "crit", "", "The dispute about {amount} is open again", _dispute),
    "dispute_won": Told("check-circle", "pos", "", "The dispute about {amount} was won", _dispute),
    "dispute_lost": Told("cross-circle", "crit", "", "The dispute about {amount} was lost", _dispute),
    "dispute_closed": Told("check-circle", "", "", "The dispute about {amount} is closed", _dispute),
    "dispute_withdrawn": Told("refund", "warn", "", "The bank took {amount} back for now", _amount),
    "dispute_reinstated": Told("check-circle", "pos", "", "The bank gave {amount} back", _amount),
    "payment_started": Told("card", "", "", "Customer began to pay {amount} by card", _amount),
    "payment_declined": Told("cross-circle", "crit", "", "Card payment of {amount} declined", _amount),
    "payment_succeeded": Told("check-circle", "pos", "", "Paid {amount} by {card}", _card),
    "payment_surplus": Told("alert", "crit", "", "Paid twice: another {amount} came in by {card}", _card),
    "payment_after_cancellation": Told(
        "alert", "crit", "", "A card payment of {amount} came in after the order was cancelled", _amount
    ),
    "payment_became_pending": Told("clock", "", "", "The processor is working on the card payment"),
    "payment_not_heard_of": Told("clock", "warn", "", "No answer from the processor yet. We keep asking."),
    "payment_failed": Told("cross-circle", "", "", "Card payment ended. No money was taken."),
    "payment_cancelled": Told("cross-circle", "", "", "Card payment cancelled. No money was taken."),
    "payment_put_aside": Told(
        "alert", "crit", "", "The processor reports a card payment that does not fit this order. Nothing was booked."
    ),
    "put_aside_resolved": Told(
        "check-circle", "", "looked into the card payment that did not fit: {note}",
        "The card payment that did not fit was looked into: {note}", _finding,
    ),
    "delivery_sent": Told("send", "", "", "{letter} sent to {to}", _letter),
    "delivery_failed": Told("alert", "crit", "", "{letter} not delivered to {to}: {why}", _letter),
    "delivery_dropped": Told("cross-circle", "", "", "{letter} to {to} not sent: it was no longer needed", _letter),
}  # fmt: skip

# Said by the line beside them: the payment, the request, or the attempt that began.
_SILENT = frozenset({"request_paid", "payment_waits_for_customer"})


def timeline(
    order: Order,
    *,
    locale: str,
    requests: Sequence[PaymentRequest],
    payments: Iterable[Payment],
    refunds: Iterable[Refund] = (),
    attempts: Iterable[PaymentAttempt],
    deliveries: Sequence[Delivery],
    kept_letters: frozenset[str] = frozenset(),
    most: int | None = NEWEST,
) -> tuple[list[Entry], bool]:
    """Newest first, at most `most` (None: all), and whether there is more."""
    events = list(order.events.exclude(kind__in=_SILENT)[: most + 1 if most else None])
    notes = list(order.notes.select_related("by")[: most + 1 if most else None])
    facts = Facts(
        order,
        locale,
        requests={request.public_id: request for request in requests},
        payments={payment.public_id: payment for payment in payments},
        refunds={refund.public_id: refund for refund in refunds},
        attempts={attempt.public_id: attempt for attempt in attempts},
        deliveries={delivery.public_id: delivery for delivery in deliveries},
        kept_letters=kept_letters,
        names=_names(events),
    )
    entries = [_note(note) for note in notes]
    entries += [entry for event in events if (entry := _entry(event, facts)) is not None]
    entries.sort(key=lambda entry: entry.at, reverse=True)  # stable: events of one moment stay newest first
    return (entries[:most], len(entries) > most) if most else (entries, False)


def _entry(event: Event, facts: Facts) -> Entry | None:
    told = _TABLE.get(event.kind) or Told("info", "", "", event.kind.replace("_", " ").capitalize())
    delivery = facts.delivery(event)
    if event.kind == "delivery_sent" and delivery is not None and delivery.kind == "payment_request":
        return None  # stands in the log under the request
    who = facts.names.get(event.by, "") if told.by_name else ""
    what = (told.by_name if who else told.plain).format_map(told.fill(event, facts)).removesuffix(": ")
    request = facts.requests.get(event.data.get("request", "")) if event.kind == "payment_requested" else None
    log = tuple(d for d in facts.deliveries.values() if request and d.request_id == request.pk)
    kept = [d.public_id for d in log or ([delivery] if delivery else []) if d.public_id in facts.kept_letters]
    letter = kept[0] if kept else ""
    return Entry(told.glyph, told.tone, who, what, event.at, _meaning(event, facts), "", request, log, letter)


def _meaning(event: Event, facts: Facts) -> str:
    if event.kind in ("dispute_inquiry", "dispute_opened"):
        return f"The customer's bank says: {REASONS[str(event.data['reason'])].words}."
    if event.kind == "payment_declined":
        return staff_words(str(event.data.get("code", "")))
    attempt = facts.attempts.get(event.data.get("attempt", ""))
    if event.kind == "payment_failed" and attempt is not None and attempt.code:
        return staff_words(attempt.code)
    if event.kind == "payment_put_aside" and attempt is not None:
        return f"The processor says: {attempt.detail}. Its name for the payment is {attempt.reference}."
    refund = facts.refunds.get(event.data.get("refund", ""))
    if event.kind in ("refund_refused", "refund_failed") and refund is not None and refund.detail:
        return f"The processor says: {refund.detail}."
    return ""


def _note(note: Note) -> Entry:
    return Entry("note", "", str(note.by), "wrote a note", note.at, note=note.text)


def _names(events: Iterable[Event]) -> dict[str, str]:
    """The names behind "user:…" and "api_key:…"; nobody else has one."""
    ids: dict[str, set[str]] = {"user": set(), "api_key": set()}
    for event in events:
        kind, _, public_id = event.by.partition(":")
        ids.get(kind, set()).add(public_id)
    found = {f"user:{user.public_id}": str(user) for user in User.objects.filter(public_id__in=ids["user"])}
    if ids["api_key"]:
        keys = ApiKey.objects.filter(public_id__in=ids["api_key"])
        found |= {f"api_key:{key.public_id}": f"{key.name} (a program)" for key in keys}
    return found
