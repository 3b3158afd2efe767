"""Money: counting, showing, reading."""

import ast
from decimal import Decimal, localcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancedue.rules import money as money_module
from balancedue.rules.currencies import CURRENCIES
from balancedue.rules.errors import Refused
from balancedue.rules.limits import MAX_AMOUNT_MINOR
from balancedue.rules.money import Money, positive, round_half_up, share_out

CODES = st.sampled_from(sorted(CURRENCIES))
AMOUNTS = st.integers(-MAX_AMOUNT_MINOR, MAX_AMOUNT_MINOR)
LOCALES = st.sampled_from(
    [
        "en-US",
        "en_GB",
        "en-IN",
        "de-DE",
        "de-AT",
        "de-CH",
        "fr-FR",
        "fr-CH",
        "es-ES",
        "pt-BR",
        "pt-PT",
        "it",
        "nl-NL",
        "sv-SE",
        "nb-NO",
        "da-DK",
        "pl-PL",
        "cs-CZ",
        "ja-JP",
        "zh-Hant-TW",
        "hi-IN",
        "he-IL",
        "ar-EG",
        "fa-IR",
        "tlh",
    ]
)


def read(text: str, currency: str = "USD", locale: str = "en") -> int:
    return Money.parse(text, currency, locale).minor


def refusal_of(text: str, currency: str = "USD", locale: str = "en") -> str:
    with pytest.raises(Refused) as refusal:
        Money.parse(text, currency, locale, field="amount")
    assert (refusal.value.code, refusal.value.field) == ("invalid", "amount")
    return refusal.value.sentence


@pytest.mark.parametrize("minor", [1.0, True, False, "1", Decimal(1), None])
def test_it_counts_only_in_whole_minor_units(minor: object) -> None:
    """N5."""
    with pytest.raises(TypeError):
        Money(minor, "USD")  # type: ignore[arg-type]


def test_it_refuses_a_currency_it_does_not_know() -> None:
    """F1."""
    with pytest.raises(Refused):
        Money(1, "usd")


def test_it_adds_subtracts_and_compares_within_a_currency() -> None:
    """N5."""
    five, two = Money(500, "USD"), Money(200, "USD")
    assert (five + two, five - two, two - five) == (Money(700, "USD"), Money(300, "USD"), Money(-300, "USD"))
    assert (-five, abs(-five), max(five, two)) == (Money(-500, "USD"), five, five)
    assert two < five <= five >= two
    assert five > two
    assert sum([five, two], Money.zero("USD")) == Money(700, "USD")
    assert five
    assert not Money.zero("USD")


def test_it_never_mixes_currencies() -> None:
    """N5."""
    dollar, yen = Money(100, "USD"), Money(100, "JPY")
    assert dollar != yen
    for mixed in (lambda: dollar + yen, lambda: dollar - yen, lambda: dollar < yen, lambda: max(dollar, yen)):
        with pytest.raises(ValueError, match="do not mix"):
            mixed()
    with pytest.raises(TypeError):
        dollar + 1  # type: ignore[operator]
    with pytest.raises(TypeError):
        dollar < 1  # type: ignore[operator]  # noqa: B015


@pytest.mark.parametrize(
    ("minor", "currency", "plain"),
    [
        (110528, "USD", "1105.28"),
        (-50000, "USD", "-500.00"),
        (5, "USD", "0.05"),
        (-5, "USD", "-0.05"),
        (0, "USD", "0.00"),
        (1105, "JPY", "1105"),
        (0, "JPY", "0"),
        (1280, "KWD", "1.280"),
        (-7, "KWD", "-0.007"),
    ],
)
def test_it_writes_itself_plainly(minor: int, currency: str, plain: str) -> None:
    """F1."""
    assert Money(minor, currency).plain == plain
    assert Money(minor, currency).decimal == Decimal(plain)


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "shown"),
    [
        (110528, "USD", "en-US", "$1,105.28"),
        (-50000, "USD", "en-US", "−$500.00"),
        (110528, "USD", "en_GB", "US$1,105.28"),
        (110528, "USD", "de_DE", "1.105,28\u00a0$"),
        (110528, "USD", "fr-FR", "1\u202f105,28\u00a0$US"),
        (123456700, "INR", "en-IN", "₹12,34,567.00"),
        (1105, "JPY", "en-US", "¥1,105"),
        (1105280, "KWD", "en-US", "KWD\u00a01,105.280"),
        (12345, "ISK", "en-US", "ISK\u00a012,345"),
        (123456, "HUF", "en-US", "HUF\u00a01,234.56"),  # CLDR would show no decimals
        (110528, "USD", "xx-YY", "$1,105.28"),
        (110528, "EUR", "de-XX", "1.105,28\u00a0€"),
        (110528, "USD", "", "$1,105.28"),
        (110528, "USD", "../../etc/passwd", "$1,105.28"),
    ],
)
def test_it_shows_itself_as_people_read_it(minor: int, currency: str, locale: str, shown: str) -> None:
    """F1."""
    assert Money(minor, currency).show(locale) == shown


