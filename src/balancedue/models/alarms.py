"""Alarms: what the shop's people must look at, kept until it is over."""

from django.db import models
from django.db.models import Q

from balancedue.rules.alarms import ALARMS
from balancedue.rules.ids import new_id

from .accounts import Account


def alarm_id() -> str:
    return new_id("alm")


class Alarm(models.Model):
    """Something is wrong with an account's payments. Raised once however often it is seen, and told once."""

    public_id = models.CharField(max_length=40, unique=True, default=alarm_id)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="alarms")
    kind = models.CharField(max_length=40)  # rules.alarms.ALARMS
    about = models.CharField(max_length=120, blank=True)  # what it concerns: a public id, or a word
    facts = models.JSONField(default=dict, blank=True)  # for the sentence: ids, codes, counts and times only
    raised_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # the last time that it was found to be so
    over_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind", "about"], condition=Q(over_at=None), name="one_open_alarm_each"
            ),
            models.CheckConstraint(condition=Q(kind__in=list(ALARMS)), name="alarm_kind_known"),
        ]
