"""What a row needs that is looked at again and again until it is over (N10)."""

from django.db import models


class Checked(models.Model):
    """A row with a next check and a lease: of several workers one holds it at a time (`actions.claim`)."""

    next_check_at = models.DateTimeField(null=True, blank=True)  # null: over, nothing to look at
    checks = models.PositiveIntegerField(default=0)
    lease = models.CharField(max_length=40, blank=True)  # fencing: who holds it now
    leased_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
