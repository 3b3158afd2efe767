"""Hands one copy of a mail to an SMTP server, and says exactly how that went (H3)."""

import contextlib
import math
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from balancedue.transports.envelope import Envelope, UnsafeHeader, ascii_address, build
from balancedue.transports.mail_server import MailServer, Security, mail_server

__all__ = ["Envelope", "MailServer", "Security", "Sent", "TransportError", "build", "mail_server", "send"]

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ASKS_FOR_SIGN_IN = frozenset({530, 534, 535, 538})  # the server's set-up is wrong, not the message (RFC 4954)
_NOT_THERE = re.compile(r"unknown|no such|does not exist|doesn't exist|not found|no mailbox", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sent:
    """The server has taken the message over. `server_said` often holds its queue id."""

    code: int
    server_said: str


class TransportError(Exception):
    """The message did not leave.

    permanent           trying again cannot help: tell staff now
    code                the server's answer, such as 451 or 550; None when it did not answer
    sentence            why, for staff, to follow "Not delivered to dana@school.example:"
    recipient_rejected  it is the address that was refused; other recipients may still be reached
    server_said         the server's own words, one line of at most 300 characters, for the delivery log
    """

    def __init__(
        self,
        sentence: str,
        *,
        permanent: bool,
        code: int | None = None,
        recipient_rejected: bool = False,
        server_said: str = "",
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.permanent = permanent
        self.code = code
        self.recipient_rejected = recipient_rejected
        self.server_said = server_said


def send(envelope: Envelope, server: MailServer) -> Sent:
    """Send one copy to `envelope.recipient`; TransportError for anything but the server's "taken".

    Blocks at most `connect_seconds` and then `total_seconds`, and `read_seconds` for any one answer. A connection lost
    after the last byte is a temporary failure: the retry may make a duplicate, with the same Message-ID (H2).
    """
    try:
        content = build(envelope).as_bytes()
        recipient = ascii_address(envelope.recipient)
        sender = ascii_address(envelope.from_address, "From")
    except UnsafeHeader as refused:
        raise TransportError(f"the message could not be written: {refused}", permanent=True) from refused
    with _connected(server) as connection:
        try:
            return _hand_over(connection, sender, recipient, content)
        except (OSError, smtplib.SMTPException) as lost:
            raise _lost(lost) from lost


class _Verb(StrEnum):
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


def _hand_over(connection: smtplib.SMTP, sender: str, recipient: str, content: bytes) -> Sent:
    options = [f"size={len(content)}"] if connection.has_extn("size") else []
    if not recipient.isascii():
        if not connection.has_extn("smtputf8"):
            raise TransportError(
                "our mail server cannot send to addresses with letters beyond a to z",
                permanent=True,
                recipient_rejected=True,
            )
        options += ["SMTPUTF8", "BODY=8BITMIME"]
        connection.command_encoding = "utf-8"
    _require(_Verb.MAIL, connection.mail(sender, options))
    _require(_Verb.RCPT, connection.rcpt(recipient))
    try:
        code, said = connection.data(content)
    except smtplib.SMTPDataError as refused:  # the server would not even start to read
        code, said = refused.smtp_code, _raw(refused.smtp_error)
    _require(_Verb.DATA, (code, said))
    return Sent(code, _one_line(said))


def _require(verb: _Verb, answer: tuple[int, bytes]) -> None:
    code, said = answer
    if not 200 <= code < 300:
        raise _refused(verb, code, _one_line(said))


def _refused(verb: _Verb, code: int, said: str) -> TransportError:
    """What an answer of 4xx or 5xx comes to."""
    if code in _ASKS_FOR_SIGN_IN:
        return TransportError("our mail server asks us to sign in", permanent=False, code=code, server_said=said)
    permanent = code >= 500
    found = _ENHANCED.search(said)
    detail = f"{found[2]}.{found[3]}" if found else ""
    about_address = verb is _Verb.RCPT or (verb is _Verb.DATA and detail.startswith("1."))
    if not permanent:
        later = "the receiving server asks us to try again later"
        sentence = later if code >= 400 else "our mail server gave an answer we do not understand"
    elif verb is _Verb.MAIL:
        sentence = "our mail server does not accept our sender address"
    else:
        sentence = _why(code, detail, said, about_address)
    return TransportError(
        sentence, permanent=permanent, code=code, recipient_rejected=permanent and about_address, server_said=said
    )


# Enhanced status codes, class 5 (RFC 3463, RFC 7505).
_WHY = {
    "1.0": "the mailbox does not exist",
    "1.1": "the mailbox does not exist",
    "1.2": "there is no such mail domain",
    "1.3": "the address is not written as one",
    "1.6": "the mailbox has moved and left no address",
    "1.10": "the domain accepts no mail",
    "2.1": "the mailbox is switched off",
    "2.2": "the mailbox is full",
    "2.3": "the message is too large for the mailbox",
    "3.4": "the message is too large for the receiving server",
    "4.4": "there is no such mail domain",
}


def _why(code: int, detail: str, said: str, about_address: bool) -> str:
    if detail in _WHY:
        return _WHY[detail]
    if about_address and not detail.startswith("7.") and _NOT_THERE.search(said):
        return _WHY["1.1"]
    if code == 552:
        return _WHY["2.2"] if about_address else _WHY["3.4"]
    return "the receiving server does not accept " + ("this address" if about_address else "the message")


@contextlib.contextmanager
def _connected(server: MailServer) -> Iterator[smtplib.SMTP]:
    """A greeted, protected and signed-in connection, closed afterwards. All that can go wrong here is temporary."""
    try:
        connection = _open(server)
    except (
        OSError,
        smtplib.SMTPException,
        UnicodeError,
    ) as failed:  # UnicodeError: a host no resolver can be asked for
        raise _lost(failed) from failed
    try:
        yield connection
        with contextlib.suppress(OSError, smtplib.SMTPException):  # the message is taken: how we part does not matter
            connection.quit()
    finally:
        connection.close()


class _Timed(smtplib.SMTP):
    """A connection that waits so long for each answer, and so long for all of them, but no longer."""

    _each = _until = math.inf

    def be_patient(self, each: float, total: float) -> None:
        """From now on: `each` seconds for an answer, `total` for all."""
        self._each, self._until = each, time.monotonic() + total
        self._set_timeout()

    def getreply(self) -> tuple[int, bytes]:
        """As in smtplib; the time is set anew before each answer."""
        self._set_timeout()
        return super().getreply()

    def _set_timeout(self) -> None:
        if self.sock is not None and self._until < math.inf:
            self.sock.settimeout(max(0.001, min(self._each, self._until - time.monotonic())))


class _TimedTls(_Timed, smtplib.SMTP_SSL):
    """The same over TLS."""


def _open(server: MailServer) -> smtplib.SMTP:
    name = server.hello or _own_name()
    if server.security is Security.TLS:
        context = ssl.create_default_context()
        connection: _Timed = _TimedTls(server.host, server.port, name, timeout=server.connect_seconds, context=context)
    else:
        connection = _Timed(server.host, server.port, name, timeout=server.connect_seconds)
    try:
        connection.be_patient(server.read_seconds, server.total_seconds)
        connection.ehlo_or_helo_if_needed()
        if server.security is Security.STARTTLS:
            connection.starttls(context=ssl.create_default_context())
            connection.ehlo_or_helo_if_needed()
        if server.user:
            connection.login(server.user, server.password)
    except BaseException:
        connection.close()
        raise
    return connection


def _own_name() -> str:
    """What we greet with. Never asks the resolver, which may take long to say that it does not know."""
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"


def _lost(failed: Exception) -> TransportError:
    """No connection, no answer, or a server that will not talk to us: our side or the way there, so temporary."""
    code = getattr(failed, "smtp_code", None)
    said = _one_line(_raw(getattr(failed, "smtp_error", b"")))
    match failed:
        case smtplib.SMTPAuthenticationError():
            sentence = "our mail server did not accept our sign-in"
        case smtplib.SMTPNotSupportedError():
            sentence = "our mail server does not offer the encryption or sign-in that EMAIL_URL asks for"
        case ssl.SSLError():
            sentence = "the encrypted connection to our mail server could not be trusted"
        case _ if _timed_out(failed):
            sentence = "our mail server did not answer in time"
        case smtplib.SMTPServerDisconnected():
            sentence = "our mail server ended the connection"
        case smtplib.SMTPResponseException():
            sentence = "our mail server is not taking mail"
        case _:
            sentence = "our mail server could not be reached"
    return TransportError(sentence, permanent=False, code=code, server_said=said or _one_line(str(failed).encode()))


def _timed_out(failed: Exception) -> bool:
    """smtplib wraps a time-out while reading in a lost connection."""
    return isinstance(failed, TimeoutError) or isinstance(failed.__context__, TimeoutError)


def _raw(said: str | bytes) -> bytes:
    return said if isinstance(said, bytes) else said.encode("utf-8", "replace")


def _one_line(said: bytes) -> str:
    text = said.decode("utf-8", "replace")
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:300]
