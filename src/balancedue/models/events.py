"""Events: what happened to an order, and who did it. The order's timeline. Ids and amounts only."""

from django.db import models

from .accounts import Account
from .orders import Order


class Event(models.Model):
    """Written once, in the transaction of the thing it tells of. `data` holds ids, amounts and codes."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="events")
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=40)  # past tense: payment_succeeded
    at = models.DateTimeField()
    by = models.CharField(max_length=80)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["order", "-id"], name="events_of_order"),
            models.Index(fields=["account", "-id"], name="events_of_account"),
        ]
