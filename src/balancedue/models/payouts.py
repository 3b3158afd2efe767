"""What a processor did with our money after it took it: fees kept, and payouts to the shop's bank."""

from django.db import models
from django.db.models import Q

from balancedue.rules.ids import new_id
from balancedue.rules.money import Money
from balancedue.rules.states import OPEN_PAYOUT, PAYOUT_STATES

from .accounts import Account, ProcessorConnection
from .checked import Checked
from .disputes import Dispute
from .journal import JournalEntry
from .orders import Order
from .payments import Payment
from .refunds import Refund


def payout_id() -> str:
    return new_id("po")


class Payout(Checked):
    """One transfer from the processor to the shop's bank, in minor units of the settlement currency."""

    public_id = models.CharField(max_length=40, unique=True, default=payout_id)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="payouts")
    connection = models.ForeignKey(ProcessorConnection, on_delete=models.PROTECT, related_name="payouts")
    reference = models.CharField(max_length=120)  # po_… at the processor
    state = models.CharField(max_length=12)  # rules.states.PAYOUT_STATES
    amount_minor = models.BigIntegerField()  # negative: the processor took money from the bank
    currency = models.CharField(max_length=3)
    arrives_on = models.DateField()
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    detail = models.CharField(max_length=500, blank=True)  # why it failed, in the processor's words
    is_listed = models.BooleanField(default=False)  # everything it holds was read

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "reference"], name="one_payout_per_processor_object"),
            models.CheckConstraint(condition=Q(state__in=list(PAYOUT_STATES)), name="payout_state_known"),
        ]
        indexes = [
            models.Index(fields=["account", "-made_at", "-id"], name="payouts_newest"),
            models.Index(fields=["next_check_at"], name="payouts_to_check"),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def is_open(self) -> bool:
        """Whether it has neither arrived nor come to nothing yet."""
        return self.state in OPEN_PAYOUT


class BalanceTransaction(models.Model):
    """One movement on the balance at the processor, as it reports it; minor units of its own currency.

    The settlement currency may differ from the order's. What belongs to no payment of ours names no order.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="balance_transactions")
    connection = models.ForeignKey(ProcessorConnection, on_delete=models.PROTECT, related_name="balance_transactions")
    reference = models.CharField(max_length=120)  # txn_…
    kind = models.CharField(max_length=20)  # payment, refund, dispute, fee, payout, other
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    source = models.CharField(max_length=120, blank=True)  # the object that moved it: ch_…, re_…, dp_…
    at = models.DateTimeField()
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="balance_transactions")
    payment = models.ForeignKey(Payment, null=True, on_delete=models.PROTECT, related_name="balance_transactions")
    refund = models.ForeignKey(Refund, null=True, on_delete=models.PROTECT, related_name="balance_transactions")
    dispute = models.ForeignKey(Dispute, null=True, on_delete=models.PROTECT, related_name="balance_transactions")
    payout = models.ForeignKey(Payout, null=True, on_delete=models.PROTECT, related_name="balance_transactions")
    entry = models.OneToOneField(JournalEntry, null=True, on_delete=models.PROTECT, related_name="balance_transaction")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "reference"], name="one_row_per_balance_transaction"),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def fee(self) -> Money:
        return Money(self.fee_minor, self.currency)

    @property
    def net(self) -> Money:
        """What it changed on the balance."""
        return self.amount - self.fee
