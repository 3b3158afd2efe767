"""See the email before it leaves, and send oneself a test of it (ux.md 3.4)."""

from uuid import uuid4

from django.conf import settings

from balancedue.documents.letters import Letter, payment_request_letter
from balancedue.models import Order, User, invoice_of, read_standing
from balancedue.rules.errors import Refused
from balancedue.transports.email import Envelope, TransportError, mail_server, send

from .ask_gate import read_processors
from .count_tries import limit_tries
from .write_letter import from_address, order_link


def preview_request(*, order: Order, message: str, by: User, only_a_try: bool = False) -> Letter:
    """The letter as it would leave now. Its link leads to the order, since there is no request yet."""
    order = Order.objects.select_related("account", "contact").get(pk=order.pk)
    invoice = invoice_of(order, read_standing(order), test_mode=read_processors(order.account).test_mode)
    return payment_request_letter(
        invoice,
        link=f"{order_link(order)}invoice/",
        message=message,
        sender_name=str(by),
        intro=order.account.mail_intro,
        outro=order.account.mail_outro,
        only_a_try=only_a_try,
    )


def send_test(*, order: Order, message: str, by: User) -> None:
    """Send the letter to the person who asks, and to nobody else. Raises Refused when the mail server refuses it."""
    limit_tries(f"test-letter:{by.pk}", at_most=10, window_seconds=600, sentence="That was ten tests. Wait 10 minutes.")
    letter = preview_request(order=order, message=message, by=by, only_a_try=True)
    envelope = Envelope(
        from_name=order.account.name,
        from_address=from_address(order.account),
        to=(by.email,),
        recipient=by.email,
        message_id=f"<test.{uuid4().hex}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2]}>",
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        auto_submitted=True,
    )
    try:
        send(envelope, mail_server(settings.EMAIL_URL))
    except TransportError as error:
        raise Refused("not_sent", f"The test was not sent: {error.sentence}.") from error
