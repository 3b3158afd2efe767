"""Trying keys out: a payment that nobody can pay, made and cancelled at once, and what a restricted key may do."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import stripe

from balancedue.processors.base import Check
from balancedue.processors.stripe import amounts
from balancedue.processors.stripe.errors import explain
from balancedue.rules.money import Money

PAYMENT = "Test payment"
_PAIR = "Publishable key"


def make_and_cancel(
    client: stripe.StripeClient, currency: str, *, mark: str, label: str
) -> tuple[Check, Mapping[str, Any], datetime]:
    """The least payment there is, made and cancelled: the line, the PaymentIntent, and when it was cancelled.

    Its client secret never leaves this process, so nobody can pay it, whether or not the cancelling is heard.
    """
    least = Money(amounts.smallest(currency) or 0, currency)
    params: Any = {
        "amount": amounts.to_wire(least),
        "currency": currency.lower(),
        "automatic_payment_methods": {"enabled": True},
        "description": "Balancedue checks the connection; nothing is charged",
        "metadata": {"attempt": mark},
    }
    now = datetime.now(UTC)
    try:
        intent = client.v1.payment_intents.create(params).to_dict()
    except stripe.PermissionError as exc:
        return Check(PAYMENT, ok=False, detail=explain(exc), fix=_let(label, "write payment intents")), {}, now
    except Exception as exc:
        no = isinstance(exc, stripe.InvalidRequestError)
        fix = f"{label} would not make a payment in {currency}." if no else f"{label} did not answer. Check again."
        return Check(PAYMENT, ok=False, detail=explain(exc), fix=fix), {}, now
    now = datetime.now(UTC)
    try:
        client.v1.payment_intents.cancel(intent["id"])
    except Exception as exc:
        fix = "Nothing was charged, and nobody can pay it. Check again."
        return Check(PAYMENT, ok=False, detail=explain(exc), fix=fix), intent, now
    shown = f"{least.plain} {currency} made and cancelled; nothing was charged"
    return Check(PAYMENT, ok=True, detail=shown), intent, now


def check_pair(client: stripe.StripeClient, publishable_key: str, intent: Mapping[str, Any], label: str) -> Check:
    """Whether the publishable key is of the account that `intent` is in: the browser will use both together."""
    params: Any = {"client_secret": intent.get("client_secret")}
    try:
        client.v1.payment_intents.retrieve(str(intent["id"]), params, {"api_key": publishable_key})
    except (stripe.AuthenticationError, stripe.PermissionError, stripe.InvalidRequestError) as exc:
        fix = f"Copy the publishable key from where {label} shows this secret key. So far nobody can pay."
        return Check(_PAIR, ok=False, detail=explain(exc), fix=fix)
    except Exception as exc:
        return Check(_PAIR, ok=False, detail=explain(exc), fix=f"{label} did not answer. Check again.")
    return Check(_PAIR, ok=True, detail="Of the same account")


def check_permissions(client: stripe.StripeClient, intent: Mapping[str, Any], label: str) -> Check:
    """What a restricted key may not do of what we ask. `intent`: cancelled, so that no refund of it can be made."""
    missing, unheard = [], ""
    for words, call in _asked(client, intent).items():
        try:
            call()
        except stripe.PermissionError:
            missing.append(words)
        except stripe.InvalidRequestError:
            continue  # it may, and there is nothing to do it to
        except Exception as exc:
            unheard = explain(exc)
    if missing:
        return Check(
            "Permissions", ok=False, detail=f"Missing: {', '.join(missing)}", fix=_let(label, ", ".join(missing))
        )
    if unheard:
        return Check("Permissions", ok=False, detail=unheard, fix=f"{label} did not answer. Check again.")
    return Check("Permissions", ok=True, detail="This restricted key may do all that is needed")


def _asked(client: stripe.StripeClient, intent: Mapping[str, Any]) -> dict[str, Callable[[], object]]:
    one: Any = {"limit": 1}
    v1 = client.v1
    refund: Any = {"payment_intent": str(intent.get("id"))}
    asked: dict[str, Callable[[], object]] = {
        "read charges": lambda: v1.charges.list(one),
        "read disputes": lambda: v1.disputes.list(one),
        "read balance transactions": lambda: v1.balance_transactions.list(one),
        "read payouts": lambda: v1.payouts.list(one),
        "read events": lambda: v1.events.list(one),
        "write Checkout Sessions": lambda: v1.checkout.sessions.list(one),
    }
    return ({"write refunds": lambda: v1.refunds.create(refund)} if intent else {}) | asked


def _let(label: str, deeds: str) -> str:
    return f"In {label}, under Developers, API keys, edit this restricted key and let it {deeds}."


def currency_to_try(currencies: tuple[str, ...]) -> str:
    """The currency to try with: the shop's own where it can be charged, else the first that can, else US dollars."""
    return next((one for one in currencies if amounts.smallest(one)), "USD")
