"""Everything an order's page speaks of, read once."""

from dataclasses import dataclass

from django.db.models import prefetch_related_objects
from django.utils import timezone

from balancedue.actions.ask_gate import Processors, read_processors, request_gate
from balancedue.models import (
    BalanceTransaction,
    Delivery,
    Dispute,
    Order,
    Payment,
    PaymentAttempt,
    PaymentRequest,
    Refund,
    Standing,
    invoice_of,
    read_standing,
)
from balancedue.models.order_lists import facts_of
from balancedue.rules.gate import Gate
from balancedue.rules.invoice import Invoice
from balancedue.rules.tags import Clock, Tag, order_tag
from balancedue.web.guard import StaffRequest

from .page import find_order


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """An order as staff see it at this moment. Lists are newest first; `latest` is the newest request or None."""

    order: Order
    standing: Standing
    invoice: Invoice
    processors: Processors
    gate: Gate
    tag: Tag
    requests: list[PaymentRequest]
    payments: list[Payment]
    refunds: list[Refund]
    disputes: list[Dispute]
    attempts: list[PaymentAttempt]
    moved: list[BalanceTransaction]  # at the processor, with what it kept
    deliveries: list[Delivery]
    kept_letters: frozenset[str]  # of which deliveries what was sent can be shown, by public id

    @property
    def latest(self) -> PaymentRequest | None:
        return self.requests[0] if self.requests else None

    def letters_of(self, request: PaymentRequest) -> list[Delivery]:
        """The copies of a request's letter."""
        return [d for d in self.deliveries if d.request_id == request.pk and d.kind == "payment_request"]


def kept_letters(order: Order) -> frozenset[str]:
    """The deliveries of an order whose letter was kept, by public id."""
    return frozenset(order.deliveries.exclude(letter_sealed="").values_list("public_id", flat=True))


def read_order(request: StaffRequest, number: str) -> OrderFacts:
    """The order of that number in the request's account, or Http404."""
    order = find_order(request, number)
    account = request.account
    standing, processors = read_standing(order), read_processors(account)
    clock = Clock(timezone.now(), account.zone, account.locale)
    payments = list(order.payments.all())
    prefetch_related_objects(payments, "refunds", "disputes__connection")
    return OrderFacts(
        order=order,
        standing=standing,
        invoice=invoice_of(order, standing, test_mode=processors.test_mode),
        processors=processors,
        gate=request_gate(order, standing, processors, role=request.membership.role),
        tag=order_tag(facts_of(order), clock),
        requests=list(order.requests.select_related("sent_by")),
        payments=payments,
        refunds=[refund for payment in payments for refund in payment.refunds.all()],
        disputes=[dispute for payment in payments for dispute in payment.disputes.all()],
        attempts=list(order.attempts.select_related("connection")),
        moved=list(order.balance_transactions.all()),
        deliveries=list(order.deliveries.all()),
        kept_letters=kept_letters(order),
    )
