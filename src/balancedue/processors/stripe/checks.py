"""The lines of "Check connection": what was checked, whether it holds, and the fix when it does not (ux.md 3.6)."""

from collections.abc import Mapping
from typing import Any

import stripe

from balancedue.processors.base import Check, Findings, Site
from balancedue.processors.stripe import keys, trial
from balancedue.processors.stripe.amounts import CHARGEABLE
from balancedue.processors.stripe.endpoints import check_endpoint
from balancedue.processors.stripe.errors import KEY_REJECTED, explain
from balancedue.processors.stripe.wallets import check_wallets
from balancedue.rules.errors import Refused

_KEY = "Secret key"


def check_connection(
    client: stripe.StripeClient, credentials: Mapping[str, str], site: Site, *, label: str, sandbox: bool
) -> Findings:
    """Look at what is stored, ask for the account with the key, and try it. Stops at a key that does not work."""
    wrong = keys.problems(credentials, sandbox=sandbox)
    if wrong:
        labels = {setting.name: setting.label for setting in keys.SANDBOX_SETTINGS}
        unfit = [Check(labels.get(name, "Webhooks"), ok=False, fix=sentence) for name, sentence in wrong.items()]
        return Findings(tuple(unfit), accepts_key=None)
    try:
        account = read_account(client)
    except Exception as exc:
        return Findings((_no(exc, label),), accepts_key=False if _rejected(exc) else None)
    webhooks = check_endpoint(client, credentials, site, label)  # first: it is to hear of the payment that follows
    currency = trial.currency_to_try(site.currencies)
    payment, intent, sent_at = trial.make_and_cancel(client, currency, mark=site.mark, label=label)
    lines = [
        Check(_KEY, ok=True, detail="Accepted" if account else "Accepted; it may not read the account"),
        _account(account, site, label),
        _mode(credentials, sandbox=sandbox),
        _currencies(account, site, label),
        payment,
    ]
    if intent:
        lines.append(trial.check_pair(client, credentials.get("publishable_key", ""), intent, label))
    if credentials.get("secret_key", "").startswith("rk_"):
        lines.append(trial.check_permissions(client, intent, label))
    lines += [webhooks, check_wallets(client, site.origin, label)]
    return Findings(
        tuple(lines),
        account=_id(account),
        test_event=str(intent.get("id", "")) if payment.ok else "",
        sent_at=sent_at,
    )


def account_of_keys(client: stripe.StripeClient, credentials: Mapping[str, str], *, label: str) -> str:
    """The account both keys are of, "" when it may not be read. Makes nothing. Raises Refused, with its field."""
    try:
        account = read_account(client)
        known = client.v1.payment_intents.list({"limit": 1}).to_dict()["data"]
    except Exception as exc:
        line = _no(exc, label)
        code = KEY_REJECTED if _rejected(exc) else "processor_unreachable"
        raise Refused(code, f"{line.fix} {_KEPT}", field="secret_key") from exc
    if known:
        pair = trial.check_pair(client, credentials.get("publishable_key", ""), known[0], label)
        if not pair.ok:
            raise Refused(KEY_REJECTED, f"{pair.fix} {_KEPT}", field="publishable_key")
    return _id(account)


_KEPT = "The keys from before stay in use."


def read_account(client: stripe.StripeClient) -> Mapping[str, Any]:
    """The account; {} for a restricted key that works and may not read it. Raises what the SDK raises."""
    try:
        account: Mapping[str, Any] = client.v1.accounts.retrieve_current().to_dict()
    except stripe.PermissionError:
        client.v1.payment_intents.list({"limit": 1})
        return {}
    return account


def _no(exc: Exception, label: str) -> Check:
    if isinstance(exc, stripe.PermissionError):
        fix = f"In {label}, let this key write payment intents, refunds and webhook endpoints, and read the account."
    elif _rejected(exc):
        fix = f"Copy the current secret key from {label} and paste it here; this one was rolled, deleted or mistyped."
    else:
        fix = f"{label} did not answer. Check that this server may reach it, then check again."
    return Check(_KEY, ok=False, detail=explain(exc), fix=fix)


def _rejected(exc: Exception) -> bool:
    return isinstance(exc, stripe.AuthenticationError | stripe.PermissionError)


def _id(account: Mapping[str, Any]) -> str:
    found = account.get("id")
    return found if isinstance(found, str) else ""


def _account(account: Mapping[str, Any], site: Site, label: str) -> Check:
    if not account:
        return Check("Account", ok=True, detail="Not shown to this key")
    profile = account.get("business_profile")
    name = profile.get("name") if isinstance(profile, Mapping) else None
    detail = " · ".join(part for part in (name, _id(account)) if isinstance(part, str) and part)
    if site.account and site.account != _id(account):
        fix = f"Payments so far are in {site.account}. Put its keys back, or remove this connection and add it anew."
        return Check("Account", ok=False, detail=detail, fix=fix)
    if account.get("charges_enabled") is False:
        fix = f"{label} does not let this account take payments yet. Finish its set-up there."
        return Check("Account", ok=False, detail=detail, fix=fix)
    return Check("Account", ok=True, detail=detail)


def _mode(credentials: Mapping[str, str], *, sandbox: bool) -> Check:
    live = not sandbox and keys.mode_of(credentials.get("secret_key", "")) == "live"
    return Check("Mode", ok=True, detail="Live: cards are charged" if live else "Test: no card is charged")


def _currencies(account: Mapping[str, Any], site: Site, label: str) -> Check:
    """What is asked for can be charged, and in which currency the shop gets it."""
    home = account.get("default_currency")
    home = home.upper() if isinstance(home, str) else ""
    bad = [currency for currency in site.currencies if currency not in CHARGEABLE]
    good = [currency for currency in site.currencies if currency in CHARGEABLE]
    if bad:
        fix = f"Orders in {', '.join(bad)} cannot be paid by card through {label}. Take those payments by hand."
        return Check("Currencies", ok=False, detail=_charged(good, home), fix=fix, needed=site.currencies[0] in bad)
    return Check("Currencies", ok=True, detail=_charged(good, home))


def _charged(currencies: list[str], home: str) -> str:
    charged = f"Charged in {', '.join(currencies)}" if currencies else "None of yours"
    if not home:
        return charged
    others = [currency for currency in currencies if currency != home]
    return f"{charged}; paid out in {home}{', converted by the processor' if others else ''}"
