"""What the payer's bank shows beside a payment, and what tells one card from another."""

from typing import Any

import pytest
import requests
import stripe

from tests.sandbox.conftest import client_for
from tests.servers import Sandbox
from tests.stripe_schema import problems_of_answer, problems_of_object

SUM: dict[str, Any] = {"amount": 110528, "currency": "usd", "confirm": True, "expand": ["latest_charge"]}


def _account(sandbox: Sandbox, key: str, name: str) -> stripe.StripeClient:
    sandbox.post("/_sandbox/accounts", {"secret_key": key, "name": name})
    return client_for(sandbox.url, key)


def _paid(client: stripe.StripeClient, **more: Any) -> Any:
    given: Any = {**SUM, "payment_method": "pm_card_visa", **more}
    paid = client.v1.payment_intents.create(given)
    charge: Any = paid.latest_charge
    assert problems_of_object("charge", charge.to_dict()) == []
    return charge


@pytest.mark.parametrize(
    ("shop", "suffix", "shown"),
    [
        ("Foxglove Print Co.", "INV-2047", "FOXGLOVE* INV-2047"),
        ("Foxglove Print Co.", "INV-2047-ABCDEF-GH", "FOXGLOVE* INV-2047-ABC"),
        ("Unbelievablylongname", "INV-7", "UNBELIEVAB* INV-7"),
        ("Ola", "INV-7", "OLA* INV-7"),
        ("Foxglove Print Co.", "", "FOXGLOVE PRINT CO"),
        ("狐", "INV-7", "SANDBOX* INV-7"),
    ],
)
def test_a_statement_names_the_shop_and_what_was_paid(sandbox: Sandbox, shop: str, suffix: str, shown: str) -> None:
    """As Stripe puts it: the account's prefix, a star and the suffix, 22 signs at most."""
    client = _account(sandbox, f"sk_test_{len(shop)}x{len(suffix)}", shop)
    charge = _paid(client, **({"statement_descriptor_suffix": suffix} if suffix else {}))
    assert charge.calculated_statement_descriptor == shown
    assert len(shown) <= 22
    prefix = client.v1.accounts.retrieve_current().to_dict()["settings"]["card_payments"]["statement_descriptor_prefix"]
    assert not suffix or shown.startswith(f"{prefix}* ")


def test_the_account_with_its_prefix_is_valid(sandbox: Sandbox, account: dict[str, str]) -> None:
    """Held to the published schema."""
    headers = {"Authorization": f"Bearer {account['secret_key']}"}
    body = requests.get(f"{sandbox.url}/v1/account", headers=headers, timeout=10).json()
    assert problems_of_answer("GET", "/v1/account", 200, body) == []


def test_a_card_has_one_fingerprint_at_one_account(sandbox: Sandbox) -> None:
    """The same for the same card, paid or declined; another for another card, and at another account."""
    one, other = (_account(sandbox, f"sk_test_finger{n}", "Shop") for n in (1, 2))
    mine = [_paid(one).payment_method_details.card.fingerprint for _ in range(2)]
    mastercard = _paid(one, payment_method="pm_card_mastercard").payment_method_details.card.fingerprint
    elsewhere = _paid(other).payment_method_details.card.fingerprint
    assert mine[0] == mine[1]
    assert len({mine[0], mastercard, elsewhere}) == 3
    declined = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as decline:
            _paid(one, payment_method="pm_card_visa_chargeDeclined")
        error: Any = decline.value.error
        declined.append(error.payment_intent.last_payment_error.payment_method.card.fingerprint)
    assert declined[0] == declined[1] != mine[0]
