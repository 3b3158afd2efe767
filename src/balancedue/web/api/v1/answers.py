"""What the API answers with: the shapes, as the description shows them."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from balancedue.rules.disputes import REASONS
from balancedue.rules.states import DISPUTE_STATES, PAYOUT_STATES, REFUND_STATES


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Address(Shape):
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""


class Contact(Shape):
    id: str
    name: str
    company: str
    email: str
    phone: str
    tax_id: str
    billing_address: Address
    shipping_address: Address


class Line(Shape):
    description: str
    detail: str
    sku: str
    quantity: str = Field(description="A decimal number, at most 3 places")
    unit_price: int
    tax_rate: str = Field(description="In percent")
    amount: int = Field(description="quantity x unit_price, rounded half up")


class Refund(Shape):
    """Money given back. `started` and `unknown`: the processor has not answered yet, and is asked until it does.

    `pending`: it is on its way. `failed`: it came back, and counts as paid again. `refused`: nothing moved.
    """

    id: str
    payment_id: str
    order_id: str
    status: str = Field(json_schema_extra={"enum": [*REFUND_STATES]})
    amount: int
    currency: str
    reason: str = Field(description='"" for one that was made at the processor')
    note: str
    reduces_order: bool
    made_elsewhere: bool = Field(description="At the processor, not here")
    created_at: datetime
    ended_at: datetime | None = Field(description="null while the processor is working on it")


class Dispute(Shape):
    """A payer's bank asks for the money of a card payment back, or asks about it first.

    `withdrawn` is in doubt while the dispute is open, and owed on the order again only once it is `lost`.
    """

    id: str
    payment_id: str
    order_id: str
    status: str = Field(json_schema_extra={"enum": [*DISPUTE_STATES]})
    amount: int
    currency: str
    withdrawn: int = Field(description="What the bank has taken at the moment; 0 for an inquiry, or once won")
    reason: str = Field(json_schema_extra={"enum": [*REASONS]})
    blocks_refunds: bool
    evidence_sent: bool
    due_at: datetime | None = Field(description="Evidence must be with the bank by then")
    processor_reference: str = Field(description="Its name at the card processor, where it is answered")
    does_not_fit: str = Field(description='Why nothing was booked for it; "" where it fits')
    opened_at: datetime
    closed_at: datetime | None = Field(description="null until the bank has decided")


class Payment(Shape):
    """Money that came in, by hand or by card. A reversed one stays, with the reason."""

    id: str
    order_id: str
    status: Literal["received", "reversed"]
    amount: int
    currency: str
    method: str
    reference: str
    note: str
    card: str
    received_on: date
    created_at: datetime
    reversed_at: datetime | None
    reversal_reason: str
    refundable: int = Field(
        description="What can still be given back; refunds on their way count as given, and a dispute may make it 0"
    )
    refunds: list[Refund]
    disputes: list[Dispute]


class Delivery(Shape):
    to: str
    status: str
    tries: int
    sent_at: datetime | None
    next_try_at: datetime | None = Field(description="null once it is sent or given up")
    error: str


class PaymentRequest(Shape):
    """One link to one order's invoice, and the letters that carry it."""

    id: str
    order_id: str
    status: str
    amount_at_sending: int
    currency: str
    invoice_url: str | None = Field(description="Opens the invoice without a login; null once withdrawn")
    to: list[str]
    cc: list[str]
    notify: list[str]
    message: str
    deliveries: list[Delivery]
    created_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    paid_at: datetime | None
    withdrawn_at: datetime | None


class Order(Shape):
    """All amounts in minor units of `currency`."""

    id: str
    number: str
    invoice_number: str
    status: Literal["open", "cancelled"]
    currency: str
    prices_include_tax: bool
    subtotal: int
    discount: int
    shipping: int
    shipping_tax_rate: str | None
    tax: int
    total: int = Field(description="What the customer owes for the order altogether; 0 once cancelled")
    amount_paid: int = Field(description="What came in, less what was reversed or refunded")
    amount_pending: int = Field(description="At the card processor and not yet certain")
    balance_due: int = Field(description="What remains to be paid, never below 0")
    credit: int = Field(description="What was paid beyond the total, never below 0")
    contact: Contact | None
    lines: list[Line]
    payments: list[Payment]
    disputes: list[Dispute] = Field(description="Of all its payments")
    payment_requests: list[PaymentRequest]
    can_request_payment: bool
    why_not: str | None = Field(description="The code of the refusal a payment request would meet, or null")
    due_date: date | None
    po_number: str
    internal_note: str
    placed_at: datetime
    created_at: datetime
    changed_at: datetime
    cancelled_at: datetime | None


class OrderPage(Shape):
    """Newest first. Pass `next` or `previous` as `cursor` to go on or back."""

    results: list[Order]
    next: str | None
    previous: str | None


class PayoutLine(Shape):
    """One movement that a payout holds. `net` is `amount` less `fee`; all are in the payout's currency.

    `order_id` and `payment_id` are null for what belongs to no order here: the account's other activity.
    """

    kind: str = Field(description="payment, refund, dispute, fee, payout (an earlier one that came back) or other")
    amount: int = Field(description="Below zero when it left the balance")
    fee: int = Field(description="What the processor kept of it")
    net: int
    order_id: str | None
    payment_id: str | None
    refund_id: str | None
    dispute_id: str | None
    at: datetime


class Payout(Shape):
    """A transfer from the card processor to the shop's bank, in the currency that it settles in."""

    id: str
    status: str = Field(json_schema_extra={"enum": [*PAYOUT_STATES]})
    amount: int = Field(description="Below zero when the processor took money from the bank")
    currency: str
    arrives_on: date
    failure: str = Field(description='Why it failed, in the words of the processor; "" if it did not')
    is_listed: bool = Field(description="Whether everything it holds is known; then the lines' `net` come to `amount`")
    created_at: datetime


class PayoutWithLines(Payout):
    lines: list[PayoutLine] = Field(description="Newest first")


class PayoutPage(Shape):
    """Newest first. Pass `next` or `previous` as `cursor` to go on or back."""

    results: list[Payout]
    next: str | None
    previous: str | None
