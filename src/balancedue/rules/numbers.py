"""Reading a number as a person typed it: exactly what was meant, or not at all (F4)."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from balancedue.rules.errors import Refused
from balancedue.rules.limits import MAX_AMOUNT_TEXT
from balancedue.rules.locales import locale_for

_SPACES = " \t\r\n\u00a0\u2007\u2009\u202f"
_DIRECTION_MARKS = re.compile("[\u200e\u200f\u061c]")  # shown by right-to-left locales, so they come back pasted
_SIGNS = {"-": True, "\u2212": True, "+": False}


@dataclass(frozen=True, slots=True)
class Typed:
    """A number as digits: no float on the way. `whole` and `fraction` hold ASCII digits, `fraction` may be empty."""

    negative: bool
    whole: str
    fraction: str

    def scaled(self, places: int) -> int:
        """The number times 10**places; `fraction` must not be longer than `places`."""
        size = int(self.whole + self.fraction.ljust(places, "0"))
        return -size if self.negative else size


@dataclass(frozen=True, slots=True)
class _Grammar:
    decimal: str
    group: str
    plain: re.Pattern[str]
    grouped: re.Pattern[str]


def read_number(
    text: str,
    *,
    places: int,
    locale: str,
    field: str,
    noun: str,
    affixes: tuple[str, ...] = (),
    example: str = "1105.28",
) -> Typed:
    """Read `text` by the separators of `locale` with at most `places` decimals.

    `affixes`: what may stand once before or behind the number ("$", "USD", "%"). `noun`: "an amount", for sentences.
    `example`: a number in ASCII that the sentence shows in the locale's own form.
    Raises Refused `invalid` with `field`, for anything that can be read in two ways or that no one types for a number.
    """
    bare = _DIRECTION_MARKS.sub("", text).strip(_SPACES)
    if not bare:
        raise Refused("invalid", f"Enter {noun}", field=field)
    grammar = _grammar(locale)
    shape = f"Enter {noun} like {example.replace('.', grammar.decimal)}"
    if len(bare) > MAX_AMOUNT_TEXT:
        raise Refused("invalid", shape, field=field)
    negative, digits = _unwrapped(bare, affixes)
    if any(sign.isdigit() and not sign.isascii() for sign in digits):
        raise Refused("invalid", f"{shape}, with the digits 0 to 9", field=field)
    whole, fraction = _split(digits, grammar, places, field, shape)
    if len(fraction) > places:
        raise Refused("invalid", f"Enter {noun} {_at_most(places)}", field=field)
    if negative and not (whole + fraction).strip("0"):
        raise Refused("invalid", shape, field=field)
    return Typed(negative, whole, fraction)


def round_half_up(value: Decimal) -> int:
    """To the nearest whole number, halves away from zero; ValueError for what is not a number."""
    if not value.is_finite():
        raise ValueError("only a finite number can be rounded")
    return int(value.to_integral_value(rounding=ROUND_HALF_UP))


def divide_half_up(dividend: int, divisor: int) -> int:
    """`dividend / divisor` in whole numbers, halves away from zero; `divisor` is positive."""
    size = (2 * abs(dividend) + divisor) // (2 * divisor)
    return -size if dividend < 0 else size


def _at_most(places: int) -> str:
    return f"with at most {places} decimals" if places else "without decimals"


def _unwrapped(bare: str, affixes: tuple[str, ...]) -> tuple[bool, str]:
    """Take one sign and one affix off, in whichever order they stand before the number."""
    signed, negative, rest = _without_sign(bare)
    rest = _without_affix(rest, affixes)
    if not signed:
        _, negative, rest = _without_sign(rest)
    return negative, rest


def _without_sign(text: str) -> tuple[bool, bool, str]:
    """Whether there was a sign, whether it was a minus, and what follows."""
    if text[:1] in _SIGNS:
        return True, _SIGNS[text[0]], text[1:].strip(_SPACES)
    return False, False, text


def _without_affix(text: str, affixes: tuple[str, ...]) -> str:
    folded = text.upper()
    if len(folded) != len(text):  # a letter that grows in capitals is in no symbol of ours
        return text
    for affix in sorted((a.upper() for a in affixes if a), key=len, reverse=True):
        if folded.startswith(affix):
            return text[len(affix) :].strip(_SPACES)
        if folded.endswith(affix):
            return text[: -len(affix)].strip(_SPACES)
    return text


def _split(digits: str, grammar: _Grammar, places: int, field: str, shape: str) -> tuple[str, str]:
    """Whole and fraction digits, or Refused."""
    grouped = grammar.grouped.fullmatch(digits)
    if grouped:
        whole, fraction = grouped["whole"], grouped["fraction"] or ""
        separators = re.sub("[0-9]", "", whole)
        if not fraction and len(separators) == 1 and separators in ".," and places >= 3:
            raise Refused("invalid", f"{shape}, without a separator between thousands", field=field)
        return re.sub("[^0-9]", "", whole), fraction
    plain = grammar.plain.fullmatch(digits) or _ascii_decimal(digits, grammar, places)
    if not plain:
        raise Refused("invalid", shape, field=field)
    return plain["whole"] or "0", plain["fraction"] or ""


_ASCII = re.compile(r"(?P<whole>[0-9]+)\.(?P<fraction>[0-9]{1,2})")


def _ascii_decimal(digits: str, grammar: _Grammar, places: int) -> re.Match[str] | None:
    """A full stop before the decimals where the locale has a comma: certain only while no group is that short."""
    return _ASCII.fullmatch(digits) if grammar.decimal == "," and places else None


@lru_cache(maxsize=256)
def _grammar(tag: str) -> _Grammar:
    locale = locale_for(tag)
    symbols = locale.number_symbols["latn"]
    decimal, group = str(symbols["decimal"]), str(symbols["group"])
    fraction = rf"(?:{re.escape(decimal)}(?P<fraction>[0-9]+))?"
    plain = rf"(?=.*[0-9])(?P<whole>[0-9]*){fraction}"
    between = _group_class(group)
    whole = rf"[1-9][0-9]{{0,2}}(?P<three>{between})[0-9]{{3}}(?:(?P=three)[0-9]{{3}})*"
    if locale.decimal_formats[None].grouping == (3, 2):  # lakh and crore; thousands are understood as well
        whole += rf"|[1-9][0-9]?(?P<two>{between})(?:[0-9]{{2}}(?P=two))*[0-9]{{3}}"
    return _Grammar(decimal, group, re.compile(plain), re.compile(rf"(?P<whole>{whole}){fraction}"))


def _group_class(group: str) -> str:
    """What people type for a separator that their keyboard may not have."""
    if group in _SPACES:
        return "[ \u00a0\u2009\u202f]"
    if group in "'\u2019":
        return "['\u2019]"
    return re.escape(group)
