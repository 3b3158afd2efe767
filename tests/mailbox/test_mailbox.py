"""The demo's mailbox: what is sent arrives, can be read, and can do no harm."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from balancedue.mailbox.listener import SmtpListener
from balancedue.mailbox.pages import Response, application, respond
from balancedue.mailbox.receiver import Receiver
from balancedue.mailbox.store import Store
from balancedue.transports.email import Envelope, MailServer, Sent, TransportError, send
from tests.documents.letters_sample import LINK, request

TO = "dana@larkspur.example"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "mail")


@pytest.fixture
def server(store: Store) -> Iterator[MailServer]:
    """The mailbox's SMTP side."""
    with SmtpListener(Receiver(store)) as listener:
        yield MailServer(listener.host, listener.port, connect_seconds=2, read_seconds=2)


def mail(server: MailServer, recipient: str = TO, **changes: Any) -> Sent:
    """Send one copy of a payment request."""
    letter = request()
    facts: dict[str, Any] = {
        "from_name": "Foxglove Print Co.",
        "from_address": "payments@foxglove.example",
        "reply_to": "priya@foxglove.example",
        "to": (recipient,),
        "recipient": recipient,
        "message_id": "<req.1@foxglove.example>",
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
    }
    return send(Envelope(**(facts | changes)), server)


def get(store: Store, path: str = "", query: str = "") -> Response:
    """Look at a page."""
    return respond(store, method="GET", path=path, query=query)


def test_what_is_sent_is_listed_newest_first(store: Store, server: MailServer) -> None:
    """S21."""
    mail(server, subject="The first")
    mail(server, subject="The second")
    body = get(store).body.decode()
    assert body.index("The second") < body.index("The first")
    assert TO in body
    assert "2 messages" in body


def test_every_fact_of_a_message_can_be_read_by_a_test(store: Store, server: MailServer) -> None:
    """S21, M9."""
    cc = "treasurer@larkspur.example"
    mail(server, cc=(cc,), recipient=cc, to=(TO,))
    (message,) = json.loads(get(store, "messages.json").body)
    assert message["recipients"] == [cc]
    assert (message["to"], message["cc"], message["reply_to"]) == (TO, cc, "priya@foxglove.example")
    assert message["message_id"] == "<req.1@foxglove.example>"
    assert LINK in message["text"]
    assert "View Invoice</a>" in message["html"]


def test_only_what_is_newer_can_be_asked_for(store: Store, server: MailServer) -> None:
    """S21."""
    for number in range(3):
        mail(server, subject=f"No. {number}")
    newest = json.loads(get(store, "messages.json", "limit=1").body)
    assert [message["subject"] for message in newest] == ["No. 2"]
    later = json.loads(get(store, "messages.json", f"after={newest[0]['id'] - 1}").body)
    assert [message["subject"] for message in later] == ["No. 2"]
    assert get(store, "newest").body == b"3"


def test_each_part_has_its_page(store: Store, server: MailServer) -> None:
    """S21."""
    mail(server)
    assert b'src="/mailbox/1/part.html"' in get(store, "1/").body
    assert b"Priya Nair writes:" in get(store, "1/", "part=text").body
    assert b"Message-ID: &lt;req.1@foxglove.example&gt;" in get(store, "1/", "part=headers").body
    assert get(store, "1/raw.eml").body.startswith(b"From: ")


