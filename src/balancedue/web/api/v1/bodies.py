"""What callers may send. Unknown fields are refused, and nothing is guessed: no floats, no texts for numbers."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from balancedue.models.refunds import REASONS
from balancedue.rules.currencies import CURRENCIES
from balancedue.rules.currencies import currency as known_currency
from balancedue.rules.errors import Refused
from balancedue.rules.limits import (
    MAX_AMOUNT_MINOR,
    MAX_CC,
    MAX_MESSAGE,
    MAX_NOTE,
    MAX_NOTIFY,
    MAX_ORDER_LINES,
    MAX_TAX_RATE,
    MAX_TO,
)
from balancedue.rules.methods import MANUAL
from balancedue.rules.texts import text_fault

QUANTITY = r"^(?!0+(\.0+)?$)[0-9]{1,7}(\.[0-9]{1,3})?$"  # above 0
RATE = r"^[0-9]{1,3}(\.[0-9]{1,3})?$"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Body(BaseModel):
    """Strict, and closed to fields it does not know."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _plain(text: str, *, several_lines: bool = False) -> str:
    fault = text_fault(text, at_most=len(text), several_lines=several_lines)
    if fault:
        raise ValueError(fault)
    return text


def _plain_lines(text: str) -> str:
    return _plain(text, several_lines=True)


def _quantity(value: Any) -> Decimal:
    if type(value) not in (int, str) or not re.fullmatch(QUANTITY, str(value)):
        raise ValueError('Give a quantity above 0 as a whole number or a text such as "2.5", with at most 3 decimals')
    return Decimal(value)


def _rate(value: Any) -> Decimal:
    if type(value) is not str or not re.fullmatch(RATE, value):
        raise ValueError('Give a tax rate in percent as a text such as "8.25", with at most 3 decimals')
    rate = Decimal(value)
    if rate > MAX_TAX_RATE:
        raise ValueError("Enter a tax rate from 0 to 100")
    return rate


def _day(value: Any) -> date:
    try:
        if type(value) is str and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError('Give a day such as "2026-11-20"')


def _currency(code: str) -> str:
    try:
        return known_currency(code).code
    except Refused as refusal:
        raise ValueError('Give an ISO 4217 code such as "USD"') from refusal


def _method(code: str) -> str:
    if code not in MANUAL:
        raise ValueError(f"Give one of {', '.join(MANUAL)}")
    return code


def _reason(code: str) -> str:
    if code not in REASONS:
        raise ValueError(f"Give one of {', '.join(REASONS)}")
    return code


Plain = Annotated[str, AfterValidator(_plain)]
Text40 = Annotated[Plain, Field(max_length=40)]
Text60 = Annotated[Plain, Field(max_length=60)]
Text80 = Annotated[Plain, Field(max_length=80)]
Text120 = Annotated[Plain, Field(max_length=120)]
Text200 = Annotated[Plain, Field(max_length=200)]
Text254 = Annotated[Plain, Field(max_length=254)]
Text500 = Annotated[Plain, Field(max_length=500)]
MailAddress = Text254
Minor = Annotated[int, Field(ge=0, le=MAX_AMOUNT_MINOR, description="In minor units of the currency")]
Quantity = Annotated[
    Decimal,
    BeforeValidator(_quantity),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "pattern": QUANTITY}, {"type": "integer", "minimum": 1, "maximum": 9_999_999}]}
    ),
]
Rate = Annotated[
    Decimal, BeforeValidator(_rate), WithJsonSchema({"type": "string", "pattern": RATE, "description": "In percent"})
]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Currency = Annotated[str, AfterValidator(_currency), WithJsonSchema({"type": "string", "enum": list(CURRENCIES)})]
Method = Annotated[str, AfterValidator(_method), WithJsonSchema({"type": "string", "enum": list(MANUAL)})]
Reason = Annotated[str, AfterValidator(_reason), WithJsonSchema({"type": "string", "enum": list(REASONS)})]
Message = Annotated[str, Field(max_length=MAX_MESSAGE), AfterValidator(_plain_lines)]
Note = Annotated[str, Field(max_length=MAX_NOTE), AfterValidator(_plain_lines)]


