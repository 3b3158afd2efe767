"""The verbs against a reference that shares nothing with them: any order of deeds and news, equal after each (A1)."""

from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.change_order import change_order
from balancedue.actions.check_books import check_books
from balancedue.actions.order_lines import NewLine, OrderDraft
from balancedue.actions.request_payment import RequestDraft, request_payment
from balancedue.actions.reverse_payment import reverse_payment
from balancedue.actions.settle import settle
from balancedue.models import Order, PaymentAttempt, read_balance
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import COMMAND, PROCESSOR
from balancedue.rules.errors import Refused
from tests.makers import make_account, make_attempt, make_connection, make_order, make_payment, make_user
from tests.safety.reference import ReferenceOrder

BOOKS_AFTER_EVERY_STEP = False
AMOUNTS = st.sampled_from([1, 49, 50, 51, 100, 1_000, 110_528]) | st.integers(1, 200_000)
NEWS = {
    "paid": Outcome(Kind.PAID),
    "declined": Outcome(Kind.DECLINED, code="declined"),
    "try_another_card": Outcome(Kind.DECLINED, code="declined", retryable=True),
    "needs_customer": Outcome(Kind.NEEDS_CUSTOMER, needs_action=False),
    "pending": Outcome(Kind.PENDING),
    "cancelled": Outcome(Kind.CANCELLED),
    "unknown": Outcome(Kind.UNKNOWN),
    "refused": Outcome(Kind.REFUSED),
}


class OneOrder(RuleBasedStateMachine):
    """One order of a shop of its own; `should` is the reference."""

    @initialize(total=st.just(0) | AMOUNTS)
    def place(self, total: int) -> None:
        self.account = make_account()
        self.owner = make_user(self.account)
        make_connection(self.account)
        self.order = make_order(self.account, total_minor=total)
        self.should = ReferenceOrder(total)
        self.attempts: list[PaymentAttempt] = []

    @property
    def quiet(self) -> bool:
        """No card attempt under way: nobody needs to be asked before other money moves."""
        return self.should.open_try is None

    @property
    def seen(self) -> Order:
        """The order as a person reads it just before they act."""
        return Order.objects.select_related("account").get(pk=self.order.pk)

    @precondition(lambda self: self.quiet)
    @rule(total=st.just(0) | AMOUNTS)
    def change(self, total: int) -> None:
        lines = [NewLine("Hoodie", Decimal(1), total)]
        draft = OrderDraft("USD", lines, False, contact=self.order.contact)
        if self.should.cancelled:
            with pytest.raises(Refused, match="cancelled"):
                change_order(order=self.order, draft=draft, by=COMMAND)
        else:
            change_order(order=self.order, draft=draft, by=COMMAND)
            self.should.change(total)

    @precondition(lambda self: self.quiet)
    @rule()
    def cancel(self) -> None:
        cancel_order(order=self.seen, by=COMMAND)
        self.should.cancel()

    @precondition(lambda self: self.quiet)
    @rule(minor=AMOUNTS)
    def add(self, minor: int) -> None:
        make_payment(self.seen, minor, even_if_alike=True)
        self.should.add(minor)

    @precondition(lambda self: self.quiet and any(not paid.reversed and not paid.card for paid in self.should.payments))
    @rule(data=st.data())
    def reverse(self, data: Any) -> None:
        kept = [n for n, paid in enumerate(self.should.payments) if not paid.reversed and not paid.card]
        index = data.draw(st.sampled_from(kept))
        payment = list(self.order.payments.order_by("pk"))[index]
        reverse_payment(payment=payment, reason="bounced", by=COMMAND)
        self.should.reverse(index)

    @rule()
    def request(self) -> None:
        why_not = self.should.why_not_request()
        draft = RequestDraft(to="dana@riverside-hs.example", notify=[self.owner.email])
        if why_not:
            with pytest.raises(Refused) as refusal:
                request_payment(order=self.order, draft=draft, by=self.owner)
            assert refusal.value.code == why_not
        else:
            request_payment(order=self.order, draft=draft, by=self.owner)
            self.should.request()

    @precondition(lambda self: self.quiet and self.should.remaining > 0 and not self.should.cancelled)
    @rule()
    def start(self) -> None:
        self.attempts.append(make_attempt(self.order, state="started", next_check_at=timezone.now()))
        self.should.start()

    @precondition(lambda self: self.should.tries)
    @rule(data=st.data(), news=st.sampled_from(sorted(NEWS)))
    def hear(self, data: Any, news: str) -> None:
        """Of any attempt, at any time, in any order, again and again (D7, E3)."""
        index = data.draw(st.integers(0, len(self.attempts) - 1))
        settle(self.attempts[index], NEWS[news], by=PROCESSOR)
        self.should.hear(self.should.tries[index], news)

    @invariant()
    def they_agree(self) -> None:
        if not hasattr(self, "order"):
            return
        should, order = self.should, Order.objects.select_related("account").get(pk=self.order.pk)
        balance = read_balance(order)
        assert (balance.total.minor, balance.settled.minor, balance.remaining.minor) == (
            should.total, should.settled, should.remaining,
        )  # fmt: skip
        assert (order.total_minor, order.paid_minor, order.due_minor) == (
            should.total,
            should.settled,
            should.remaining,
        )
        assert (order.balance_version, order.is_cancelled) == (should.version, should.cancelled)
        tries = list(order.attempts.order_by("pk").values_list("state", "surplus"))
        assert tries == [(one.state, one.surplus) for one in should.tries]
        assert list(order.requests.order_by("pk").values_list("status", flat=True)) == should.requests

    @invariant()
    def the_books_are_right(self) -> None:
        if hasattr(self, "order") and BOOKS_AFTER_EVERY_STEP:
            self._check_books()

    def teardown(self) -> None:
        """What is wrong in the books stays wrong, so looking once at the end of a story sees it."""
        if hasattr(self, "order"):
            self._check_books()

    def _check_books(self) -> None:
        assert [str(breach) for breach in check_books(self.account, ask_processors=False)] == []


def _run(examples: int, steps: int) -> None:
    given = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, database=None, print_blob=True,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink],
    )  # fmt: skip
    run_state_machine_as_test(OneOrder, settings=given)  # type: ignore[no-untyped-call]


@pytest.mark.slow
@pytest.mark.django_db
def test_any_order_of_deeds_and_news_agrees_with_the_reference() -> None:
    """A1, A2, N1-N13: 200 stories of up to 10 steps; fewer on PostgreSQL, where every statement is a journey."""
    _run(200 if connection.vendor == "sqlite" else 50, 10)


@pytest.mark.prove
@pytest.mark.django_db
def test_many_more_stories_agree_with_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """R5: 20,000 steps, and the books after each."""
    monkeypatch.setitem(globals(), "BOOKS_AFTER_EVERY_STEP", True)
    _run(700, 30)
