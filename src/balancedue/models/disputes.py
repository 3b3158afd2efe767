"""Disputes: a payer's bank asks for the money of a card payment back, or asks about it first."""

from django.db import models
from django.db.models import Q

from balancedue.rules.ids import new_id
from balancedue.rules.money import Money
from balancedue.rules.states import DISPUTE_STATES, OPEN_DISPUTE

from .accounts import ProcessorConnection
from .checked import Checked
from .orders import Order
from .payments import Payment


def dispute_id() -> str:
    return new_id("dsp")


class Dispute(Checked):
    """What the processor says about one dispute; only `take_in_disputes` writes it, from the object as fetched.

    Its money is in the journal, in the entries whose cause is this row's public id.
    """

    public_id = models.CharField(max_length=40, unique=True, default=dispute_id)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="disputes")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    connection = models.ForeignKey(ProcessorConnection, on_delete=models.PROTECT, related_name="disputes")
    reference = models.CharField(max_length=120)  # the processor's object (dp_…)
    state = models.CharField(max_length=20)  # rules.states.DISPUTE_STATES
    amount_minor = models.BigIntegerField()  # disputed; may be part of the payment
    withdrawn_minor = models.BigIntegerField(default=0)  # taken from us at the moment; 0 for an inquiry, or once won
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=40)  # rules.disputes.REASONS
    blocks_refunds = models.BooleanField(default=True)
    evidence_sent = models.BooleanField(default=False)
    due_at = models.DateTimeField(null=True, blank=True)  # evidence must be with the bank by then
    detail = models.CharField(max_length=500, blank=True)  # for staff: what did not fit
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "reference"], name="one_dispute_per_processor_object"),
            models.CheckConstraint(condition=Q(state__in=list(DISPUTE_STATES)), name="dispute_state_known"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="dispute_amount_positive"),
            models.CheckConstraint(condition=Q(withdrawn_minor__gte=0), name="dispute_withdrawn_not_negative"),
        ]
        indexes = [models.Index(fields=["next_check_at"], name="disputes_to_check")]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def is_open(self) -> bool:
        """Whether the bank has not decided yet."""
        return self.state in OPEN_DISPUTE
