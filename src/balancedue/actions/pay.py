"""Begin to pay: from the press of Pay to an object at the processor that the payer's browser may confirm."""

from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from balancedue.models import Order, PaymentAttempt, PaymentRequest, ProcessorConnection, Standing, read_standing
from balancedue.rules.actor import CUSTOMER
from balancedue.rules.errors import Refused
from balancedue.rules.ids import new_id
from balancedue.rules.money import Money
from balancedue.rules.retries import check_wait
from balancedue.rules.states import CANCELLED, STARTED, SUCCEEDED, WAITING

from .ask_gate import pay_gate, read_processors
from .ask_processor import start
from .clear_the_way import clear_the_way
from .open_processor import is_hosted
from .record import record
from .settle import settle
from .watch_cards import let_pass, note_press


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt the payer may now confirm: on our page with the secret, or on the processor's page.

    Both are for their browser alone, and one of them is empty.
    """

    attempt: PaymentAttempt
    client_secret: str = field(default="", repr=False)
    go_to: str = field(default="", repr=False)


def begin_payment(
    *,
    request: PaymentRequest,
    page_key: str,
    shown: Money,
    payer_name: str = "",
    payer_email: str = "",
    address: str = "",
) -> Begun:
    """Begin to pay the whole balance of the request's order, which the page showed as `shown` (S30, J10).

    An open attempt for the same balance is taken up again, whoever began it: one object at the processor can succeed
    only once (N4). Three steps: write under the lock, ask with no transaction open, settle (money-safety.md 6.1).
    `address` is where Pay was pressed, for counting (K1).

    Raises Refused: `nothing_due`, `order_cancelled`, `balance_changed` (facts was, now), `payment_in_progress`
    (fact attempt), `too_many_tries`, `cards_rest`, `below_minimum`, `no_processor` and the like, `processor_refused`.
    """
    for _ in range(2):
        attempt = _open_or_new(request, page_key, shown, payer_name, payer_email, address)
        outcome = start(attempt, description=attempt.order.invoice_number)
        attempt = settle(attempt, outcome, by=CUSTOMER)
        if attempt.state == WAITING and (outcome.client_secret or outcome.go_to):
            return Begun(attempt, outcome.client_secret, outcome.go_to)
        if attempt.state != CANCELLED:  # else its time at the processor had run out: once more, with a new one
            break
    if attempt.is_active or attempt.state == SUCCEEDED:
        raise _in_progress(attempt.public_id)
    raise Refused(
        "processor_refused",
        "Online payment is not available right now. Nothing was charged. Call or email the shop to pay.",
        attempt=attempt.public_id,
    )


def _open_or_new(
    request: PaymentRequest, page_key: str, shown: Money, payer_name: str, payer_email: str, address: str
) -> PaymentAttempt:
    """The attempt to go on with. One for a balance that is no more, or at a processor that is off, is ended first."""
    attempt = _write(request, page_key, shown, payer_name, payer_email, address)
    if attempt is None:
        clear_the_way(request.order, by=CUSTOMER)
        attempt = _write(request, page_key, shown, payer_name, payer_email, address)
    if attempt is None:
        raise _in_progress("")
    return attempt


def _write(
    request: PaymentRequest, page_key: str, shown: Money, payer_name: str, payer_email: str, address: str
) -> PaymentAttempt | None:
    """Under the order's lock: the attempt to go on with, new or open; None when another must be ended first."""
    with transaction.atomic():
        order = Order.objects.locked(request.order_id)
        now = timezone.now()
        standing = read_standing(order)
        _refuse_unless_due(order, standing, page_key)
        processors = read_processors(order.account)
        connection = processors.for_requests
        open_attempt = standing.attempt
        if open_attempt is not None:
            if open_attempt.is_in_flight and open_attempt.reference:
                raise _in_progress(open_attempt.public_id)
            if not _still_fits(open_attempt, standing, connection):
                return None
        if shown != standing.balance.payable:
            raise Refused(
                "balance_changed",
                "The balance changed while you were here. Nothing was charged.",
                was=shown,
                now=standing.balance.payable,
            )
        gate = pay_gate(order, standing, processors, locale=order.account.locale)
        if not gate.is_open or connection is None:
            raise Refused(gate.code or "no_processor", gate.sentence)
        let_pass(order, address=address)
        if open_attempt is not None:
            note_press(open_attempt, address=address, now=now)
            return open_attempt
        attempt = _new_attempt(order, request, connection, standing, page_key)
        attempt.payer_name, attempt.payer_email = payer_name, payer_email
        attempt.save(force_insert=True)
        note_press(attempt, address=address, now=now)
        record(
            order, "payment_started", by=CUSTOMER, at=now,
            attempt=attempt.public_id, request=request.public_id, amount_minor=attempt.amount_minor,
        )  # fmt: skip
        return attempt


def _refuse_unless_due(order: Order, standing: Standing, page_key: str) -> None:
    if order.is_cancelled:
        raise Refused("order_cancelled", "This order was cancelled. There is nothing to pay.")
    if standing.balance.due.minor == 0:
        mine = order.attempts.filter(page_key=page_key, state=SUCCEEDED).first()
        raise Refused(
            "nothing_due",
            "This invoice is already paid. You do not owe anything.",
            attempt=mine.public_id if mine else "",
        )


def _still_fits(attempt: PaymentAttempt, standing: Standing, connection: ProcessorConnection | None) -> bool:
    if connection is None or attempt.connection_id != connection.pk or attempt.hosted != is_hosted(connection):
        return False
    return attempt.balance_version == standing.balance.version


def _new_attempt(
    order: Order, request: PaymentRequest, connection: ProcessorConnection, standing: Standing, page_key: str
) -> PaymentAttempt:
    now, public_id = timezone.now(), new_id("att")
    version = standing.balance.version
    return PaymentAttempt(
        public_id=public_id,
        order=order,
        request=request,
        connection=connection,
        state=STARTED,
        amount_minor=standing.balance.payable.minor,
        currency=order.currency,
        balance_version=version,
        livemode=connection.livemode,
        processor_account=connection.processor_account,
        page_key=page_key,
        hosted=is_hosted(connection),
        processor_key=f"{order.account.public_id}:{order.public_id}:{version}:{public_id}:start",
        started_at=now,
        changed_at=now,
        next_check_at=now + check_wait(0, public_id),
    )


def _in_progress(attempt_public_id: str) -> Refused:
    return Refused(
        "payment_in_progress",
        "A payment for this invoice is still being checked. Please wait for it so that you do not pay twice.",
        attempt=attempt_public_id,
    )
