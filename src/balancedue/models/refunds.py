"""Refunds: money given back from one payment, by staff here or at the processor."""

from django.db import models
from django.db.models import Q

from balancedue.rules.ids import new_id
from balancedue.rules.money import Money
from balancedue.rules.states import HELD_REFUND, REFUND_STATES, STARTED

from .accounts import ProcessorConnection
from .checked import Checked
from .journal import JournalEntry
from .orders import Order
from .payments import Payment

REASONS = {
    "requested_by_customer": "The customer asked for it",
    "duplicate": "It was paid twice",
    "order_reduced": "Something was not delivered",
    "other": "Another reason",
}


def refund_id() -> str:
    return new_id("rf")


class Refund(Checked):
    """One sum given back. Written before the processor is asked; only `settle_refund` changes it."""

    public_id = models.CharField(max_length=40, unique=True, default=refund_id)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="refunds")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    connection = models.ForeignKey(ProcessorConnection, null=True, on_delete=models.PROTECT, related_name="refunds")
    state = models.CharField(max_length=12, default=STARTED)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=30, choices=REASONS.items(), blank=True)
    note = models.CharField(max_length=500, blank=True)  # staff only
    reduces_order = models.BooleanField(default=False)  # refund only, or refund and reduce (requirements.md 3.10)
    made_elsewhere = models.BooleanField(default=False)  # at the processor, not here
    form_key = models.CharField(max_length=64, blank=True)
    processor_key = models.CharField(max_length=255, unique=True)
    reference = models.CharField(max_length=120, blank=True)  # the processor's object
    code = models.CharField(max_length=60, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    entry = models.OneToOneField(JournalEntry, null=True, on_delete=models.PROTECT, related_name="refund")
    reduction = models.OneToOneField(JournalEntry, null=True, on_delete=models.PROTECT, related_name="+")
    by = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "reference"], condition=~Q(reference=""), name="one_refund_per_processor_object"
            ),
            models.UniqueConstraint(
                fields=["payment", "form_key"], condition=~Q(form_key=""), name="one_refund_per_form"
            ),
            models.CheckConstraint(condition=Q(state__in=list(REFUND_STATES)), name="refund_state_known"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_amount_positive"),
        ]
        indexes = [models.Index(fields=["next_check_at"], name="refunds_to_check")]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def is_held(self) -> bool:
        """Whether it counts against what can still be given back (N9)."""
        return self.state in HELD_REFUND
