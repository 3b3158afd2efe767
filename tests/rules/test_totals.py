"""How an order adds up."""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balancedue.rules.errors import Refused
from balancedue.rules.limits import MAX_AMOUNT_MINOR
from balancedue.rules.money import Money
from balancedue.rules.totals import PricedLine, Totals, add_up, line_amount_minor, parse_quantity, parse_rate

RATES = [Decimal(rate) for rate in ("0", "5", "8.25", "8.875", "19", "20", "100")]
LINES = st.builds(
    PricedLine,
    quantity=st.integers(1, 99_999).map(lambda milli: Decimal(milli).scaleb(-3)),
    unit_price_minor=st.integers(0, 500_000),
    tax_rate=st.sampled_from(RATES),
)


def one_line(quantity: str = "1", price: int = 1000, rate: str = "0") -> PricedLine:
    return PricedLine(Decimal(quantity), price, Decimal(rate))


def expect_exact(order: Totals, included: bool) -> None:
    assert sum(line.minor for line in order.line_amounts) == order.subtotal.minor
    assert sum(line.tax.minor for line in order.taxes) == order.tax.minor
    tax_on_top = Money.zero(order.total.currency) if included else order.tax
    assert order.subtotal - order.discount + order.shipping + tax_on_top == order.total


def expected_tax(lines: list[PricedLine], rate: Decimal, included: bool) -> int:
    """Worked out another way: with Decimal, line by line."""
    base = sum(
        (line.quantity * line.unit_price_minor).quantize(Decimal(1), ROUND_HALF_UP)
        for line in lines
        if line.tax_rate == rate
    )
    divisor = 100 + rate if included else Decimal(100)
    return int((base * rate / divisor).quantize(Decimal(1), ROUND_HALF_UP))


@given(st.lists(LINES, min_size=1, max_size=40), st.booleans(), st.sampled_from([None, *RATES]), st.data())
def test_every_order_adds_up_exactly(
    lines: list[PricedLine], included: bool, shipping_rate: Decimal | None, data: st.DataObject
) -> None:
    """A7, N5."""
    subtotal = sum(line_amount_minor(line.quantity, line.unit_price_minor) for line in lines)
    order = add_up(
        lines,
        currency=data.draw(st.sampled_from(["USD", "JPY", "KWD"])),
        discount_minor=data.draw(st.integers(0, subtotal)),
        shipping_minor=data.draw(st.integers(0, 100_000)),
        shipping_tax_rate=shipping_rate,
        prices_include_tax=included,
    )
    expect_exact(order, included)
    taxed = sum(line.base.minor + (line.tax.minor if included else 0) for line in order.taxes)
    assert 0 <= taxed <= subtotal - order.discount.minor + order.shipping.minor


@settings(max_examples=30)
@given(st.integers(1, 1000), st.integers(0, 2**32), st.booleans())
def test_one_to_a_thousand_lines_add_up_exactly(count: int, seed: int, included: bool) -> None:
    """A7."""
    lines = [
        PricedLine(
            Decimal(1 + (seed * (i + 1)) % 9999).scaleb(-3), (seed >> 3) * (i + 7) % 99_999, RATES[(seed + i) % 7]
        )
        for i in range(count)
    ]
    subtotal = sum(line_amount_minor(line.quantity, line.unit_price_minor) for line in lines)
    order = add_up(
        lines, currency="USD", discount_minor=subtotal // 7, shipping_minor=seed % 10_000, prices_include_tax=included
    )
    assert len(order.line_amounts) == count
    expect_exact(order, included)


@given(st.lists(LINES, min_size=1, max_size=30), st.booleans())
def test_tax_is_worked_out_on_the_sum_of_each_rate(lines: list[PricedLine], included: bool) -> None:
    """A7."""
    order = add_up(lines, currency="USD", prices_include_tax=included)
    for line in order.taxes:
        assert line.tax.minor == expected_tax(lines, line.rate, included)


def test_tax_is_added_to_net_prices() -> None:
    """A7."""
    order = add_up([one_line("3", 33333, "8.25")], currency="USD", shipping_minor=1500, prices_include_tax=False)
    assert [(t.rate, t.base.minor, t.tax.minor) for t in order.taxes] == [(Decimal("8.25"), 99999, 8250)]
    assert order.total.minor == 99999 + 8250 + 1500


def test_tax_is_taken_out_of_gross_prices() -> None:
    """A7."""
    order = add_up([one_line("1", 11900, "19")], currency="EUR", prices_include_tax=True)
    assert [(t.base.minor, t.tax.minor) for t in order.taxes] == [(10000, 1900)]
    assert (order.total.minor, order.tax.minor) == (11900, 1900)


def test_the_discount_comes_off_before_tax_over_all_lines() -> None:
    """A7."""
    lines = [one_line("1", 1000, "20"), one_line("1", 1000, "0"), one_line("1", 1000, "0")]
    order = add_up(lines, currency="GBP", discount_minor=100, prices_include_tax=False)
    assert [(t.rate, t.base.minor, t.tax.minor) for t in order.taxes] == [(0, 1934, 0), (20, 966, 193)]
    assert order.total.minor == 3000 - 100 + 193


def test_shipping_is_taxed_only_when_it_has_a_rate() -> None:
    """A7."""
    lines = [one_line("1", 1000, "10")]
    untaxed = add_up(lines, currency="USD", shipping_minor=500, prices_include_tax=False)
    taxed = add_up(
        lines, currency="USD", shipping_minor=500, shipping_tax_rate=Decimal("10.0"), prices_include_tax=False
    )
    assert (untaxed.tax.minor, taxed.tax.minor) == (100, 150)
    assert len(taxed.taxes) == 1


