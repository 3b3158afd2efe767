"""Alarms: raised once, told once, and over when they are over."""

from string import Formatter

import pytest

from balancedue.actions.raise_alarm import clear_alarm, raise_alarm
from balancedue.actions.write_letter import write_letter
from balancedue.models import Account, Alarm, Delivery
from balancedue.rules.alarms import ALARMS
from tests.makers import make_account, make_user


@pytest.fixture
def account(db: None) -> Account:
    account = make_account()
    make_user(account)
    make_user(account, role="manager", name="Max")
    return account


@pytest.mark.parametrize("kind", sorted(ALARMS))
def test_its_letter_says_what_is_wrong_and_what_to_do(account: Account, kind: str) -> None:
    """F5: with its facts filled in, also where they stand in what to do."""
    words = ALARMS[kind]
    named = [name for text in (words.sentence, words.fix) for _, name, _, _ in Formatter().parse(text) if name]
    alarm = raise_alarm(account, kind, **{name: f"fact-{name}" for name in named})
    letter = write_letter(Delivery.objects.get(alarm=alarm))
    for name in named:
        assert f"fact-{name}" in letter.text
    assert words.heading in letter.text
    assert "{" not in letter.text


def test_it_is_raised_and_told_once_until_it_is_over(account: Account) -> None:
    """F5: to the owners, not to everybody."""
    first = raise_alarm(account, "webhooks_missing", about="pc_1", processor="Stripe")
    again = raise_alarm(account, "webhooks_missing", about="pc_1", processor="Stripe")
    assert again.pk == first.pk
    assert again.seen_at > first.seen_at
    assert Delivery.objects.count() == 1
    assert clear_alarm(account, "webhooks_missing", about="pc_1")
    assert not clear_alarm(account, "webhooks_missing", about="pc_1")
    raise_alarm(account, "webhooks_missing", about="pc_1", processor="Stripe")
    assert (Alarm.objects.count(), Delivery.objects.count()) == (2, 2)
