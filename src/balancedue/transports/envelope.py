"""One copy of a mail for one recipient, and the message it becomes. Nothing typed by a person can add a header (H4)."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, quote

import idna

_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9._-]+>")
_LOCAL_PART = re.compile(r"[^\s@<>()\[\]\\,;:\"]+")
_ASCII_DOMAIN = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_LINE = 76  # RFC 2047: a line with an encoded word has at most 76 characters
_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, lone surrogates, line and paragraph separators


class UnsafeHeader(ValueError):
    """A header value that cannot be sent as it is. `header` names it; the value itself is not repeated."""

    def __init__(self, header: str, why: str) -> None:
        super().__init__(f"{header} {why}")
        self.header = header


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What is sent to one address. `recipient` is among `to` and `cc`: there are no blind copies (M9).

    Addresses are bare ("dana@school.example"). `message_id` and `in_reply_to` have their angle brackets.
    `message_id` stays the same over retries, so that a duplicate can be told (H2). `sent_at` is aware.
    """

    from_name: str
    from_address: str
    to: tuple[str, ...]
    recipient: str
    message_id: str
    subject: str
    text: str
    html: str = ""
    cc: tuple[str, ...] = ()
    reply_to: str = ""
    in_reply_to: str = ""
    auto_submitted: bool = False
    sent_at: datetime | None = None  # None: now


class _AsGiven(EmailPolicy):
    """Writes every header byte for byte as given.

    The standard policy decodes encoded words in a value and folds it again: a subject of "=?utf-8?q?=0ABcc:...?="
    would be decoded on its way out, and Python before 3.11.10 then writes the line break into the header.
    """

    def header_store_parse(self, name: str, value: str) -> tuple[str, str]:
        return name, value


_POLICY = _AsGiven(linesep="\r\n", refold_source="none", cte_type="7bit", max_line_length=_LINE)


def build(envelope: Envelope) -> EmailMessage:
    """The message as it goes over the wire: ASCII headers, a text part, and an HTML part where there is one.

    UnsafeHeader when any header value holds a line break or another control character, when an address or a message
    id has not the shape of one, or when the recipient is not among the visible addresses.
    """
    if envelope.recipient not in (*envelope.to, *envelope.cc):
        raise UnsafeHeader("To", "does not name the recipient")
    message = EmailMessage(policy=_POLICY)
    for name, value in _headers(envelope):
        message[name] = value
    message.set_content(_body(envelope.text), cte="quoted-printable")
    if envelope.html:
        message.add_alternative(_body(envelope.html), subtype="html", cte="quoted-printable")
    return message


def ascii_address(address: str, header: str = "To") -> str:
    """The address with its domain in ASCII ("a@münchen.example" -> "a@xn--mnchen-3ya.example"); else UnsafeHeader."""
    _refuse_unsafe(header, address)
    local, at, domain = address.rpartition("@")
    if not at or not _LOCAL_PART.fullmatch(local):
        raise UnsafeHeader(header, "holds something that is not an email address")
    if _ASCII_DOMAIN.fullmatch(domain):
        return address
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        raise UnsafeHeader(header, "has an address whose domain cannot be written in ASCII") from None


def _headers(envelope: Envelope) -> Iterable[tuple[str, str]]:
    sender = ascii_address(envelope.from_address, "From")
    name = _phrase("From", envelope.from_name)
    yield "From", f"{name}\r\n <{sender}>" if name else sender
    yield "To", _addresses("To", envelope.to)
    if envelope.cc:
        yield "Cc", _addresses("Cc", envelope.cc)
    if envelope.reply_to:
        yield "Reply-To", _addresses("Reply-To", (envelope.reply_to,))
    yield "Subject", _words("Subject", envelope.subject)
    yield "Date", format_datetime(envelope.sent_at or datetime.now(UTC))
    yield "Message-ID", _message_id("Message-ID", envelope.message_id)
    if envelope.in_reply_to:
        yield "In-Reply-To", _message_id("In-Reply-To", envelope.in_reply_to)
        yield "References", _message_id("References", envelope.in_reply_to)
    if envelope.auto_submitted:
        yield "Auto-Submitted", "auto-generated"
    yield "MIME-Version", "1.0"


def _refuse_unsafe(header: str, value: str) -> None:
    if any(unicodedata.category(sign) in _UNSAFE for sign in value):
        raise UnsafeHeader(header, "holds a line break or another control character")


def _encoded(header: str, value: str) -> str:
    return Header(value, "utf-8", maxlinelen=_LINE, header_name=header).encode(linesep="\r\n")


def _words(header: str, value: str) -> str:
    """Free text. Whatever looks like an encoded word is encoded itself, so that readers see it as it was typed."""
    _refuse_unsafe(header, value)
    if value.isascii() and "=?" not in value and len(header) + len(value) < _LINE:
        return value
    return _encoded(header, value)


def _phrase(header: str, name: str) -> str:
    """A display name: as it is, quoted, or encoded."""
    _refuse_unsafe(header, name)
    if not name.isascii() or "=?" in name or len(header) + len(name) > _LINE - 4:
        return _encoded(header, name)
    return name if _ATOMS.fullmatch(name) else f'"{quote(name)}"'


def _addresses(header: str, addresses: Iterable[str]) -> str:
    return ",\r\n ".join(_address(header, address) for address in addresses)


def _address(header: str, address: str) -> str:
    """One address. A name part beyond ASCII is shown as an empty group (RFC 6857), which every server lets through."""
    plain = ascii_address(address, header)
    return plain if plain.isascii() else f"{_encoded(header, address)} :;"


def _message_id(header: str, value: str) -> str:
    if not _MESSAGE_ID.fullmatch(value):
        raise UnsafeHeader(header, "is not a message id")
    return value


def _body(content: str) -> str:
    """Content without what no mail may hold: NUL and lone surrogates; one line break at the end."""
    kept = content.replace("\0", "").encode("utf-8", "replace").decode()
    return kept.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
