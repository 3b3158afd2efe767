"""Check the books: the invariants of money-safety.md 3.0 over what the database holds, and what processors say.

Each rule is a function that yields one sentence per breach. Tests call it after what they did; an operator calls it
with `balancedue check-books`; it changes nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from balancedue.models import (
    Account,
    BalanceTransaction,
    Delivery,
    Dispute,
    Event,
    JournalEntry,
    Order,
    Payment,
    PaymentAttempt,
    PaymentRequest,
    Payout,
    Posting,
    ProcessorEvent,
    Refund,
    guards_sql,
    read_balance,
)
from balancedue.models.journal import ENTRY_KINDS
from balancedue.processors.base import Kind
from balancedue.rules.ledger import APART, FEES, RECEIVABLE, opposite
from balancedue.rules.states import (
    ACTIVE_ATTEMPT,
    LIVE_REQUEST,
    OPEN_DISPUTE,
    OPEN_PAYOUT,
    OPEN_REFUND,
    PENDING,
    SUCCEEDED,
)

from .ask_processor import disputes_of, look_up
from .take_in_disputes import booked, should_stand


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that must never be so. `rule` is the invariant's name, N1 to N14, or A2 for the copies."""

    rule: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.sentence}"


def check_books(account: Account | None = None, *, ask_processors: bool = True) -> list[Breach]:
    """Every breach in one account, or in all; empty when the books are right.

    Asking processors compares each attempt with what the processor holds (N1, N3, N4); no transaction may be open.
    """
    orders = Order.objects.all() if account is None else account.orders.all()
    rules = RULES if not ask_processors else {**RULES, **ASKING}
    return [Breach(rule, sentence) for (rule, _), check in rules.items() for sentence in check(orders)]


Orders = QuerySet[Order]


def _entries_balance(orders: Orders) -> Iterator[str]:
    entries = JournalEntry.objects.filter(order__in=orders).annotate(
        sum=Sum("postings__amount_minor"), seen=Count("postings")
    )
    for entry in entries.exclude(sum=0, seen=F("legs")):
        yield f"entry {entry.pk} sums to {entry.sum} over {entry.seen} of {entry.legs} postings"
    for posting in Posting.objects.filter(order__in=orders).exclude(order=F("entry__order")):
        yield f"posting {posting.pk} names another order than its entry"


def _guards_are_there(orders: Orders) -> Iterator[str]:
    for name in sorted(guards_sql.expected(connection) - guards_sql.present(connection)):
        yield f"the database guard {name} is missing"


def _payments_match_entries(orders: Orders) -> Iterator[str]:
    paid = Posting.objects.filter(ledger=RECEIVABLE, entry__kind="payment", order__in=orders)
    for posting in paid.exclude(entry__payment__amount_minor=-F("amount_minor")).select_related("entry"):
        yield f"entry {posting.entry_id} of {-posting.amount_minor} has no payment of that amount"
    for payment in Payment.objects.filter(order__in=orders).exclude(
        entry__order=F("order"), currency=F("order__currency")
    ):
        yield f"{payment.public_id} is booked on another order or in another currency"


def _attempts_are_booked_once(orders: Orders) -> Iterator[str]:
    attempts = PaymentAttempt.objects.filter(order__in=orders).annotate(
        booked=Count("entries", Q(entries__kind="payment"))
    )
    for attempt in attempts.filter(state=SUCCEEDED).exclude(booked=1):
        yield f"{attempt.public_id} succeeded and is booked {attempt.booked} times"
    for attempt in attempts.exclude(state=SUCCEEDED).exclude(booked=0):
        yield f"{attempt.public_id} is {attempt.state} and is booked"


def _attempts_fit_their_order(orders: Orders) -> Iterator[str]:
    attempts = PaymentAttempt.objects.filter(order__in=orders)
    fitting = attempts.filter(currency=F("order__currency"), connection__account=F("order__account"))
    for attempt in attempts.exclude(pk__in=fitting.values("pk")):
        yield f"{attempt.public_id} has another currency or account than its order"
    for attempt in attempts.exclude(livemode=F("connection__livemode")):
        yield f"{attempt.public_id} mixes live and test mode"


