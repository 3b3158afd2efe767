"""The Invoice: what page, PDF, mail and API all show (M1). Facts only; each reader formats them for its own locale."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from .balance import Balance
from .money import Money
from .totals import TaxLine


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address; every part may be empty. `country` is an ISO 3166-1 alpha-2 code."""

    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """A shop or a customer as an invoice names them (requirements.md 2.18)."""

    name: str = ""
    company: str = ""  # a shop's legal name, a customer's organisation
    address: Address = field(default_factory=Address)
    tax_id: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line as printed. `amount` is quantity x unit price, rounded half up (architecture.md 3a)."""

    description: str
    detail: str  # sizes, decoration; printed beneath
    sku: str
    quantity: Decimal
    unit_price: Money
    tax_rate: Decimal  # percent
    amount: Money


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """Money that came in (or was refunded: negative). `method` is a code of `rules.methods`."""

    public_id: str
    received_on: date
    method: str
    reference: str  # staff only: never shown to the customer
    card: str  # "Visa ending 4242", or ""
    amount: Money
    reversed_on: date | None = None
    by_bank: bool = False  # not paid or refunded: a dispute that was lost, or won after all
    statement: str = ""  # what the payer's bank shows beside it: "FOXGLOVE* INV-2047"; "" where nobody says


@dataclass(frozen=True, slots=True)
class Shop:
    """The account as its customers meet it."""

    party: Party
    locale: str  # BCP 47, for example "en-GB"
    time_zone: str
    brand_colour: str  # "#rrggbb" or ""
    logo: bytes  # PNG or JPEG, or b""
    terms: str
    bank_details: str


@dataclass(frozen=True, slots=True)
class Invoice:
    """One order as its customer sees it, at one moment. Holds nothing internal (M9)."""

    number: str  # prefix + order number
    order_number: str
    order_public_id: str
    status: str  # "open" | "cancelled"
    currency: str
    locale: str  # the customer's, falling back to the shop's
    issued_on: date
    due_on: date | None
    po_number: str
    shop: Shop
    bill_to: Party
    ship_to: Party
    lines: tuple[Line, ...]
    prices_include_tax: bool
    subtotal: Money
    discount: Money  # zero or more
    shipping: Money  # zero or more
    taxes: tuple[TaxLine, ...]
    total: Money
    payments: tuple[PaymentLine, ...]
    balance: Balance
    as_of: datetime  # the last change of the books, aware
    cancelled_on: date | None
    paid_on: date | None  # when the balance last reached zero by a payment
    test_mode: bool  # "TEST" across the PDF, a banner on the page
    reduced_minor: int = 0  # what refunds took off the total (requirements.md 3.10)

    @property
    def reduced(self) -> Money:
        """What refunds took off the total; zero or more."""
        return Money(self.reduced_minor, self.currency)

    @property
    def other(self) -> Money:
        """Whatever else stands between the total of the lines and what is owed: a cancellation, a write-off."""
        return self.balance.total - self.total + self.reduced
