"""3-D Secure: the page where the payer's bank asks, and where the payer goes from there.

Inside a dialog of the shop's page the end is a page that tells its parent "done"; at top level it is a redirect to
the shop with what Stripe adds to the address.
"""

from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from balancedue.sandbox import intents
from balancedue.sandbox.currencies import as_text
from balancedue.sandbox.frames import Frames
from balancedue.sandbox.http import Request, Response, see_other
from balancedue.sandbox.settings import Settings
from balancedue.sandbox.store import Store, Stored

_STATUS_WORDS = {"succeeded": "succeeded", "processing": "processing", "canceled": "failed"}


class Challenges:
    """The pages below /3ds/."""

    def __init__(self, store: Store, settings: Settings, frames: Frames, changed: Callable[[], None]) -> None:
        self._store, self._settings, self._frames, self._changed = store, settings, frames, changed

    def ask(self, request: Request, id: str) -> Response:
        """The question, or word that it is no longer asked."""
        found = self._find(id)
        if found is None:
            return self._frames.page("gone.html", 404)
        intent, _ = found
        if intent.private.get("challenge") != id:
            return self._frames.page("gone.html", 410)
        framed = "1" if "frame" in dict(parse_qsl(request.query)) else ""
        amount = as_text(intent.body["amount"], intent.body["currency"])
        return self._frames.page("challenge.html", id=id, framed=framed, amount=amount)

    def answer(self, request: Request, id: str) -> Response:
        """Take the payer's choice, once, and send them on."""
        found = self._find(id)
        if found is None:
            return self._frames.page("gone.html", 404)
        form = dict(parse_qsl(request.body.decode(errors="replace")))
        with self._store.write() as tx:
            intent = tx.get("payment_intent", found[0].id)
            intents.answer_challenge(
                tx, intent, id, passed=form.get("answer") == "complete", settle_seconds=self._settings.settle_seconds
            )
        self._changed()
        if form.get("framed") or not found[1]:
            return self._frames.page("done.html")
        return see_other(return_address(found[1], intent))

    def _find(self, id: str) -> tuple[Stored, str] | None:
        with self._store.read() as tx:
            row = tx.db.execute("SELECT * FROM challenge WHERE id = ?", (id,)).fetchone()
            return None if row is None else (tx.get("payment_intent", row["intent"]), row["return_url"])


def return_address(return_url: str, intent: Stored) -> str:
    """`return_url` with the parameters Stripe adds to it."""
    parts = urlsplit(return_url)
    added = {
        "payment_intent": intent.id,
        "payment_intent_client_secret": intent.body["client_secret"],
        "redirect_status": _STATUS_WORDS.get(intent.body["status"], "failed"),
    }
    query = "&".join(part for part in (parts.query, urlencode(added)) if part)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, parts.fragment))
