"""Signing in, by allauth, with the product's own ways of sending mail and of not letting strangers sign up."""

from collections.abc import Sequence
from email.utils import make_msgid

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.views import LoginView
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.http import HttpRequest

from balancedue.transports.email import Envelope, TransportError, mail_server, send

login = LoginView.as_view()


class Adapter(DefaultAccountAdapter):
    """Accounts are made by an owner or on the command line, never by a visitor."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class MailServerBackend(BaseEmailBackend):
    """The framework's own letters (password resets) leave through the same mail server as ours."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many copies left. A refusal is raised unless `fail_silently`: the page then says so."""
        return sum(self._send(message, recipient) for message in email_messages for recipient in message.to)

    def _send(self, message: EmailMessage, recipient: str) -> bool:
        envelope = Envelope(
            from_name="",
            from_address=message.from_email,
            to=(recipient,),
            recipient=recipient,
            message_id=make_msgid(domain=settings.DEFAULT_FROM_EMAIL.rpartition("@")[2]),
            subject=str(message.subject),
            text=str(message.body),
            auto_submitted=True,
        )
        try:
            send(envelope, mail_server(settings.EMAIL_URL))
        except (TransportError, ValueError):
            if self.fail_silently:
                return False
            raise
        return True
