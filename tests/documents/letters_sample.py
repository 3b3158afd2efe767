"""Every letter of the family, on sample facts, for tests that hold for all of them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from balancedue.documents.letters import (
    Letter,
    alarm_letter,
    dispute_closed_letter,
    dispute_opened_letter,
    not_delivered_letter,
    paid_twice_letter,
    paid_twice_staff_letter,
    payment_after_cancel_letter,
    payment_notice_letter,
    payment_request_letter,
    receipt_letter,
)
from balancedue.rules.disputes import REASONS
from balancedue.rules.invoice import Invoice
from tests.documents.samples import make_invoice, make_paid, make_payment

LINK = "https://pay.example/i/uX2m9--QkVt0rT_3hJ7wLz5aYbN4cGd8eSfPiOjKlM/"
STAFF_LINK = "https://pay.example/foxglove/orders/2047/"
MESSAGE = "Hi Dana,\n\nthe hoodies are on press Monday.\nCall me if <b>anything</b> is unclear."

CARD = make_payment(110528, day=22, method="card", card="Visa ending 4242")
CASH = make_payment(50000, day=3, method="cash")


def sample_invoice(**changes: object) -> Invoice:
    """An invoice with a payment on it and a balance due."""
    return replace(make_invoice(3, payments=(CASH,), shipping=150_492), **changes)  # type: ignore[arg-type]


def request(**changes: object) -> Letter:
    """A payment request with everything on it."""
    words: dict[str, object] = {
        "link": LINK,
        "message": MESSAGE,
        "sender_name": "Priya Nair",
        "intro": "Thank you for your order.",
        "outro": "We start printing once the balance is in.",
    }
    invoice = changes.pop("invoice", sample_invoice())
    return payment_request_letter(invoice, **(words | changes))  # type: ignore[arg-type]


FAMILY: dict[str, Callable[[Invoice], Letter]] = {
    "payment_request": lambda invoice: request(invoice=invoice),
    "receipt": lambda invoice: receipt_letter(make_paid(invoice), CARD, link=LINK),
    "paid_twice": lambda invoice: paid_twice_letter(invoice, CARD, replace(CARD, card="Visa ending 0005"), link=LINK),
    "payment_notice": lambda invoice: payment_notice_letter(make_paid(invoice), CARD, staff_link=STAFF_LINK),
    "not_delivered": lambda invoice: not_delivered_letter(
        invoice, address="dana@larkspur.example", reason="the mailbox does not exist", staff_link=STAFF_LINK
    ),
    "paid_twice_staff": lambda invoice: paid_twice_staff_letter(invoice, CARD, CARD, staff_link=STAFF_LINK),
    "dispute_opened": lambda invoice: dispute_opened_letter(
        invoice,
        CARD,
        CARD.amount,
        reason=REASONS["not_received"],
        taken=True,
        answer_at="Stripe",
        reference="dp_1",
        due="Nov 30, 2026, 3:59 PM",
        staff_link=STAFF_LINK,
    ),
    "dispute_won": lambda invoice: dispute_closed_letter(
        make_paid(invoice), CARD, CARD.amount, won=True, staff_link=STAFF_LINK
    ),
    "dispute_lost": lambda invoice: dispute_closed_letter(invoice, CARD, CARD.amount, won=False, staff_link=STAFF_LINK),
    "paid_after_cancellation": lambda invoice: payment_after_cancel_letter(
        replace(invoice, status="cancelled", cancelled_on=date(2026, 11, 21)), CARD, staff_link=STAFF_LINK
    ),
    "alarm": lambda invoice: alarm_letter(
        invoice.shop,
        heading="Webhooks do not arrive",
        sentence="Stripe took a payment and told us nothing. We ask it every half minute instead.",
        fix="Press Check connection on the card processors page.",
        raised="3:01 PM",
        link=STAFF_LINK,
    ),
}
