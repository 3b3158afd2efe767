"""A mail has exactly the headers and recipients that were meant."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancedue.transports.envelope import Envelope, UnsafeHeader, build

EXPECTED = ["From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"]

REFUSED = [
    "a\rb",
    "a\nb",
    "a\r\nBcc: x@y.example",
    "a\n Bcc: x@y.example",
    "a\u2028b",
    "a\u2029b",
    "a\0b",
    "a\x0bb",
    "a\x85b",
]
HARMLESS = [
    "a%0aBcc: x@y.example",
    "a%0d%0aBcc:x@y.example",
    "=?utf-8?q?=0ABcc:_x@y.example?=",
    "=?utf-8?b?DQpCY2M6IHhAeS5leGFtcGxl?=",
    "=?utf-8?q?a?= =?utf-8?q?=0D=0ABcc:b?=",
    'x" <x@y.example>, "z',
    "x <x@y.example>",
    "Print, Paint & Co. (Ltd.); est. 1999",
    'back\\slash "quotes"',
    "日本の印刷所",
    "متجر الطباعة",
    "Größe, Müller & Söhne GmbH",
    "-",
]


def envelope(**changes: object) -> Envelope:
    """A plain envelope, with changes."""
    facts: dict[str, object] = {
        "from_name": "Foxglove Print Co.",
        "from_address": "payments@foxglove.example",
        "reply_to": "priya@foxglove.example",
        "to": ("dana@riverside-hs.example",),
        "cc": ("treasurer@riverside-hs.example",),
        "recipient": "dana@riverside-hs.example",
        "message_id": "<req.1@foxglove.example>",
        "subject": "Invoice INV-2047",
        "text": "Hello",
        "html": "<p>Hello</p>",
    }
    return Envelope(**(facts | changes))  # type: ignore[arg-type]


def read(given: Envelope) -> EmailMessage:
    """The message as a mail program reads it."""
    parsed = message_from_bytes(build(given).as_bytes(), policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def part(message: EmailMessage, subtype: str) -> str:
    """One part's content, line breaks as in Python."""
    found = message.get_body((subtype,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


@pytest.mark.parametrize("value", REFUSED)
@pytest.mark.parametrize("field", ["from_name", "subject", "reply_to", "message_id", "in_reply_to", "from_address"])
def test_a_line_break_in_a_header_is_refused(field: str, value: str) -> None:
    """H4."""
    with pytest.raises(UnsafeHeader):
        build(envelope(**{field: value}))


@pytest.mark.parametrize("value", REFUSED)
def test_a_line_break_in_an_address_is_refused(value: str) -> None:
    """H4."""
    address = f"{value}@riverside-hs.example"
    with pytest.raises(UnsafeHeader):
        build(envelope(to=(address,), recipient=address))


@pytest.mark.parametrize("value", HARMLESS)
def test_a_strange_name_or_subject_is_shown_as_it_was_typed_and_adds_nothing(value: str) -> None:
    """H4."""
    message = read(envelope(from_name=value, subject=value))
    assert message.keys() == EXPECTED
    assert message["Subject"] == value
    assert [(a.display_name, a.addr_spec) for a in message["From"].addresses] == [(value, "payments@foxglove.example")]


@given(name=st.text(max_size=120), subject=st.text(max_size=200))
def test_whatever_is_typed_is_refused_or_adds_no_header(name: str, subject: str) -> None:
    """H4."""
    try:
        raw = build(envelope(from_name=name, subject=subject)).as_bytes()
    except UnsafeHeader:
        return
    head = raw.split(b"\r\n\r\n", 1)[0]
    assert [line.split(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith(b" ")] == EXPECTED
    assert all(len(line) <= 78 for line in head.split(b"\r\n") if b"boundary" not in line)
    assert b"\n" not in head.replace(b"\r\n", b"")
    parsed = message_from_bytes(raw, policy=policy.default)
    assert [address.addr_spec for address in parsed["From"].addresses] == ["payments@foxglove.example"]


@pytest.mark.parametrize(
    "address",
    [
        "no-at-sign",
        "two words@x.example",
        "a@x.example, b@x.example",
        "<a@x.example>",
        "a@",
        "@x.example",
        "a@x..example",
    ],
)
def test_what_is_not_an_address_is_refused(address: str) -> None:
    """M8, H4."""
    with pytest.raises(UnsafeHeader):
        build(envelope(to=(address,), recipient=address))


def test_every_copy_shows_the_same_to_and_cc() -> None:
    """S12, S21."""
    copies = [
        read(envelope(recipient=address)) for address in ("dana@riverside-hs.example", "treasurer@riverside-hs.example")
    ]
    assert {(copy["To"], copy["Cc"]) for copy in copies} == {
        ("dana@riverside-hs.example", "treasurer@riverside-hs.example")
    }
    assert all("Bcc" not in copy for copy in copies)


def test_there_are_no_blind_copies() -> None:
    """M9: a notification address cannot ride along on the customer's mail."""
    with pytest.raises(UnsafeHeader, match="recipient"):
        build(envelope(recipient="owner@foxglove.example"))


def test_an_international_domain_is_written_in_ascii() -> None:
    """M8, requirements.md 3.44."""
    address = "dana@straße.example"
    assert str(read(envelope(to=(address,), recipient=address))["To"]) == "dana@xn--strae-oqa.example"


def test_a_name_beyond_ascii_among_the_others_keeps_every_copy_plain() -> None:
    """M8: one unusual address never holds up the others."""
    raw = build(envelope(cc=("dänä@riverside-hs.example",))).as_bytes()
    assert raw.split(b"\r\n\r\n")[0].isascii()


def test_a_resend_threads_with_the_first() -> None:
    """ux.md 7."""
    message = read(envelope(in_reply_to="<req.0@foxglove.example>"))
    assert message["In-Reply-To"] == message["References"] == "<req.0@foxglove.example>"


def test_a_notice_says_that_a_machine_sent_it_and_a_request_does_not() -> None:
    """ux.md 7: and no List-Unsubscribe on either."""
    assert read(envelope(auto_submitted=True))["Auto-Submitted"] == "auto-generated"
    assert "Auto-Submitted" not in read(envelope())
    assert "List-Unsubscribe" not in read(envelope())


def test_both_parts_come_through_unchanged() -> None:
    """S14."""
    text = "Hi Dana,\n.\nFrom Priya\n" + "é" * 2000 + "\n"
    message = read(envelope(text=text, html=f"<p>{text}</p>\n"))
    assert part(message, "plain") == text
    assert part(message, "html") == f"<p>{text}</p>\n"


def test_no_line_is_longer_than_mail_allows() -> None:
    """H4."""
    raw = build(envelope(text="x" * 5000, html="<p>" + "y" * 5000)).as_bytes()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 100
    assert not re.search(rb"(?<!\r)\n", raw)