def _one_active_attempt(orders: Orders) -> Iterator[str]:
    busy = orders.annotate(active=Count("attempts", Q(attempts__state__in=ACTIVE_ATTEMPT))).filter(active__gt=1)
    for order in busy:
        yield f"order {order.public_id} has {order.active} active attempts"


def _refunds_stay_below(orders: Orders) -> Iterator[str]:
    for what, gone in (
        ("refunded", _sum_of(Refund.objects.filter(state__in=[PENDING, SUCCEEDED]), "amount_minor")),
        ("taken by disputes", _sum_of(Dispute.objects.filter(detail=""), "withdrawn_minor")),
    ):
        for payment in Payment.objects.filter(order__in=orders).annotate(gone=gone).filter(gone__gt=F("amount_minor")):
            yield f"{payment.public_id} of {payment.amount_minor} has {payment.gone} {what}"


def _sum_of(rows: QuerySet[Refund] | QuerySet[Dispute], column: str) -> Coalesce:
    """The sum of a column over the rows of one payment; 0 without any."""
    mine = rows.filter(payment=OuterRef("pk")).order_by().values("payment").annotate(sum=Sum(column))
    return Coalesce(Subquery(mine.values("sum")), 0)


def _disputes_match_entries(orders: Orders) -> Iterator[str]:
    kinds = [kind for kind in ENTRY_KINDS if kind.startswith("dispute_")]
    disputes = Dispute.objects.filter(order__in=orders)
    for entry in JournalEntry.objects.filter(order__in=orders, kind__in=kinds).exclude(
        cause__in=disputes.filter(order=OuterRef("order")).values("public_id")
    ):
        yield f"entry {entry.pk} is of no dispute of its order"
    for dispute in disputes.iterator(chunk_size=500):
        if booked(dispute) != should_stand(dispute):
            yield f"{dispute.public_id} is {dispute.state} with {dispute.withdrawn_minor} taken, and booked otherwise"
    for dispute in disputes.exclude(payment__order=F("order")):
        yield f"{dispute.public_id} is of another order than its payment"


def _refunds_match_entries(orders: Orders) -> Iterator[str]:
    left = Posting.objects.filter(ledger=RECEIVABLE, entry__kind="refund", order__in=orders)
    for posting in left.exclude(entry__refund__amount_minor=F("amount_minor")):
        yield f"entry {posting.entry_id} of {posting.amount_minor} has no refund of that amount"
    refunds = Refund.objects.filter(order__in=orders)
    for refund in refunds.exclude(payment__order=F("order"), currency=F("order__currency")):
        yield f"{refund.public_id} is of another order than its payment, or in another currency"
    for refund in refunds.filter(state__in=[PENDING, SUCCEEDED], entry=None):
        yield f"{refund.public_id} is {refund.state} and is not booked"
    for refund in refunds.exclude(state__in=[PENDING, SUCCEEDED]).filter(entry__isnull=False, entry__reversed_by=None):
        yield f"{refund.public_id} is {refund.state} and is booked"


def _reversals_undo(orders: Orders) -> Iterator[str]:
    undoing = Q(kind__in=["reversal", "refund_failed"]) | Q(reverses__isnull=False)
    reversals = JournalEntry.objects.filter(undoing, order__in=orders).select_related("reverses")
    for entry in reversals.prefetch_related("postings", "reverses__postings"):
        undone = (
            {posting.ledger: posting.amount_minor for posting in entry.reverses.postings.all()}
            if entry.reverses
            else {}
        )
        if {posting.ledger: posting.amount_minor for posting in entry.postings.all()} != opposite(undone):
            yield f"entry {entry.pk} does not undo what it reverses"


def _fees_match_entries(orders: Orders) -> Iterator[str]:
    kept = BalanceTransaction.objects.filter(order__in=orders)
    kept = kept.annotate(booked=Sum("entry__postings__amount_minor", filter=Q(entry__postings__ledger=FEES), default=0))
    for row in kept.exclude(fee_minor=F("booked")):
        yield f"{row.reference} cost {row.fee_minor} and is booked with {row.booked}"
    for row in kept.exclude(entry=None).exclude(entry__currency=F("currency"), entry__order=F("order")):
        yield f"the fee of {row.reference} is booked on another order or in another currency"
    for entry in JournalEntry.objects.filter(order__in=orders, kind="fee", balance_transaction=None):
        yield f"entry {entry.pk} is a fee of nothing the processor told"