@given(AMOUNTS, CODES, LOCALES)
def test_what_is_shown_reads_back_as_the_same_amount(minor: int, currency: str, locale: str) -> None:
    """F1, F4."""
    amount = Money(minor, currency)
    assert Money.parse(amount.show(locale), currency, locale) == amount
    assert Money.parse(amount.typed(locale), currency, locale) == amount
    assert Money.parse(amount.plain, currency) == amount
    assert "-" not in amount.show(locale)


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_every_currency_goes_from_display_to_books_and_back(currency: str) -> None:
    """F1."""
    for minor in (0, 1, -1, 99, 100, 1000, 123456, MAX_AMOUNT_MINOR):
        amount = Money(minor, currency)
        assert Money.parse(amount.show(), currency, "en-US") == amount
        assert int(amount.decimal.scaleb(CURRENCIES[currency].digits)) == minor


def test_large_sums_lose_nothing_whatever_the_decimal_context() -> None:
    """N5."""
    with localcontext() as context:
        context.prec = 3
        assert Money(123456789012345678901234567890, "USD").plain == "1234567890123456789012345678.90"
        assert Money(123456789, "USD").show() == "$1,234,567.89"
        assert read("1,234,567.89") == 123456789


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1105.28", 110528),
        ("1,105.28", 110528),
        ("$1,105.28", 110528),
        ("1105.28 USD", 110528),
        ("usd 1105.28", 110528),
        ("  $ 5\xa0", 500),
        ("5", 500),
        ("5.5", 550),
        (".5", 50),
        ("0", 0),
        ("0.00", 0),
        ("007", 700),
        ("1,105", 110500),
        ("-5", -500),
        ("−$500.00", -50000),
        ("$-5", -500),
        ("- 5", -500),
        ("+5", 500),
        ("1,234,567.89", 123456789),
        ("999,999,999.99", MAX_AMOUNT_MINOR),
        ("-999999999.99", -MAX_AMOUNT_MINOR),
    ],
)
def test_it_reads_what_a_person_types(text: str, minor: int) -> None:
    """F4."""
    assert read(text) == minor


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1.105,28", 110528),
        ("1105,28", 110528),
        ("1105.28", 110528),
        ("1.50", 150),
        ("1.105", 110500),
        ("1,5 €", 150),
        ("1.105,28 EUR", 110528),
        ("−500,00 €", -50000),
    ],
)
def test_it_reads_a_decimal_comma_where_one_is_used(text: str, minor: int) -> None:
    """F4."""
    assert read(text, "EUR", "de-DE") == minor


@pytest.mark.parametrize(
    ("text", "currency", "locale", "minor"),
    [
        ("1\u202f105,28 €", "EUR", "fr-FR", 110528),
        ("1 105,28", "EUR", "fr-FR", 110528),
        ("1'105.28", "CHF", "de-CH", 110528),
        ("12,34,567", "INR", "en-IN", 123456700),
        ("1,105", "JPY", "ja-JP", 1105),
        ("1,105.280", "KWD", "en", 1105280),
        ("1.28", "KWD", "en", 1280),
        ("1280", "KWD", "en", 1280000),
        ("0,280", "KWD", "de-DE", 280),
    ],
)
def test_it_reads_the_grouping_of_each_locale(text: str, currency: str, locale: str, minor: int) -> None:
    """F4."""
    assert read(text, currency, locale) == minor


NEVER_AMOUNTS = [
    "1e5",
    "1E5",
    "NaN",
    "nan",
    "Infinity",
    "inf",
    "-inf",
    "1.000,50",
    "1,00",
    "1,0000",
    "12,34",
    "1,2345.00",
    "0,105",
    "1,105,28",
    ",105",
    "1,,105",
    "1.2.3",
    "1 105.28",
    "1'105.28",
    "5.",
    ".",
    ",",
    "-",
    "+",
    "$",
    "USD",
    "--5",
    "+-5",
    "-$-5",
    "5-",
    "(5)",
    "-0",
    "-0.00",
    "−0",
    "0x10",
    "1_000",
    "5 EUR",
    "€5",
    "$5 USD",
    "USD USD 5",
    "5$5",
    "five",
    "½",
    "1/2",
    "2+3",
    "=5",
    "5%",
    "1\u200b0",
    "1\n0",
    "5\x00",
    "\x005",
    "1\u2028",
    "1 0",
    "9" * 65,
    "0" * 65,
    "<b>5</b>",
    "١٢٣",
    "١١٠٥٫٢٨",
    "１２",
    "1２",
    "۱۲",
    "१२",
    "𝟏𝟐",
    "²",
    "Ⅴ",
    "五",
    "1٫5",
    "1،000",
    "1．5",
    "1，000.00",
]


@pytest.mark.parametrize("text", NEVER_AMOUNTS)
def test_it_refuses_whatever_is_not_certainly_an_amount(text: str) -> None:
    """F4."""
    assert refusal_of(text).startswith("Enter an amount like 1105.28")


