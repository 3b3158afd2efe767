"""Money: whole minor units of one currency. No float comes near it (N5)."""

import copy
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from functools import lru_cache

from babel import Locale
from babel.numbers import NumberPattern, get_currency_symbol

from balancedue.rules.currencies import currency as currency_of
from balancedue.rules.errors import Refused
from balancedue.rules.limits import MAX_AMOUNT_MINOR
from balancedue.rules.locales import locale_for
from balancedue.rules.numbers import divide_half_up, read_number, round_half_up

__all__ = ["Money", "divide_half_up", "positive", "round_half_up", "share_out"]

_MINUS = "\u2212"
_NO_BREAK_SPACE = "\u00a0"
_EXACT = Context(prec=100)  # whatever precision the caller works in


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units (cents, fils, whole yen) of an ISO 4217 currency; may be negative.

    Sums and comparisons stay within one currency: ValueError across two, TypeError with anything that is not Money.
    Equality across currencies is simply false. TypeError unless `minor` is an int, Refused for an unknown currency.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:  # bool is an int to Python, but never an amount
            raise TypeError(f"Money counts in int minor units, not {type(self.minor).__name__}")
        currency_of(self.currency)

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Nothing, in that currency."""
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str, currency: str, locale: str = "en", *, field: str = "amount") -> "Money":
        """Read what a person typed, by the separators of `locale`; Refused `invalid` for all that is not certain (F4).

        Signs are read (see `positive`). Where a comma marks decimals, "1105.28" is understood too.
        In currencies of three decimals one lone separator before three digits is refused: it may mean either thing.
        """
        digits = currency_of(currency).digits
        example = "1105" if digits == 0 else "1105." + "280"[:digits]
        affixes = _affixes(currency, locale)
        typed = read_number(
            text, places=digits, locale=locale, field=field, noun="an amount", affixes=affixes, example=example
        )
        minor = typed.scaled(digits)
        if abs(minor) > MAX_AMOUNT_MINOR:
            limit = cls(MAX_AMOUNT_MINOR, currency).show(locale)
            raise Refused("invalid", f"Enter an amount of at most {limit}", field=field)
        return cls(minor, currency)

    @property
    def decimal(self) -> Decimal:
        """In major units, exactly: Decimal("1105.28")."""
        return Decimal(self.plain)

    @property
    def plain(self) -> str:
        """In major units as ASCII, every decimal shown: "1105.28", "-500.00", "1105". For APIs and files."""
        digits = currency_of(self.currency).digits
        size = str(abs(self.minor)).rjust(digits + 1, "0")
        sign = "-" if self.minor < 0 else ""
        return f"{sign}{size[:-digits]}.{size[-digits:]}" if digits else f"{sign}{size}"

    def typed(self, locale: str = "en") -> str:
        """As a person of that locale types it: "1105,28" in German. For form fields; `parse` reads it back."""
        return self.plain.replace(".", str(locale_for(locale).number_symbols["latn"]["decimal"]))

    def show(self, locale: str = "en-US") -> str:
        """As people of that locale read it, with a true minus sign: "$1,105.28", "−$500.00", "1.105,28 $"."""
        known = locale_for(locale)
        pattern = _pattern(known, currency_of(self.currency).digits)
        with localcontext(_EXACT):
            text = pattern.apply(self.decimal, known, currency=self.currency, currency_digits=False)
        return _spaced(text, get_currency_symbol(self.currency, known)).replace("-", _MINUS)

    def __add__(self, other: object) -> "Money":
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.minor + self._like(other), self.currency)

    def __sub__(self, other: object) -> "Money":
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.minor - self._like(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __abs__(self) -> "Money":
        return Money(abs(self.minor), self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: object) -> bool:
        return self.minor < self._like(other) if isinstance(other, Money) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.minor <= self._like(other) if isinstance(other, Money) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.minor > self._like(other) if isinstance(other, Money) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.minor >= self._like(other) if isinstance(other, Money) else NotImplemented

    def _like(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
        return other.minor


def positive(money: Money, field: str = "amount") -> Money:
    """The same money, or Refused `invalid` when it is zero or negative."""
    if money.minor <= 0:
        raise Refused("invalid", "Enter an amount above 0", field=field)
    return money


def share_out(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Split `total_minor` in proportion to `weights`, to the last unit, by largest remainder (A7).

    Ties go to the earlier share; a negative total is split like the positive one. Weights of zero get nothing, unless
    all are zero: then all count alike. ValueError for a negative weight, or for something to split among nobody.
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("a share cannot weigh less than nothing")
    if not weights:
        if total_minor:
            raise ValueError("nothing to share among")
        return []
    if not any(weights):
        weights = [1] * len(weights)
    whole = sum(weights)
    parts = [divmod(abs(total_minor) * weight, whole) for weight in weights]
    shares = [share for share, _ in parts]
    left = abs(total_minor) - sum(shares)
    for index in sorted(range(len(parts)), key=lambda i: -parts[i][1])[:left]:
        shares[index] += 1
    return [-share for share in shares] if total_minor < 0 else shares


@lru_cache(maxsize=512)
def _pattern(locale: Locale, digits: int) -> NumberPattern:
    """The locale's pattern with the decimals of our table instead of CLDR's."""
    pattern: NumberPattern = copy.copy(locale.currency_formats["standard"])
    pattern.frac_prec = (digits, digits)
    return pattern


def _spaced(text: str, symbol: str) -> str:
    """CLDR's spacing rule: a no-break space where a symbol that ends in a letter would touch a digit ("KWD 1.280")."""
    start = text.find(symbol)
    if start < 0:
        return text
    end = start + len(symbol)
    if text[end : end + 1].isdigit() and _is_letter(symbol[-1]):
        text = text[:end] + _NO_BREAK_SPACE + text[end:]
    if text[:start][-1:].isdigit() and _is_letter(symbol[0]):
        text = text[:start] + _NO_BREAK_SPACE + text[start:]
    return text


def _is_letter(sign: str) -> bool:
    return unicodedata.category(sign)[0] not in "SZ"


@lru_cache(maxsize=512)
def _affixes(currency: str, locale: str) -> tuple[str, ...]:
    """How a person may name this currency beside the number: its code, and its symbol here and in English."""
    symbols = {get_currency_symbol(currency, locale_for(tag)) for tag in (locale, "en")}
    return (currency, *sorted(symbol.strip("\u200e\u200f\u061c") for symbol in symbols))
