"""Request Payment: write the request, its link and one delivery per recipient, in one transaction (S20, M5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from balancedue.models import ApiKey, Contact, Membership, Order, PaymentRequest, Standing, User, read_standing
from balancedue.rules.actor import Actor
from balancedue.rules.addresses import read_addresses
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.gate import MANAGER
from balancedue.rules.limits import MAX_CC, MAX_MESSAGE, MAX_NOTIFY, MAX_TO
from balancedue.rules.money import Money
from balancedue.rules.states import HOLDING, LIVE_REQUEST, SUPERSEDED

from .ask_gate import read_processors, request_gate
from .plan_letters import plan
from .record import record
from .withdraw_request import drop_unsent

JUST_NOW = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class RequestDraft:
    """What a person filled in. Addresses as typed, a text or a list; checked by `clean`."""

    to: str | Sequence[str]
    cc: str | Sequence[str] = ""
    message: str = ""
    notify: str | Sequence[str] | None = None  # None: the box is not ticked (S19)
    save_to_contact: bool = False

    def clean(self) -> "CleanDraft":
        """The addresses, each once over To and CC (requirements.md 3.44). Raises Invalid with every problem (M8)."""
        problems: dict[str, str] = {}

        def read(field: str, typed: str | Sequence[str], at_least: int, at_most: int) -> list[str]:
            try:
                return read_addresses(typed, field=field, at_least=at_least, at_most=at_most)
            except Refused as refusal:
                problems[field] = refusal.sentence
                return []

        to = read("to", self.to, 1, MAX_TO)
        cc = read("cc", self.cc, 0, MAX_CC)
        notify = read("notify", self.notify, 1, MAX_NOTIFY) if self.notify is not None else []
        message = self.message.replace("\r\n", "\n").strip()
        if len(message) > MAX_MESSAGE:
            problems["message"] = f"Keep the message to {MAX_MESSAGE:,} characters; it has {len(message):,}"
        if problems:
            raise Invalid(problems)
        taken = {address.casefold() for address in to}
        return CleanDraft(to, [address for address in cc if address.casefold() not in taken], message, notify)


@dataclass(frozen=True, slots=True)
class CleanDraft:
    to: list[str]
    cc: list[str]
    message: str
    notify: list[str]


def request_payment(
    *,
    order: Order,
    draft: RequestDraft,
    by: User | ApiKey,
    role: str = MANAGER,
    shown: Money | None = None,
    form_key: str = "",
    even_if_just_sent: bool = False,
) -> PaymentRequest:
    """Send a payment request for what is due on `order`. It leaves after the undo time (requirements.md 2.12).

    `shown` is the balance the person saw; when it is another by now nothing is sent. The same form sent twice makes
    one request. An earlier live request is superseded: its link goes on opening the invoice (requirements.md 2.4).

    Raises Invalid; Refused with the gate's code, `balance_changed` (facts was, now) or `just_requested` (fact request).
    """
    clean = draft.clean()
    with transaction.atomic():
        order = Order.objects.locked(order.pk)
        now = timezone.now()
        if form_key and (done := order.requests.filter(form_key=form_key).first()):
            return done
        standing = read_standing(order)
        gate = request_gate(order, standing, read_processors(order.account), role=role)
        if not gate.is_open:
            raise Refused(gate.code, gate.sentence)
        if shown is not None and shown != standing.balance.due:
            raise Refused(
                "balance_changed",
                f"The balance is now {standing.balance.due.show(order.account.locale)}, "
                f"it was {shown.show(order.account.locale)}. Check and send again.",
                was=shown,
                now=standing.balance.due,
            )
        if not even_if_just_sent:
            _refuse_if_just_sent(order, by, now)
        _supersede(order, by=by.actor, now=now)
        request = _write(order, clean, standing, by, form_key, now)
        record(
            order, "payment_requested", by=by.actor, at=now,
            request=request.public_id, amount_minor=request.amount_at_sending_minor,
            recipients=len(clean.to + clean.cc),
        )  # fmt: skip
        plan(
            "payment_request", [*clean.to, *clean.cc],
            order=order, request=request, fact=request.public_id, at=request.hold_until,
        )  # fmt: skip
        _remember(order, draft, clean, by)
        return request


def _refuse_if_just_sent(order: Order, by: User | ApiKey, now: datetime) -> None:
    """Another person's request of a moment ago is news to this one (ux.md 3.4)."""
    if not isinstance(by, User):
        return
    recent = order.requests.filter(status__in=LIVE_REQUEST, created_at__gt=now - JUST_NOW).exclude(sent_by=by).first()
    if recent is not None:
        who = recent.sender_name or "A program"
        minutes = max(1, round((now - recent.created_at).total_seconds() / 60))
        raise Refused(
            "just_requested",
            f"{who} sent a request {minutes} minute{'s' if minutes > 1 else ''} ago.",
            request=recent.public_id,
        )


def _supersede(order: Order, *, by: Actor, now: datetime) -> None:
    for earlier in order.requests.filter(status__in=LIVE_REQUEST):
        drop_unsent(earlier)
        earlier.status, earlier.superseded_at = SUPERSEDED, now
        earlier.save(update_fields=["status", "superseded_at"])
        record(order, "request_superseded", by=by, at=now, request=earlier.public_id)


def _write(
    order: Order, clean: CleanDraft, standing: Standing, by: User | ApiKey, form_key: str, now: datetime
) -> PaymentRequest:
    request = PaymentRequest(
        order=order,
        status=HOLDING,
        to=clean.to,
        cc=clean.cc,
        notify=clean.notify,
        message=clean.message,
        form_key=form_key,
        amount_at_sending_minor=standing.balance.due.minor,
        version_at_sending=standing.balance.version,
        sent_by=by if isinstance(by, User) else None,
        sent_by_key=by if isinstance(by, ApiKey) else None,
        created_at=now,
        hold_until=now + timedelta(seconds=settings.SEND_HOLD_SECONDS),
        expires_at=now + timedelta(days=order.account.link_days) if order.account.link_days else None,
    )
    request.give_token()
    request.save(force_insert=True)
    return request


def _remember(order: Order, draft: RequestDraft, clean: CleanDraft, by: User | ApiKey) -> None:
    """The person's last choice of the box, and the address for a contact that has none (requirements.md 2.2, 2.5)."""
    if isinstance(by, User):
        chosen = draft.notify is not None
        Membership.objects.filter(account=order.account, user=by).update(notify_on_payment=chosen)
    if draft.save_to_contact:
        if order.contact is None:
            order.contact = Contact.objects.create(account=order.account, email=clean.to[0])
            order.save(update_fields=["contact"])
        else:
            Contact.objects.filter(pk=order.contact.pk, email="").update(email=clean.to[0])
