"""Write the letter of a delivery: the facts as they are now, in the words of `documents.letters`, in an envelope."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings

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
    refund_failed_letter,
    refund_letter,
)
from balancedue.models import (
    Account,
    Delivery,
    Dispute,
    Order,
    Payment,
    PaymentRequest,
    Standing,
    invoice_of,
    payment_line,
    read_standing,
    shop_of,
)
from balancedue.processors.registry import maker_or_missing
from balancedue.rules.alarms import ALARMS
from balancedue.rules.clock_words import moment_words, time_words
from balancedue.rules.disputes import REASONS
from balancedue.rules.invoice import Invoice, PaymentLine
from balancedue.rules.money import Money
from balancedue.rules.notices import NOTICES
from balancedue.rules.states import WITHDRAWN
from balancedue.transports.email import Envelope

from .ask_gate import read_processors


def invoice_link(request: PaymentRequest) -> str:
    """The address the customer opens: the token in the path (requirements.md 2.13)."""
    return f"{settings.PUBLIC_URL}/i/{request.token}/"


def order_link(order: Order) -> str:
    """The address of the order's page in the back office. A number is quoted twice: it may hold a slash."""
    return f"{settings.PUBLIC_URL}/{order.account.slug}/orders/{quote(quote(order.number, safe=''))}/"


@dataclass(frozen=True, slots=True)
class _Facts:
    """What a letter may speak of."""

    delivery: Delivery
    order: Order
    standing: Standing
    invoice: Invoice

    @property
    def payment(self) -> PaymentLine:
        assert self.delivery.payment is not None
        return payment_line(self.delivery.payment, self.order.account.zone)

    @property
    def first_payment(self) -> PaymentLine:
        """The payment that settled the balance this one came a second time for."""
        second = self.delivery.payment
        assert second is not None
        assert second.attempt is not None
        first = (
            Payment.objects.filter(order=self.order, attempt__balance_version=second.attempt.balance_version)
            .exclude(pk=second.pk)
            .earliest("pk")
        )
        return payment_line(first, self.order.account.zone)

    @property
    def refunded(self) -> Money:
        assert self.delivery.refund is not None
        return self.delivery.refund.amount

    @property
    def dispute(self) -> Dispute:
        assert self.delivery.dispute is not None
        return self.delivery.dispute

    @property
    def link(self) -> str:
        """The newest link that opens; a customer without one has the shop's address in the letter's foot."""
        request = self.delivery.request or self.order.requests.exclude(status=WITHDRAWN).first()
        return invoice_link(request) if request is not None else settings.PUBLIC_URL


def _request(facts: _Facts) -> Letter:
    request, account = facts.delivery.request, facts.order.account
    assert request is not None
    return payment_request_letter(
        facts.invoice,
        link=invoice_link(request),
        message=request.message,
        sender_name=request.sender_name,
        intro=account.mail_intro,
        outro=account.mail_outro,
    )


def _not_delivered(facts: _Facts) -> Letter:
    failed = facts.delivery.about
    assert failed is not None
    return not_delivered_letter(
        facts.invoice,
        address=failed.to,
        reason=failed.error,
        staff_link=order_link(facts.order),
        kind=failed.kind,
    )


def _dispute_opened(facts: _Facts) -> Letter:
    dispute, account = facts.dispute, facts.order.account
    return dispute_opened_letter(
        facts.invoice,
        facts.payment,
        dispute.amount,
        reason=REASONS[dispute.reason],
        taken=bool(dispute.withdrawn_minor),
        answer_at=maker_or_missing(dispute.connection.kind).label,
        reference=dispute.reference,
        due=moment_words(dispute.due_at, account.locale, account.zone) if dispute.due_at else "",
        staff_link=order_link(facts.order),
    )


_LETTERS: dict[str, Callable[[_Facts], Letter]] = {
    "payment_request": _request,
    "receipt": lambda facts: receipt_letter(facts.invoice, facts.payment, link=facts.link),
    "payment_notice": lambda facts: payment_notice_letter(
        facts.invoice, facts.payment, staff_link=order_link(facts.order)
    ),
    "not_delivered": _not_delivered,
    "paid_twice": lambda facts: paid_twice_letter(facts.invoice, facts.first_payment, facts.payment, link=facts.link),
    "paid_twice_staff": lambda facts: paid_twice_staff_letter(
        facts.invoice, facts.first_payment, facts.payment, staff_link=order_link(facts.order)
    ),
    "refund": lambda facts: refund_letter(facts.invoice, facts.payment, facts.refunded, link=facts.link),
    "refund_failed": lambda facts: refund_failed_letter(
        facts.invoice, facts.payment, facts.refunded, staff_link=order_link(facts.order)
    ),
    "dispute_opened": _dispute_opened,
    "dispute_won": lambda facts: dispute_closed_letter(
        facts.invoice, facts.payment, facts.dispute.amount, won=True, staff_link=order_link(facts.order)
    ),
    "dispute_lost": lambda facts: dispute_closed_letter(
        facts.invoice, facts.payment, facts.dispute.amount, won=False, staff_link=order_link(facts.order)
    ),
    "paid_after_cancellation": lambda facts: payment_after_cancel_letter(
        facts.invoice, facts.payment, staff_link=order_link(facts.order)
    ),
}


def write_letter(delivery: Delivery) -> Letter:
    """The letter of `delivery`, with the order as it stands now."""
    if delivery.order is None:
        return _alarm(delivery)
    order = Order.objects.select_related("account", "contact").get(pk=delivery.order.pk)
    standing = read_standing(order)
    invoice = invoice_of(order, standing, test_mode=read_processors(order.account).test_mode)
    return _LETTERS[delivery.kind](_Facts(delivery, order, standing, invoice))


def _alarm(delivery: Delivery) -> Letter:
    """A letter about no order: what is wrong with the account's payments."""
    alarm, account = delivery.alarm, delivery.account
    assert alarm is not None
    words = ALARMS[alarm.kind]
    return alarm_letter(
        shop_of(account),
        heading=words.heading,
        sentence=words.sentence.format_map(alarm.facts),
        fix=words.fix.format_map(alarm.facts),
        raised=time_words(alarm.raised_at, account.locale, account.zone),
        link=f"{settings.PUBLIC_URL}/{account.slug}/settings/processors/",
    )


def address_letter(delivery: Delivery, letter: Letter) -> Envelope:
    """The envelope: From is the account's own address, Reply-To the person who sent it (requirements.md 3.39).

    Copies of a request show To and CC as typed; every other letter shows its one reader (M9, requirements.md 3.38).
    """
    notice, request = NOTICES[delivery.kind], delivery.request
    is_request = delivery.kind == "payment_request" and request is not None
    return Envelope(
        from_name=delivery.account.name,
        from_address=from_address(delivery.account),
        to=tuple(request.to) if is_request and request else (delivery.to,),
        cc=tuple(request.cc) if is_request and request else (),
        recipient=delivery.to,
        reply_to=request.sent_by.email if request and request.sent_by else "",
        message_id=delivery.message_id,
        in_reply_to=_earlier_message_id(request) if is_request and request else "",
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        auto_submitted=notice.automatic,
    )


def from_address(account: Account) -> str:
    """Where the account's mail comes from."""
    return account.email or settings.DEFAULT_FROM_EMAIL


def _earlier_message_id(request: PaymentRequest) -> str:
    """A later request threads under the earlier one (ux.md 7)."""
    earlier = (
        Delivery.objects.filter(order_id=request.order_id, kind="payment_request", status="sent")
        .exclude(request=request)
        .order_by("-pk")
        .first()
    )
    return earlier.message_id if earlier else ""
