"""Rest: an account takes no cards for a while, because most of them are being declined (K1)."""

import logging
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from balancedue.models import Account, Alarm, PaymentAttempt
from balancedue.rules.actor import Actor
from balancedue.rules.card_testing import Ended, is_resting, next_rest
from balancedue.rules.clock_words import time_words
from balancedue.rules.states import STARTED, WAITING

from .raise_alarm import clear_alarm, raise_alarm

OPEN_FORM = frozenset({STARTED, WAITING})  # whoever holds the form can still send a card

_log = logging.getLogger(__name__)


def rest_cards(account: Account, ended: Ended, *, now: datetime) -> None:
    """Take no cards until the rest is over, tell the owners, and have every open form closed. Call with the account
    locked; `ended` is why."""
    rest = next_rest(now, account.cards_rest_until, account.cards_rests)
    account.cards_rest_until, account.cards_rests = rest.until, rest.number
    account.save(update_fields=["cards_rest_until", "cards_rests"])
    close_soon(PaymentAttempt.objects.filter(order__account=account), now=now)
    until = time_words(rest.until, account.locale, account.zone)
    raise_alarm(account, "card_testing", declined=ended.declined, tries=ended.tries, until=until)


def let_cards_go_on(*, account: Account, by: Actor) -> bool:
    """A person knows that these were customers: take cards again now, and count from here. Whether they rested."""
    with transaction.atomic():
        account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        now = timezone.now()
        if not is_resting(account.cards_rest_until, now):
            return False
        account.cards_rest_until, account.cards_rests = now, 0
        account.save(update_fields=["cards_rest_until", "cards_rests"])
        clear_alarm(account, "card_testing")
    _log.info("%s lets card payments of %s go on", by, account.public_id)
    return True


def end_next_rest() -> bool:
    """Close the alarm of one rest whose time is up. Answers whether there was one."""
    over = Alarm.objects.filter(kind="card_testing", over_at=None, account__cards_rest_until__lte=timezone.now())
    alarm = over.select_related("account").first()
    return alarm is not None and clear_alarm(alarm.account, "card_testing")


def close_soon(attempts: QuerySet[PaymentAttempt], *, now: datetime) -> None:
    """Have the worker look at the open forms among `attempts` at once; it closes those that must be (reconcile)."""
    attempts.filter(state__in=OPEN_FORM).update(next_check_at=now)
