"""Our money on Stripe's wire and back."""

import pytest

from balancedue.processors.base import Kind
from balancedue.processors.stripe.amounts import CHARGEABLE, from_wire, smallest, to_wire
from balancedue.rules.currencies import CURRENCIES
from balancedue.rules.errors import Refused
from balancedue.rules.money import Money
from tests.processors.objects import charge, processor

ZERO_ON_THE_WIRE = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
THREE_ON_THE_WIRE = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


@pytest.mark.parametrize("code", sorted(CHARGEABLE))
def test_every_currency_goes_there_and_back(code: str) -> None:
    """F1: exact, and the smallest amount is itself chargeable."""
    least = smallest(code)
    assert least is not None
    assert from_wire(to_wire(Money(least, code)), code) == Money(least, code)
    wire_digits = 0 if code in ZERO_ON_THE_WIRE else 3 if code in THREE_ON_THE_WIRE else 2
    hundred = Money(100 * 10 ** CURRENCIES[code].digits, code)
    assert to_wire(hundred) == 100 * 10**wire_digits
    assert from_wire(to_wire(hundred), code) == hundred


@pytest.mark.parametrize("code", sorted(CHARGEABLE))
def test_every_minor_unit_is_exact_or_refused(code: str) -> None:
    """F1: never a wrong amount."""
    for minor in range(-3, 2050):
        wire = _wire_or_none(Money(minor, code))
        assert wire is None or (minor > 0 and from_wire(wire, code) == Money(minor, code))


def _wire_or_none(money: Money) -> int | None:
    try:
        return to_wire(money)
    except Refused:
        return None


@pytest.mark.parametrize("code", ["UGX", "IQD", "XCG", "CUP"])
def test_a_currency_that_is_not_in_the_table_is_refused(code: str) -> None:
    """F1: fails closed."""
    assert smallest(code) is None
    with pytest.raises(Refused, match="does not charge"):
        to_wire(Money(100_000, code))
    outcome = processor("http://127.0.0.1:1").start(charge(100_000, code))
    assert (outcome.kind, outcome.code) == (Kind.REFUSED, "currency_not_supported")


@pytest.mark.parametrize(
    ("money", "wire"),
    [
        (Money(110528, "USD"), 110528),
        (Money(500, "JPY"), 500),
        (Money(5, "ISK"), 500),
        (Money(1045, "HUF"), 1045),
        (Money(80045, "TWD"), 80045),
        (Money(5120, "KWD"), 5120),
        (Money(460000, "MGA"), 4600),
    ],
)
def test_the_special_cases(money: Money, wire: int) -> None:
    """F1: ISK has two decimals on the wire, MGA none, HUF and TWD are charged in full."""
    assert to_wire(money) == wire


@pytest.mark.parametrize(
    ("money", "code"),
    [
        (Money(5124, "KWD"), "amount_not_chargeable"),
        (Money(460050, "MGA"), "amount_not_chargeable"),
        (Money(0, "USD"), "amount_not_chargeable"),
        (Money(-100, "USD"), "amount_not_chargeable"),
        (Money(100_000_000, "USD"), "above_maximum"),
    ],
)
def test_what_cannot_be_charged_is_refused_before_anybody_is_asked(money: Money, code: str) -> None:
    """F1, F4."""
    outcome = processor("http://127.0.0.1:1").start(charge(money.minor, money.currency))
    assert (outcome.kind, outcome.code) == (Kind.REFUSED, code)


MOST_DIGITS = {"IDR": 12, "LBP": 11, "COP": 10, "HUF": 10, "INR": 9}


@pytest.mark.parametrize("code", sorted(CHARGEABLE))
def test_the_most_is_eight_digits_or_what_stripe_names(code: str) -> None:
    """F1, F4: the largest sum of that many digits goes there and back; one step more is refused, in words."""
    step = {"ISK": 100, "BHD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10}.get(code, 1)
    most = from_wire((int("9" * MOST_DIGITS.get(code, 8)) // step) * step, code)
    assert from_wire(to_wire(most), code) == most
    above = from_wire(to_wire(most) + step, code)
    with pytest.raises(Refused, match="more than can be charged") as refusal:
        to_wire(above)
    assert refusal.value.code == "above_maximum"


@pytest.mark.parametrize("locale", ["en-US", "de-DE", "ar", "hi-IN", "fr-CH"])
@pytest.mark.parametrize("code", sorted(CHARGEABLE))
def test_from_the_page_to_the_wire_and_back_to_the_page(code: str, locale: str) -> None:
    """F1: what a person reads is what Stripe charges, and what it says it charged reads the same."""
    least = smallest(code)
    assert least is not None
    for money in (Money(least, code), Money(least * 7, code), Money(least * 33, code)):
        typed = Money.parse(money.typed(locale), code, locale)
        assert from_wire(to_wire(typed), code).show(locale) == money.show(locale)
        assert to_wire(typed) == money.decimal * 10 ** _wire_digits(code)


def _wire_digits(code: str) -> int:
    return 0 if code in ZERO_ON_THE_WIRE else 3 if code in THREE_ON_THE_WIRE else 2


def test_a_currency_whose_exponent_is_in_doubt_is_off() -> None:
    """F1: UGX is known to ISO 4217, with no decimals, and charged by nobody here."""
    assert CURRENCIES["UGX"].digits == 0
    assert "UGX" not in CHARGEABLE
    assert CURRENCIES.keys() > CHARGEABLE


def test_a_fraction_from_stripe_is_not_rounded() -> None:
    """F1."""
    with pytest.raises(Refused):
        from_wire(550, "ISK")


def test_documented_minimums() -> None:
    """F1: the table of docs.stripe.com/currencies, in minor units."""
    assert [smallest(code) for code in ("USD", "GBP", "HUF", "JPY", "MXN", "AED")] == [50, 30, 17500, 50, 1000, 200]