def test_an_order_without_tax_lists_none() -> None:
    """A7."""
    order = add_up([one_line(), one_line()], currency="USD", prices_include_tax=False)
    assert (order.taxes, order.tax.minor, order.total.minor) == ((), 0, 2000)


def test_an_order_of_nothing_comes_to_nothing() -> None:
    """3.8."""
    order = add_up([], currency="USD", prices_include_tax=False)
    assert (order.total.minor, order.line_amounts) == (0, ())
    free = add_up([one_line("1", 0, "20")], currency="USD", prices_include_tax=True)
    assert free.total.minor == 0


def test_halves_of_a_line_round_up() -> None:
    """A7."""
    assert line_amount_minor(Decimal("0.5"), 5) == 3
    assert line_amount_minor(Decimal("2.5"), 333) == 833
    assert line_amount_minor(Decimal("0.001"), 499) == 0


def test_the_decimal_context_changes_nothing() -> None:
    """N5."""
    with localcontext() as context:
        context.prec = 2
        assert line_amount_minor(Decimal("12345.678"), 999) == 12333332
        assert parse_quantity("12345.678") == Decimal("12345.678")


def test_many_units_of_one_cent_and_many_lines_are_quick() -> None:
    """A7."""
    lines = [one_line("9999999", 1, "8.25")] * 10_000
    started = perf_counter()
    order = add_up(lines, currency="USD", discount_minor=12_345, prices_include_tax=True)
    assert perf_counter() - started < 2
    assert order.subtotal.minor == 9_999_999 * 10_000
    expect_exact(order, included=True)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (one_line("0"), "quantity"),
        (one_line("-1"), "quantity"),
        (one_line("0.0001"), "quantity"),
        (one_line("1.00000000000000000000000000000000001"), "quantity"),
        (one_line("1E+60"), "quantity"),
        (one_line("NaN"), "quantity"),
        (one_line("Infinity"), "quantity"),
        (one_line("10000000"), "quantity"),
        (one_line("1E-999999"), "quantity"),
        (one_line(rate="-1"), "tax_rate"),
        (one_line(rate="100.001"), "tax_rate"),
        (one_line(rate="8.12345"), "tax_rate"),
        (one_line(rate="NaN"), "tax_rate"),
        (one_line(price=-1), "unit_price"),
        (one_line(price=MAX_AMOUNT_MINOR + 1), "unit_price"),
        (one_line("2", MAX_AMOUNT_MINOR), "lines"),
    ],
)
def test_it_refuses_a_line_that_cannot_be(line: PricedLine, field: str) -> None:
    """F4."""
    with pytest.raises(Refused) as refusal:
        add_up([line], currency="USD", prices_include_tax=False)
    assert (refusal.value.code, refusal.value.field) == ("invalid", field)


@pytest.mark.parametrize(
    ("extra", "field"),
    [
        ({"discount_minor": 1001}, "discount"),
        ({"discount_minor": -1}, "discount"),
        ({"shipping_minor": -1}, "shipping"),
        ({"shipping_minor": 1, "shipping_tax_rate": Decimal(101)}, "shipping"),
        ({"currency": "XXX"}, "currency"),
    ],
)
def test_it_refuses_extras_that_cannot_be(extra: dict[str, object], field: str) -> None:
    """F4."""
    with pytest.raises(Refused) as refusal:
        add_up([one_line()], **{"currency": "USD", "prices_include_tax": False, **extra})  # type: ignore[arg-type]
    assert refusal.value.field == field


def test_it_refuses_floats() -> None:
    """N5."""
    for line in (
        PricedLine(1.5, 1, Decimal(0)),
        PricedLine(Decimal(1), 1.5, Decimal(0)),
        PricedLine(Decimal(1), 1, 8.25),
    ):  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            add_up([line], currency="USD", prices_include_tax=False)


@pytest.mark.parametrize(
    ("text", "locale", "quantity"),
    [
        ("1", "en", "1"),
        ("2.5", "en", "2.5"),
        ("0.125", "en", "0.125"),
        ("2,5", "de", "2.5"),
        ("2.5", "de", "2.5"),
        (" 12 ", "en", "12"),
        ("1,000.5", "en", "1000.5"),
        ("9999999.999", "en", "9999999.999"),
    ],
)
def test_it_reads_a_quantity(text: str, locale: str, quantity: str) -> None:
    """F4."""
    assert parse_quantity(text, locale) == Decimal(quantity)


@pytest.mark.parametrize(
    "text", ["", "0", "-1", "0.0001", "1e3", "NaN", "1,000", "1_0", "١", "１", "0x1", "10000000", "$1", "1%", "-0"]
)
def test_it_refuses_what_is_no_certain_quantity(text: str) -> None:
    """F4."""
    with pytest.raises(Refused, match=r"^Enter a quantity") as refusal:
        parse_quantity(text)
    assert refusal.value.field == "quantity"


@pytest.mark.parametrize(
    ("text", "rate"), [("0", "0"), ("8.25", "8.25"), ("8.25%", "8.25"), ("8.875 %", "8.875"), ("100", "100")]
)
def test_it_reads_a_tax_rate(text: str, rate: str) -> None:
    """F4."""
    assert parse_rate(text) == Decimal(rate)


@pytest.mark.parametrize("text", ["", "-1", "100.001", "101", "8.2555", "8,25", "NaN", "1e1", "8%%", "٨"])
def test_it_refuses_what_is_no_certain_rate(text: str) -> None:
    """F4."""
    with pytest.raises(Refused, match=r"^Enter a tax rate") as refusal:
        parse_rate(text)
    assert refusal.value.field == "tax_rate"