@pytest.mark.parametrize(
    ("text", "currency", "locale", "sentence"),
    [
        ("", "USD", "en", "Enter an amount"),
        (" \u00a0\n", "USD", "en", "Enter an amount"),
        ("0.005", "USD", "en", "Enter an amount with at most 2 decimals"),
        ("1.000", "USD", "en", "Enter an amount with at most 2 decimals"),
        ("1.0", "JPY", "en", "Enter an amount without decimals"),
        ("1.2345", "KWD", "en", "Enter an amount with at most 3 decimals"),
        ("12", "USD", "en", None),
        ("١٢", "USD", "en", "Enter an amount like 1105.28, with the digits 0 to 9"),
        ("x", "EUR", "de", "Enter an amount like 1105,28"),
        ("x", "JPY", "en", "Enter an amount like 1105"),
        ("1000000000", "USD", "en", "Enter an amount of at most $999,999,999.99"),
        ("-1000000000", "USD", "en", "Enter an amount of at most $999,999,999.99"),
        ("1,280", "KWD", "en", "Enter an amount like 1105.280, without a separator between thousands"),
        ("1.280", "KWD", "de", "Enter an amount like 1105,280, without a separator between thousands"),
        ("1.10528", "EUR", "de", "Enter an amount like 1105,28"),
    ],
)
def test_it_says_what_to_do(text: str, currency: str, locale: str, sentence: str | None) -> None:
    """F4."""
    if sentence is None:
        assert read(text, currency, locale)
    else:
        assert refusal_of(text, currency, locale) == sentence


@given(st.text(alphabet="0123456789.,-−+$ €'eE_\u00a0١２", max_size=14), LOCALES)
def test_a_text_is_read_by_its_digits_or_refused(text: str, locale: str) -> None:
    """F4: never a wrong amount."""
    try:
        amount = Money.parse(text, "USD", locale)
    except Refused:
        return
    digits = "".join(sign for sign in text if sign in "0123456789")
    typed = amount.plain.lstrip("-").replace(".", "")
    assert typed.lstrip("0").rstrip("0") == digits.lstrip("0").rstrip("0")
    assert (amount.minor < 0) == any(minus in text for minus in "-−")


def test_positive_refuses_zero_and_less() -> None:
    """F4."""
    assert positive(Money(1, "USD"), "amount") == Money(1, "USD")
    for minor in (0, -1):
        with pytest.raises(Refused, match="Enter an amount above 0") as refusal:
            positive(Money(minor, "USD"), "paid")
        assert refusal.value.field == "paid"


@given(AMOUNTS, st.lists(st.integers(0, MAX_AMOUNT_MINOR), min_size=1, max_size=200))
def test_shares_add_up_and_stay_within_one_unit_of_their_due(total: int, weights: list[int]) -> None:
    """A7."""
    shares = share_out(total, weights)
    assert sum(shares) == total
    assert shares == share_out(total, weights)
    assert [-share for share in shares] == share_out(-total, weights)
    whole = sum(weights)
    if whole:
        assert all(abs(share * whole - total * weight) < whole for share, weight in zip(shares, weights, strict=True))


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (5, [0, 1, 0], [0, 5, 0]),
        (3, [0, 0], [2, 1]),
        (0, [], []),
        (0, [0], [0]),
        (1, [1, 2], [0, 1]),
        (10, [1, 2, 3], [2, 3, 5]),
    ],
)
def test_the_largest_remainder_gets_the_odd_cent(total: int, weights: list[int], shares: list[int]) -> None:
    """A7."""
    assert share_out(total, weights) == shares


def test_nothing_is_shared_among_nobody_or_by_negative_weights() -> None:
    """A7."""
    with pytest.raises(ValueError, match="nothing to share among"):
        share_out(1, [])
    with pytest.raises(ValueError, match="less than nothing"):
        share_out(1, [2, -1])


@pytest.mark.parametrize(
    ("value", "rounded"), [("0.5", 1), ("-0.5", -1), ("1.5", 2), ("2.5", 3), ("2.49", 2), ("-2.5", -3)]
)
def test_halves_round_away_from_zero(value: str, rounded: int) -> None:
    """A7."""
    assert round_half_up(Decimal(value)) == rounded


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_what_is_no_number_is_not_rounded(value: str) -> None:
    """F4."""
    with pytest.raises(ValueError, match="finite"):
        round_half_up(Decimal(value))


@pytest.mark.parametrize("name", ["balance", "currencies", "money", "numbers", "totals"])
def test_no_float_is_reachable_from_money_code(name: str) -> None:
    """N5."""
    source = (Path(money_module.__file__).parent / f"{name}.py").read_text()
    for node in ast.walk(ast.parse(source)):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), ast.unparse(node)
        assert not isinstance(node, ast.Div), "true division makes floats"
        assert not (isinstance(node, ast.Name) and node.id in {"float", "round"}), node.lineno
