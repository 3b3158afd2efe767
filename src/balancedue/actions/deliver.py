"""Deliver: claim a message that is due, decide anew whether it should still leave, send it, and say how that went."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from balancedue.models import Contact, Delivery, Order, PaymentRequest, SentLetter, read_standing
from balancedue.rules.actor import WORKER
from balancedue.rules.ids import new_id
from balancedue.rules.notices import NOTICES
from balancedue.rules.retries import next_try_after
from balancedue.rules.states import DELIVERY_MOVES, HOLDING, LIVE_REQUEST, REQUEST_MOVES, next_state
from balancedue.transports.email import Envelope, TransportError, mail_server, send

from .plan_letters import plan, senders_and_owners
from .record import record
from .write_letter import address_letter, write_letter

LEASE = timedelta(minutes=3)  # longer than connecting and every answer of a mail server together

_log = logging.getLogger(__name__)


def deliver_next(*, of: Order | None = None) -> bool:
    """Deliver one message that is due, of one order where `of` names it. Answers whether there was one."""
    due = _due() if of is None else _due().filter(order=of)
    pk = due.order_by("next_try_at").values_list("pk", flat=True).first()
    if pk is None:
        return False
    delivery = _claim(pk)
    if delivery is not None:
        _send(delivery)
    return True


def _due() -> QuerySet[Delivery]:
    """Waiting and due; or claimed by a worker whose lease ran out (it died)."""
    now = timezone.now()
    waiting = Q(status="waiting", next_try_at__lte=now)
    abandoned = Q(status="sending", leased_until__lt=now)
    return Delivery.objects.filter(waiting | abandoned)


def _claim(pk: int) -> Delivery | None:
    """Take the message for this worker, or drop it when it should no longer leave (requirements.md 3.42).

    The order is locked first, as everywhere; the conditional update is the claim (architecture.md 7).
    """
    with transaction.atomic():
        delivery = Delivery.objects.select_related("request").get(pk=pk)
        order = Order.objects.locked(delivery.order_id) if delivery.order_id else None
        now = timezone.now()
        lease = new_id("lease")
        mine = _due().filter(pk=pk).update(status="sending", lease=lease, leased_until=now + LEASE)
        if not mine:
            return None
        delivery = Delivery.objects.select_related(
            "account", "order", "request__sent_by", "payment__attempt", "refund", "dispute", "alarm", "about"
        ).get(pk=pk)
        if order is not None and delivery.kind == "payment_request" and not _should_leave(order, delivery):
            Delivery.objects.filter(pk=pk).update(status=_after("sending", "drop"), lease="", leased_until=None)
            record(order, "delivery_dropped", by=WORKER, at=now, delivery=delivery.public_id)
            return None
        return delivery


def _should_leave(order: Order, delivery: Delivery) -> bool:
    """Whether asking for money still makes sense; the first copy to leave ends the undo time."""
    request, standing = delivery.request, read_standing(order)
    assert request is not None
    if order.is_cancelled or request.status not in LIVE_REQUEST or standing.balance.due.minor == 0:
        return False
    if request.status == HOLDING:
        now = timezone.now()
        request.status, request.sent_at = next_state(REQUEST_MOVES, HOLDING, "send") or HOLDING, now
        request.amount_at_sending_minor = standing.balance.due.minor
        request.version_at_sending = standing.balance.version
        request.save(update_fields=["status", "sent_at", "amount_at_sending_minor", "version_at_sending"])
        record(order, "request_sent", by=WORKER, at=now, request=request.public_id)
    return True


def _send(delivery: Delivery) -> None:
    try:
        envelope = address_letter(delivery, write_letter(delivery))
        _seal_copy(delivery, envelope)
        send(envelope, mail_server(settings.EMAIL_URL))
    except TransportError as error:
        _not_sent(delivery, error.sentence, permanent=error.permanent, address_refused=error.recipient_rejected)
    except Exception:  # one message that cannot be written must not hold up the others (H5)
        _log.exception("delivery %s could not be written", delivery.public_id)
        _not_sent(delivery, "the message could not be written", permanent=delivery.tries >= 4, address_refused=False)
    else:
        _sent(delivery)


def _seal_copy(delivery: Delivery, envelope: Envelope) -> None:
    """Put what leaves into the delivery, sealed: of a letter to customers, and once however many copies leave.

    Before it is sent: a letter that cannot be sealed is not sent, and so never sent twice.
    """
    if NOTICES[delivery.kind].is_for_staff:
        return
    copies = Delivery.objects.filter(request=delivery.request, kind=delivery.kind).exclude(letter_sealed="")
    if delivery.kind == "payment_request" and copies.exists():
        return
    sender = f"{envelope.from_name} <{envelope.from_address}>"
    delivery.seal_letter(SentLetter(sender, envelope.subject, envelope.text, envelope.html))


def _sent(delivery: Delivery) -> None:
    now = timezone.now()
    with transaction.atomic():
        facts = {"sent_at": now, "first_try_at": delivery.first_try_at or now, "letter_sealed": delivery.letter_sealed}
        if not _release(delivery, status="sent", error="", **facts):
            return
        if delivery.order is not None:
            record(delivery.order, "delivery_sent", by=WORKER, at=now, delivery=delivery.public_id)


def _not_sent(delivery: Delivery, sentence: str, *, permanent: bool, address_refused: bool) -> None:
    """Plan the next try; or give up, show it on the order, and tell who sent it (U14, H3)."""
    now = timezone.now()
    first, tries = delivery.first_try_at or now, delivery.tries + 1
    wait = None if permanent else next_try_after(tries, first, now)
    with transaction.atomic():
        if wait is not None:
            _release(delivery, status="waiting", error=sentence[:500], first_try_at=first, next_try_at=now + wait)
            return
        if not _release(delivery, status="failed", error=sentence[:500], first_try_at=first):
            return
        if delivery.order is None:
            return
        record(delivery.order, "delivery_failed", by=WORKER, at=now, delivery=delivery.public_id)
        if address_refused:
            Contact.objects.filter(account=delivery.account, email__iexact=delivery.to).update(bounced_at=now)
        _tell_staff(delivery)


def _tell_staff(failed: Delivery) -> None:
    """Who sent it and the owner hear once that it did not arrive; a notice that fails itself is only shown."""
    assert failed.order is not None
    if NOTICES[failed.kind].is_for_staff:
        return
    asked: list[PaymentRequest] = [failed.request] if failed.request else []
    readers = senders_and_owners(failed.account, asked)
    plan(
        "not_delivered", readers,
        order=failed.order, fact=failed.public_id, at=timezone.now(), about=failed,
    )  # fmt: skip


def _release(delivery: Delivery, **facts: object) -> bool:
    """Write the result, unless the lease was lost to another worker meanwhile (fencing)."""
    kept = Delivery.objects.filter(pk=delivery.pk, lease=delivery.lease, status="sending")
    return bool(kept.update(tries=delivery.tries + 1, lease="", leased_until=None, **facts))


def _after(status: str, event: str) -> str:
    after = next_state(DELIVERY_MOVES, status, event)
    assert after is not None, f"no move from {status} by {event}"
    return after
