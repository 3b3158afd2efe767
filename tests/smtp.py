"""A real SMTP server for tests, with faults on demand.

    with start_smtp(rcpt={"gone@x.example": "550 5.1.1 no such user"}, data=["451 4.3.0 later", None]) as smtp:
        send(envelope, smtp.server)
        smtp.messages[0].message["Subject"]

A fault is an answer ("451 4.7.1 wait"), HANG, DROP, or None (no fault). One fault alone holds for ever; a list is used
up one by one, and then all is well. `rcpt` has them by address ("*" for every address).
"""

import asyncio
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import AuthResult, LoginPassword

from balancedue.mailbox.listener import SmtpListener
from balancedue.transports.mail_server import MailServer

HANG = "HANG"  # never answer
DROP = "DROP"  # close the connection without an answer
OK = "250 OK"

Fault = str | None
Faults = Fault | Sequence[Fault]


@dataclass(frozen=True)
class Received:
    """One message as it arrived."""

    mail_from: str
    recipients: list[str]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The parsed message."""
        parsed = message_from_bytes(self.content, policy=policy.SMTP)
        assert isinstance(parsed, EmailMessage)
        return parsed

    @property
    def text(self) -> str:
        """The text part."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """The HTML part, or "" where there is none."""
        return self._part("html")

    def _part(self, subtype: str) -> str:
        part = self.message.get_body((subtype,))
        return part.get_content() if part is not None else ""


@dataclass
class SmtpServer:
    """What a test sees of the server. `attempts` lists every recipient asked for, taken or not."""

    host: str = "127.0.0.1"
    port: int = 0
    messages: list[Received] = field(default_factory=list)
    attempts: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """For EMAIL_URL."""
        return f"smtp://{self.host}:{self.port}"

    @property
    def server(self) -> MailServer:
        """For `balancedue.transports.email.send`; short patience."""
        return MailServer(self.host, self.port, connect_seconds=2, read_seconds=2)

    def to(self, address: str) -> list[Received]:
        """The messages that one address got."""
        return [message for message in self.messages if address in message.recipients]


class _Plan:
    def __init__(self, faults: Faults) -> None:
        self._always = faults if isinstance(faults, str) else None
        self._queue = list(faults) if faults is not None and not isinstance(faults, str) else []

    def next(self) -> Fault:
        return self._always or (self._queue.pop(0) if self._queue else None)


class _Handler:
    def __init__(self, seen: SmtpServer, mail: Faults, rcpt: Mapping[str, Faults], data: Faults) -> None:
        self._seen = seen
        self._mail, self._data = _Plan(mail), _Plan(data)
        self._rcpt = {address: _Plan(faults) for address, faults in rcpt.items()}

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        fault = await _act(self._mail.next(), server)
        if fault is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return fault or OK

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        self._seen.attempts.append(address)
        plan = self._rcpt.get(address) or self._rcpt.get("*")
        fault = await _act(plan.next(), server) if plan else None
        if fault is None:
            envelope.rcpt_tos.append(address)
        return fault or OK

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        fault = await _act(self._data.next(), server)
        if fault is None:
            self._seen.messages.append(Received(envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return fault or OK


async def _act(fault: Fault, server: Any) -> Fault:
    if fault == HANG:
        await asyncio.sleep(3600)
    if fault == DROP:
        server.transport.abort()
        return "421 4.3.2 gone"
    return fault


@contextmanager
def start_smtp(
    *,
    port: int = 0,
    mail: Faults = None,
    rcpt: Mapping[str, Faults] | None = None,
    data: Faults = None,
    tls: ssl.SSLContext | None = None,
    sign_in: tuple[str, str] | None = None,
) -> Iterator[SmtpServer]:
    """Run a server until the block ends. `tls` offers STARTTLS; `sign_in` (user, password) is then required."""
    seen = SmtpServer()
    options: dict[str, Any] = {"tls_context": tls}
    if sign_in is not None:
        options |= {"authenticator": _authenticator(*sign_in), "auth_required": True, "auth_require_tls": False}
    with SmtpListener(_Handler(seen, mail, rcpt or {}, data), port=port, **options) as listener:
        seen.port = listener.port
        yield seen


def _authenticator(user: str, password: str) -> Any:
    def check(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        right = isinstance(given, LoginPassword) and given == LoginPassword(user.encode(), password.encode())
        return AuthResult(success=right, handled=False)

    return check
