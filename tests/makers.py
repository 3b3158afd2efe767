"""Makes what tests need, by the product's own verbs where there is one: plain functions, no magic."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from balancedue.actions.add_payment import add_payment
from balancedue.actions.order_lines import NewLine, OrderDraft
from balancedue.actions.place_order import place_order
from balancedue.actions.request_payment import RequestDraft, request_payment
from balancedue.actions.take_in_disputes import take_in_disputes
from balancedue.actions.take_in_fees import take_in_movement
from balancedue.actions.take_in_payouts import note_if_listed, take_in_payout
from balancedue.models import (
    Account,
    CardTry,
    Contact,
    Delivery,
    Dispute,
    Membership,
    Order,
    Payment,
    PaymentAttempt,
    PaymentRequest,
    Payout,
    ProcessorConnection,
    User,
)
from balancedue.processors.reports import DisputeReport, PayoutReport, TransactionReport
from balancedue.rules.actor import COMMAND, Actor
from balancedue.rules.gate import OWNER
from balancedue.rules.ids import new_id
from balancedue.rules.money import Money
from balancedue.rules.states import OPEN_PAYOUT

PASSWORD = "correct horse battery"
KEYS = {
    "secret_key": "sk_test_x",
    "publishable_key": "pk_test_x",
    "webhook_secret": "whsec_x",
    "api_base": "http://127.0.0.1:9",  # nobody listens there
}
_numbers = count(1)


def make_account(**facts: Any) -> Account:
    """A print shop in Portland, unless told otherwise."""
    number = next(_numbers)
    plain = {
        "slug": f"foxglove-{number}",
        "name": "Foxglove Print Co.",
        "email": "orders@foxgloveprint.example",
        "phone": "(503) 555-0142",
        "address": {"line1": "418 SE Alder Street", "city": "Portland", "region": "OR", "postcode": "97214"},
        "time_zone": "America/Los_Angeles",
    }
    return Account.objects.create(**plain | facts)


def make_user(
    account: Account | None = None, *, role: str = OWNER, name: str = "Priya", email: str = "", **facts: Any
) -> User:
    """A person with PASSWORD, a member of `account` where one is given."""
    email = email or f"{name.lower()}{next(_numbers)}@foxgloveprint.example"
    user = User.objects.create_user(email, PASSWORD, name=name, **facts)
    if account is not None:
        Membership.objects.create(account=account, user=user, role=role)
    return user


def make_connection(account: Account, *, kind: str = "sandbox", **facts: Any) -> ProcessorConnection:
    """A connected processor, the default one if it is the first; it answers nobody (see `tests.servers`)."""
    keys = facts.pop("credentials", KEYS if kind in ("sandbox", "stripe") else {})
    can_request = kind != "paypal_express"
    is_default = facts.pop("is_default", can_request and not account.connections.filter(is_default=True).exists())
    connection = ProcessorConnection(account=account, kind=kind, is_default=is_default, **facts)
    connection.credentials = keys if kind != "stripe" else {k: v for k, v in keys.items() if k != "api_base"}
    connection.save()
    return connection


def make_contact(account: Account, **facts: Any) -> Contact:
    """Dana of the school, who pays."""
    plain = {
        "name": "Dana Whitlock",
        "company": "Riverside High Athletics",
        "email": "dana@riverside-hs.example",
        "phone": "(503) 555-0187",
        "billing_address": {"line1": "2100 River Road", "city": "Milwaukie", "region": "OR", "postcode": "97222"},
    }
    return Contact.objects.create(account=account, **plain | facts)


def make_order(
    account: Account,
    *,
    total_minor: int = 110_528,
    lines: list[NewLine] | None = None,
    contact: Contact | None = None,
    no_contact: bool = False,
    by: Actor = COMMAND,
    number: str = "",
    placed_at: datetime | None = None,
    currency: str = "",
    **draft: Any,
) -> Order:
    """An order of one line that comes to `total_minor`, for Dana unless there is to be nobody."""
    if contact is None and not no_contact:
        contact = account.contacts.filter(email="dana@riverside-hs.example").first() or make_contact(account)
    stated = OrderDraft(
        currency=currency or account.currency,
        lines=lines or [NewLine("Fleece hoodie, forest green", Decimal(1), total_minor)],
        prices_include_tax=draft.pop("prices_include_tax", False),
        contact=contact,
        **draft,
    )
    return place_order(account=account, draft=stated, by=by, number=number, placed_at=placed_at)


def make_payment(order: Order, minor: int, *, by: Actor = COMMAND, method: str = "check", **facts: Any) -> Payment:
    """A payment added by hand, received today."""
    received_on = facts.pop("received_on", None) or timezone.now().astimezone(order.account.zone).date()
    return add_payment(
        order=order, amount=Money(minor, order.currency), method=method, received_on=received_on, by=by, **facts
    )


def make_request(order: Order, *, by: User, to: str = "dana@riverside-hs.example", **draft: Any) -> PaymentRequest:
    """A payment request, as the window sends it. The account needs a connection that can take requests."""
    return request_payment(order=order, draft=RequestDraft(to=to, **draft), by=by, even_if_just_sent=True)


def make_sent_request(order: Order, *, by: User, sent_at: datetime | None = None, **draft: Any) -> PaymentRequest:
    """A payment request that has left, as after the worker's work."""
    request = make_request(order, by=by, **draft)
    at = sent_at or timezone.now()
    request.deliveries.update(status="sent", sent_at=at, tries=1, first_try_at=at)
    PaymentRequest.objects.filter(pk=request.pk).update(status="sent", sent_at=at, created_at=at)
    request.refresh_from_db()
    return request


