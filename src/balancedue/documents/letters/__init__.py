"""The letters we mail: each a pure function of facts, in the frame of ux.md 7. No database, no request, no clock."""

from balancedue.documents.letters.frame import Letter
from balancedue.documents.letters.to_customer import (
    paid_twice_letter,
    payment_request_letter,
    receipt_letter,
    refund_letter,
)
from balancedue.documents.letters.to_staff import (
    alarm_letter,
    dispute_closed_letter,
    dispute_opened_letter,
    not_delivered_letter,
    paid_twice_staff_letter,
    payment_after_cancel_letter,
    payment_notice_letter,
    refund_failed_letter,
)

__all__ = [
    "Letter",
    "alarm_letter",
    "dispute_closed_letter",
    "dispute_opened_letter",
    "not_delivered_letter",
    "paid_twice_letter",
    "paid_twice_staff_letter",
    "payment_after_cancel_letter",
    "payment_notice_letter",
    "payment_request_letter",
    "receipt_letter",
    "refund_failed_letter",
    "refund_letter",
]
