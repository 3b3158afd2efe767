"""A shop and a request of $1,105.28 that has left."""

from datetime import date
from importlib import import_module
from typing import Any

import pytest


@pytest.fixture
def account(db: None) -> Any:
    """A print shop."""
    makers: Any = import_module("tests.makers")  # tables can only be imported once settings are read
    return makers.make_account(terms="Due on receipt.", next_steps="We print within 2 days.")


@pytest.fixture
def sent(account: Any) -> Any:
    """A request of the shop, as its customer got it."""
    makers: Any = import_module("tests.makers")
    makers.make_connection(account)
    order = makers.make_order(account, due_date=date(2099, 5, 1))
    return makers.make_sent_request(order, by=makers.make_user(account), message="Hi Dana")


@pytest.fixture
def settled() -> Any:
    """Settles an attempt as paid by Visa."""
    settle: Any = import_module("balancedue.actions.settle")
    base: Any = import_module("balancedue.processors.base")
    actor: Any = import_module("balancedue.rules.actor")

    def pay(attempt: Any) -> Any:
        paid = base.Outcome(
            base.Kind.PAID,
            reference=attempt.reference,
            received=attempt.amount,
            card="Visa ending 4242",
            payer_name="Dana Whitlock",
            payer_email="dana@riverside-hs.example",
        )
        return settle.settle(attempt, paid, by=actor.PROCESSOR)

    return pay
