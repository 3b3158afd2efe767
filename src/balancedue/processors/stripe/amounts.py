"""What Stripe makes of our money: units on the wire, the least and the most it charges (F1).

From docs.stripe.com/currencies. A currency that is in neither table below cannot be charged: fails closed.
UGX is off: Stripe's own pages disagree on its decimals, and no live call has settled it.
"""

from decimal import Decimal

from balancedue.rules.currencies import CURRENCIES
from balancedue.rules.errors import Refused
from balancedue.rules.money import Money

# Stripe's own table of minimums, by settlement currency, in major units.
_DOCUMENTED = """
USD 0.50  AED 2.00  AUD 0.50  BRL 0.50  CAD 0.50  CHF 0.50  CZK 15    DKK 2.50
EUR 0.50  GBP 0.30  HKD 4.00  HUF 175   INR 0.50  JPY 50    MXN 10    MYR 2.00
NOK 3.00  NZD 0.50  PLN 2.00  RON 2.00  SEK 3.00  SGD 0.50  THB 10
"""

# Currencies Stripe charges but does not settle: the minimum is that of the shop's settlement currency after conversion.
# The figures are ours: round sums worth about one US dollar, twice the usual minimum, so that a page seldom offers what
# Stripe would refuse. Where a rate has moved further, Stripe's own refusal (`below_minimum`) is the backstop.
_ESTIMATED = """
AFN 70    ALL 85    AMD 400   AOA 950   ARS 1500  AWG 2     AZN 2     BAM 2     BBD 2     BDT 125
BHD 0.400 BIF 3000  BMD 1     BND 1.50  BOB 7     BSD 1     BWP 14    BYN 3.50  BZD 2     CDF 2500
CLP 1000  CNY 7.50  COP 4200  CRC 520   CVE 100   DJF 180   DOP 65    DZD 135   EGP 50    ETB 150
FJD 2.50  FKP 0.80  GEL 3     GIP 0.80  GMD 75    GNF 9000  GTQ 8     GYD 210   HNL 27    HTG 135
IDR 17000 ILS 4     ISK 130   JMD 165   JOD 0.750 KES 130   KGS 90    KHR 4100  KMF 450   KRW 1450
KWD 0.320 KYD 1     KZT 550   LAK 22000 LBP 90000 LKR 310   LRD 190   LSL 18    MAD 10    MDL 18
MGA 4600  MKD 60    MMK 2100  MNT 3600  MOP 8.50  MUR 47    MVR 16    MWK 1750  MZN 65    NAD 18
NGN 1600  NIO 37    NPR 145   OMR 0.400 PAB 1     PEN 4     PGK 4.50  PHP 60    PKR 290   PYG 7500
QAR 4     RSD 105   RUB 100   RWF 1500  SAR 4     SBD 9     SCR 15    SHP 0.80  SLE 24    SOS 575
SRD 40    SZL 18    TJS 11    TND 3.000 TOP 2.50  TRY 45    TTD 7     TWD 33    TZS 2600  UAH 43
UYU 42    UZS 12500 VND 27000 VUV 125   WST 3     XAF 620   XCD 3     XOF 620   XPF 115   YER 250
ZAR 18    ZMW 25
"""

# Where the wire has other decimals than ISO 4217 says.
_WIRE_DIGITS = {"ISK": 2, "MGA": 0}

# Where the wire takes only every n-th unit. HUF and TWD are charged in full; only payouts are rounded, by Stripe.
_WIRE_STEP = {"ISK": 100, "BHD": 10, "JOD": 10, "KWD": 10, "OMR": 10, "TND": 10}

# The most, in wire units: eight digits unless Stripe names another length.
_WIRE_MOST = {"IDR": 10**12 - 1, "INR": 10**9 - 1, "COP": 10**10 - 1, "HUF": 10**10 - 1, "LBP": 10**11 - 1}
_WIRE_MOST_ELSE = 10**8 - 1


def _read(table: str) -> dict[str, int]:
    """The table in minor units by currency."""
    words = table.split()
    pairs = zip(words[::2], words[1::2], strict=True)
    return {code: int(Decimal(major).scaleb(CURRENCIES[code].digits)) for code, major in pairs}


_SMALLEST = _read(_ESTIMATED) | _read(_DOCUMENTED)

CHARGEABLE: frozenset[str] = frozenset(_SMALLEST)
"""The currencies this processor charges."""


def smallest(currency: str) -> int | None:
    """The least amount in minor units, already of a kind the wire takes; None for a currency not in the tables."""
    return _SMALLEST.get(currency)


def to_wire(money: Money) -> int:
    """The amount as Stripe wants it. Refused `currency_not_supported`, `amount_not_chargeable` or `above_maximum`."""
    code = money.currency
    if code not in _SMALLEST:
        raise Refused("currency_not_supported", f"Stripe does not charge {code}")
    ours, theirs = CURRENCIES[code].digits, _digits(code)
    wire, rest = divmod(money.minor * _ten(theirs), _ten(ours))
    if money.minor <= 0 or rest or wire % _WIRE_STEP.get(code, 1):
        raise Refused("amount_not_chargeable", f"{money.plain} {code} cannot be charged to the last unit")
    if wire > _WIRE_MOST.get(code, _WIRE_MOST_ELSE):
        raise Refused("above_maximum", f"{money.plain} {code} is more than can be charged at once")
    return wire


def from_wire(wire: int, currency: str) -> Money:
    """Money from a figure of Stripe's, `currency` in capitals. Refused for a currency or a fraction we cannot hold."""
    if currency not in _SMALLEST:
        raise Refused("currency_not_supported", f"Stripe named an unexpected currency: {currency[:8]}")
    ours, theirs = CURRENCIES[currency].digits, _digits(currency)
    minor, rest = divmod(wire * _ten(ours), _ten(theirs))
    if rest:
        raise Refused("amount_not_chargeable", f"Stripe named a fraction: {wire} {currency}")
    return Money(minor, currency)


def _ten(digits: int) -> int:
    return int("1" + "0" * digits)


def _digits(code: str) -> int:
    return _WIRE_DIGITS.get(code, CURRENCIES[code].digits)
