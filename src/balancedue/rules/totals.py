"""How an order adds up (architecture.md 3a): the only place it is done. Whole numbers throughout, half up."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from balancedue.rules.errors import Refused
from balancedue.rules.limits import (
    MAX_AMOUNT_MINOR,
    MAX_ORDER_LINES,
    MAX_QUANTITY,
    MAX_TAX_RATE,
    QUANTITY_PLACES,
    TAX_RATE_PLACES,
)
from balancedue.rules.money import Money, share_out
from balancedue.rules.numbers import divide_half_up, read_number


@dataclass(frozen=True, slots=True)
class PricedLine:
    """`quantity` above 0, at most 3 places; `unit_price_minor` 0 or more; `tax_rate` in percent, 0 to 100, 3 places."""

    quantity: Decimal
    unit_price_minor: int
    tax_rate: Decimal


@dataclass(frozen=True, slots=True)
class TaxLine:
    """The tax at one rate. `rate` in percent; `base` is the net amount taxed (also where prices include tax)."""

    rate: Decimal
    base: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class Totals:
    """An order added up. `discount` is zero or more and is taken off; `subtotal` is the sum of `line_amounts`.

    Tax excluded: subtotal - discount + shipping + tax = total. Included: subtotal - discount + shipping = total, and
    `tax` says how much of it is tax. `taxes` is sorted by rate; a rate of 0 is listed only beside others.
    """

    line_amounts: tuple[Money, ...]
    subtotal: Money
    discount: Money
    shipping: Money
    taxes: tuple[TaxLine, ...]
    tax: Money
    total: Money


_MILLI = 10**QUANTITY_PLACES
_WHOLE_RATE = 100 * 10**TAX_RATE_PLACES  # 100 percent in thousandths of a percent


def add_up(
    lines: Sequence[PricedLine],
    *,
    currency: str,
    discount_minor: int = 0,
    shipping_minor: int = 0,
    shipping_tax_rate: Decimal | None = None,
    prices_include_tax: bool,
) -> Totals:
    """Add an order up, in time linear in its lines but for one sort.

    The discount comes off before tax, spread over the lines by largest remainder. Shipping is untaxed unless it has a
    rate. Raises Refused `invalid` with `field` quantity, unit_price, tax_rate, discount, shipping, lines or currency.
    """
    if len(lines) > MAX_ORDER_LINES:
        raise _refused("lines", f"An order has at most {MAX_ORDER_LINES:,} lines")
    amounts = [line_amount_minor(line.quantity, line.unit_price_minor) for line in lines]
    subtotal = sum(amounts)
    _check_extras(subtotal, discount_minor, shipping_minor)
    taxable = _by_rate(lines, amounts, discount_minor)
    if shipping_tax_rate is not None and shipping_minor:
        rate = _rate_milli(shipping_tax_rate, "shipping")
        taxable[rate] = taxable.get(rate, 0) + shipping_minor
    taxes = tuple(_tax_line(rate, taxable[rate], currency, prices_include_tax) for rate in sorted(taxable))
    tax = sum(line.tax.minor for line in taxes)
    total = subtotal - discount_minor + shipping_minor + (0 if prices_include_tax else tax)
    if total > MAX_AMOUNT_MINOR:
        raise _refused("lines", f"An order comes to at most {Money(MAX_AMOUNT_MINOR, currency).show()}")
    return Totals(
        line_amounts=tuple(Money(amount, currency) for amount in amounts),
        subtotal=Money(subtotal, currency),
        discount=Money(discount_minor, currency),
        shipping=Money(shipping_minor, currency),
        taxes=taxes if any(line.rate for line in taxes) else (),
        tax=Money(tax, currency),
        total=Money(total, currency),
    )


def line_amount_minor(quantity: Decimal, unit_price_minor: int) -> int:
    """Quantity x unit price in minor units, half up; Refused for a quantity or price out of bounds."""
    milli = _thousandths(quantity)
    if milli is None:
        raise _refused("quantity", f"Enter a quantity with at most {QUANTITY_PLACES} decimals")
    if not 0 < quantity <= MAX_QUANTITY:
        raise _refused("quantity", _quantity_bounds(quantity))
    if type(unit_price_minor) is not int:
        raise TypeError("a price counts in int minor units")
    if not 0 <= unit_price_minor <= MAX_AMOUNT_MINOR:
        raise _refused("unit_price", "Enter a unit price of 0 or more, within the limit")
    return divide_half_up(milli * unit_price_minor, _MILLI)


def parse_quantity(text: str, locale: str = "en", *, field: str = "quantity") -> Decimal:
    """Read a typed quantity: above 0, at most 3 decimals; Refused `invalid` otherwise."""
    typed = read_number(text, places=QUANTITY_PLACES, locale=locale, field=field, noun="a quantity", example="2.5")
    quantity = _from_thousandths(typed.scaled(QUANTITY_PLACES))
    if not 0 < quantity <= MAX_QUANTITY:
        raise _refused(field, _quantity_bounds(quantity))
    return quantity


def parse_rate(text: str, locale: str = "en", *, field: str = "tax_rate") -> Decimal:
    """Read a typed tax rate in percent, with or without "%": 0 to 100, at most 3 decimals; Refused otherwise."""
    typed = read_number(
        text, places=TAX_RATE_PLACES, locale=locale, field=field, noun="a tax rate", affixes=("%",), example="8.25"
    )
    rate = _from_thousandths(typed.scaled(TAX_RATE_PLACES))
    if not 0 <= rate <= MAX_TAX_RATE:
        raise _refused(field, "Enter a tax rate from 0 to 100")
    return rate


def _check_extras(subtotal: int, discount_minor: int, shipping_minor: int) -> None:
    if type(discount_minor) is not int or type(shipping_minor) is not int:
        raise TypeError("discount and shipping count in int minor units")
    if discount_minor < 0:
        raise _refused("discount", "Enter a discount of 0 or more")
    if discount_minor > subtotal:
        raise _refused("discount", "Enter a discount no larger than the subtotal")
    if not 0 <= shipping_minor <= MAX_AMOUNT_MINOR:
        raise _refused("shipping", "Enter a shipping amount of 0 or more, within the limit")


def _by_rate(lines: Sequence[PricedLine], amounts: list[int], discount_minor: int) -> dict[int, int]:
    """Line amounts less their part of the discount, summed per rate in thousandths of a percent."""
    reductions = share_out(discount_minor, amounts) if discount_minor else [0] * len(amounts)
    sums: dict[int, int] = {}
    for line, amount, reduction in zip(lines, amounts, reductions, strict=True):
        rate = _rate_milli(line.tax_rate, "tax_rate")
        sums[rate] = sums.get(rate, 0) + amount - reduction
    return sums


def _tax_line(rate: int, amount: int, currency: str, included: bool) -> TaxLine:
    tax = divide_half_up(amount * rate, _WHOLE_RATE + rate if included else _WHOLE_RATE)
    base = amount - tax if included else amount
    return TaxLine(_from_thousandths(rate), Money(base, currency), Money(tax, currency))


def _rate_milli(rate: Decimal, field: str) -> int:
    milli = _thousandths(rate)
    if milli is None or not 0 <= milli <= _WHOLE_RATE:
        raise _refused(field, f"Enter a tax rate from 0 to 100 with at most {TAX_RATE_PLACES} decimals")
    return milli


def _thousandths(value: Decimal) -> int | None:
    """`value` x 1000 when that is whole, else None. Does not depend on the decimal context."""
    if not isinstance(value, Decimal):
        raise TypeError("quantities and rates are Decimal")
    if not value.is_finite() or not -40 <= value.adjusted() <= 40 or len(value.as_tuple().digits) > 80:
        return 0 if value == 0 else None
    top, bottom = value.as_integer_ratio()
    return None if top * 1000 % bottom else top * 1000 // bottom


def _from_thousandths(milli: int) -> Decimal:
    """Exact, without trailing zeros: 8250 is Decimal("8.25")."""
    whole, rest = divmod(abs(milli), 1000)
    digits = f"{whole}.{rest:03}".rstrip("0").rstrip(".")
    return Decimal(f"-{digits}" if milli < 0 else digits)


def _quantity_bounds(quantity: Decimal) -> str:
    return "Enter a quantity above 0" if quantity <= 0 else f"Enter a quantity of at most {MAX_QUANTITY:,}"


def _refused(field: str, sentence: str) -> Refused:
    return Refused("invalid", sentence, field=field)
