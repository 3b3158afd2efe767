"""The double-entry journal: facts about money, written once (N7, N8). Ids and amounts only, never names or text."""

import hashlib
import json

from django.db import models
from django.db.models import F, Q

from balancedue.rules.ledger import LEDGERS, Postings

from .accounts import Account
from .attempts import PaymentAttempt
from .orders import Order

ENTRY_KINDS = (
    "order_placed",
    "order_changed",
    "order_cancelled",
    "write_off",
    "payment",
    "reversal",
    "refund",
    "refund_failed",
    "order_reduced",
    "fee",
    "dispute_withdrawn",
    "dispute_reinstated",
    "dispute_lost",
    "dispute_regained",
)


class JournalEntry(models.Model):
    """One fact. Its postings sum to zero and it can never change: the database refuses both (models/guards_sql.py)."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="entries")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=20)
    version = models.PositiveIntegerField()  # its place in the order's chain, from 1
    currency = models.CharField(max_length=3)
    legs = models.PositiveSmallIntegerField()  # how many postings it declares
    at = models.DateTimeField()
    by = models.CharField(max_length=80)
    cause = models.CharField(max_length=40)  # public id of what led to it (N13: correlation)
    attempt = models.ForeignKey(PaymentAttempt, null=True, on_delete=models.PROTECT, related_name="entries")
    reverses = models.OneToOneField("self", null=True, on_delete=models.PROTECT, related_name="reversed_by")
    previous_hash = models.CharField(max_length=64, blank=True)  # the order's entry before this one
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["order", "version"], name="one_entry_per_balance_version"),
            models.UniqueConstraint(
                fields=["attempt"], condition=Q(kind="payment"), name="one_payment_entry_per_attempt"
            ),
            models.CheckConstraint(condition=Q(legs__gte=2), name="entry_has_two_legs"),
            models.CheckConstraint(condition=Q(kind__in=ENTRY_KINDS), name="entry_kind_known"),
        ]

    def digest(self, postings: Postings, *, order_public_id: str) -> str:
        """Hex SHA-256 over this entry, its postings and the entry before it (N13)."""
        facts = {
            "order": order_public_id,
            "version": self.version,
            "kind": self.kind,
            "currency": self.currency,
            "postings": sorted(postings.items()),
            "at": self.at.isoformat(),
            "by": self.by,
            "cause": self.cause,
            "attempt": self.attempt_id,
            "reverses": self.reverses_id,
            "previous": self.previous_hash,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class Posting(models.Model):
    """One leg of an entry: signed minor units on a ledger account, debits positive."""

    entry = models.ForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="postings")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="postings")
    ledger = models.CharField(max_length=20)
    amount_minor = models.BigIntegerField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["entry", "ledger"], name="one_posting_per_ledger"),
            models.CheckConstraint(condition=Q(ledger__in=LEDGERS), name="posting_ledger_known"),
            models.CheckConstraint(condition=~Q(amount_minor=0), name="posting_not_zero"),
        ]
        indexes = [models.Index(fields=["order", "ledger"], name="postings_of_order")]


class EntryProof(models.Model):
    """Proof that an entry balances: its deferred foreign key points nowhere until the sum is zero (tried.md C3).

    Written by triggers alone. While `proof` dangles, the transaction cannot commit, on either engine.
    """

    entry_id = models.BigIntegerField(primary_key=True)
    total_minor = models.BigIntegerField()
    legs_seen = models.PositiveSmallIntegerField()
    proof = models.ForeignKey(JournalEntry, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(proof=F("entry_id")) | Q(total_minor=0), name="proof_only_of_zero")
        ]
