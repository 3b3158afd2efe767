"""Signing in, by allauth, with the product's own ways of sending mail and of not letting strangers sign up."""

from collections.abc import Sequence
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.views import LoginView, LogoutView
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.http import HttpRequest

from balancedue.transports.email import Envelope, TransportError, mail_server, send

login = LoginView.as_view()
logout = LogoutView.as_view()


class Adapter(DefaultAccountAdapter):
    """Accounts are made by an owner or on the command line, never by a visitor."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def format_email_subject(self, subject: str) -> str:
        """The subject alone, without a site's name in brackets."""
        return subject

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        """No toast for signing in or out: the page that follows says it."""


class MailServerBackend(BaseEmailBackend):
    """The framework's own letters (password resets) leave through the same mail server as ours."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """How many were taken by the server. Raises TransportError unless told to fail silently."""
        server = mail_server(settings.EMAIL_URL)
        sent = 0
        for message in email_messages:
            for recipient in message.recipients():
                try:
                    send(_envelope(message, recipient), server)
                except TransportError:
                    if not self.fail_silently:
                        raise
                else:
                    sent += 1
        return sent


def _envelope(message: EmailMessage, recipient: str) -> Envelope:
    name, address = parseaddr(message.from_email)
    return Envelope(
        from_name=name or "Balancedue",
        from_address=address,
        to=(recipient,),
        recipient=recipient,
        message_id=f"<{uuid4().hex}@{address.rpartition('@')[2]}>",
        subject=str(message.subject),
        text=str(message.body),
        auto_submitted=True,
    )