class AddressBody(Body):
    """A postal address; `country` is an ISO 3166-1 code of two letters."""

    line1: Text200 = ""
    line2: Text200 = ""
    city: Text120 = ""
    region: Text120 = ""
    postcode: Text40 = ""
    country: Annotated[str, Field(pattern="^([A-Z]{2})?$")] = ""


class ContactBody(Body):
    """Who the order is for: at least a name, a company or an e-mail address; or the `id` of a contact you have."""

    id: Text40 = ""
    name: Text120 = ""
    company: Text200 = ""
    email: MailAddress = ""
    phone: Text60 = ""
    tax_id: Text60 = ""
    billing_address: AddressBody | None = None
    shipping_address: AddressBody | None = None

    def facts(self) -> dict[str, object]:
        """What was stated, as save_contact takes it."""
        stated = self.model_dump(exclude_unset=True, exclude={"id"})
        return {name: {} if value is None else value for name, value in stated.items()}


class LineBody(Body):
    """One line of an order. `unit_price` in minor units, `quantity` with at most 3 decimals, `tax_rate` in percent."""

    description: Text500
    quantity: Quantity
    unit_price: Minor
    sku: Text80 = ""
    detail: Text500 = ""
    tax_rate: Rate = Decimal(0)


Lines = Annotated[list[LineBody], Field(min_length=1, max_length=MAX_ORDER_LINES)]


class OrderBody(Body):
    """A new order. Without a `number` the account's next one is taken; without a `currency` the account's own."""

    number: Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_plain)] | None = None
    currency: Currency | None = None
    contact: ContactBody | None = None
    lines: Lines
    discount: Minor = 0
    shipping: Minor = 0
    shipping_tax_rate: Rate | None = None
    prices_include_tax: bool | None = None
    due_date: Day | None = None
    po_number: Text60 = ""
    internal_note: Note = ""


class OrderChange(Body):
    """What to change. Fields that are left out stay; `lines` are replaced altogether; null empties a field."""

    contact: ContactBody | None = None
    lines: Lines | None = None
    discount: Minor | None = None
    shipping: Minor | None = None
    shipping_tax_rate: Rate | None = None
    due_date: Day | None = None
    po_number: Text60 | None = None
    internal_note: Note | None = None


class PaymentBody(Body):
    """Money that came in by other means than our payment page. `received_on` is today unless stated."""

    amount: Annotated[int, Field(gt=0, le=MAX_AMOUNT_MINOR, description="In minor units of the order's currency")]
    currency: Currency | None = None
    method: Method
    reference: Text120 = ""
    received_on: Day | None = None
    note: Annotated[str, Field(max_length=2000), AfterValidator(_plain_lines)] = ""
    even_if_alike: Annotated[
        bool, Field(description="Add it though one with the same reference, amount, method and day is there")
    ] = False


class PaymentRequestBody(Body):
    """A payment request by e-mail. Without `to` it goes to the contact's address; without `notify` nobody is told."""

    to: Annotated[list[MailAddress], Field(max_length=MAX_TO)] | None = None
    cc: Annotated[list[MailAddress], Field(max_length=MAX_CC)] | None = None
    message: Message | None = None
    notify: Annotated[list[MailAddress], Field(max_length=MAX_NOTIFY)] | None = None


class ReversalBody(Body):
    """Why the payment is undone. A reversal is always of the whole amount, and leaves the order as it is."""

    reason: Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_plain)]
    amount: Annotated[int, Field(gt=0, le=MAX_AMOUNT_MINOR)] | None = None
    reduce_order: bool = False


class RefundBody(Body):
    """What to give back. Without an `amount` all that is left of the payment; the balance is then due again.

    With `reduce_order` the order comes to as much less, and nothing is due for it.
    """

    amount: Annotated[int, Field(gt=0, le=MAX_AMOUNT_MINOR, description="In minor units of the currency")] | None = None
    reason: Reason
    note: Annotated[str, Field(max_length=500), AfterValidator(_plain_lines)] = ""
    reduce_order: bool = False


class NothingBody(Body):
    """No fields: the address says it all. An empty body does as well."""
