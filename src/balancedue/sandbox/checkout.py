"""The page a payer is sent to for a Checkout Session, and what it asks for.

The page is the sandbox's own and shows the same card form as a shop's page would; the shop's address is told once the
payment was submitted, and never before.
"""

import time
from collections.abc import Callable

from balancedue.sandbox import intents, sessions
from balancedue.sandbox.accounts import by_id
from balancedue.sandbox.currencies import as_text
from balancedue.sandbox.errors import ApiError
from balancedue.sandbox.frames import Frames, escaped
from balancedue.sandbox.http import Request, Response, json_response, see_other
from balancedue.sandbox.store import Store, Stored, Transaction

_PLACE = "{CHECKOUT_SESSION_ID}"


class Checkout:
    """The pages below /c/pay/. `changed` wakes the sender."""

    def __init__(self, store: Store, frames: Frames, changed: Callable[[], None]) -> None:
        self._store, self._frames, self._changed = store, frames, changed

    def show(self, request: Request, id: str) -> Response:
        """The payment page, or word that there is nothing to pay."""
        with self._store.read() as tx:
            session = tx.find("checkout.session", id)
            if session is None:
                return self._frames.checkout_page("checkout_gone.html", 404, title="Nothing to pay", link="")
            if session.body["status"] == "complete":
                return see_other(f"/c/pay/{id}/done")
            if session.body["status"] == "expired":
                link = _back(session, "Back to the shop")
                return self._frames.checkout_page("checkout_gone.html", 410, title="This page has expired", link=link)
            return self._page(tx, session)

    def _page(self, tx: Transaction, session: Stored) -> Response:
        body, account = session.body, by_id(tx, session.account)
        rows = "".join(_row(line) for line in session.private["lines"])
        return self._frames.checkout_page(
            "checkout.html",
            shop=escaped(account.name),
            key=escaped(account.publishable_key),
            id=escaped(session.id),
            amount=str(body["amount_total"]),
            currency=body["currency"],
            total=escaped(as_text(body["amount_total"], body["currency"])),
            lines=rows,
            email=escaped(body["customer_email"] or ""),
            link=_back(session, f"Back to {account.name}"),
        )

    def begin(self, request: Request, id: str) -> Response:
        """POST: the payer pressed Pay. The client secret of the session's intent, made now if there is none yet."""
        try:
            with self._store.write() as tx:
                session = tx.find("checkout.session", id)
                if session is None:
                    raise ApiError(404, "No such checkout session.", code="resource_missing")
                sessions.check_open(session)
                secret = _intent_of(tx, session).body["client_secret"]
        except ApiError as error:
            return json_response(error.body, error.status)
        self._changed()
        return json_response({"client_secret": secret}).with_headers(("Cache-Control", "no-store"))

    def done(self, request: Request, id: str) -> Response:
        """Where the page goes after a payment: on to the shop once the session is complete, else back to the page."""
        with self._store.read() as tx:
            session = tx.find("checkout.session", id)
        if session is None or session.body["status"] != "complete":
            return see_other(f"/c/pay/{id}")
        return see_other(session.body["success_url"].replace(_PLACE, session.id))


def expire(tx: Transaction, session: Stored) -> None:
    """End an open session and its intent. Raises ApiError 400 if it is no longer open."""
    sessions.check_open(session)
    intent = tx.find("payment_intent", session.body["payment_intent"] or "")
    if intent is not None and intent.body["status"] in intents.CANCELABLE:
        intents.cancel(tx, intent, None)
    sessions.expire(tx, session)


def expire_now(tx: Transaction, session: Stored) -> None:
    """The clock: its time is up."""
    if session.body["status"] == "open" and session.body["expires_at"] <= time.time():
        expire(tx, session)


def _intent_of(tx: Transaction, session: Stored) -> Stored:
    held = tx.find("payment_intent", session.body["payment_intent"] or "")
    if held is not None and held.body["status"] != "canceled":
        return held
    intent = intents.create(
        tx,
        session.account,
        amount=session.body["amount_total"],
        currency=session.body["currency"],
        fields=session.private["intent_fields"],
        session=session.id,
    )
    sessions.attach(tx, session, intent)
    return intent


def _row(line: dict[str, object]) -> str:
    amount = as_text(int(str(line["amount_total"])), str(line["currency"]))
    times = f'<span class="times">{escaped(str(line["quantity"]))} ×</span> ' if line["quantity"] != 1 else ""
    more = f'<span class="more">{escaped(str(line["details"]))}</span>' if line["details"] else ""
    return (
        f"<li><span>{times}<bdi>{escaped(str(line['description']))}</bdi>{more}</span>"
        f'<span class="sum"><bdi>{escaped(amount)}</bdi></span></li>'
    )


def _back(session: Stored, words: str) -> str:
    address = session.body["cancel_url"]
    if not address:
        return ""
    return f'<a class="back" href="{escaped(address)}"><span aria-hidden="true">←</span> {escaped(words)}</a>'
