"""The page at /: what the sandbox holds, buttons for what happens at a bank or in a dashboard, and trouble."""

from collections.abc import Callable
from pathlib import Path

from balancedue.sandbox import accounts, trouble
from balancedue.sandbox.balances import unpaid
from balancedue.sandbox.cards import CARDS
from balancedue.sandbox.currencies import as_text
from balancedue.sandbox.faults import Faults
from balancedue.sandbox.http import Request, Response, text_response
from balancedue.sandbox.markup import button, code, money, section, tag, text, when
from balancedue.sandbox.store import Page, Store, Stored, Transaction

_STYLE = (Path(__file__).parent / "overview.css").read_text()
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SHOWN = 50
_PLACES = {
    "trouble": "Trouble",
    "plan": "Fault plan",
    "payment_intent": "Payment intents",
    "charge": "Charges",
    "refund": "Refunds",
    "dispute": "Disputes",
    "payout": "Payouts",
    "balance_transaction": "Balance",
    "checkout.session": "Checkout Sessions",
    "event": "Events",
    "webhook_endpoint": "Webhook endpoints",
    "cards": "Test cards",
    "keys": "Keys",
}

Row = Callable[[Stored], tuple[str, ...]]


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
            body = trouble.switch(self._faults) + trouble.plan(self._faults) + _everything(tx)
        links = "".join(f'<li><a href="#{id}">{title}</a></li>' for id, title in _PLACES.items())
        page = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sandbox · Balancedue</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" '
            'content="light dark"><link rel="icon" href="data:,"><link rel="stylesheet" href="/pages/overview.css">'
            "</head><body><header><h1>Sandbox</h1><p>A stand-in card processor. No money moves here and only test "
            f'cards are taken.</p><nav aria-label="On this page"><ul>{links}</ul></nav></header>'
            f"<main>{body}</main></body></html>"
        )
        return text_response(page, "text/html").with_headers(
            ("Content-Security-Policy", _POLICY),
            ("Referrer-Policy", "same-origin"),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
        )


def _everything(tx: Transaction) -> str:
    return "".join(
        (
            _held(tx, "payment_intent", ("Intent", "Amount", "Status", "Metadata", "Made"), _intent_row),
            _held(tx, "charge", ("Charge", "Amount", "Refunded", "Status", "Card", "Payer", "Made", ""), _charge_row),
            _held(tx, "refund", ("Refund", "Of", "Amount", "Status", "Made", ""), _refund_row),
            _held(tx, "dispute", ("Dispute", "Of", "Amount", "Reason", "Status", "Answer by", ""), _dispute_row),
            _held(tx, "payout", ("Payout", "Amount", "Status", "Made", ""), _payout_row, _balances(tx)),
            _held(tx, "balance_transaction", ("Transaction", "Kind", "About", "Amount", "Fee", "Made"), _entry_row),
            _held(tx, "checkout.session", ("Session", "Amount", "Status", "Payment", "Made"), _session_row),
            _held(tx, "event", ("Event", "About", "Deliveries", "Made", ""), lambda event: _event_row(tx, event)),
            _held(tx, "webhook_endpoint", ("Address", "Events", "Status", "Made", ""), _endpoint_row),
            _cards(),
            _keys(tx),
        )
    )


def _held(tx: Transaction, kind: str, heads: tuple[str, ...], row: Row, note: str = "") -> str:
    found, more = tx.list(kind, None, Page(limit=_SHOWN))
    note += f"<p>The newest {_SHOWN} are shown.</p>" if more else ""
    return section(kind, _PLACES[kind], heads, [row(stored) for stored in found], note)


def _intent_row(intent: Stored) -> tuple[str, ...]:
    body = intent.body
    metadata = ", ".join(f"{name}: {value}" for name, value in body["metadata"].items())
    return code(intent.id), money(body), tag(body["status"]), text(metadata), when(body["created"])


def _charge_row(charge: Stored) -> tuple[str, ...]:
    body = charge.body
    card = body["payment_method_details"]["card"]
    payer = body["billing_details"]["name"] or body["billing_details"]["email"] or ""
    failure = f" {text(body['failure_code'])}" if body["failure_code"] else ""
    deeds = []
    if body["status"] == "succeeded":
        if not body["refunded"]:
            deeds.append(button("refunds", "Refund", f"Refund {charge.id}", charge=charge.id))
        deeds.append(button("disputes", "Dispute", f"Dispute {charge.id}", charge=charge.id))
    return (
        code(charge.id),
        money(body),
        money(body, "amount_refunded") if body["amount_refunded"] else "",
        tag(body["status"]) + failure,
        text(f"{card['brand']} {card['last4']}"),
        text(payer),
        when(body["created"]),
        _buttons(*deeds),
    )


