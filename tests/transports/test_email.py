"""How a mail leaves, against a real SMTP server with faults."""

import ipaddress
import socket
import ssl
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from balancedue.transports.email import Envelope, MailServer, Security, Sent, TransportError, send
from tests.smtp import DROP, HANG, start_smtp

TO = "dana@riverside-hs.example"


def envelope(**changes: object) -> Envelope:
    """One copy to Dana, with changes."""
    facts: dict[str, object] = {
        "from_name": "Foxglove Print Co.",
        "from_address": "payments@foxglove.example",
        "to": (TO,),
        "recipient": TO,
        "message_id": "<req.1@foxglove.example>",
        "subject": "Invoice INV-2047",
        "text": "Hello\n.\nFrom here\n",
        "html": "<p>Hello</p>",
    }
    return Envelope(**(facts | changes))  # type: ignore[arg-type]


def refusal(given: Envelope, server: MailServer) -> TransportError:
    """The refusal that sending ends in."""
    with pytest.raises(TransportError) as caught:
        send(given, server)
    return caught.value


def test_a_mail_arrives_whole() -> None:
    """S21."""
    with start_smtp() as smtp:
        answer = send(envelope(), smtp.server)
    assert isinstance(answer, Sent)
    assert answer.code == 250
    (received,) = smtp.messages
    assert (received.mail_from, received.recipients) == ("payments@foxglove.example", [TO])
    assert received.text.splitlines() == ["Hello", ".", "From here"]


def test_only_the_one_recipient_gets_this_copy() -> None:
    """S12, M8, M9."""
    with start_smtp() as smtp:
        send(envelope(cc=("treasurer@riverside-hs.example",)), smtp.server)
    assert smtp.attempts == [TO]
    assert smtp.messages[0].message["Cc"] == "treasurer@riverside-hs.example"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ("550 5.1.1 <dana> unknown", "the mailbox does not exist"),
        ("550 No such user here", "the mailbox does not exist"),
        ("550 5.7.1 blocked by policy", "the receiving server does not accept this address"),
        ("552 5.2.2 over quota", "the mailbox is full"),
        ("553 5.1.2 bad domain", "there is no such mail domain"),
        ("556 5.1.10 null MX", "the domain accepts no mail"),
    ],
)
def test_a_refused_recipient_is_permanent_and_says_why(answer: str, sentence: str) -> None:
    """H3."""
    with start_smtp(rcpt={TO: answer}) as smtp:
        said = refusal(envelope(), smtp.server)
    assert (said.permanent, said.recipient_rejected, said.code) == (True, True, int(answer[:3]))
    assert said.sentence == sentence
    assert said.server_said == answer[4:]
    assert smtp.messages == []


def test_one_bad_address_does_not_hold_up_the_other_copy() -> None:
    """M8, H3."""
    cc = "treasurer@riverside-hs.example"
    with start_smtp(rcpt={TO: "550 5.1.1 gone"}) as smtp:
        assert refusal(envelope(cc=(cc,)), smtp.server).permanent
        send(envelope(cc=(cc,), recipient=cc), smtp.server)
    assert [message.recipients for message in smtp.messages] == [[cc]]


def test_a_greylisting_server_is_temporary_and_then_takes_the_same_message() -> None:
    """H3, H2."""
    with start_smtp(rcpt={TO: ["451 4.7.1 greylisted", "451 4.7.1 greylisted"]}) as smtp:
        for _ in range(2):
            said = refusal(envelope(), smtp.server)
            assert (said.permanent, said.recipient_rejected, said.code) == (False, False, 451)
        send(envelope(), smtp.server)
    assert smtp.messages[0].message["Message-ID"] == "<req.1@foxglove.example>"


def test_a_message_refused_after_its_data_is_permanent_but_not_the_fault_of_the_address() -> None:
    """H3."""
    with start_smtp(data="554 5.6.0 looks like spam") as smtp:
        said = refusal(envelope(), smtp.server)
    assert (said.permanent, said.recipient_rejected, said.code) == (True, False, 554)
    assert said.sentence == "the receiving server does not accept the message"


