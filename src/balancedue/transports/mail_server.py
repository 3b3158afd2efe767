"""Where mail is handed over: `EMAIL_URL` read into a MailServer."""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qs, unquote, urlsplit


class Security(StrEnum):
    """How the connection to the mail server is protected. Certificates are always checked."""

    NONE = "none"
    STARTTLS = "starttls"  # begins in the clear, must turn to TLS before anything is said
    TLS = "tls"  # TLS from the first byte


@dataclass(frozen=True, slots=True)
class MailServer:
    """One SMTP server. Durations in seconds.

    connect_seconds  for the connection and the greeting
    read_seconds     for each answer after that
    total_seconds    for all answers after the greeting together
    """

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    security: Security = Security.NONE
    hello: str = ""  # the name we greet with; empty: this machine's own
    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    total_seconds: float = 120.0


_SCHEMES = {
    "smtp": (Security.NONE, 25),
    "smtp+tls": (Security.STARTTLS, 587),
    "smtp+starttls": (Security.STARTTLS, 587),
    "smtps": (Security.TLS, 465),
    "smtp+ssl": (Security.TLS, 465),
}


def mail_server(url: str) -> MailServer:
    """Read `EMAIL_URL` (contract.md): `smtp://`, `smtp+tls://` (STARTTLS) or `smtps://`, `user:password@host:port`.

    User and password are percent-decoded; `?hello=NAME` sets the name we greet with.
    ValueError with a sentence that never repeats the URL, which may hold a password.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in _SCHEMES:
        raise ValueError("EMAIL_URL must start with " + ", ".join(f"{scheme}://" for scheme in _SCHEMES))
    security, usual_port = _SCHEMES[parts.scheme]
    try:
        port = parts.port or usual_port
    except ValueError:
        raise ValueError("EMAIL_URL has a port that is not a number from 1 to 65535") from None
    if not parts.hostname:
        raise ValueError("EMAIL_URL names no host")
    return MailServer(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        security=security,
        hello=parse_qs(parts.query).get("hello", [""])[0],
    )
