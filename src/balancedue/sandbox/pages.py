"""The page at /: what the sandbox holds, and the switch for outages."""

import html
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from balancedue.sandbox import accounts
from balancedue.sandbox.cards import CARDS
from balancedue.sandbox.currencies import as_text
from balancedue.sandbox.faults import Faults, Mode, Webhooks
from balancedue.sandbox.http import Request, Response, text_response
from balancedue.sandbox.store import Page, Store, Stored, Transaction

_STYLE = (Path(__file__).parent / "overview.css").read_text()
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SHOWN = 50
_TONES = {
    "succeeded": "pos",
    "delivered": "pos",
    "enabled": "pos",
    "failed": "crit",
    "given up": "crit",
    "processing": "warn",
    "pending": "warn",
    "requires_action": "warn",
    "waiting": "warn",
}


class Pages:
    """Draws the overview."""

    def __init__(self, store: Store, faults: Faults) -> None:
        self._store, self._faults = store, faults

    def file(self, request: Request, name: str) -> Response:
        """The page's style sheet."""
        if name != "overview.css":
            return text_response("Not found", "text/plain", 404)
        return text_response(_STYLE, "text/css").with_headers(("Cache-Control", "no-cache"))

    def overview(self, request: Request) -> Response:
        """Everything, newest first."""
        with self._store.read() as tx:
            body = "".join(
                (
                    self._switch(),
                    _held(
                        tx,
                        "payment_intent",
                        "Payment intents",
                        ("Intent", "Amount", "Status", "Metadata", "Made"),
                        _intent_row,
                    ),
                    _held(
                        tx, "charge", "Charges", ("Charge", "Amount", "Status", "Card", "Payer", "Made"), _charge_row
                    ),
                    _held(
                        tx,
                        "event",
                        "Events",
                        ("Event", "About", "Deliveries", "Made", ""),
                        lambda event: _event_row(tx, event),
                    ),
                    _held(
                        tx,
                        "webhook_endpoint",
                        "Webhook endpoints",
                        ("Address", "Events", "Status", "Made"),
                        _endpoint_row,
                    ),
                    _cards(),
                    _keys(tx),
                )
            )
        page = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sandbox · Balancedue</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" '
            'content="light dark"><link rel="icon" href="data:,"><link rel="stylesheet" href="/pages/overview.css">'
            "</head><body><header><h1>Sandbox</h1><p>A stand-in card processor. No money moves here and only test "
            f"cards are taken.</p></header><main>{body}</main></body></html>"
        )
        return text_response(page, "text/html").with_headers(
            ("Content-Security-Policy", _POLICY),
            ("Referrer-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        )

    def _switch(self) -> str:
        state = self._faults.state
        return (
            '<section class="card"><h2>Trouble</h2><form method="post" action="/_sandbox/faults">'
            + _select(
                "mode",
                "Requests",
                {
                    Mode.NONE: "Answered",
                    Mode.DOWN: "Down: every answer is 503",
                    Mode.RESET: "Connection closed without an answer",
                    Mode.SLOW: "Slow",
                },
                state.mode,
            )
            + f'<p><label for="seconds">Seconds when slow</label><input id="seconds" name="seconds" '
            f'inputmode="decimal" value="{state.seconds:g}"></p>'
            + _select(
                "webhooks",
                "Webhooks",
                {Webhooks.ON: "Sent", Webhooks.OFF: "Held back", Webhooks.TWICE: "Sent twice"},
                state.webhooks,
            )
            + "<button>Set</button></form></section>"
        )


def _select(name: str, label: str, options: dict[str, str] | dict[Mode, str] | dict[Webhooks, str], chosen: str) -> str:
    choices = "".join(
        f'<option value="{value}"{" selected" if value == chosen else ""}>{text}</option>'
        for value, text in options.items()
    )
    return f'<p><label for="{name}">{label}</label><select id="{name}" name="{name}">{choices}</select></p>'


Row = Callable[[Stored], tuple[str, ...]]


def _held(tx: Transaction, kind: str, title: str, heads: tuple[str, ...], row: Row) -> str:
    found, more = tx.list(kind, None, Page(limit=_SHOWN))
    note = f"<p>The newest {_SHOWN} are shown.</p>" if more else ""
    return _section(kind, title, heads, [row(stored) for stored in found], note)


def _section(id: str, title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], note: str = "") -> str:
    if not rows:
        return f'<section class="card"><h2>{title}</h2><p>None yet.</p></section>'
    head = "".join(f'<th scope="col">{one}</th>' if one else "<td></td>" for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" for cells in rows)
    return (
        f'<section class="card"><h2 id="{id}">{title}</h2>{note}<div class="scroll" role="region" tabindex="0" '
        f'aria-labelledby="{id}"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></section>'
    )


def _intent_row(intent: Stored) -> tuple[str, ...]:
    body = intent.body
    metadata = ", ".join(f"{name}: {value}" for name, value in body["metadata"].items())
    return _code(intent.id), _money(body), _tag(body["status"]), _text(metadata), _when(body["created"])


def _charge_row(charge: Stored) -> tuple[str, ...]:
    body = charge.body
    card = body["payment_method_details"]["card"]
    payer = body["billing_details"]["name"] or body["billing_details"]["email"] or ""
    failure = f" {_text(body['failure_code'])}" if body["failure_code"] else ""
    return (
        _code(charge.id),
        _money(body),
        _tag(body["status"]) + failure,
        _text(f"{card['brand']} {card['last4']}"),
        _text(payer),
        _when(body["created"]),
    )


def _event_row(tx: Transaction, event: Stored) -> tuple[str, ...]:
    rows = tx.db.execute("SELECT state, attempts, answer FROM delivery WHERE event = ? ORDER BY id", (event.id,))
    deliveries = " ".join(
        _tag(row["state"]) + (f" {_text(row['answer'])}, tries: {row['attempts']}" if row["attempts"] else "")
        for row in rows
    )
    again = (
        f'<form method="post" action="/_sandbox/redeliver"><input type="hidden" name="event" value="{event.id}">'
        f'<button class="quiet" aria-label="Send {event.id} again">Send again</button></form>'
    )
    return (
        _text(event.body["type"]),
        _code(event.parent or ""),
        deliveries or "nobody listens",
        _when(event.body["created"]),
        again,
    )


def _endpoint_row(endpoint: Stored) -> tuple[str, ...]:
    body = endpoint.body
    return (_code(body["url"]), _text(", ".join(body["enabled_events"])), _tag(body["status"]), _when(body["created"]))


def _cards() -> str:
    rows = [(_code(card.grouped), _text(card.what), _code(card.token)) for card in CARDS]
    return _section(
        "cards",
        "Test cards",
        ("Number", "What it does", "As payment method"),
        rows,
        "<p>Any expiry date in the future and any security code will do.</p>",
    )


def _keys(tx: Transaction) -> str:
    rows = [
        (_text(one.name), _code(one.secret_key), _code(one.publishable_key), _code(one.id))
        for one in accounts.every(tx)
    ]
    return _section("keys", "Keys", ("Account", "Secret key", "Publishable key", "Id"), rows)


def _money(body: dict[str, object]) -> str:
    return f"<bdi>{as_text(int(str(body['amount'])), str(body['currency']))}</bdi>"


def _tag(word: str) -> str:
    return f'<span class="tag {_TONES.get(word, "")}">{_text(word.replace("_", " "))}</span>'


def _code(text: str) -> str:
    return f"<code>{html.escape(text)}</code>"


def _text(text: str) -> str:
    return f"<bdi>{html.escape(text)}</bdi>"


def _when(moment: int) -> str:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
    return f'<time datetime="{stamp}">{stamp[:10]} {stamp[11:19]} UTC</time>'
