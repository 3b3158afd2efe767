"""Payouts by API."""

from datetime import timedelta

import pytest
from django.utils import timezone

from balancedue.actions.settle import settle
from balancedue.models import Account, Order, PaymentAttempt, ProcessorConnection
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import PROCESSOR
from balancedue.rules.money import Money
from tests.makers import make_attempt, make_order, make_payout, movement
from tests.web.api.caller import Caller, fields


def _paid(account: Account) -> PaymentAttempt:
    attempt = make_attempt(make_order(account), state="waiting")
    return settle(attempt, Outcome(Kind.PAID, received=attempt.amount), by=PROCESSOR)


def _connection(account: Account) -> ProcessorConnection:
    connection = account.connections.first()
    assert connection is not None
    return connection


def test_a_payout_tells_what_it_holds_with_ids_of_orders_and_payments(program: Caller) -> None:
    """N8: integers in minor units; the lines come to the amount; the till's money has no order."""
    attempt = _paid(program.account)
    till = movement(attempt, amount=Money(5000, "USD"), fee=Money(175, "USD"), money_reference="pi_till")
    payout = make_payout(_connection(program.account), [movement(attempt), till])
    status, told = program.get(f"/payouts/{payout.public_id}")
    assert status == 200
    assert (told["status"], told["amount"], told["currency"], told["is_listed"]) == ("paid", 112_118, "USD", True)
    lines = {line["amount"]: line for line in told["lines"]}
    order = Order.objects.get(account=program.account)
    ours, other = lines[110_528], lines[5000]
    assert (ours["order_id"], ours["payment_id"]) == (order.public_id, attempt.payment.public_id)
    assert (ours["fee"], ours["net"], other["order_id"], other["payment_id"]) == (3235, 107_293, None, None)
    assert sum(line["net"] for line in told["lines"]) == told["amount"]


def test_a_failed_payout_says_why_and_an_unread_one_has_no_lines(program: Caller) -> None:
    payout = make_payout(
        _connection(program.account),
        [],
        listed=False,
        amount=Money(900, "USD"),
        state="failed",
        detail="account closed",
    )
    _, told = program.get(f"/payouts/{payout.public_id}")
    assert (told["status"], told["failure"], told["is_listed"], told["lines"]) == (
        "failed",
        "account closed",
        False,
        [],
    )


def test_payouts_are_listed_newest_first_by_cursor(program: Caller) -> None:
    now = timezone.now()
    made = [
        make_payout(
            _connection(program.account), [], listed=False, amount=Money(100 + age, "USD"),
            made_at=now - timedelta(days=age // 2),
        ).public_id
        for age in range(5)
    ]  # fmt: skip
    cursor, seen = "", []
    for _ in range(3):
        status, page = program.get("/payouts", limit=2, cursor=cursor)
        assert status == 200
        seen += [one["id"] for one in page["results"]]
        cursor = page["next"] or cursor
    newest_first = [made[1], made[0], made[3], made[2], made[4]]
    assert (page["next"], seen) == (None, newest_first)
    _, back = program.get("/payouts", limit=2, cursor=page["previous"])
    assert [one["id"] for one in back["results"]] == newest_first[2:4]


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"cursor": "x"}, {"status": "paid"}])
def test_what_the_list_does_not_know_is_refused_by_name(program: Caller, query: dict[str, str | int]) -> None:
    status, problem = program.get("/payouts", **query)
    assert (status, set(fields(problem))) == (422, set(query))


def test_nobody_else_sees_a_payout(program: Caller, stranger: Caller) -> None:
    """N12."""
    payout = make_payout(_connection(program.account), [], listed=False)
    assert stranger.get(f"/payouts/{payout.public_id}")[0] == 404
    assert stranger.get("/payouts")[1]["results"] == []
    assert program.get("/payouts/po_unknown")[0] == 404
