"""The gate: may payment be requested here and now, and if not, why and what helps (S3-S9)."""

from typing import Any

import pytest

from balancedue.rules.balance import Balance
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.gate import OPEN, ROLES, Gate, ProcessorFact, at_least, may_pay, may_request
from balancedue.rules.money import Money

STRIPE = ProcessorFact("Stripe", True, "", 50)
PAYPAL = ProcessorFact(
    "PayPal Express", False, "PayPal Express cannot take payment requests. Add Stripe as well.", None
)
BROKEN = ProcessorFact("Stripe", True, "", 50, broken="Stripe stopped accepting our key.")
TOO_MUCH = ProcessorFact("Stripe", True, "", 50, unfit="above_maximum")
ODD_UNITS = ProcessorFact("Stripe", True, "", 50, unfit="amount_not_chargeable")
NO_YEN = ProcessorFact("Stripe", True, "", None)


def _balance(total: int = 100_00, settled: int = 0, pending: int = 0) -> Balance:
    return Balance(Money(total, "USD"), Money(settled, "USD"), Money(pending, "USD"), 1)


def _ask(**changed: Any) -> Gate:
    facts: dict[str, Any] = {
        "status": "open", "balance": _balance(), "in_progress_since": "", "processors": [STRIPE], "role": "owner",
        "owner_name": lambda: "Priya", "locale": "en-US",
    }  # fmt: skip
    return may_request(**facts | changed)


def test_with_a_balance_and_a_processor_it_is_open() -> None:
    """S3."""
    assert _ask() == OPEN
    assert _ask().is_open


def test_a_part_paid_order_qualifies() -> None:
    """S9."""
    assert _ask(balance=_balance(settled=99_50)).is_open


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"role": "viewer"}, "not_allowed"),
        ({"status": "cancelled"}, "order_cancelled"),
        ({"balance": _balance(settled=100_00)}, "nothing_due"),
        ({"balance": _balance(settled=100_01)}, "nothing_due"),
        ({"balance": _balance(total=0)}, "nothing_due"),
        ({"in_progress_since": "3:01 PM"}, "payment_in_progress"),
        ({"balance": _balance(pending=100_00)}, "payment_in_progress"),
        ({"processors": []}, "no_processor"),
        ({"processors": [PAYPAL]}, "processor_not_compatible"),
        ({"processors": [PAYPAL, BROKEN]}, "processor_broken"),
        ({"processors": [NO_YEN]}, "currency_not_supported"),
        ({"balance": _balance(total=49)}, "below_minimum"),
        ({"processors": [TOO_MUCH]}, "above_maximum"),
        ({"processors": [ODD_UNITS, TOO_MUCH]}, "amount_not_chargeable"),
    ],
)
def test_every_reason_has_a_code_and_a_sentence(changed: dict[str, Any], code: str) -> None:
    """S4, S5, S7, M7, M10: no exclamation marks, no blame."""
    gate = _ask(**changed)
    assert (gate.code, gate.is_open) == (code, False)
    assert gate.sentence.endswith(".")
    assert "!" not in gate.sentence


def test_the_first_thing_to_hear_comes_first() -> None:
    """Ux.md 3.3: who may not, hears nothing else; a cancelled order is not asked for a processor."""
    everything: dict[str, Any] = {"status": "cancelled", "processors": [], "balance": _balance(settled=100_00)}
    assert _ask(role="viewer", **everything).code == "not_allowed"
    assert _ask(**everything).code == "order_cancelled"
    assert _ask(**everything | {"status": "open"}).code == "nothing_due"


def test_credit_says_how_much() -> None:
    """Requirements.md 2.7."""
    assert "$25.00" in _ask(balance=_balance(settled=125_00)).sentence


@pytest.mark.parametrize(
    ("processors", "fix"), [([], "Connect Stripe"), ([PAYPAL], "Add Stripe"), ([BROKEN], "Check Stripe settings")]
)
def test_the_owner_gets_the_fix_and_others_do_not(processors: list[ProcessorFact], fix: str) -> None:
    """S8, requirements.md 2.1 and 2.10: only owners hold keys."""
    gate = _ask(processors=processors)
    assert (gate.fix, gate.fix_page) == (fix, "processors")
    assert (_ask(processors=processors, role="manager").fix, _ask(processors=processors, role="staff").fix) == ("", "")


def test_others_are_told_whom_to_ask() -> None:
    """S4."""
    assert "Ask Priya to" in _ask(processors=[], role="staff").sentence
    assert "Ask the owner to" in _ask(processors=[], role="staff", owner_name=lambda: "").sentence


def test_one_that_can_is_enough() -> None:
    """S6, S8: several side by side; one broken beside one that works."""
    assert _ask(processors=[PAYPAL, STRIPE]).is_open
    assert _ask(processors=[BROKEN, STRIPE]).is_open
    assert _ask(processors=[NO_YEN, STRIPE]).is_open
    assert _ask(processors=[TOO_MUCH, STRIPE]).is_open
    assert _ask(processors=[NO_YEN, TOO_MUCH]).code == "above_maximum"


def test_the_least_amount_is_that_of_whichever_charges_least() -> None:
    """Requirements.md 3.5."""
    dear = ProcessorFact("Dear", True, "", 5_000)
    assert _ask(processors=[dear, STRIPE], balance=_balance(total=50)).is_open
    assert "$50.00" in _ask(processors=[dear], balance=_balance(total=50)).sentence


def test_the_customer_can_pay_what_is_not_on_its_way() -> None:
    """M10, requirements.md 3.13."""
    assert may_pay(_balance(), [STRIPE], "en-US").is_open
    assert may_pay(_balance(pending=99_80), [STRIPE], "en-US").code == "below_minimum"
    assert may_pay(_balance(), [], "en-US").code == "no_processor"


def test_roles_go_up() -> None:
    """Requirements.md 2.10."""
    ranks = list(ROLES)
    assert ranks == ["viewer", "staff", "manager", "owner"]
    for mine, role in enumerate(ranks):
        assert [at_least(role, needed) for needed in ranks] == [mine >= theirs for theirs in range(4)]
    with pytest.raises(KeyError):
        at_least("boss", "viewer")


def test_a_refusal_has_words_and_a_code() -> None:
    """M8: the first problem leads, all are kept."""
    refusal = Refused("nothing_due", "Nothing is due.", field="amount", now=Money(0, "USD"))
    assert (str(refusal), refusal.code, refusal.field, refusal.facts) == (
        "Nothing is due.", "nothing_due", "amount", {"now": Money(0, "USD")},
    )  # fmt: skip
    both = Invalid({"to": "Enter an address", "cc": "Too many"})
    assert (both.code, both.field, both.sentence, len(both.problems)) == ("invalid", "to", "Enter an address", 2)
