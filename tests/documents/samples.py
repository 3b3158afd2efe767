"""Invoices to print: one ordinary shop and customer, everything else by keyword."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from balancedue.rules.balance import Balance
from balancedue.rules.invoice import Address, Invoice, Line, Party, PaymentLine, Shop
from balancedue.rules.money import Money
from balancedue.rules.totals import PricedLine, add_up

THINGS = (
    ("Heavyweight hoodie, forest green", "S 6 · M 12 · L 18 · XL 4, front print in two colours", "HD-320"),
    ("Organic cotton tee, natural", "", "TE-110"),
    ("Screen set-up, two colours", "", ""),
    ("Canvas tote bag with a woven label", "38 × 42 cm", "TB-040"),
    ("Embroidered cap", "Navy, one size", "CP-015"),
)

SHOP = Shop(
    party=Party(
        name="Foxglove Print Co.",
        company="Foxglove Print Company LLC",
        address=Address("418 SE Alder Street", "Suite 2", "Portland", "OR", "97214", "US"),
        tax_id="93-5550142",
        phone="(503) 555-0142",
        email="hello@foxglove.example",
    ),
    locale="en-US",
    time_zone="America/Los_Angeles",
    brand_colour="#154FC3",
    logo=b"",
    terms="Payment is due by the date above. Printed goods are made to order and cannot be returned.",
    bank_details="Cascade Bank\nRouting 123006800\nAccount 0004 5550 142",
)

CUSTOMER = Party(
    name="Dana Whitfield",
    company="Larkspur Robotics Club",
    address=Address("77 Orchard Lane", "", "Beaverton", "OR", "97005", "US"),
    email="dana@larkspur.example",
)


def make_line(number: int, currency: str, rate: str = "0") -> Line:
    """The line with that number: same number, same line."""
    description, detail, sku = THINGS[number % len(THINGS)]
    quantity, price = Decimal(1 + number % 7), 1250 + 317 * (number % 11)
    amount = Money(int(quantity) * price, currency)
    return Line(description, detail, sku, quantity, Money(price, currency), Decimal(rate), amount)


def make_payment(minor: int, currency: str = "USD", *, day: int = 3, method: str = "check", **more) -> PaymentLine:
    """Money received in November 2026."""
    return PaymentLine(
        f"pay_{day:020d}",
        date(2026, 11, day),
        method,
        more.pop("reference", "SECRET-REF"),
        more.pop("card", ""),
        Money(minor, currency),
        **more,
    )


def make_invoice(
    count: int = 3,
    *,
    currency: str = "USD",
    rates: tuple[str, ...] = ("0",),
    discount: int = 0,
    shipping: int = 0,
    included: bool = False,
    payments: tuple[PaymentLine, ...] = (),
    pending: int = 0,
    lines: tuple[Line, ...] = (),
    **more,
) -> Invoice:
    """An invoice whose figures add up, with `count` lines or those given."""
    lines = lines or tuple(make_line(n, currency, rates[n % len(rates)]) for n in range(count))
    totals = add_up(
        [PricedLine(line.quantity, line.unit_price.minor, line.tax_rate) for line in lines],
        currency=currency,
        discount_minor=discount,
        shipping_minor=shipping,
        prices_include_tax=included,
    )
    settled = sum((p.amount for p in payments if not p.reversed_on), Money(0, currency))
    facts = {
        "number": "INV-2047",
        "order_number": "2047",
        "order_public_id": "ord_00000000000000000001",
        "status": "open",
        "currency": currency,
        "locale": "en-US",
        "issued_on": date(2026, 11, 1),
        "due_on": date(2026, 11, 22),
        "po_number": "LRC-118",
        "shop": SHOP,
        "bill_to": CUSTOMER,
        "ship_to": CUSTOMER,
        "lines": lines,
        "prices_include_tax": included,
        "subtotal": totals.subtotal,
        "discount": totals.discount,
        "shipping": totals.shipping,
        "taxes": totals.taxes,
        "total": totals.total,
        "payments": payments,
        "balance": Balance(totals.total, settled, Money(pending, currency), 3),
        "as_of": datetime(2026, 11, 5, 23, 2, tzinfo=UTC),
        "cancelled_on": None,
        "paid_on": None,
        "test_mode": False,
    }
    return Invoice(**facts | more)


def make_paid(invoice: Invoice, card: str = "Visa ending 4242") -> Invoice:
    """The same invoice with its balance paid by card."""
    rest = make_payment(invoice.balance.due.minor, invoice.currency, day=22, method="card", card=card)
    balance = replace(invoice.balance, settled=invoice.total)
    return replace(invoice, payments=(*invoice.payments, rest), balance=balance, paid_on=rest.received_on)