def _payouts_add_up(orders: Orders) -> Iterator[str]:
    payouts = Payout.objects.filter(account__in=orders.values("account_id"), is_listed=True)
    net = Sum(F("balance_transactions__amount_minor") - F("balance_transactions__fee_minor"), default=0)
    for payout in payouts.annotate(net=net).exclude(amount_minor=F("net")):
        yield f"{payout.public_id} of {payout.amount_minor} holds {payout.net}"
    for row in BalanceTransaction.objects.filter(payout__in=payouts).exclude(currency=F("payout__currency")):
        yield f"{row.reference} is in another currency than its payout"


def _nothing_waits_for_ever(orders: Orders) -> Iterator[str]:
    for attempt in PaymentAttempt.objects.filter(order__in=orders, state__in=ACTIVE_ATTEMPT, next_check_at=None):
        yield f"{attempt.public_id} is {attempt.state} and has no next check"
    for refund in Refund.objects.filter(order__in=orders, state__in=OPEN_REFUND, next_check_at=None):
        yield f"{refund.public_id} is {refund.state} and has no next check"
    for dispute in Dispute.objects.filter(order__in=orders, state__in=OPEN_DISPUTE, next_check_at=None):
        yield f"{dispute.public_id} is {dispute.state} and has no next check"
    accounts = orders.values("account_id")
    for payout in Payout.objects.filter(account__in=accounts, state__in=OPEN_PAYOUT, next_check_at=None):
        yield f"{payout.public_id} is {payout.state} and has no next check"
    parked = ProcessorEvent.objects.filter(connection__account__in=accounts, status=ProcessorEvent.PARKED)
    for event in parked:
        yield f"webhook {event.external_id} ({event.type}) waits for a person: {event.error}"


def _money_is_told_once(orders: Orders) -> Iterator[str]:
    for payment in Payment.objects.filter(order__in=orders).exclude(attempt=None).select_related("order"):
        told = Event.objects.filter(
            order=payment.order, kind__in=["payment_succeeded", "payment_surplus"], data__payment=payment.public_id
        ).count()
        if told != 1:
            yield f"{payment.public_id} is on the timeline {told} times"
        asked = payment.order.requests.filter(created_at__lte=payment.created_at).exclude(
            withdrawn_at__lte=payment.created_at
        )
        wanted = {address.casefold() for request in asked for address in request.notify}
        noted = {row.to.casefold() for row in Delivery.objects.filter(payment=payment, kind="payment_notice")}
        if wanted != noted:
            yield f"{payment.public_id} notifies {len(noted)} addresses of {len(wanted)}"


def _accounts_stay_apart(orders: Orders) -> Iterator[str]:
    for order in orders.exclude(contact=None).exclude(contact__account=F("account")):
        yield f"order {order.public_id} has a contact of another account"
    for moved in BalanceTransaction.objects.filter(order__in=orders).exclude(account=F("order__account")):
        yield f"{moved.reference} is of another account than its order"
    for model in (JournalEntry, Event, Delivery):
        for row in model.objects.filter(order__in=orders).exclude(account=F("order__account")):
            yield f"{model.__name__} {row.pk} is of another account than its order"
    for request in PaymentRequest.objects.filter(order__in=orders, sent_by_key__isnull=False).exclude(
        sent_by_key__account=F("order__account")
    ):
        yield f"{request.public_id} was sent with a key of another account"


def _chain_holds(orders: Orders) -> Iterator[str]:
    entries = JournalEntry.objects.filter(order__in=orders).order_by("order_id", "version").select_related("order")
    previous: JournalEntry | None = None
    for entry in entries.prefetch_related("postings").iterator(chunk_size=500):
        before = previous if previous is not None and previous.order_id == entry.order_id else None
        postings = {posting.ledger: posting.amount_minor for posting in entry.postings.all()}
        if entry.version != (before.version if before else 0) + 1:
            yield f"entry {entry.pk}: an entry of order {entry.order.public_id} before it is missing"
        if entry.previous_hash != (before.hash if before else ""):
            yield f"entry {entry.pk} does not follow the entry before it"
        if entry.hash != entry.digest(postings, order_public_id=entry.order.public_id):
            yield f"entry {entry.pk} is not what was written"
        if not entry.by or not entry.cause:
            yield f"entry {entry.pk} does not say who or why"
        previous = entry


