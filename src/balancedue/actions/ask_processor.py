"""Ask the processor about an attempt: look it up, or find it when its reference was never heard.

Never with a transaction open (money-safety.md 6.1).
"""

from collections.abc import Callable
from datetime import timedelta
from typing import cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from balancedue.models import PaymentAttempt, ProcessorConnection, Refund
from balancedue.models.sealing import CannotUnseal
from balancedue.processors.base import Can, Charge, Kind, Outcome, Processor, TellsDisputes
from balancedue.processors.registry import maker_or_missing
from balancedue.processors.reports import DisputeReport
from balancedue.rules.actor import Actor

from .open_processor import open_processor
from .settle import settle

KEY_LASTS = timedelta(hours=23)  # after that the processor may have forgotten our key: look, do not send (C5)


def look_up(attempt: PaymentAttempt) -> Outcome:
    """What the processor says about `attempt` now; UNKNOWN when it cannot be asked."""
    if attempt.reference:
        return look_up_reference(attempt.connection, attempt.reference)
    return _ask(
        attempt.connection,
        lambda processor: processor.find(attempt.public_id, attempt.started_at, hosted=attempt.hosted),
    )


def look_up_reference(connection: ProcessorConnection, reference: str) -> Outcome:
    """What the processor says about its own object, whoever made it; UNKNOWN when it cannot be asked."""
    return _ask(connection, lambda processor: processor.look_up(reference))


def start(attempt: PaymentAttempt, *, description: str) -> Outcome:
    """Make the processor's object for `attempt`, or hear again about the one made: same key, same object."""
    if attempt.reference or timezone.now() - attempt.started_at > KEY_LASTS:
        return look_up(attempt)
    charge = Charge(
        amount=attempt.amount,
        key=attempt.processor_key,
        attempt_id=attempt.public_id,
        order_id=attempt.order.public_id,
        account_id=attempt.order.account.public_id,
        description=description,
        statement_suffix=attempt.order.invoice_number,
        return_url=f"{settings.PUBLIC_URL}/i/back/{attempt.public_id}/" if attempt.hosted else "",
        payer_email=attempt.payer_email if attempt.hosted else "",
    )
    return _ask(attempt.connection, lambda processor: processor.start(charge))


def cancel(attempt: PaymentAttempt, *, description: str) -> Outcome:
    """Cancel the processor's object; answers what it is afterwards, which may be paid."""
    reference = attempt.reference
    if not reference:
        outcome = start(attempt, description=description)  # same key: whatever was made, we learn its name
        reference = outcome.reference
        if not reference or outcome.kind in (Kind.PAID, Kind.PENDING, Kind.CANCELLED):
            return outcome
    return _ask(attempt.connection, lambda processor: processor.cancel(reference))


def start_refund(refund: Refund) -> Outcome:
    """Make the processor's refund, or hear again about the one made: same key, same refund."""
    attempt = refund.payment.attempt
    assert attempt is not None, "money that came in by hand goes back by hand"
    if timezone.now() - refund.started_at > KEY_LASTS:
        return look_up_refund(refund)
    return _ask(
        attempt.connection,
        lambda processor: processor.refund(
            attempt.money_reference, refund.amount, refund.processor_key, refund_id=refund.public_id
        ),
    )


def look_up_refund(refund: Refund) -> Outcome:
    """What the processor says about `refund` now; UNKNOWN when it cannot be asked.

    Code `not_found`: its list of this payment's refunds was read, and this one is not on it.
    """
    attempt = refund.payment.attempt
    assert attempt is not None, "money that came in by hand goes back by hand"
    if refund.reference:
        return _ask(attempt.connection, lambda processor: processor.look_up(refund.reference))
    listed = refunds_of(attempt)
    if listed is None:
        return Outcome(Kind.UNKNOWN, detail="the processor was not heard")
    found = (outcome for outcome in listed if outcome.refund_id == refund.public_id)
    return next(found, Outcome(Kind.UNKNOWN, code="not_found", detail="the processor has no such refund so far"))


def refunds_of(attempt: PaymentAttempt) -> list[Outcome] | None:
    """Every refund the processor has of this payment, none where it can make none; None when it was not heard."""
    assert not transaction.get_connection().in_atomic_block, "nothing at a processor inside a transaction"
    if Can.REFUND not in maker_or_missing(attempt.connection.kind).can:
        return []
    try:
        return open_processor(attempt.connection).refunds_of(attempt.money_reference)
    except CannotUnseal:
        return None


def disputes_of(attempt: PaymentAttempt) -> list[DisputeReport] | None:
    """Every dispute of this payment, none where its processor cannot tell of any; None when it was not heard."""
    assert not transaction.get_connection().in_atomic_block, "nothing at a processor inside a transaction"
    if Can.DISPUTES not in maker_or_missing(attempt.connection.kind).can:
        return []
    try:
        return cast(TellsDisputes, open_processor(attempt.connection)).disputes_of(attempt.money_reference)
    except CannotUnseal:
        return None


def _ask(connection: ProcessorConnection, question: Callable[[Processor], Outcome]) -> Outcome:
    assert not transaction.get_connection().in_atomic_block, "nothing at a processor inside a transaction"
    try:
        processor = open_processor(connection)
    except CannotUnseal:
        return Outcome(Kind.UNKNOWN, code="key_missing", detail="the sealed credentials cannot be opened")
    outcome = question(processor)
    _note_key_trouble(connection, outcome)
    return outcome


def check_attempt(attempt: PaymentAttempt, *, by: Actor) -> PaymentAttempt:
    """Ask, and settle what was heard: the return page, a webhook, the worker and "check now" all do just this."""
    return settle(attempt, look_up(attempt), by=by)


def _note_key_trouble(connection: ProcessorConnection, outcome: Outcome) -> None:
    """Remember since when a processor rejects our key, so that staff are told instead of customers (ux.md 3.3)."""
    mine = ProcessorConnection.objects.filter(pk=connection.pk)
    if outcome.code == "processor_key_rejected":
        mine.filter(broken_at=None).update(broken_at=timezone.now())
    elif connection.broken_at is not None and outcome.reference:
        mine.update(broken_at=None)
