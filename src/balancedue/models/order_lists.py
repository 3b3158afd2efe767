"""Orders as lists show them: everything a row says, in one query whatever the number of rows (ux.md 3.2)."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from balancedue.rules.states import ASKS_FOR_EVIDENCE, IN_FLIGHT, LIVE_REQUEST, OPEN_DISPUTE, OPENED, PUT_ASIDE, SENT
from balancedue.rules.tags import OrderFacts

from .accounts import Account
from .attempts import PaymentAttempt
from .disputes import Dispute
from .orders import Order
from .outbox import Delivery
from .payments import Payment
from .requests import PaymentRequest

UNOPENED_FOR = timedelta(days=7)
DECLINES = 2
NOT_ARRIVED = ("failed", "bounced")


def with_facts(orders: QuerySet[Order]) -> QuerySet[Order]:
    """The orders with what `facts_of` reads, and their contacts."""
    mine = OuterRef("pk")
    latest = PaymentRequest.objects.filter(order=mine).order_by("-pk")
    closed = Q(state=PUT_ASIDE, resolved_at__isnull=False)
    attempt = PaymentAttempt.objects.filter(~closed, order=mine).order_by("-pk")
    kept = Payment.objects.filter(order=mine, reversal=None).order_by("-received_on", "-pk")
    return orders.select_related("contact").annotate(
        request_status=Subquery(latest.values("status")[:1]),
        request_minor=Subquery(latest.values("amount_at_sending_minor")[:1]),
        request_sent_at=Subquery(latest.values(at=Coalesce("sent_at", "created_at"))[:1]),
        request_opened_at=Subquery(latest.values("opened_at")[:1]),
        attempt_state=Subquery(attempt.values("state")[:1]),
        attempt_needs_action=Subquery(attempt.values("needs_action")[:1]),
        last_paid_on=Subquery(kept.values("received_on")[:1]),
        bounced=Exists(_not_arrived()),
        disputed=Exists(Dispute.objects.filter(order=mine, state__in=OPEN_DISPUTE)),
        dispute_lost=Exists(Dispute.objects.filter(order=mine, state="lost")),
    )


def facts_of(order: Order) -> OrderFacts:
    """What the tag depends on, of an order out of `with_facts`."""
    row = vars(order)
    waits_at_bank = row["attempt_state"] == "waiting" and row["attempt_needs_action"]
    return OrderFacts(
        cancelled=order.is_cancelled,
        total_minor=order.total_minor,
        paid_minor=order.paid_minor,
        remaining_minor=order.due_minor,
        due_on=order.due_date,
        paid_on=row["last_paid_on"],
        attempt=row["attempt_state"] or "",
        in_flight=row["attempt_state"] in IN_FLIGHT or waits_at_bank,
        request=row["request_status"] or "",
        asked_minor=row["request_minor"],
        sent_at=row["request_sent_at"],
        opened_at=row["request_opened_at"],
        bounced=row["bounced"],
        disputed=row["disputed"],
        dispute_lost=row["dispute_lost"],
    )


def needing_attention(account: Account, *, now: datetime) -> QuerySet[Order]:
    """Something is due, and: bounced, changed since it was asked for, declined twice, a week unopened, or due again
    by a lost dispute and not asked for.

    And every order with a card payment that does not fit, until a person has looked into it, or with a dispute that
    waits for evidence.
    """
    mine = OuterRef("pk")
    live = PaymentRequest.objects.filter(order=mine, status__in=[SENT, OPENED])
    live_at_all = PaymentRequest.objects.filter(order=mine, status__in=LIVE_REQUEST)
    declines = (
        PaymentAttempt.objects.filter(order=mine).order_by().values("order").annotate(n=Sum("declines")).values("n")
    )
    stuck = (
        Exists(_not_arrived())
        | Exists(live.exclude(amount_at_sending_minor=OuterRef("due_minor")))
        | Exists(live.filter(status=SENT, sent_at__lt=now - UNOPENED_FOR))
        | Exists(declines.filter(n__gte=DECLINES))
        | (Exists(Dispute.objects.filter(order=mine, state="lost")) & ~Exists(live_at_all))
    )
    owed = Order.objects.filter(account=account).with_balance_due().filter(stuck)
    aside = Exists(PaymentAttempt.objects.filter(order=mine, state=PUT_ASIDE, resolved_at=None))
    disputed = Exists(Dispute.objects.filter(order=mine, state__in=ASKS_FOR_EVIDENCE))
    return Order.objects.filter(account=account).filter(aside | disputed | Q(pk__in=owed.values("pk")))


def matching(orders: QuerySet[Order], words: str) -> QuerySet[Order]:
    """Those whose number, customer or address holds `words`, or that were paid by a card ending in them."""
    words = words.strip().removeprefix("#")
    found: Q | Combinable = (
        Q(number__icontains=words)
        | Q(contact__name__icontains=words)
        | Q(contact__company__icontains=words)
        | Q(contact__email__icontains=words)
    )
    if len(words) == 4 and words.isdigit():
        found |= Exists(Payment.objects.filter(order=OuterRef("pk"), card__endswith=f" {words}"))
    return orders.filter(found)


def _not_arrived() -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        order=OuterRef("pk"), kind="payment_request", status__in=NOT_ARRIVED, request__status__in=LIVE_REQUEST
    )
