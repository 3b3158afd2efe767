"""Signing in, by allauth, with the product's own ways of sending mail and of not letting strangers sign up."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.views import LoginView
from django.core.mail.backends.base import BaseEmailBackend
from django.http import HttpRequest

login = LoginView.as_view()


class Adapter(DefaultAccountAdapter):
    """Accounts are made by an owner or on the command line, never by a visitor."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class MailServerBackend(BaseEmailBackend):
    """The framework's own letters (password resets) leave through the same mail server as ours."""

    def send_messages(self, messages: Any) -> int:
        return 0
