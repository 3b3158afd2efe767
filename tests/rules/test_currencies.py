"""The currency table."""

import pytest
from babel.numbers import get_currency_precision

from balancedue.rules.currencies import CURRENCIES, currency
from balancedue.rules.errors import Refused


@pytest.mark.parametrize(
    ("code", "digits"),
    [
        ("USD", 2),
        ("EUR", 2),
        ("JPY", 0),
        ("KRW", 0),
        ("KWD", 3),
        ("BHD", 3),
        ("TND", 3),
        ("ISK", 0),
        ("HUF", 2),
        ("TWD", 2),
        ("UGX", 0),
        ("MGA", 2),
        ("MRU", 2),
        ("IQD", 3),
        ("CLP", 0),
        ("XCG", 2),
        ("SLE", 2),
        ("ZWG", 2),
    ],
)
def test_it_knows_the_minor_unit_of_the_standard(code: str, digits: int) -> None:
    """F1."""
    assert currency(code).digits == digits


def test_it_knows_every_currency_in_use_with_a_name() -> None:
    """F1."""
    assert len(CURRENCIES) == 155
    assert {each.digits for each in CURRENCIES.values()} == {0, 2, 3}
    assert all(code == each.code and each.name for code, each in CURRENCIES.items())
    assert list(CURRENCIES) == sorted(CURRENCIES)


def test_it_differs_from_the_digits_of_display_only_where_those_hide_decimals() -> None:
    """F1."""
    differing = {code for code, each in CURRENCIES.items() if get_currency_precision(code) != each.digits}
    assert all(get_currency_precision(code) < CURRENCIES[code].digits for code in differing)


@pytest.mark.parametrize(
    "code", ["", "usd", "US", "USDT", "XXX", "XTS", "XAU", "CLF", "UYW", "HRK", "BTC", "USD ", "ＵＳＤ"]
)
def test_it_refuses_an_unknown_currency(code: str) -> None:
    """F1."""
    with pytest.raises(Refused) as refusal:
        currency(code)
    assert (refusal.value.code, refusal.value.field) == ("invalid", "currency")
