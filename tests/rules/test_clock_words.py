"""Days and times as people of a locale write them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from balancedue.rules.clock_words import day_words, full_day_words, time_words

DAY = date(2026, 11, 2)
MOMENT = datetime(2026, 11, 2, 23, 1, tzinfo=UTC)


@pytest.mark.parametrize(("locale", "words"), [("en-US", "Nov 2"), ("en-GB", "2 Nov"), ("de-DE", "2 Nov.")])
def test_a_day_without_its_year(locale: str, words: str) -> None:
    """Ux.md: month and day in the order of the place."""
    assert day_words(DAY, locale) == words


@pytest.mark.parametrize(
    ("locale", "words"), [("en-US", "Nov 2, 2026"), ("en-GB", "2 Nov 2026"), ("de-DE", "02.11.2026")]
)
def test_a_day_with_its_year(locale: str, words: str) -> None:
    """Ux.md."""
    assert full_day_words(DAY, locale) == words


@pytest.mark.parametrize(
    ("locale", "zone", "words"),
    [
        ("en-GB", "Europe/London", "23:01"), ("en-US", "America/Los_Angeles", "3:01 PM"),
        ("de-DE", "Asia/Tokyo", "08:01"),
    ],
)  # fmt: skip
def test_a_time_is_that_of_the_shops_clock(locale: str, zone: str, words: str) -> None:
    """Requirements.md 3.43: the shop's own zone, never UTC by accident."""
    assert time_words(MOMENT, locale, ZoneInfo(zone)).replace("\u202f", " ") == words


def test_a_locale_nobody_knows_still_gives_a_day() -> None:
    """A contact's locale is typed by people."""
    assert "2026" in full_day_words(DAY, "xx-YY")
