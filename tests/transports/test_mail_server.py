"""EMAIL_URL, read."""

import pytest

from balancedue.transports.mail_server import MailServer, Security, mail_server


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://127.0.0.1:2525", MailServer("127.0.0.1", 2525)),
        ("smtp://mail.example", MailServer("mail.example", 25)),
        ("smtp://[::1]:2525", MailServer("::1", 2525)),
        (
            "smtp+tls://shop%40x.example:p%2Fa%3Ass@mail.example",
            MailServer("mail.example", 587, "shop@x.example", "p/a:ss", Security.STARTTLS),
        ),
        ("smtps://u:p@mail.example:4650", MailServer("mail.example", 4650, "u", "p", Security.TLS)),
        (
            "smtps://mail.example?hello=pay.example",
            MailServer("mail.example", 465, "", "", Security.TLS, "pay.example"),
        ),
    ],
)
def test_the_address_of_a_mail_server_is_read(url: str, server: MailServer) -> None:
    """Contract: EMAIL_URL."""
    assert mail_server(url) == server


@pytest.mark.parametrize(
    "url", ["", "mail.example:25", "http://mail.example", "smtp://", "smtp://h:99999", "smtp://h:x"]
)
def test_anything_else_is_refused_in_words(url: str) -> None:
    """Requirements 2.16."""
    with pytest.raises(ValueError, match="EMAIL_URL"):
        mail_server(url)


def test_the_password_is_never_repeated() -> None:
    """Requirements 3.33."""
    with pytest.raises(ValueError, match="EMAIL_URL") as caught:
        mail_server("imap://user:hunter2@mail.example")
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(mail_server("smtp://user:hunter2@mail.example"))
