"""Fees and payouts as Stripe tells them: its fixture objects, read over a real connection."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from balancedue.processors.reports import PayoutReport, TransactionReport
from balancedue.processors.stripe.balance import read_payout, read_transaction
from balancedue.rules.errors import Refused
from balancedue.rules.money import Money
from balancedue.rules.states import PAYOUT_STATES
from tests.processors.loopback import Answer, Loopback, answer, error, loopback, reset, silence
from tests.processors.objects import fixture, processor

THEN = datetime.fromtimestamp(1234567890, UTC)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


def _listed(*rows: dict[str, Any], more: bool = False) -> Answer:
    return answer(200, {"object": "list", "url": "/v1/things", "has_more": more, "data": list(rows)})


def _moved(reference: str = "txn_1", **changes: Any) -> dict[str, Any]:
    return fixture("balance_transaction", **({"id": reference} | changes))


def _intent(transaction: dict[str, Any] | None) -> dict[str, Any]:
    charge = fixture("charge", balance_transaction=transaction)
    return fixture("payment_intent", id="pi_1", status="succeeded", latest_charge=charge, last_payment_error=None)


def test_a_payment_its_refunds_and_its_disputes_are_read_with_their_fees(server: Loopback) -> None:
    """A refund that failed moved the balance twice; fees are in the currency that Stripe settles in."""
    back = {"type": "refund", "source": "re_1", "fee": 0}
    refund = fixture(
        "refund",
        id="re_1",
        balance_transaction=_moved("txn_2", amount=-40, **back),
        failure_balance_transaction=_moved("txn_3", amount=40, **{**back, "type": "refund_failure"}),
    )
    taken = _moved("txn_4", amount=-60, fee=1500, type="adjustment", source="dp_1", currency="eur")
    server.will(
        answer(200, _intent(_moved(amount=1099, fee=62, source="ch_1"))),
        _listed(refund),
        _listed(fixture("dispute", balance_transactions=[taken])),
    )
    assert processor(server.origin).transactions_of("pi_1") == [
        TransactionReport("txn_1", "payment", Money(1099, "USD"), Money(62, "USD"), "ch_1", THEN, "pi_1"),
        TransactionReport("txn_2", "refund", Money(-40, "USD"), Money(0, "USD"), "re_1", THEN, "pi_1"),
        TransactionReport("txn_3", "refund", Money(40, "USD"), Money(0, "USD"), "re_1", THEN, "pi_1"),
        TransactionReport("txn_4", "dispute", Money(-60, "EUR"), Money(1500, "EUR"), "dp_1", THEN, "pi_1"),
    ]


def test_a_payment_just_made_has_moved_nothing_yet(server: Loopback) -> None:
    """With asynchronous capture the balance transaction comes a moment later: heard, and nothing there."""
    server.will(answer(200, _intent(None)), _listed(), _listed())
    assert processor(server.origin).transactions_of("pi_1") == []


def test_more_refunds_than_one_page_are_read_to_the_end(server: Loopback) -> None:
    first = fixture("refund", id="re_1", balance_transaction=_moved("txn_2", type="refund"))
    second = fixture("refund", id="re_2", balance_transaction=_moved("txn_3", type="refund"))
    server.will(answer(200, _intent(None)), _listed(first, more=True), _listed(second), _listed())
    found = processor(server.origin).transactions_of("pi_1")
    assert found is not None
    assert [one.reference for one in found] == ["txn_2", "txn_3"]
    assert ("starting_after", "re_1") in server.asked[2].pairs


@pytest.mark.parametrize(
    "bad",
    [
        error(500),
        error(404, code="resource_missing"),
        reset,
        silence,
        answer(200, b"not JSON"),
        answer(200, {"object": "payment_intent"}),
        answer(200, _intent(_moved(currency="zzz"))),
        answer(200, _intent(_moved(fee=None))),
    ],
)
def test_what_is_not_a_clear_answer_is_not_heard(server: Loopback, bad: Answer) -> None:
    """N14: never an empty list. A currency that is in no table of ours fails closed."""
    server.will(bad, _listed())
    assert processor(server.origin).transactions_of("pi_1") is None


def test_a_list_without_end_is_not_heard(server: Loopback) -> None:
    server.will(_listed(fixture("payout"), more=True))
    assert processor(server.origin, total_s=5).payouts_since(THEN) is None
    assert len(server.asked) == 10


@pytest.mark.parametrize(
    ("theirs", "source", "ours"),
    [
        ("charge", "ch_1", "payment"),
        ("payment", "py_1", "payment"),
        ("payment_refund", "pyr_1", "refund"),
        ("adjustment", "du_1", "dispute"),
        ("adjustment", None, "other"),
        ("stripe_fee", None, "fee"),
        ("payout_failure", "po_1", "payout"),
        ("reserve_transaction", None, "other"),
        ("something_new", "xx_1", "other"),
    ],
)
def test_kinds_of_movement(theirs: str, source: str | None, ours: str) -> None:
    assert read_transaction(_moved(type=theirs, source=source)).kind == ours


def test_figures_have_the_decimals_of_their_own_currency() -> None:
    """F1: ISK has two on the wire and none here; a fraction of a unit is refused."""
    assert read_transaction(_moved(amount=-150000, fee=4200, currency="isk")).amount == Money(-1500, "ISK")
    assert read_transaction(_moved(amount=1500, fee=42, currency="jpy")).fee == Money(42, "JPY")
    with pytest.raises(Refused):
        read_transaction(_moved(amount=150050, currency="isk"))


def test_a_payout_is_read(server: Loopback) -> None:
    server.will(answer(200, fixture("payout", id="po_1")))
    assert processor(server.origin).payout("po_1") == PayoutReport(
        "po_1", "in_transit", Money(1100, "USD"), date(2009, 2, 13), THEN
    )


@pytest.mark.parametrize("status", ["pending", "in_transit", "paid", "failed", "canceled"])
def test_every_status_of_a_payout_is_one_of_our_states(status: str) -> None:
    assert read_payout(fixture("payout", status=status)).state in PAYOUT_STATES


def test_a_failed_payout_says_why_and_one_by_hand_that_nobody_says_what_it_holds() -> None:
    read = read_payout(fixture("payout", status="failed", failure_code="account_closed", automatic=False))
    assert (read.state, read.detail, read.is_itemised) == ("failed", "account_closed", False)


@pytest.mark.parametrize("bad", [error(404), answer(200, fixture("payout", status="new_status")), reset])
def test_a_payout_that_is_not_understood_is_not_heard(server: Loopback, bad: Answer) -> None:
    server.will(bad)
    assert processor(server.origin).payout("po_1") is None


def test_payouts_come_oldest_first_over_all_pages(server: Loopback) -> None:
    server.will(_listed(fixture("payout", id="po_3"), fixture("payout", id="po_2"), more=True),
                _listed(fixture("payout", id="po_1")))  # fmt: skip
    found = processor(server.origin).payouts_since(THEN)
    assert found is not None
    assert [one.reference for one in found] == ["po_1", "po_2", "po_3"]
    assert ("created[gte]", "1234567890") in server.asked[0].pairs


def test_lines_of_a_payout_name_the_payment_behind_them(server: Loopback) -> None:
    """The payout's own movement is not among them, one that came back earlier is."""
    server.will(
        _listed(
            _moved("txn_9", type="payout", amount=-1100, source={"object": "payout", "id": "po_1"}),
            _moved("txn_1", source=fixture("charge", id="ch_1", payment_intent="pi_1")),
            _moved("txn_2", type="refund", source=fixture("refund", id="re_1", payment_intent={"id": "pi_2"})),
            _moved("txn_3", type="payout_failure", source="po_0"),
            _moved("txn_4", type="stripe_fee", source=None),
        ),
        _listed(),
    )
    stripe = processor(server.origin)
    found = stripe.in_payout("po_1")
    assert found is not None
    assert [(one.reference, one.kind, one.source, one.money_reference) for one in found] == [
        ("txn_1", "payment", "ch_1", "pi_1"),
        ("txn_2", "refund", "re_1", "pi_2"),
        ("txn_3", "payout", "po_0", ""),
        ("txn_4", "fee", "", ""),
    ]
    assert stripe.in_payout("po_1", "txn_4") == []
    assert ("starting_after", "txn_4") in server.asked[1].pairs