def test_the_html_of_a_mail_is_sealed_and_its_links_open_beside_it(store: Store, server: MailServer) -> None:
    """S22, J1."""
    mail(server, html="<html><head></head><body><script>parent.location='https://evil.example'</script></body></html>")
    answer = get(store, "1/part.html")
    assert '<head><base target="_blank">' in answer.body.decode()
    policy = dict(answer.headers)["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy


def test_what_stands_in_a_mail_is_escaped(store: Store, server: MailServer) -> None:
    """J1."""
    mail(server, subject="<script>alert(1)</script>", text="</pre><script>alert(2)</script>", html="")
    for query in ("part=text", "part=headers"):
        assert b"<script>alert" not in get(store, "1/", query).body
    assert b"<script>alert" not in get(store).body


def test_all_mail_can_be_deleted_from_the_page_and_from_nowhere_else(store: Store, server: MailServer) -> None:
    """Contract: /mailbox/."""
    mail(server)
    assert respond(store, method="POST", path="delete/", fetch_site="cross-site").status == 403
    assert len(store.newest()) == 1
    assert respond(store, method="POST", path="delete/").status == 303
    assert store.newest() == []
    assert b"No mail yet" in get(store).body
    mail(server)
    assert store.last_number() == 2


@pytest.mark.parametrize(
    "path", ["9/", "x/", "1", "../etc/passwd", "mailbox.py", "1/other", "0/part.html", "9" * 40 + "/"]
)
def test_a_page_that_is_not_there_says_so(store: Store, path: str) -> None:
    """Contract: /mailbox/."""
    assert get(store, path).status == 404


def test_reading_an_empty_mailbox_makes_no_file(store: Store, tmp_path: Path) -> None:
    """Requirements 3.32: a look changes nothing."""
    assert get(store).status == 200
    assert list(tmp_path.iterdir()) == []


def test_a_bounce_can_be_rehearsed(store: Store, server: MailServer) -> None:
    """H3, M8."""
    with pytest.raises(TransportError) as caught:
        mail(server, "gone@bounce.example")
    assert (caught.value.permanent, caught.value.recipient_rejected) == (True, True)
    assert caught.value.sentence == "the mailbox does not exist"
    assert store.newest() == []


def test_a_greylisting_can_be_rehearsed(store: Store, server: MailServer) -> None:
    """H3."""
    for _ in range(2):
        with pytest.raises(TransportError) as caught:
            mail(server, "slow@later.example")
        assert (caught.value.permanent, caught.value.code) == (False, 451)
    mail(server, "slow@later.example")
    assert [message.recipients for message in store.newest()] == [("slow@later.example",)]


def test_a_broken_message_is_still_shown(store: Store) -> None:
    """H5."""
    store.keep(
        "a@x.example",
        ["b@x.example"],
        b"From: =?x?\xff\r\nSubject\r\nContent-Type: text/plain; charset=nope\r\n\r\n\xff\xfe",
    )
    for query in ("", "part=text", "part=headers", "part=html"):
        assert get(store, "1/", query).status == 200
    assert get(store).status == 200
    assert get(store, "messages.json").status == 200


def test_it_can_be_mounted_as_a_wsgi_application(store: Store, tmp_path: Path) -> None:
    """Contract: /mailbox/ in the demo."""
    store.keep("a@x.example", ["b@x.example"], b"Subject: Hello\r\n\r\nHi\r\n")
    started: list[Any] = []
    environ = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/mailbox/", "wsgi.input": io.BytesIO()}
    body = b"".join(application(tmp_path / "mail")(environ, lambda *given: started.append(given)))
    assert started[0][0] == "200 OK"
    assert b"Hello" in body


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], MailServer, str]]:
    """The mailbox as a process: itself, its SMTP server, and the address of its pages."""
    command = [
        sys.executable,
        "-m",
        "balancedue.mailbox",
        "--port",
        "0",
        "--smtp-port",
        "0",
        "--data",
        str(tmp_path / "m"),
    ]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout is not None
    line = running.stdout.readline().split()
    assert line[:2] == ["mailbox", "ready:"]
    yield running, MailServer("127.0.0.1", int(line[2].rpartition(":")[2]), connect_seconds=2, read_seconds=2), line[3]
    running.kill()
    running.communicate()


def test_it_runs_as_a_process_and_ends_cleanly_on_sigterm(
    process: tuple[subprocess.Popen[str], MailServer, str],
) -> None:
    """Contract: balancedue mailbox."""
    running, server, address = process
    mail(server)
    with urllib.request.urlopen(address + "messages.json", timeout=5) as answer:
        assert json.load(answer)[0]["recipients"] == [TO]
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(address + "77/", timeout=5)
    caught.value.close()
    os.kill(running.pid, signal.SIGTERM)
    assert running.wait(timeout=5) == 0
    assert running.stderr is not None
    assert running.stderr.read() == ""


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    """Contract: balancedue mailbox."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [
            sys.executable,
            "-m",
            "balancedue.mailbox",
            "--port",
            "0",
            "--smtp-port",
            port,
            "--data",
            str(tmp_path),
        ]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
