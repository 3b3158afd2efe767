"""The inbox: a webhook as it came. Stored, answered, and only then looked into (money-safety.md 6.3)."""

from django.db import models
from django.db.models import Q

from .accounts import ProcessorConnection


class ProcessorEvent(models.Model):
    """One webhook. It names an object; what is true about that object is asked of the processor."""

    NEW, DONE = "new", "done"
    PARKED = "parked"  # waits for a person
    PUT_AWAY = "put_away"  # a person looked into it, and there was nothing to book
    FOREIGN = "foreign"  # of a payment at this processor account that was never ours

    connection = models.ForeignKey(ProcessorConnection, on_delete=models.PROTECT, related_name="webhooks")
    external_id = models.CharField(max_length=120)
    type = models.CharField(max_length=80)
    concern = models.CharField(max_length=12, default="payment")  # processors.reports.Concern: what to look up
    reference = models.CharField(max_length=120, blank=True)
    attempt_public_id = models.CharField(max_length=40, blank=True)  # as our metadata on the object says
    livemode = models.BooleanField(null=True)
    processor_account = models.CharField(max_length=80, blank=True)
    listed = models.BooleanField(default=False)  # never came: found when we asked what we missed
    body = models.TextField()  # emptied after some time: it holds personal data
    status = models.CharField(max_length=10, default=NEW)
    received_at = models.DateTimeField()
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    error = models.CharField(max_length=500, blank=True)
    lease = models.CharField(max_length=40, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="one_row_per_webhook"),
        ]
        indexes = [
            models.Index(fields=["status", "next_try_at"], name="webhooks_due"),
            models.Index(fields=["connection", "received_at"], condition=Q(listed=False), name="webhooks_that_came"),
            models.Index(fields=["received_at"], condition=~Q(body=""), name="webhooks_with_body"),
        ]
