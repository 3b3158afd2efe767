"""Babel's idea of a locale, whatever tag comes in."""

from functools import lru_cache

from babel import Locale, UnknownLocaleError


@lru_cache(maxsize=256)
def locale_for(tag: str) -> Locale:
    """The nearest locale Babel knows: the tag as given ("en-GB" or "en_GB"), else its language, else English."""
    for attempt in (tag.replace("-", "_"), tag.replace("-", "_").split("_")[0]):
        try:
            return Locale.parse(attempt)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")
