"""Which currencies are taken, and the least and the finest amount of each.

Source: Stripe's published lists of presentment currencies, minimum charge amounts and special cases
(money-safety.md 1). A currency that is not here is refused.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Currency:
    """`least` and `step` are in minor units as sent over the wire."""

    least: int = 1
    step: int = 1


_MINIMUMS = {
    "usd": 50,
    "aed": 200,
    "aud": 50,
    "bgn": 100,
    "brl": 50,
    "cad": 50,
    "chf": 50,
    "czk": 1500,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "inr": 50,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "sgd": 50,
    "thb": 1000,
}
_PLAIN = "ars clp cop cny egp idr ils kes krw mad pen php qar sar try twd uah uyu vnd zar pyg xaf xof xpf"
_THREE_DECIMALS = "bhd jod kwd omr tnd"

CURRENCIES: dict[str, Currency] = {
    **{code: Currency(least) for code, least in _MINIMUMS.items()},
    **{code: Currency() for code in _PLAIN.split()},
    **{code: Currency(step=10) for code in _THREE_DECIMALS.split()},
    "isk": Currency(step=100),
}

MOST = 99_999_999
"""Eight digits, in any currency."""

_NO_DECIMALS = "jpy krw clp pyg vnd xaf xof xpf"


def places(code: str) -> int:
    """How many decimals a currency has."""
    return 0 if code in _NO_DECIMALS.split() else 3 if code in _THREE_DECIMALS.split() else 2


def as_text(amount: int, code: str) -> str:
    """For the eye: `1,105.28 USD` from minor units."""
    whole, part = divmod(abs(amount), 10 ** places(code))
    sign = "\u2212" if amount < 0 else ""
    return f"{sign}{whole:,}" + (f".{part:0{places(code)}d}" if places(code) else "") + f" {code.upper()}"