def test_a_refused_sender_is_permanent_and_says_so() -> None:
    """H3."""
    with start_smtp(mail="553 5.7.1 sender not yours") as smtp:
        said = refusal(envelope(), smtp.server)
    assert (said.permanent, said.recipient_rejected) == (True, False)
    assert "sender address" in said.sentence


@pytest.mark.parametrize("place", ["mail", "rcpt", "data"])
@pytest.mark.parametrize(("fault", "word"), [(HANG, "in time"), (DROP, "ended the connection")])
def test_a_server_that_hangs_or_hangs_up_is_temporary(place: str, fault: str, word: str) -> None:
    """H3, H2."""
    faults: dict[str, object] = {place: {TO: fault} if place == "rcpt" else fault}
    with start_smtp(**faults) as smtp:  # type: ignore[arg-type]
        said = refusal(envelope(), replace(smtp.server, read_seconds=0.3))
    assert (said.permanent, said.recipient_rejected, said.code) == (False, False, None)
    assert word in said.sentence


def test_a_slow_server_is_not_waited_for_longer_than_a_lease_lasts() -> None:
    """H3, H2: each answer may come in time, and all of them together still take too long."""
    with start_smtp(rcpt={TO: HANG}) as smtp:
        before = time.monotonic()
        said = refusal(envelope(), replace(smtp.server, read_seconds=30, total_seconds=0.5))
    assert time.monotonic() - before < 5
    assert "in time" in said.sentence


def test_nobody_listening_is_temporary() -> None:
    """H1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said = refusal(envelope(), MailServer("127.0.0.1", port, connect_seconds=1))
    assert (said.permanent, said.code) == (False, None)
    assert said.sentence == "our mail server could not be reached"


def test_a_server_that_never_greets_is_given_up_on() -> None:
    """H3."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = refusal(envelope(), MailServer("127.0.0.1", silent.getsockname()[1], connect_seconds=0.3))
    assert not said.permanent
    assert said.sentence == "our mail server did not answer in time"


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_a_wrong_or_missing_sign_in_is_temporary_since_it_is_ours_to_mend() -> None:
    """H3."""
    with start_smtp(sign_in=("shop", "secret")) as smtp:
        wrong = refusal(envelope(), replace(smtp.server, user="shop", password="guess"))
        missing = refusal(envelope(), smtp.server)
        send(envelope(), replace(smtp.server, user="shop", password="secret"))
    assert [(said.permanent, said.code) for said in (wrong, missing)] == [(False, 535), (False, 530)]
    assert "secret" not in repr(replace(smtp.server, password="secret"))


def test_an_unsafe_header_never_reaches_the_server() -> None:
    """H4."""
    with start_smtp() as smtp:
        said = refusal(envelope(subject="Invoice\r\nBcc: x@y.example"), smtp.server)
    assert said.permanent
    assert smtp.attempts == []


def test_a_domain_beyond_ascii_is_asked_for_in_ascii() -> None:
    """M8, requirements.md 3.44."""
    address = "dana@münchen.example"
    with start_smtp() as smtp:
        send(envelope(to=(address,), recipient=address), smtp.server)
    assert smtp.attempts == ["dana@xn--mnchen-3ya.example"]


def test_a_name_beyond_ascii_is_reached_where_the_server_can() -> None:
    """M8."""
    address = "dänä@riverside-hs.example"
    with start_smtp() as smtp:
        send(envelope(to=(address,), recipient=address), smtp.server)
    assert smtp.messages[0].recipients == [address]


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


def test_an_encrypted_connection_is_used_only_when_its_certificate_holds(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """H3: STARTTLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with start_smtp(tls=context) as smtp:
        server = replace(smtp.server, security=Security.STARTTLS)
        stranger = refusal(envelope(), server)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        send(envelope(), server)
    assert not stranger.permanent
    assert "could not be trusted" in stranger.sentence
    assert len(smtp.messages) == 1


def test_a_server_without_encryption_is_not_talked_to_in_the_clear() -> None:
    """H3: a STARTTLS that was stripped on the way."""
    with start_smtp() as smtp:
        said = refusal(envelope(), replace(smtp.server, security=Security.STARTTLS))
    assert not said.permanent
    assert smtp.attempts == []
