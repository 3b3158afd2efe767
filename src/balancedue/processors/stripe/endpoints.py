"""Webhook endpoints at Stripe: made, kept complete, and never piled up (ux.md 3.6).

docs.stripe.com/api/webhook_endpoints. A secret is said once, when its endpoint is made: so a new secret is a new
endpoint, and the one before goes once the new one is heard.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import stripe

from balancedue.processors.base import Check, Hook, Site
from balancedue.processors.stripe.errors import explain
from balancedue.processors.stripe.hooks import EVENTS
from balancedue.rules.errors import Refused

OURS = "Balancedue"  # the description of those we make

_LABEL = "Webhooks"


def make_endpoint(client: stripe.StripeClient, url: str, *, keep: str, label: str) -> Hook:
    """A new endpoint for `url`. Others that we made for it, and that are not `keep`, are deleted first."""
    for endpoint in at_url(client, url):
        if endpoint.get("description") == OURS and endpoint["id"] != keep:
            client.v1.webhook_endpoints.delete(endpoint["id"])
    made = client.v1.webhook_endpoints.create(
        {"url": url, "enabled_events": list(EVENTS), "description": OURS}
    ).to_dict()
    secret = made.get("secret")
    if not isinstance(secret, str) or not secret:
        raise Refused("processor_refused", f"{label} made the webhook but sent no signing secret")
    return Hook(secret, str(made.get("id") or ""))


def drop_endpoints(client: stripe.StripeClient, url: str, *, keep: str) -> None:
    """Delete every endpoint for `url` but `keep`, and none at all when `keep` is not among them."""
    endpoints = at_url(client, url)
    if keep in [endpoint["id"] for endpoint in endpoints]:
        for endpoint in endpoints:
            if endpoint["id"] != keep:
                client.v1.webhook_endpoints.delete(endpoint["id"])


def at_url(client: stripe.StripeClient, url: str) -> list[Mapping[str, Any]]:
    """The account's endpoints for `url`; Stripe lets an account have 16 in all."""
    listed: Iterable[Mapping[str, Any]] = client.v1.webhook_endpoints.list({"limit": 100}).to_dict()["data"]
    return [endpoint for endpoint in listed if endpoint.get("url") == url]


def check_endpoint(client: stripe.StripeClient, credentials: Mapping[str, str], site: Site, label: str) -> Check:
    """Whether webhooks come here, all that we need. An endpoint that was switched off or lacks events is put right."""
    if not credentials.get("webhook_secret"):
        fix = f"Press Connect webhooks, or add the webhook address at {label} and paste its signing secret here."
        return Check(_LABEL, ok=False, detail="No signing secret", fix=fix)
    try:
        endpoint = _ours(client, site)
        if endpoint is None:
            fix = "Press Renew webhooks: a new endpoint is made, with a new secret."
            return Check(_LABEL, ok=False, detail=f"{label} has no endpoint for this address", fix=fix)
        return _put_right(client, endpoint, site, label)
    except stripe.PermissionError as exc:
        fix = f"In {label}, let this key write webhook endpoints. The test webhook below says whether they come."
        return Check(_LABEL, ok=False, detail=explain(exc), fix=fix, needed=False)
    except Exception as exc:
        return Check(_LABEL, ok=False, detail=explain(exc), fix=f"{label} did not answer. Check again.")


def _ours(client: stripe.StripeClient, site: Site) -> Mapping[str, Any] | None:
    """The endpoint made for us, or, where its secret was pasted, the one for our address."""
    if not site.hook:
        return next(iter(at_url(client, site.hook_url)), None)
    try:
        found: Mapping[str, Any] = client.v1.webhook_endpoints.retrieve(site.hook).to_dict()
    except stripe.InvalidRequestError as exc:
        if exc.http_status != 404:
            raise
        return None
    return found


def _put_right(client: stripe.StripeClient, endpoint: Mapping[str, Any], site: Site, label: str) -> Check:
    if endpoint.get("url") != site.hook_url:
        # Not put right unasked: a copy of this shop, on a test server, would take the shop's webhooks away.
        fix = "If this is the server that customers pay at, press Renew webhooks."
        return Check(_LABEL, ok=False, detail=f"{label} sends them to {endpoint.get('url')}", fix=fix)
    enabled = set(endpoint.get("enabled_events") or [])
    missing = [] if "*" in enabled else [event for event in EVENTS if event not in enabled]
    off = endpoint.get("status") != "enabled"
    if not missing and not off:
        return Check(_LABEL, ok=True, detail=f"All {len(EVENTS)} kinds of event come to this server")
    update: Any = {"enabled_events": sorted(enabled | set(EVENTS))} if missing else {}
    client.v1.webhook_endpoints.update(endpoint["id"], update | ({"disabled": False} if off else {}))
    done = ["switched on again"] if off else []
    done += [f"{len(missing)} kinds of event added"] if missing else []
    return Check(_LABEL, ok=True, detail=f"Put right: {' and '.join(done)}")
