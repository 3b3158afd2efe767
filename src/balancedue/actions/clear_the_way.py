"""End a card attempt before another money path is taken (money-safety.md 6.7): cancelled, and seen cancelled."""

from balancedue.models import Order, PaymentAttempt
from balancedue.rules.actor import Actor
from balancedue.rules.errors import Refused
from balancedue.rules.states import ACTIVE_ATTEMPT, SUCCEEDED

from .ask_processor import cancel, check_attempt
from .settle import settle


def clear_the_way(order: Order, *, by: Actor) -> None:
    """Cancel the attempt under way, if any. Call with no transaction open.

    Raises Refused `payment_in_progress` when its money is on its way or has just come in: then that is the news.
    """
    attempt = order.attempts.filter(state__in=ACTIVE_ATTEMPT).select_related("connection", "order__account").first()
    if attempt is None:
        return
    if attempt.is_in_flight:
        attempt = check_attempt(attempt, by=by)
    if attempt.is_active and not attempt.is_in_flight:
        attempt = settle(attempt, cancel(attempt, description=order.invoice_number), by=by)
    if attempt.state == SUCCEEDED:
        raise _came_in(attempt)
    if attempt.is_active:
        raise _in_progress(attempt)


def refuse_if_in_progress(order: Order) -> None:
    """Under the order's lock: nobody started to pay in the meantime."""
    attempt = order.attempts.filter(state__in=ACTIVE_ATTEMPT).first()
    if attempt is not None:
        raise _in_progress(attempt)


def refuse_if_paid_since(order: Order, seen: Order) -> None:
    """Under the order's lock: no card payment was booked after the caller read the order as `seen` (E6).

    Waiting for the lock can take as long as a whole card payment; it must not be overlooked then.
    """
    entries = order.entries.filter(kind="payment", version__gt=seen.balance_version)
    entry = entries.exclude(attempt=None).select_related("attempt").first()
    if entry is not None and entry.attempt is not None:
        raise _came_in(entry.attempt)


def _came_in(attempt: PaymentAttempt) -> Refused:
    return Refused(
        "payment_in_progress",
        "A card payment came in while you were here. Look at the new balance, then decide again.",
        attempt=attempt.public_id,
    )


def _in_progress(attempt: PaymentAttempt) -> Refused:
    return Refused(
        "payment_in_progress",
        "A card payment is in progress and cannot be stopped now. Wait about a minute, then look at the balance.",
        attempt=attempt.public_id,
    )
