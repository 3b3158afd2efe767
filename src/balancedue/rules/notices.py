"""Which event tells whom, and by which transport: the one table of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Audience(StrEnum):
    """Who is told."""

    CUSTOMER = "customer"  # To and CC of the request: one copy each, all with the same visible To and Cc
    PAYER = "payer"  # who paid, at the address given on the payment page
    NOTIFY = "notify"  # the notify lists of the requests not withdrawn; never shown to a customer (M9)
    SENDER_AND_OWNER = "sender_and_owner"  # who sent the request, and the account's owner
    OWNER = "owner"


class Transport(StrEnum):
    """How a message leaves."""

    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Notice:
    """One kind of message. `automatic`: no person wrote it, so it says `Auto-Submitted: auto-generated` (ux.md 7)."""

    kind: str
    event: str
    audience: Audience
    transport: Transport = Transport.EMAIL
    automatic: bool = True

    @property
    def is_for_staff(self) -> bool:
        """Whether it may hold what only the shop's own people see."""
        return self.audience in (Audience.NOTIFY, Audience.SENDER_AND_OWNER, Audience.OWNER)


_TABLE = (
    # kind, the event that sets it off, who is told
    Notice("payment_request", "payment_requested", Audience.CUSTOMER, automatic=False),  # S21
    Notice("receipt", "payment_succeeded", Audience.PAYER),  # requirements.md 2.9
    Notice("payment_notice", "payment_succeeded", Audience.NOTIFY),  # S31
    Notice("not_delivered", "delivery_failed", Audience.SENDER_AND_OWNER),  # ux.md 3.13
    Notice("paid_twice", "payment_surplus", Audience.PAYER),  # ux.md 4
    Notice("paid_twice_staff", "payment_surplus", Audience.SENDER_AND_OWNER),
    Notice("refund", "refund_succeeded", Audience.PAYER),  # money on its way back
    Notice("refund_failed", "refund_failed", Audience.SENDER_AND_OWNER),  # F5
    Notice("paid_after_cancellation", "payment_after_cancellation", Audience.SENDER_AND_OWNER),  # requirements.md 3.25
    Notice("dispute_opened", "dispute_opened", Audience.SENDER_AND_OWNER),  # ux.md 3.13
    Notice("dispute_won", "dispute_won", Audience.SENDER_AND_OWNER),
    Notice("dispute_lost", "dispute_lost", Audience.SENDER_AND_OWNER),
    Notice("alarm", "alarm_raised", Audience.OWNER),
)

NOTICES: dict[str, Notice] = {notice.kind: notice for notice in _TABLE}


def notices_for(event: str) -> tuple[Notice, ...]:
    """The messages that `event` sets off, in the order of the table; none for an event nobody is told of."""
    return tuple(notice for notice in _TABLE if notice.event == event)


def once_each(addresses: Iterable[str]) -> list[str]:
    """The addresses in order, each once: "A@x.example " and "a@x.example" are one (requirements.md 3.44)."""
    kept: dict[str, str] = {}
    for address in addresses:
        tidy = address.strip()
        if tidy:
            kept.setdefault(tidy.casefold(), tidy)
    return list(kept.values())
