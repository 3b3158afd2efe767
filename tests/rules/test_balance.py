"""The balance: worked out in one place, from the entries (M1)."""

from hypothesis import given
from hypothesis import strategies as st

from balancedue.rules.balance import CHARGES, Balance, balance_of
from balancedue.rules.money import Money

KINDS = [*sorted(CHARGES), "payment", "reversal"]
MOVES = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(-(10**11), 10**11)), max_size=30)


def _of(*moves: tuple[str, int], pending: int = 0) -> Balance:
    return balance_of(moves, currency="USD", version=len(moves), pending_minor=pending)


def _minor(balance: Balance) -> tuple[int, int, int, int, int]:
    return (
        balance.total.minor, balance.settled.minor, balance.due.minor, balance.credit.minor, balance.payable.minor,
    )  # fmt: skip


def test_nothing_owes_nothing() -> None:
    """Requirements.md 3.8: and is not "paid" either."""
    assert _minor(_of()) == (0, 0, 0, 0, 0)
    assert not _of().is_paid


def test_a_deposit_leaves_the_rest() -> None:
    """S9, S33."""
    balance = _of(("order_placed", 1_000), ("payment", -400))
    assert _minor(balance) == (1_000, 400, 600, 0, 600)
    assert (balance.is_paid, balance.version) == (False, 2)


def test_paid_is_paid() -> None:
    """S34."""
    balance = _of(("order_placed", 1_000), ("payment", -400), ("payment", -600))
    assert _minor(balance) == (1_000, 1_000, 0, 0, 0)
    assert balance.is_paid


def test_too_much_is_credit_and_never_due() -> None:
    """Requirements.md 2.7, 3.7."""
    assert _minor(_of(("order_placed", 1_000), ("payment", -1_250))) == (1_000, 1_250, 0, 250, 0)


def test_a_reversal_takes_the_payment_back() -> None:
    """Requirements.md 2.15."""
    assert _minor(_of(("order_placed", 1_000), ("payment", -400), ("reversal", 400))) == (1_000, 0, 1_000, 0, 1_000)


def test_a_change_and_a_cancellation_move_the_total() -> None:
    """M7, requirements.md 3.9: what was paid shows as credit."""
    changed = [("order_placed", 1_000), ("payment", -400), ("order_changed", 200)]
    assert _minor(_of(*changed)) == (1_200, 400, 800, 0, 800)
    cancelled = _of(*changed, ("order_cancelled", -1_200))
    assert _minor(cancelled) == (0, 400, 0, 400, 0)
    assert not cancelled.is_paid


def test_a_write_off_is_no_payment() -> None:
    """Requirements.md 3.5."""
    balance = _of(("order_placed", 1_000), ("payment", -970), ("write_off", -30))
    assert _minor(balance) == (970, 970, 0, 0, 0)
    assert balance.is_paid


def test_pending_is_neither_paid_nor_payable() -> None:
    """Requirements.md 3.13: three sums."""
    balance = _of(("order_placed", 1_000), pending=700)
    assert (balance.due.minor, balance.settled.minor, balance.pending.minor, balance.payable.minor) == (
        1_000, 0, 700, 300,
    )  # fmt: skip
    assert _of(("order_placed", 1_000), pending=1_700).payable == Money(0, "USD")


@given(MOVES, st.integers(0, 10**9))
def test_it_always_adds_up(moves: list[tuple[str, int]], pending: int) -> None:
    """N1, N5: remaining is the sum of all moves; due and credit are its two sides, never both."""
    balance = _of(*moves, pending=pending)
    assert balance.remaining.minor == sum(minor for _, minor in moves)
    assert balance.due.minor - balance.credit.minor == balance.remaining.minor
    assert min(balance.due.minor, balance.credit.minor) == 0
    assert 0 <= balance.payable.minor <= balance.due.minor
    assert balance == _of(*reversed(moves), pending=pending)
