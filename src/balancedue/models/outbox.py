"""The outbox: one row per message and address, written with the fact it tells of (N11, requirements.md 3.40)."""

import json
from dataclasses import asdict, dataclass
from typing import ClassVar

from django.db import models
from django.db.models import Q

from balancedue.rules.ids import new_id
from balancedue.rules.states import DELIVERY_STATES

from .accounts import Account
from .alarms import Alarm
from .disputes import Dispute
from .orders import Order
from .payments import Payment
from .refunds import Refund
from .requests import PaymentRequest
from .sealing import seal, unseal


def delivery_id() -> str:
    return new_id("dlv")


@dataclass(frozen=True, slots=True)
class SentLetter:
    """A letter as it left: who it says it is from, and the two forms of one text."""

    sender: str
    subject: str
    text: str
    html: str


class Deliveries(models.Manager["Delivery"]):
    def get_queryset(self) -> "models.QuerySet[Delivery]":
        """Without the letters, which are large and asked for one at a time."""
        return super().get_queryset().defer("letter_sealed")


class Delivery(models.Model):
    """One message to one address: its tries, its next try, what went wrong."""

    public_id = models.CharField(max_length=40, unique=True, default=delivery_id)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="deliveries")
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="deliveries")
    request = models.ForeignKey(PaymentRequest, null=True, on_delete=models.PROTECT, related_name="deliveries")
    payment = models.ForeignKey(Payment, null=True, on_delete=models.PROTECT, related_name="deliveries")
    refund = models.ForeignKey(Refund, null=True, on_delete=models.PROTECT, related_name="deliveries")
    dispute = models.ForeignKey(Dispute, null=True, on_delete=models.PROTECT, related_name="deliveries")
    alarm = models.ForeignKey(Alarm, null=True, on_delete=models.PROTECT, related_name="deliveries")
    about = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")  # the one that failed
    kind = models.CharField(max_length=40)  # a notice of rules.notices
    to = models.CharField(max_length=254)
    once = models.CharField(max_length=400, unique=True)  # fact + kind + address: told once, however often heard (M3)
    status = models.CharField(max_length=10, default="waiting")
    message_id = models.CharField(max_length=200)  # stable over tries and recipients of one letter (H2)
    tries = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    first_try_at = models.DateTimeField(null=True, blank=True)
    next_try_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)
    letter_sealed = models.TextField(blank=True)  # what was sent, once per letter; sealed: it holds the link (I1)
    lease = models.CharField(max_length=40, blank=True)  # fencing: who holds it now
    leased_until = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[Deliveries] = Deliveries()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=list(DELIVERY_STATES)), name="delivery_status_known")
        ]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(status__in=["waiting", "sending"]), name="deliveries_due"),
            models.Index(fields=["request", "id"], name="deliveries_of_request"),
        ]

    @property
    def _place(self) -> str:
        return f"delivery:{self.public_id}:letter"

    @property
    def letter(self) -> SentLetter | None:
        """What was sent, or None where this copy keeps none. Raises CannotUnseal."""
        return SentLetter(**json.loads(unseal(self.letter_sealed, place=self._place))) if self.letter_sealed else None

    def seal_letter(self, letter: SentLetter) -> None:
        """Keep `letter` with this copy."""
        self.letter_sealed = seal(json.dumps(asdict(letter), ensure_ascii=False), place=self._place)
