"""A real SMTP server on this machine that keeps what it receives."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.ports import free_port

logging.getLogger("mail.log").setLevel(logging.WARNING)  # otherwise every line of every conversation


@dataclass
class Letter:
    """One message as the server took it: envelope and content."""

    sender: str
    to: list[str]
    message: EmailMessage

    def text(self) -> str:
        """The plain part."""
        part = self.message.get_body(("plain",))
        return part.get_content() if part else ""

    def html(self) -> str:
        """The HTML part."""
        part = self.message.get_body(("html",))
        return part.get_content() if part else ""


@dataclass
class MailServer:
    """What the server received.

    Addresses in `refusals` are answered with their sentence, such as "550 no such user".
    """

    url: str = ""
    letters: list[Letter] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse the addresses a test told us to."""
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the message."""
        content: Any = envelope.content
        message = message_from_bytes(content.replace(b"\r\n", b"\n"), policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.letters.append(Letter(envelope.mail_from or "", list(envelope.rcpt_tos), message))
        return "250 OK"

    def to(self, address: str) -> list[Letter]:
        """The letters this address got, oldest first."""
        return [letter for letter in self.letters if address in letter.to]


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    """A mail server; settings.EMAIL_URL names it for this test. Processes get it as EMAIL_URL=mail_server.url."""
    kept = MailServer()
    port = free_port()
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    kept.url = f"smtp://127.0.0.1:{port}"
    settings.EMAIL_URL = kept.url
    yield kept
    controller.stop()