def _refund_row(refund: Stored) -> tuple[str, ...]:
    body = refund.body
    why = body.get("pending_reason") or body.get("failure_reason") or ""
    deeds = []
    if body["status"] in ("pending", "requires_action"):
        deeds.append(button(f"refunds/{refund.id}", "Succeed", f"Succeed {refund.id}", outcome="succeeded"))
    if body["status"] in ("pending", "requires_action", "succeeded"):
        deeds.append(button(f"refunds/{refund.id}", "Fail", f"Fail {refund.id}", outcome="failed"))
    return (
        code(refund.id),
        code(body["charge"]),
        money(body),
        tag(body["status"]) + (f" {text(why.replace('_', ' '))}" if why else ""),
        when(body["created"]),
        _buttons(*deeds),
    )


def _dispute_row(dispute: Stored) -> tuple[str, ...]:
    body = dispute.body
    deeds = []
    if body["status"] not in ("won", "lost", "warning_closed"):
        deeds += [
            button(f"disputes/{dispute.id}", words, f"{words} {dispute.id}", outcome=outcome)
            for words, outcome in (("Won", "won"), ("Lost", "lost"))
        ]
    return (
        code(dispute.id),
        code(body["charge"]),
        money(body),
        text(body["reason"].replace("_", " ")),
        tag(body["status"]),
        when(body["evidence_details"]["due_by"]),
        _buttons(*deeds),
    )


def _payout_row(payout: Stored) -> tuple[str, ...]:
    body = payout.body
    fail = (
        button(f"payouts/{payout.id}", "Fail", f"Fail {payout.id}", outcome="failed")
        if body["status"] != "failed"
        else ""
    )
    return code(payout.id), money(body), tag(body["status"]), when(body["created"]), fail


def _balances(tx: Transaction) -> str:
    """A button for each balance that can be paid out."""
    waiting = [
        button("payouts", f"Pay out {as_text(net, currency)} of {one.name}", account=one.id, currency=currency)
        for one in accounts.every(tx)
        for currency, net in unpaid(tx, one.id).items()
        if net > 0
    ]
    return _buttons(*waiting[-_SHOWN:])


def _entry_row(entry: Stored) -> tuple[str, ...]:
    body = entry.body
    kind = text(body["reporting_category"].replace("_", " "))
    fee = money(body, "fee") if body["fee"] else ""
    return code(entry.id), kind, code(body["source"]), money(body), fee, when(body["created"])


def _session_row(session: Stored) -> tuple[str, ...]:
    body = session.body
    name = f"{session.id[:20]}…"
    place = f'<a href="/c/pay/{session.id}"><code>{name}</code></a>' if body["status"] == "open" else code(name)
    return (
        place,
        money(body, "amount_total"),
        tag(body["status"]),
        tag(body["payment_status"]),
        when(body["created"]),
    )


def _event_row(tx: Transaction, event: Stored) -> tuple[str, ...]:
    rows = tx.db.execute(
        "SELECT state, attempts, answer, treatment FROM delivery WHERE event = ? ORDER BY id", (event.id,)
    )
    deliveries = " ".join(
        tag(row["state"])
        + (f" {text(row['answer'])}, tries: {row['attempts']}" if row["attempts"] else "")
        + (f" {text(row['treatment'].partition(' ')[0].replace('_', ' '))} by plan" if row["treatment"] else "")
        for row in rows
    )
    return (
        text(event.body["type"]),
        code(event.parent or ""),
        deliveries or "nobody listens",
        when(event.body["created"]),
        button("redeliver", "Send again", f"Send {event.id} again", event=event.id),
    )


def _endpoint_row(endpoint: Stored) -> tuple[str, ...]:
    body = endpoint.body
    ping = button("ping", "Ping", f"Ping {body['url']}", endpoint=endpoint.id) if body["status"] == "enabled" else ""
    events = text(", ".join(body["enabled_events"]))
    return code(body["url"]), events, tag(body["status"]), when(body["created"]), ping


def _cards() -> str:
    rows = [(code(card.grouped), text(card.what), code(card.token)) for card in CARDS]
    note = "<p>Any expiry date in the future and any security code will do.</p>"
    return section("cards", "Test cards", ("Number", "What it does", "As payment method"), rows, note)


def _keys(tx: Transaction) -> str:
    rows = [
        (text(one.name), code(one.secret_key), code(one.publishable_key), code(one.id)) for one in accounts.every(tx)
    ]
    return section("keys", "Keys", ("Account", "Secret key", "Publishable key", "Id"), rows)


def _buttons(*markup: str) -> str:
    return f'<div class="buttons">{"".join(markup)}</div>' if markup else ""
