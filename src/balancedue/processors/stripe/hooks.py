"""Reading Stripe's webhooks: the signature over the raw bytes first, everything else after (D8).

docs.stripe.com/webhooks#verify-manually. Done here rather than by the SDK, which takes any time in the future.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from balancedue.processors.reports import BadSignature, Concern, HookNote

WINDOW_S = 300

# Everything that says something about money of ours; the object is looked up again in any case.
EVENTS: tuple[Any, ...] = (  # the SDK lists the names as literals
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.canceled",
    "payment_intent.amount_capturable_updated",
    "charge.succeeded",
    "charge.failed",
    "charge.pending",
    "charge.updated",
    "charge.refunded",
    "charge.refund.updated",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "refund.created",
    "refund.updated",
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payout.created",
    "payout.updated",
    "payout.paid",
    "payout.failed",
    "payout.canceled",
)

_CONCERNS = {  # by the beginning of the name, the longest that fits
    "payment_intent.": Concern.PAYMENT,
    "checkout.session.": Concern.PAYMENT,
    "charge.": Concern.PAYMENT,
    "charge.updated": Concern.FEES,
    "charge.refund": Concern.REFUNDS,
    "charge.dispute.": Concern.DISPUTES,
    "refund.": Concern.REFUNDS,
    "payout.": Concern.PAYOUT,
}

_HEADER = "stripe-signature"
_LONGEST_HEADER = 4096
_TIME = re.compile(r"\d{1,12}")


def read_hook(headers: Mapping[str, str], body: bytes, *, secrets: Iterable[str], now: float) -> HookNote:
    """Verify and read. `secrets`: each is tried, so that one can be rolled. `now`: unix seconds. Raises BadSignature.

    A well-signed body that is not an event comes back with type "unreadable" and an id made of its digest, to be put
    aside for a person (D4).
    """
    header = next((value for name, value in headers.items() if name.lower() == _HEADER), "")
    verify(header, body, secrets=secrets, now=now)
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        event = None
    note = note_of(event) if isinstance(event, dict) else None
    return note or HookNote(
        event_id=f"unreadable_{hashlib.sha256(body).hexdigest()[:40]}",
        type="unreadable",
        reference="",
        attempt_id="",
        livemode=None,
        concern=Concern.OTHER,
    )


def verify(header: str, body: bytes, *, secrets: Iterable[str], now: float) -> None:
    """Whether one `v1` of the header fits one of the secrets, at a time within the window on both sides."""
    if not header or len(header) > _LONGEST_HEADER:
        raise BadSignature("no signature")
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    given = [value.encode() for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not _TIME.fullmatch(times[0]) or not times[0].isascii() or not given:
        raise BadSignature("an unreadable signature")
    signed = times[0].encode() + b"." + body
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode() for secret in secrets if secret]
    fits = [hmac.compare_digest(one, other) for one in expected for other in given]
    if not any(fits):
        raise BadSignature("the signature does not fit")
    if abs(now - int(times[0])) > WINDOW_S:
        raise BadSignature("outside the time window")


def note_of(event: Mapping[str, Any]) -> HookNote | None:
    """What an event says, as sent or as listed; None when it is none."""
    event_id, kind = event.get("id"), event.get("type")
    if event.get("object") != "event" or not isinstance(event_id, str) or not isinstance(kind, str):
        return None
    data = event.get("data")
    about = data.get("object") if isinstance(data, Mapping) else None
    about = about if isinstance(about, Mapping) else {}
    account, livemode = event.get("account"), event.get("livemode")
    return HookNote(
        event_id=event_id[:255],
        type=kind[:100],
        reference=_reference(kind, about)[:255],
        attempt_id=_attempt(about)[:255],
        livemode=livemode if isinstance(livemode, bool) else None,
        account=account[:255] if isinstance(account, str) else "",
        concern=_concern(kind),
    )


def _concern(kind: str) -> Concern:
    fitting = [start for start in _CONCERNS if kind.startswith(start)]
    return _CONCERNS[max(fitting, key=len)] if fitting else Concern.OTHER


def _reference(kind: str, about: Mapping[str, Any]) -> str:
    """The object that the event concerns: a PaymentIntent, a Checkout Session or a Payout."""
    if kind.startswith(("payment_intent.", "checkout.session.", "payout.")):
        found = about.get("id")
    elif kind.startswith(("charge.", "refund.")):
        found = about.get("payment_intent")
        if isinstance(found, Mapping):
            found = found.get("id")
    else:
        found = ""
    return found if isinstance(found, str) else ""


def _attempt(about: Mapping[str, Any]) -> str:
    metadata = about.get("metadata")
    found = metadata.get("attempt") if isinstance(metadata, Mapping) else None
    return found if isinstance(found, str) else ""
