"""What is wrong with an account's card payments at the moment, in the words of its letters."""

from dataclasses import dataclass
from datetime import datetime

from balancedue.models import Account, Alarm
from balancedue.rules.alarms import ALARMS

CARD_TESTING = "card_testing"


@dataclass(frozen=True, slots=True)
class ShownAlarm:
    """An open alarm as people read it."""

    kind: str
    heading: str
    sentence: str
    fix: str
    since: datetime
    facts: dict[str, object]


def open_alarms(account: Account) -> list[ShownAlarm]:
    """The account's open alarms, newest first."""
    return [_shown(alarm) for alarm in account.alarms.filter(over_at=None)]


def _shown(alarm: Alarm) -> ShownAlarm:
    words = ALARMS[alarm.kind]
    sentence, fix = words.sentence.format_map(alarm.facts), words.fix.format_map(alarm.facts)
    return ShownAlarm(alarm.kind, words.heading, sentence, fix, alarm.raised_at, alarm.facts)
