"""What two processes cannot both write: the guarantee behind the locks (A4, architecture.md 6)."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from balancedue.models import (
    Delivery,
    Membership,
    Order,
    Payment,
    PaymentAttempt,
    PaymentRequest,
    ProcessorConnection,
    ProcessorEvent,
)
from tests.makers import (
    make_account,
    make_attempt,
    make_connection,
    make_delivery,
    make_order,
    make_payment,
    make_sent_request,
    make_user,
)


@pytest.fixture
def order(db: None) -> Order:
    account = make_account()
    make_connection(account)
    return make_order(account)


def _refused(deed: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        deed()


@pytest.mark.parametrize("first", ["started", "waiting", "pending", "unknown"])
@pytest.mark.parametrize("second", ["started", "pending"])
def test_an_order_has_one_active_attempt(order: Order, first: str, second: str) -> None:
    """A4, N4: whatever its balance."""
    make_attempt(order, state=first)
    _refused(lambda: make_attempt(order, state=second))
    _refused(lambda: make_attempt(order, state=second, balance_version=99))


@pytest.mark.parametrize("ended", ["declined", "cancelled", "put_aside"])
def test_an_attempt_that_ended_leaves_room(order: Order, ended: str) -> None:
    """C5: another card, another object."""
    make_attempt(order, state=ended)
    make_attempt(order, state="waiting")


def test_a_balance_is_paid_once_unless_marked_surplus(order: Order) -> None:
    """A4, architecture.md 4 and 6: a forgotten lock and an unlucky interleaving do not pay twice."""
    make_attempt(order, state="succeeded")
    _refused(lambda: make_attempt(order, state="succeeded"))
    _refused(lambda: make_attempt(order, state="waiting"))
    late = make_attempt(order, state="cancelled")
    _refused(lambda: PaymentAttempt.objects.filter(pk=late.pk).update(state="succeeded"))
    PaymentAttempt.objects.filter(pk=late.pk).update(state="succeeded", surplus=True)


def test_one_row_per_object_at_the_processor(order: Order) -> None:
    """A4, N2: among the attempts of one connection."""
    other = make_order(order.account)
    make_attempt(order, reference="pi_1")
    _refused(lambda: make_attempt(other, reference="pi_1"))
    make_attempt(other, reference="pi_1", connection=make_connection(order.account))
    make_attempt(make_order(order.account), reference="")
    make_attempt(make_order(order.account), reference="")


def test_one_key_per_attempt(order: Order) -> None:
    """N2, requirements.md 3.16."""
    make_attempt(order, processor_key="k")
    _refused(lambda: make_attempt(make_order(order.account), processor_key="k"))


@pytest.mark.parametrize("wrong", [{"state": "lost"}, {"amount_minor": 0}, {"amount_minor": -1}])
def test_an_attempt_is_in_a_known_state_for_a_real_amount(order: Order, wrong: dict[str, object]) -> None:
    """A4."""
    _refused(lambda: make_attempt(order, **wrong))  # type: ignore[arg-type]


def test_one_entry_and_one_payment_per_attempt(order: Order) -> None:
    """A4, N2."""
    attempt = make_attempt(order, state="cancelled")
    first, second = make_payment(order, 100), make_payment(order, 200)
    Payment.objects.filter(pk=first.pk).update(attempt=attempt)
    _refused(lambda: Payment.objects.filter(pk=second.pk).update(attempt=attempt))
    _refused(lambda: Payment.objects.filter(pk=second.pk).update(entry=first.entry))


def test_one_payment_per_form(order: Order) -> None:
    """A4, E4."""
    make_payment(order, 100, form_key="f")
    second = make_payment(order, 200)
    _refused(lambda: Payment.objects.filter(pk=second.pk).update(form_key="f"))
    _refused(lambda: Payment.objects.filter(pk=second.pk).update(amount_minor=0))


def test_an_order_has_one_live_request(order: Order) -> None:
    """A4, requirements.md 2.4."""
    user = make_user(order.account)
    first = make_sent_request(order, by=user)
    second = make_sent_request(order, by=user)
    _refused(lambda: PaymentRequest.objects.filter(pk=first.pk).update(status="opened"))
    _refused(lambda: PaymentRequest.objects.filter(pk=second.pk).update(status="lost"))
    _refused(lambda: PaymentRequest.objects.filter(pk=second.pk).update(token_hash=first.token_hash))


def test_a_webhook_is_one_row(order: Order) -> None:
    """D1."""
    now, connection = timezone.now(), order.account.connections.get()
    facts = {"connection": connection, "external_id": "evt_1", "received_at": now, "next_try_at": now}
    ProcessorEvent.objects.create(**facts)
    _refused(lambda: ProcessorEvent.objects.create(**facts))
    ProcessorEvent.objects.create(**facts | {"connection": make_connection(make_account())})


def test_a_fact_is_told_once_to_each_address(order: Order) -> None:
    """M3, N11."""
    make_delivery(order, once="receipt:pay_1:dana")
    _refused(lambda: make_delivery(order, once="receipt:pay_1:dana"))
    _refused(lambda: Delivery.objects.update(status="lost"))


def test_an_account_has_one_default_processor(order: Order) -> None:
    """S8."""
    second = make_connection(order.account, is_default=False)
    _refused(lambda: ProcessorConnection.objects.filter(pk=second.pk).update(is_default=True))
    make_connection(make_account(), is_default=True)


def test_a_person_is_in_an_account_once(order: Order) -> None:
    """Requirements.md 2.10."""
    user = make_user(order.account)
    _refused(lambda: Membership.objects.create(account=order.account, user=user, role="staff"))


@pytest.mark.parametrize(
    "wrong", [{"status": "lost"}, {"discount_minor": -1}, {"shipping_minor": -1}]
)  # fmt: skip
def test_an_order_is_what_it_can_be(order: Order, wrong: dict[str, object]) -> None:
    """A4."""
    _refused(lambda: Order.objects.filter(pk=order.pk).update(**wrong))


@pytest.mark.parametrize("wrong", [{"quantity": 0}, {"quantity": -1}, {"unit_price_minor": -1}])
def test_a_line_is_what_it_can_be(order: Order, wrong: dict[str, object]) -> None:
    """A4."""
    _refused(lambda: order.lines.update(**wrong))
