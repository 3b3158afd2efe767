"""Payment attempts: one object at the processor, for one balance of one order."""

from django.db import models
from django.db.models import Q

from balancedue.rules.ids import new_id
from balancedue.rules.money import Money
from balancedue.rules.states import ACTIVE_ATTEMPT, ATTEMPT_STATES, IN_FLIGHT, PUT_ASIDE, STARTED, SUCCEEDED

from .accounts import ProcessorConnection
from .checked import Checked
from .orders import Order
from .requests import PaymentRequest


def attempt_id() -> str:
    return new_id("att")


class PaymentAttempt(Checked):
    """A try to collect the balance. What it is for is frozen when it is written (N3); only `settle`
    changes its state."""

    public_id = models.CharField(max_length=40, unique=True, default=attempt_id)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="attempts")
    request = models.ForeignKey(PaymentRequest, null=True, on_delete=models.PROTECT, related_name="attempts")
    connection = models.ForeignKey(ProcessorConnection, on_delete=models.PROTECT, related_name="attempts")
    state = models.CharField(max_length=12, default=STARTED)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    balance_version = models.PositiveIntegerField()
    livemode = models.BooleanField()
    processor_account = models.CharField(max_length=80, blank=True)
    page_key = models.CharField(max_length=64)  # made when the payment page was drawn
    processor_key = models.CharField(max_length=255, unique=True)  # idempotency key, ours
    hosted = models.BooleanField(default=False)  # paid on the processor's page, not on ours
    reference = models.CharField(max_length=120, blank=True)  # the processor's object that we made
    money_reference = models.CharField(max_length=120, blank=True)  # the one that holds the money; refunds name it
    fingerprint = models.CharField(max_length=64, blank=True)  # the same for one card, whoever types it (K1)
    surplus = models.BooleanField(default=False)  # paid although another payment already was (architecture.md 4)
    code = models.CharField(max_length=60, blank=True)  # our reason for the last decline or refusal
    detail = models.CharField(max_length=500, blank=True)  # for staff: what did not fit, what the processor said
    last_try = models.CharField(max_length=120, blank=True)  # the processor's id of it: one decline is told once
    declines = models.PositiveIntegerField(default=0)
    needs_action = models.BooleanField(default=False)  # at the bank (3-D Secure)
    card = models.CharField(max_length=60, blank=True)  # "Visa ending 4242"
    payer_name = models.CharField(max_length=200, blank=True)
    payer_email = models.CharField(max_length=254, blank=True)
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)  # put aside, and a person has looked into it since
    resolved_note = models.TextField(blank=True)  # what they found; for staff

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(state__in=sorted(ACTIVE_ATTEMPT)), name="one_active_attempt_per_order"
            ),
            models.UniqueConstraint(
                fields=["order", "balance_version"],
                condition=Q(state__in=sorted(ACTIVE_ATTEMPT | {SUCCEEDED}), surplus=False),
                name="one_payment_per_balance",
            ),
            models.UniqueConstraint(
                fields=["connection", "reference"], condition=~Q(reference=""), name="one_attempt_per_processor_object"
            ),
            models.CheckConstraint(condition=Q(state__in=list(ATTEMPT_STATES)), name="attempt_state_known"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="attempt_amount_positive"),
        ]
        indexes = [
            models.Index(fields=["next_check_at"], name="attempts_to_check"),
            models.Index(fields=["connection", "money_reference"], name="attempts_by_money"),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def waits_for_person(self) -> bool:
        """Put aside, and nobody has said yet what came of it."""
        return self.state == PUT_ASIDE and self.resolved_at is None

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_ATTEMPT

    @property
    def is_in_flight(self) -> bool:
        """Money may be on its way: nothing else may take the order's money path."""
        return self.state in IN_FLIGHT
