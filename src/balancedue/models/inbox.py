"""The inbox: a webhook as it came. Stored, answered, and only then looked into (money-safety.md 6.3)."""

from django.db import models

from .accounts import ProcessorConnection


class ProcessorEvent(models.Model):
    """One webhook. It names an object; what is true about that object is asked of the processor."""

    NEW, DONE, PARKED, FOREIGN = "new", "done", "parked", "foreign"

    connection = models.ForeignKey(ProcessorConnection, on_delete=models.PROTECT, related_name="webhooks")
    external_id = models.CharField(max_length=120)
    type = models.CharField(max_length=80)
    concern = models.CharField(max_length=12, default="payment")  # processors.base.Concern: what to look up
    reference = models.CharField(max_length=120, blank=True)
    attempt_public_id = models.CharField(max_length=40, blank=True)  # as our metadata on the object says
    livemode = models.BooleanField(null=True)
    processor_account = models.CharField(max_length=80, blank=True)
    listed = models.BooleanField(default=False)  # never came: found when we asked what we missed
    body = models.TextField()
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
        indexes = [models.Index(fields=["status", "next_try_at"], name="webhooks_due")]
