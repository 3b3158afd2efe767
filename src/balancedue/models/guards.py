"""Guards: stored answers to repeated calls, counted tries, watched pages, and who was seen alive."""

from django.db import models

from .accounts import Account
from .attempts import PaymentAttempt
from .orders import Order


class SavedAnswer(models.Model):
    """The answer to a call that named an idempotency key: same key and body, same answer."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # hex SHA-256 of method, path and body
    status = models.PositiveSmallIntegerField(null=True)  # null while the first call is at work
    body = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "key"], name="one_answer_per_key")]


class Tally(models.Model):
    """How often something was tried in one window of time."""

    name = models.CharField(max_length=200)
    window = models.BigIntegerField()  # the window's number since the epoch
    count = models.PositiveIntegerField(default=0)
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "window"], name="one_tally_per_window")]


class CardTry(models.Model):
    """One try of a card, for counting only, and only for a day (K1). Of whoever tried it says nothing in clear."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    order = models.ForeignKey(Order, on_delete=models.CASCADE)
    attempt = models.ForeignKey(PaymentAttempt, on_delete=models.CASCADE, related_name="tries")
    address = models.CharField(max_length=32, blank=True)  # keyed hash of where Pay was pressed
    fingerprint = models.CharField(max_length=64, blank=True)  # of the card, where the processor says
    pressed_at = models.DateTimeField(null=True)  # null: nobody pressed Pay; somebody else drove the open form
    ended_at = models.DateTimeField(null=True)  # when we heard how it ended
    declined = models.BooleanField(default=False)  # ended without money

    class Meta:
        indexes = [
            models.Index(fields=["account", "ended_at"], name="tries_of_account"),
            models.Index(fields=["order", "ended_at"], name="tries_of_order"),
        ]


class PageWatch(models.Model):
    """When an account's payment page is looked at next, and what was found the last time (R19)."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="page_watch")
    checked_at = models.DateTimeField(null=True)  # the last time that it was received
    differences = models.JSONField(default=list)  # sentences; empty: as it should be
    misses = models.PositiveIntegerField(default=0)  # times in a row that it was not received
    next_check_at = models.DateTimeField(db_index=True)
    lease = models.CharField(max_length=40, blank=True)
    leased_until = models.DateTimeField(null=True)


class Heartbeat(models.Model):
    """When a worker was last seen, for /readyz."""

    name = models.CharField(max_length=80, primary_key=True)
    at = models.DateTimeField()
