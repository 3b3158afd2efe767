"""Raise an alarm, and take it back: one open alarm per thing, told once to the account's owners."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from balancedue.models import Account, Alarm
from balancedue.rules.gate import OWNER

from .plan_letters import plan


def raise_alarm(account: Account, kind: str, *, about: str = "", **facts: str | int) -> Alarm:
    """Open the alarm, with its letters, or note that it still holds. `facts` fill the sentence of rules.alarms."""
    now = timezone.now()
    with transaction.atomic():
        known = Alarm.objects.filter(account=account, kind=kind, about=about, over_at=None)
        if known.update(seen_at=now):
            return known.get()
        alarm, is_new = Alarm.objects.get_or_create(
            account=account,
            kind=kind,
            about=about,
            over_at=None,
            defaults={"facts": facts, "raised_at": now, "seen_at": now},
        )
        if is_new:
            _tell(alarm, now)
        return alarm


def clear_alarm(account: Account, kind: str, *, about: str = "") -> bool:
    """What it warned of is over; whether there was one."""
    known = Alarm.objects.filter(account=account, kind=kind, about=about, over_at=None)
    return bool(known.exists() and known.update(over_at=timezone.now()))


def _tell(alarm: Alarm, now: datetime) -> None:
    owners = alarm.account.memberships.filter(role=OWNER).values_list("user__email", flat=True)
    plan("alarm", owners, account=alarm.account, alarm=alarm, fact=alarm.public_id, at=now)
