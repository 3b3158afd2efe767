"""The one list of processors."""

from importlib.metadata import EntryPoint

import pytest

from balancedue.processors import registry
from balancedue.processors.base import Can, Kind
from balancedue.processors.paypal_express import PAYPAL_EXPRESS, PayPalExpressMaker
from balancedue.rules.errors import Refused
from balancedue.rules.money import Money
from tests.processors.objects import SITE, charge


class AcmePay(PayPalExpressMaker):
    """A third party's processor."""

    def __init__(self) -> None:
        super().__init__(name="acme_pay", label="Acme Pay", can=frozenset({Can.REQUEST}), why_not="")


class Broken:
    """A third party's processor that cannot be made."""

    def __init__(self) -> None:
        raise RuntimeError("no")


def test_compatibility_is_a_capability() -> None:
    """S6: Stripe has it, PayPal Express does not."""
    assert Can.REQUEST in registry.maker("stripe").can
    assert Can.REQUEST in registry.maker("sandbox").can
    assert Can.REQUEST not in registry.maker("paypal_express").can


def test_paypal_express_says_why_not_and_what_to_do() -> None:
    """S7, S8."""
    assert registry.maker("paypal_express").why_not == (
        "PayPal Express cannot take payment requests. Add Stripe as well."
    )
    assert registry.maker("stripe").why_not == ""


def test_paypal_express_can_be_configured_but_takes_nothing() -> None:
    """S7: nothing is made, nothing is asked."""
    given = {setting.name: "x" for setting in PAYPAL_EXPRESS.settings}
    assert PAYPAL_EXPRESS.problems(given) == {}
    assert set(PAYPAL_EXPRESS.problems({})) == set(given)
    connection = PAYPAL_EXPRESS.open(given)
    assert connection.start(charge()).kind is Kind.REFUSED
    assert connection.refund("x", Money(1, "USD"), "key").kind is Kind.REFUSED
    assert connection.look_up("x").kind is Kind.UNKNOWN
    assert connection.smallest("USD") is None
    assert [line.ok for line in connection.check(SITE).lines] == [False]


def test_the_list_is_in_the_order_staff_see() -> None:
    """S8: several side by side."""
    assert [maker.name for maker in registry.makers()][:3] == ["stripe", "paypal_express", "sandbox"]


def test_an_unknown_kind_is_refused() -> None:
    """S6."""
    with pytest.raises(Refused, match="no processor called nonsense"):
        registry.maker("nonsense")


def test_third_parties_are_added_and_broken_ones_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """S6: one broken package does not take the others down."""
    here = "tests.processors.test_registry"
    entries = [
        EntryPoint("acme_pay", f"{here}:AcmePay", registry.ENTRY_POINTS),
        EntryPoint("stripe", f"{here}:AcmePay", registry.ENTRY_POINTS),
        EntryPoint("misnamed", f"{here}:AcmePay", registry.ENTRY_POINTS),
        EntryPoint("broken", f"{here}:Broken", registry.ENTRY_POINTS),
        EntryPoint("gone", "no.such.module:Thing", registry.ENTRY_POINTS),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: entries)
    registry.makers.cache_clear()
    try:
        assert [maker.name for maker in registry.makers()] == ["stripe", "paypal_express", "sandbox", "acme_pay"]
        assert registry.maker("stripe").label == "Stripe"
        assert caplog.text.count("left out") == 4
    finally:
        registry.makers.cache_clear()


def test_a_connection_whose_package_is_gone_refuses_and_says_so() -> None:
    """Requirements.md 3.28: the pages of its account go on working."""
    missing = registry.maker_or_missing("acme_pay")
    assert missing.can == frozenset()
    assert missing.why_not == "The package of the processor acme_pay is not installed."
    assert missing.open({}).start(charge()).kind is Kind.REFUSED
