"""The chart of accounts: every kind of entry balances (N8)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from balancedue.rules.ledger import LEDGERS, change, charge_postings, opposite, payment_postings
from balancedue.rules.methods import CARD, MANUAL, METHODS

MINOR = st.integers(0, 10**11)


@given(MINOR, MINOR, MINOR)
def test_a_charge_balances(total: int, tax: int, shipping: int) -> None:
    """N8: whatever the split."""
    postings = charge_postings(total_minor=total, tax_minor=tax, shipping_minor=shipping)
    assert sum(postings.values()) == 0
    assert postings["receivable"] == total
    assert (postings["tax"], postings["shipping"]) == (-tax, -shipping)


@given(MINOR, MINOR, MINOR, MINOR, MINOR, MINOR)
def test_a_change_leads_from_one_to_the_other(t1: int, x1: int, s1: int, t2: int, x2: int, s2: int) -> None:
    """N7, N8: the difference balances, holds no zero, and has two legs or none."""
    present = charge_postings(total_minor=t1, tax_minor=x1, shipping_minor=s1)
    wanted = charge_postings(total_minor=t2, tax_minor=x2, shipping_minor=s2)
    difference = change(wanted, present)
    assert sum(difference.values()) == 0
    assert 0 not in difference.values()
    assert len(difference) != 1
    assert {ledger: present[ledger] + difference.get(ledger, 0) for ledger in present} == dict(wanted)
    assert change(wanted, wanted) == {}


@pytest.mark.parametrize("method", METHODS)
def test_a_payment_goes_somewhere_and_lowers_the_debt(method: str) -> None:
    """Requirements.md 2.15."""
    postings = payment_postings(amount_minor=500, method=method)
    assert sum(postings.values()) == 0
    assert postings["receivable"] == -500
    place = next(ledger for ledger in postings if ledger != "receivable")
    assert place == {"card": "processor_clearing", "cash": "cash"}.get(method, "bank")
    assert set(postings) <= set(LEDGERS)


def test_a_card_is_never_written_down_by_hand() -> None:
    """S32: its money is known from the processor alone."""
    assert CARD not in MANUAL
    assert list(METHODS) == [CARD, *MANUAL]


def test_opposite_undoes() -> None:
    """N6."""
    postings = payment_postings(amount_minor=500, method="cash")
    assert {ledger: minor + postings[ledger] for ledger, minor in opposite(postings).items()} == {
        "cash": 0, "receivable": 0,
    }  # fmt: skip
