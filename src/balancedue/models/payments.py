"""Payments: money that came in, by hand or by card, and its particulars."""

from django.db import models
from django.db.models import Q

from balancedue.rules.ids import new_id
from balancedue.rules.methods import METHODS
from balancedue.rules.money import Money

from .attempts import PaymentAttempt
from .checked import Checked
from .journal import JournalEntry
from .orders import Order


def payment_id() -> str:
    return new_id("pay")


class Payment(Checked):
    """The particulars of a payment. The fact is its journal entry; a reversal is another (requirements.md 2.15).

    A card payment is checked until its fee is known.
    """

    public_id = models.CharField(max_length=40, unique=True, default=payment_id)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    entry = models.OneToOneField(JournalEntry, on_delete=models.PROTECT, related_name="payment")
    attempt = models.OneToOneField(PaymentAttempt, null=True, on_delete=models.PROTECT, related_name="payment")
    method = models.CharField(max_length=20, choices=METHODS.items())
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=120, blank=True)  # check number and the like; staff only
    note = models.TextField(blank=True)  # staff only
    card = models.CharField(max_length=60, blank=True)
    payer_name = models.CharField(max_length=200, blank=True)
    payer_email = models.CharField(max_length=254, blank=True)
    received_on = models.DateField()
    created_at = models.DateTimeField()
    by = models.CharField(max_length=80)
    statement = models.CharField(max_length=60, blank=True)  # what the payer's bank shows beside it
    surplus = models.BooleanField(default=False)
    form_key = models.CharField(max_length=64, blank=True)  # made when the form was drawn: sent twice, written once
    reversal = models.OneToOneField(
        JournalEntry, null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_payment"
    )
    reversed_at = models.DateTimeField(null=True, blank=True)
    reversal_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payment_amount_positive"),
            models.UniqueConstraint(
                fields=["order", "form_key"], condition=~Q(form_key=""), name="one_payment_per_form"
            ),
        ]
        indexes = [models.Index(fields=["next_check_at"], name="payments_to_check")]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def is_reversed(self) -> bool:
        return self.reversal_id is not None
