"""Disputes read from Stripe's own example object, from changed copies of it, and from the stand-in over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from balancedue.processors.base import Can
from balancedue.processors.registry import maker
from balancedue.processors.reports import DisputeReport
from balancedue.processors.stripe.disputes import _REASONS, _STATES, read_dispute
from balancedue.processors.stripe.processor import StripeProcessor
from balancedue.rules.disputes import REASONS
from balancedue.rules.errors import Refused
from balancedue.rules.money import Money
from balancedue.rules.states import DISPUTE_STATES
from tests.processors.objects import charge
from tests.servers import Sandbox, start_sandbox
from tests.stripe_schema import fixtures, published


def _dispute(**changes: Any) -> dict[str, Any]:
    return {**fixtures()["dispute"], **changes}


def _move(amount: int, currency: str = "usd", created: int = 1) -> dict[str, Any]:
    return {**fixtures()["balance_transaction"], "amount": amount, "currency": currency, "created": created}


def test_stripes_own_example_is_read_without_loss() -> None:
    """Money-safety.md 1: an inquiry takes nothing and leaves the payment refundable."""
    assert read_dispute(_dispute()) == DisputeReport(
        reference="dp_1Pgc71B7WZ01zgkWMevJiAUx",
        state="inquiry",
        amount=Money(1000, "USD"),
        withdrawn=Money(0, "USD"),
        reason="general",
        blocks_refunds=False,
        evidence_sent=False,
        due_at=datetime(2024, 8, 14, 23, 59, 59, tzinfo=UTC),
        opened_at=datetime(2009, 2, 13, 23, 31, 30, tzinfo=UTC),
        livemode=False,
    )


def test_every_published_status_is_one_of_our_states() -> None:
    """The schema's eight, and the SDK's three newer ones; every state and reason of ours is reached."""
    [statuses] = [published()["components"]["schemas"]["dispute"]["properties"]["status"]["enum"]]
    assert {*statuses, "prevented", "appeal_needs_response", "appeal_under_review"} == set(_STATES)
    assert set(_STATES.values()) == set(DISPUTE_STATES)
    assert {*_REASONS.values(), "general"} == set(REASONS)


@pytest.mark.parametrize(
    ("status", "refundable", "blocks"),
    [("needs_response", False, True), ("needs_response", True, False), ("under_review", False, True),
     ("lost", False, True), ("won", False, False), ("warning_needs_response", False, False),
     ("prevented", False, False)],
)  # fmt: skip
def test_refunds_are_blocked_while_the_money_is_in_doubt_or_gone(status: str, refundable: bool, blocks: bool) -> None:
    """Requirements.md 3.26."""
    assert read_dispute(_dispute(status=status, is_charge_refundable=refundable)).blocks_refunds is blocks


@pytest.mark.parametrize(
    ("moves", "withdrawn"),
    [
        ([], 0),
        ([_move(-1000)], 1000),
        ([_move(-400)], 400),
        ([_move(-1000), _move(1000)], 0),
        ([_move(-1000), _move(300)], 700),
        ([_move(-1000), _move(1000), _move(-1000)], 1000),
        ([_move(-921, "eur", 1)], 1000),
        ([_move(-921, "eur", 1), _move(915, "eur", 2)], 0),  # all came back, at another day's rate
        ([_move(915, "eur", 2), _move(-921, "eur", 1)], 0),
        ([_move(-921, "eur", 1), _move(915, "eur", 2), _move(-917, "eur", 3)], 1000),
    ],
)
def test_what_is_taken_now_is_the_sum_of_what_moved(moves: list[dict[str, Any]], withdrawn: int) -> None:
    """Money-safety.md 1: funds withdrawn at once, may be reinstated; the balance may be in another currency."""
    assert read_dispute(_dispute(balance_transactions=moves)).withdrawn == Money(withdrawn, "USD")


def test_amounts_are_read_by_the_table_of_currencies() -> None:
    """F1: yen have no decimals, and krónur two more on the wire."""
    yen = read_dispute(_dispute(amount=5000, currency="jpy", balance_transactions=[_move(-5000, "jpy")]))
    assert (yen.amount, yen.withdrawn) == (Money(5000, "JPY"), Money(5000, "JPY"))
    assert read_dispute(_dispute(amount=500_000, currency="isk")).amount == Money(5000, "ISK")


@pytest.mark.parametrize(
    "changes", [{"status": "surprise"}, {"amount": None}, {"currency": "xxx"}, {"evidence_details": None}]
)
def test_what_is_not_understood_is_never_guessed(changes: dict[str, Any]) -> None:
    """N14: the list then counts as not heard."""
    with pytest.raises((LookupError, TypeError, AttributeError, Refused)):
        read_dispute(_dispute(**changes))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    running = start_sandbox(Path(tmp_path_factory.mktemp("disputes")))
    yield running
    running.stop()


@pytest.fixture
def adapter(sandbox: Sandbox) -> Iterator[StripeProcessor]:
    kind = maker("sandbox")
    assert Can.DISPUTES in kind.can
    opened = kind.open({"secret_key": sandbox.secret_key, "api_base": sandbox.url})
    assert isinstance(opened, StripeProcessor)
    yield opened
    sandbox.faults(mode="none")


def _paid(adapter: StripeProcessor, key: str) -> tuple[str, str]:
    """A payment that is in: the reference of its intent, and of its charge."""
    started = adapter.start(charge(attempt_id=f"att_{key}", key=key))
    done = adapter._client.v1.payment_intents.confirm(
        started.reference, {"payment_method": "pm_card_visa", "return_url": "http://localhost/back"}
    )
    return started.reference, str(done.latest_charge)


def test_a_dispute_is_told_from_opening_to_end(sandbox: Sandbox, adapter: StripeProcessor) -> None:
    reference, charged = _paid(adapter, "one")
    assert adapter.disputes_of(reference) == []
    named = sandbox.dispute(charged, reason="product_not_received", amount=500)
    found = adapter.disputes_of(reference)
    assert found is not None
    [opened] = found
    assert (opened.reference, opened.state, opened.reason) == (named, "needs_response", "not_received")
    assert (opened.amount, opened.withdrawn) == (Money(500, "USD"), Money(500, "USD"))
    assert (opened.blocks_refunds, opened.evidence_sent, opened.livemode) == (True, False, False)
    assert opened.due_at is not None
    assert opened.due_at > datetime.now(UTC)
    sandbox.end(named, "won")
    found = adapter.disputes_of(reference)
    assert found is not None
    assert [(one.state, one.withdrawn.minor, one.blocks_refunds) for one in found] == [("won", 0, False)]


def test_disputes_come_page_by_page(sandbox: Sandbox, adapter: StripeProcessor, monkeypatch: Any) -> None:
    """A payment may be disputed again once one is over; a list not read to its end is not heard."""
    reference, charged = _paid(adapter, "many")
    for _ in range(102):
        sandbox.end(sandbox.dispute(charged, amount=100), "won")
    found = adapter.disputes_of(reference)
    assert found is not None
    assert len({one.reference for one in found}) == 102
    monkeypatch.setattr("balancedue.processors.stripe.disputes._PAGES", 1)
    assert adapter.disputes_of(reference) is None


@pytest.mark.parametrize("mode", ["down", "reset"])
def test_silence_is_not_an_empty_list(sandbox: Sandbox, adapter: StripeProcessor, mode: str) -> None:
    """N14."""
    reference, _ = _paid(adapter, mode)
    sandbox.faults(mode=mode)
    assert adapter.disputes_of(reference) is None
