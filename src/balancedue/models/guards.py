"""Guards: stored answers to repeated calls, counted tries, and who was seen alive."""

from django.db import models

from .accounts import Account


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


class Heartbeat(models.Model):
    """When a worker was last seen, for /readyz."""

    name = models.CharField(max_length=80, primary_key=True)
    at = models.DateTimeField()