def make_bounced_request(order: Order, *, by: User, error: str = "the mailbox does not exist") -> PaymentRequest:
    """A payment request whose letter was refused for good."""
    request = make_sent_request(order, by=by)
    request.deliveries.update(status="failed", sent_at=None, error=error)
    return request


def make_attempt(order: Order, *, state: str = "pending", **facts: Any) -> PaymentAttempt:
    """A card payment under way for what is due, or one that ended."""
    connection = facts.pop("connection", None) or order.account.connections.first() or make_connection(order.account)
    now = timezone.now()
    order.refresh_from_db()
    plain = {
        "connection": connection,
        "amount_minor": order.due_minor,
        "currency": order.currency,
        "balance_version": order.balance_version,
        "livemode": False,
        "page_key": new_id("key"),
        "processor_key": new_id("key"),
        "reference": new_id("pi"),
        "started_at": now,
        "changed_at": now,
    }
    return PaymentAttempt.objects.create(order=order, state=state, **plain | facts)


def dispute_report(attempt: PaymentAttempt, **changes: Any) -> DisputeReport:
    """What a processor says about a dispute of all that was paid: the payer did not make the payment."""
    opened = timezone.now().replace(microsecond=0)
    plain = DisputeReport(
        reference=f"dp_{attempt.pk}",
        state="needs_response",
        amount=attempt.amount,
        withdrawn=attempt.amount,
        reason="not_authorised",
        blocks_refunds=True,
        evidence_sent=False,
        due_at=opened + timedelta(days=8),
        opened_at=opened,
        livemode=attempt.livemode,
    )
    return replace(plain, **changes)


def make_dispute(attempt: PaymentAttempt, **changes: Any) -> Dispute:
    """A payment that is in is disputed, or the dispute is now as `changes` say."""
    report = dispute_report(attempt, **changes)
    take_in_disputes(attempt, [report])
    return Dispute.objects.get(connection_id=attempt.connection_id, reference=report.reference)


def movement(attempt: PaymentAttempt, **changes: Any) -> TransactionReport:
    """What a card payment brought and cost, as its processor tells it."""
    minor = attempt.payment.amount_minor
    fee = Money((minor * 29 + 500) // 1000 + 30, attempt.currency)
    source, money_reference = changes.pop("source", new_id("ch")), attempt.money_reference
    report = TransactionReport(
        new_id("txn"), "payment", attempt.payment.amount, fee, source, timezone.now(), money_reference
    )
    return replace(report, **changes)


def make_payout(
    connection: ProcessorConnection, held: list[TransactionReport], *, listed: bool = True, **changes: Any
) -> Payout:
    """A payout that has arrived, or as `changes` say, of all that is `held`. Unless `listed`, nobody says so."""
    net = sum((moved.amount.minor - moved.fee.minor for moved in held), 0)
    currency = held[0].amount.currency if held else "USD"
    now = timezone.now()
    report = PayoutReport(new_id("po"), "paid", Money(net, currency), now.date(), now, is_itemised=listed)
    payout = take_in_payout(connection, replace(report, **changes))
    if listed:
        for moved in held:
            take_in_movement(connection, moved, payout)
        assert note_if_listed(payout)
        Payout.objects.filter(pk=payout.pk).exclude(state__in=OPEN_PAYOUT).update(next_check_at=None)
    payout.refresh_from_db()
    return payout


def make_tries(order: Order, times: int, *, declined: bool = True, **facts: Any) -> PaymentAttempt:
    """An attempt that is over, with so many cards tried in it just now."""
    attempt = facts.pop("attempt", None) or make_attempt(order, state="cancelled", declines=times if declined else 0)
    now = facts.pop("at", None) or timezone.now()
    plain = {"account": order.account, "order": order, "attempt": attempt, "pressed_at": now, "ended_at": now}
    for _ in range(times):
        CardTry.objects.create(declined=declined, **plain | facts)
    return attempt


def make_delivery(order: Order, **facts: Any) -> Delivery:
    """One message to one address."""
    now = timezone.now()
    plain = {
        "kind": "payment_notice",
        "to": "priya@foxgloveprint.example",
        "once": new_id("once"),
        "message_id": f"<{new_id('m')}@foxgloveprint.example>",
        "created_at": now,
        "next_try_at": now,
    }
    return Delivery.objects.create(account=order.account, order=order, **plain | facts)
