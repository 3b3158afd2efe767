"""The lines of "Check connection": what was checked, whether it holds, and the fix when it does not (ux.md 3.6)."""

from collections.abc import Mapping
from typing import Any

import stripe

from balancedue.processors.base import Check
from balancedue.processors.stripe import keys
from balancedue.processors.stripe.amounts import CHARGEABLE
from balancedue.processors.stripe.errors import explain


def check_connection(
    client: stripe.StripeClient, credentials: Mapping[str, str], *, label: str, sandbox: bool
) -> list[Check]:
    """Ask for the account with the key, and look at what is stored. Stops after the key when that does not work."""
    wrong = keys.problems(credentials, sandbox=sandbox)
    if wrong:
        labels = {setting.name: setting.label for setting in keys.SANDBOX_SETTINGS}
        return [Check(labels.get(name, "Webhooks"), ok=False, fix=sentence) for name, sentence in wrong.items()]
    key_line, account = _key(client, label)
    if not key_line.ok:
        return [key_line]
    return [
        key_line,
        _account(account, label),
        _mode(credentials, sandbox=sandbox),
        _currencies(account),
        _webhooks(credentials),
    ]


def _key(client: stripe.StripeClient, label: str) -> tuple[Check, Mapping[str, Any]]:
    try:
        account = client.v1.accounts.retrieve_current().to_dict()
    except stripe.PermissionError:
        return _restricted_key(client, label), {}
    except stripe.AuthenticationError as exc:
        fix = f"Copy the current secret key from {label} and paste it here; this one was rolled or deleted."
        return Check("Secret key", ok=False, detail=explain(exc), fix=fix), {}
    except Exception as exc:
        fix = f"{label} did not answer. Check that this server may reach it, then check again."
        return Check("Secret key", ok=False, detail=explain(exc), fix=fix), {}
    return Check("Secret key", ok=True, detail="Accepted"), account


def _restricted_key(client: stripe.StripeClient, label: str) -> Check:
    """A key that may not read the account may still be good enough."""
    try:
        client.v1.payment_intents.list({"limit": 1})
    except stripe.PermissionError as exc:
        fix = f"In {label}, let this key write payment intents, refunds and webhook endpoints."
        return Check("Secret key", ok=False, detail=explain(exc), fix=fix)
    except Exception as exc:
        return Check("Secret key", ok=False, detail=explain(exc), fix=f"{label} did not answer. Check again.")
    return Check("Secret key", ok=True, detail="Accepted; it may not read the account")


def _account(account: Mapping[str, Any], label: str) -> Check:
    if not account:
        return Check("Account", ok=True, detail="Not shown to this key")
    profile = account.get("business_profile")
    name = profile.get("name") if isinstance(profile, Mapping) else None
    detail = " ".join(part for part in (name, account.get("id")) if isinstance(part, str))
    if account.get("charges_enabled") is False:
        fix = f"{label} does not let this account take payments yet. Finish its set-up there."
        return Check("Account", ok=False, detail=detail, fix=fix)
    return Check("Account", ok=True, detail=detail)


def _mode(credentials: Mapping[str, str], *, sandbox: bool) -> Check:
    live = not sandbox and keys.mode_of(credentials.get("secret_key", "")) == "live"
    return Check("Mode", ok=True, detail="Live: cards are charged" if live else "Test: no card is charged")


def _currencies(account: Mapping[str, Any]) -> Check:
    home = account.get("default_currency")
    paid_out = f", paid out in {home.upper()}" if isinstance(home, str) else ""
    return Check("Currencies", ok=True, detail=f"Charges in {len(CHARGEABLE)} currencies{paid_out}")


def _webhooks(credentials: Mapping[str, str]) -> Check:
    if credentials.get("webhook_secret"):
        return Check("Webhooks", ok=True, detail="Signing secret saved")
    fix = "Press Connect webhooks, or add the webhook address at the processor and paste its signing secret here."
    return Check("Webhooks", ok=False, detail="No signing secret", fix=fix)