def _copies_agree(orders: Orders) -> Iterator[str]:
    for order in orders.iterator(chunk_size=500):
        balance = read_balance(order)
        true = (balance.total.minor, balance.settled.minor, balance.remaining.minor)
        if (order.total_minor, order.paid_minor, order.due_minor) != true:
            yield f"order {order.public_id}: the copies for lists differ from the journal"
        moving = order.entries.exclude(kind__in=APART)
        last = moving.order_by("-version").values_list("version", flat=True).first() or 0
        if order.balance_version != last:
            yield f"order {order.public_id}: balance version {order.balance_version}, journal {last}"


def _paid_requests_are_paid(orders: Orders) -> Iterator[str]:
    for order in orders.filter(requests__status__in=LIVE_REQUEST).distinct():
        if (
            read_balance(order).is_paid
            and order.payments.filter(
                created_at__gte=order.requests.filter(status__in=LIVE_REQUEST).latest("pk").created_at
            ).exists()
        ):
            yield f"order {order.public_id} is paid and still has a live request"


def _processors_agree(orders: Orders) -> Iterator[str]:
    attempts = PaymentAttempt.objects.filter(order__in=orders).exclude(reference="").select_related("connection")
    for attempt in attempts:
        outcome = look_up(attempt)
        if outcome.kind is Kind.UNKNOWN:
            continue  # not heard: says nothing about the books
        paid = outcome.kind is Kind.PAID
        if paid and attempt.state == SUCCEEDED:
            booked = attempt.payment.amount
            if outcome.received not in (None, booked):
                yield f"{attempt.public_id}: booked {booked.plain}, the processor took {outcome.received}"
        elif paid != (attempt.state == SUCCEEDED) and not attempt.is_active:
            yield f"{attempt.public_id} is {attempt.state}, the processor says {outcome.kind.value}"
        still_open = outcome.kind is Kind.NEEDS_CUSTOMER or (outcome.kind is Kind.DECLINED and outcome.retryable)
        if still_open and not attempt.is_active:
            yield f"{attempt.public_id} is over here and can still be confirmed at the processor"


def _processors_agree_on_disputes(orders: Orders) -> Iterator[str]:
    paid = PaymentAttempt.objects.filter(order__in=orders, state=SUCCEEDED).select_related("connection")
    for attempt in paid.prefetch_related("payment__disputes"):
        ours = {row.reference: (row.state, row.withdrawn_minor) for row in attempt.payment.disputes.all()}
        for report in disputes_of(attempt) or ():  # not heard: says nothing about the books
            if ours.get(report.reference) != (report.state, report.withdrawn.minor):
                yield f"{attempt.public_id}: the processor says that {report.reference} is {report.state}"


Rule = Callable[[Orders], Iterator[str]]
RULES: dict[tuple[str, str], Rule] = {
    ("N8", "entries balance"): _entries_balance,
    ("N7", "history is guarded"): _guards_are_there,
    ("N2", "payments match entries"): _payments_match_entries,
    ("N2", "attempts are booked once"): _attempts_are_booked_once,
    ("N3", "attempts fit their order"): _attempts_fit_their_order,
    ("N4", "one active attempt"): _one_active_attempt,
    ("N6", "reversals undo"): _reversals_undo,
    ("N6", "paid requests are paid"): _paid_requests_are_paid,
    ("N9", "refunds, and disputes, stay below the payment"): _refunds_stay_below,
    ("N2", "refunds match entries"): _refunds_match_entries,
    ("N2", "disputes match entries"): _disputes_match_entries,
    ("N2", "fees match entries"): _fees_match_entries,
    ("N8", "payouts add up"): _payouts_add_up,
    ("N10", "nothing waits for ever"): _nothing_waits_for_ever,
    ("N11", "money is told once"): _money_is_told_once,
    ("N12", "accounts stay apart"): _accounts_stay_apart,
    ("N13", "the chain holds"): _chain_holds,
    ("A2", "copies agree"): _copies_agree,
}
ASKING: dict[tuple[str, str], Rule] = {
    ("N1", "processors agree"): _processors_agree,
    ("N1", "processors agree on disputes"): _processors_agree_on_disputes,
}
