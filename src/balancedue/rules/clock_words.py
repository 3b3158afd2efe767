"""Days and times as people of a locale write them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time

from .locales import locale_for


def day_words(day: date, locale: str) -> str:
    """A day without its year: "22 Nov", "Nov 22"."""
    return format_date(day, "d MMM" if not locale.startswith("en-US") else "MMM d", locale=locale_for(locale))


def full_day_words(day: date, locale: str) -> str:
    """A day with its year: "22 Nov 2026", "Nov 22, 2026"."""
    return format_date(day, "medium", locale=locale_for(locale))


def time_words(moment: datetime, locale: str, zone: ZoneInfo) -> str:
    """A time of day in `zone`: "15:01", "3:01 PM"."""
    return format_time(moment, "short", tzinfo=zone, locale=locale_for(locale))


def moment_words(moment: datetime, locale: str, zone: ZoneInfo) -> str:
    """A day with its year and a time of day in `zone`: "22 Nov 2026, 15:01"."""
    return f"{full_day_words(moment.astimezone(zone).date(), locale)}, {time_words(moment, locale, zone)}"
