"""The mailbox in HTML and JSON. What stands in a message is escaped; its own HTML is shown in a sealed frame only."""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from html import escape

from balancedue.mailbox.store import Stored

BASE = "/mailbox/"
TABS = {"html": "HTML", "text": "Text", "headers": "Headers"}


def page(title: str, body: str) -> str:
    """The page around everything."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{BASE}mailbox.css">
<script src="{BASE}mailbox.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header><a class="home" href="{BASE}">Demo mailbox</a>
<span>Every email the demo sends. Nothing leaves this machine.</span></header>
<main id="main" tabindex="-1">
{body}
</main>
</body>
</html>
"""


def listing(messages: list[Stored]) -> str:
    """All messages, newest first."""
    newest = messages[0].id if messages else 0
    items = "".join(_item(message) for message in messages)
    shown = f'<ol class="list">{items}</ol>' if messages else _EMPTY
    count = "1 message" if len(messages) == 1 else f"{len(messages)} messages"
    empty = (
        f'<form method="post" action="{BASE}delete/"><button type="submit">Delete all mail</button></form>'
        if messages
        else ""
    )
    return page(
        "Demo mailbox",
        f"""<div class="head"><h1>Demo mailbox</h1>{empty}</div>
<p class="quiet" role="status" id="news">{count}</p>
<div id="list" data-newest="{newest}">{shown}</div>
<noscript><p class="quiet"><a href="{BASE}">Look for new mail</a></p></noscript>""",
    )


_EMPTY = """<p class="empty">No mail yet. Send a payment request, and the email arrives here within seconds.</p>"""


def reading(message: Stored, tab: str) -> str:
    """One message: who and what, then one of its parts."""
    subject = message.header("Subject") or "(no subject)"
    facts = [
        (name, value)
        for name, value in (
            ("From", message.header("From")),
            ("To", message.header("To")),
            ("Cc", message.header("Cc")),
            ("Reply-To", message.header("Reply-To")),
            ("This copy for", ", ".join(message.recipients)),
        )
        if value
    ]
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd><bdi>{escape(value)}</bdi></dd></div>" for name, value in facts)
    rows += f"<div><dt>Arrived</dt><dd>{_time(message.received_at)}</dd></div>"
    return page(
        f"{subject} · Demo mailbox",
        f"""<p><a href="{BASE}">All mail</a></p>
<h1><bdi>{escape(subject)}</bdi></h1>
<dl class="facts">{rows}</dl>
<nav class="tabs" aria-label="Parts">{_tabs(message, tab)}</nav>
{_part(message, tab)}""",
    )


def framed(message: Stored) -> str:
    """The HTML part as the frame loads it: its links open in a new tab."""
    target = '<base target="_blank">'
    html, found = re.subn(r"(<head[^>]*>)", lambda head: head[1] + target, message.html, count=1, flags=re.IGNORECASE)
    return html if found else target + html


def as_json(messages: Iterable[Stored]) -> str:
    """Everything about the messages, for tests and scripts."""
    return json.dumps([_facts(message) for message in messages], ensure_ascii=False, indent=1)


def _facts(message: Stored) -> dict[str, object]:
    return {
        "id": message.id,
        "received_at": message.received_at.isoformat(),
        "mail_from": message.mail_from,
        "recipients": list(message.recipients),
        "from": message.header("From"),
        "to": message.header("To"),
        "cc": message.header("Cc"),
        "reply_to": message.header("Reply-To"),
        "subject": message.header("Subject"),
        "message_id": message.header("Message-ID"),
        "headers": message.headers,
        "text": message.text,
        "html": message.html,
        "size": len(message.content),
    }


def _item(message: Stored) -> str:
    subject = escape(message.header("Subject") or "(no subject)")
    return f"""<li><a href="{BASE}{message.id}/"><bdi>{subject}</bdi></a>
<span class="to">for <bdi>{escape(", ".join(message.recipients))}</bdi></span>
<span class="from">from <bdi>{escape(message.header("From"))}</bdi></span>
{_time(message.received_at)}</li>
"""


def _tabs(message: Stored, chosen: str) -> str:
    links = [
        f'<a href="{BASE}{message.id}/?part={name}"{current}>{label}</a>'
        for name, label in TABS.items()
        for current in [' aria-current="page"' if name == chosen else ""]
    ]
    return "".join([*links, f'<a href="{BASE}{message.id}/raw.eml">Download</a>'])


def _part(message: Stored, tab: str) -> str:
    if tab == "html" and message.html:
        return f'<iframe title="The email as HTML" src="{BASE}{message.id}/part.html"></iframe>'
    if tab == "headers":
        words = "\n".join(f"{name}: {value}" for name, value in message.headers)
        return _plain("Headers", words)
    return _plain("Text", message.text or "This email has no such part.")


def _plain(label: str, words: str) -> str:
    return f'<pre tabindex="0" role="region" aria-label="{label}" dir="auto">{escape(words)}</pre>'


def _time(moment: datetime) -> str:
    return f'<time datetime="{moment.isoformat()}">{moment:%d %b %Y, %H:%M:%S} UTC</time>'
