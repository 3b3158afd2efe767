"""Plan letters: one delivery per address, in the transaction of the fact it tells of (N11, requirements.md 3.40)."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.conf import settings

from balancedue.models import Account, Alarm, Delivery, Dispute, Order, Payment, PaymentRequest, Refund
from balancedue.rules.gate import OWNER
from balancedue.rules.ids import new_id
from balancedue.rules.notices import once_each
from balancedue.rules.states import FAILED, PENDING, REFUSED, SUCCEEDED, WITHDRAWN


def plan(
    kind: str,
    to: Iterable[str],
    *,
    fact: str,
    at: datetime,
    order: Order | None = None,
    account: Account | None = None,
    request: PaymentRequest | None = None,
    payment: Payment | None = None,
    refund: Refund | None = None,
    dispute: Dispute | None = None,
    alarm: Alarm | None = None,
    about: Delivery | None = None,
) -> list[Delivery]:
    """One delivery of `kind` per address. `fact` is the public id of what happened: each address hears of it once (M3).

    `account` is the order's, and needs naming only for a letter about no order.
    Every copy of one letter carries the same Message-ID (ux.md 7, H2).
    """
    account = order.account if order is not None else account
    assert account is not None, "a letter is some account's"
    message_id = f"<{kind}.{fact}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2]}>"
    rows = [
        Delivery(
            public_id=new_id("dlv"),
            account=account,
            order=order,
            request=request,
            payment=payment,
            refund=refund,
            dispute=dispute,
            alarm=alarm,
            about=about,
            kind=kind,
            to=address,
            once=f"{kind}:{fact}:{address.casefold()}",
            message_id=message_id,
            created_at=at,
            next_try_at=at,
        )
        for address in once_each(to)
    ]
    Delivery.objects.bulk_create(rows, ignore_conflicts=True)
    return rows


def plan_payment_letters(order: Order, payment: Payment, *, paid_twice: bool, at: datetime) -> None:
    """Who hears of a card payment: payer, notify lists, and staff when something is odd (requirements.md 2.6)."""
    account = order.account
    tell = partial(plan, order=order, payment=payment, fact=payment.public_id, at=at)
    asked = list(order.requests.exclude(status=WITHDRAWN).select_related("sent_by"))
    if paid_twice:
        tell("paid_twice", [payment.payer_email])
        tell("paid_twice_staff", senders_and_owners(account, asked))
    elif account.send_receipts:
        tell("receipt", [payment.payer_email])
    tell("payment_notice", (address for request in asked for address in request.notify))
    if order.is_cancelled:
        tell("paid_after_cancellation", senders_and_owners(account, asked))


def plan_refund_letters(order: Order, refund: Refund, *, at: datetime) -> None:
    """The payer hears once that money is on its way back; staff hear when it came back to us after all (F5)."""
    payment = refund.payment
    tell = partial(plan, order=order, payment=payment, refund=refund, fact=refund.public_id, at=at)
    if refund.state in (PENDING, SUCCEEDED) and refund.connection is not None:
        tell("refund", [payment.payer_email])
    elif refund.state in (FAILED, REFUSED):
        tell("refund_failed", senders_and_owners(order.account, order.requests.select_related("sent_by")))


def plan_dispute_letters(order: Order, dispute: Dispute, told: list[str], *, at: datetime) -> None:
    """Staff hear once that the bank asks, once that it takes the money, and once how it ended; not of what is over."""
    tell = partial(plan, order=order, payment=dispute.payment, dispute=dispute, at=at)
    to = senders_and_owners(order.account, order.requests.select_related("sent_by")) if told else []
    if dispute.is_open and "dispute_inquiry" in told:
        tell("dispute_opened", to, fact=f"{dispute.public_id}.inquiry")
    if dispute.is_open and "dispute_opened" in told:
        tell("dispute_opened", to, fact=dispute.public_id)
    if told and told[-1] in ("dispute_won", "dispute_lost"):
        tell(told[-1], to, fact=dispute.public_id)


def senders_and_owners(account: Account, asked: Iterable[PaymentRequest]) -> list[str]:
    """Who answers for these requests: the people who sent them, and the account's owners (ux.md 3.13)."""
    senders = [request.sent_by.email for request in asked if request.sent_by is not None]
    owners = account.memberships.filter(role=OWNER).values_list("user__email", flat=True)
    return once_each([*senders, *owners])
