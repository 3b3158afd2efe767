"""The Refund window, its button, and what the order's page says afterwards."""

from typing import Any

import pytest
from django.http import HttpResponse

from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.settle import settle
from balancedue.actions.settle_refund import settle_refund
from balancedue.models import Order, Payment, Refund, read_balance
from balancedue.processors.base import Kind, Outcome
from balancedue.rules.actor import COMMAND, PROCESSOR
from tests.makers import make_account, make_attempt, make_order, make_payment, make_user

from .desk import Desk, inputs, words

CARD = "Visa ending 4242"
OUTSIDE = pytest.mark.django_db(transaction=True)  # a processor is asked outside of any transaction


def _by_card(order: Order, minor: int = 0) -> Payment:
    """Paid by card, at a processor that answers nobody."""
    attempt = make_attempt(order, state="waiting", **({"amount_minor": minor} if minor else {}))
    settle(attempt, Outcome(Kind.PAID, received=attempt.amount, card=CARD), by=PROCESSOR)
    return Payment.objects.get(attempt=attempt)


def _open(desk: Desk, order: Order, **query: str) -> Any:
    return desk.get(f"orders/{order.number}/refund/", **query)


def _send(desk: Desk, order: Order, *, htmx: bool = False, **typed: str) -> Any:
    """The form as its page shows it, with something typed."""
    names = ("payment", "amount", "form_key")
    shown = {name: value for name, value in inputs(_open(desk, order)).items() if name in names}
    filled = shown | {"reason": "requested_by_customer", "balance": "owed"} | typed
    return desk.post(f"orders/{order.number}/refund/", filled, htmx=htmx)


def _answer(monkeypatch: pytest.MonkeyPatch, outcome: Outcome) -> None:
    """What the processor says."""
    monkeypatch.setattr("balancedue.actions.refund.start_refund", lambda refund: outcome)


def test_the_button_stands_beside_the_payment(desk: Desk) -> None:
    """Ux.md 3.3."""
    order = make_order(desk.account)
    assert "/refund/?payment=" not in desk.order(order).content.decode()
    payment = _by_card(order)
    page = desk.order(order).content.decode()
    assert f"orders/{order.number}/refund/?payment={payment.public_id}" in page
    assert 'id="refund-form"' in page


@pytest.mark.parametrize(("role", "may"), [("owner", True), ("manager", True), ("staff", False), ("viewer", False)])
def test_managers_refund_and_staff_do_not(desk: Desk, role: str, may: bool) -> None:
    """Requirements.md 2.10."""
    order = make_order(desk.account)
    _by_card(order)
    desk.client.force_login(make_user(desk.account, role=role))
    assert ("/refund/?payment=" in desk.order(order).content.decode()) is may
    assert (_open(desk, order).status_code == 200) is may
    assert (desk.post(f"orders/{order.number}/refund/", {}).status_code == 422) is may
    assert not Refund.objects.exists()


def test_the_form_holds_what_can_be_refunded_and_says_what_it_does(desk: Desk) -> None:
    order = make_order(desk.account)
    payment = _by_card(order)
    page = _open(desk, order)
    shown, read = inputs(page), words(page)
    assert (shown["payment"], shown["amount"]) == (payment.public_id, "1105.28")
    assert "balance" not in shown  # nobody decides this for them
    assert f"$1,105.28 goes back to {CARD}. Balance due afterwards: $1,105.28." in read
    assert "Refund only: the balance is due again" in read
    assert "Refund and reduce the order by as much" in read


def test_of_several_payments_one_is_chosen(desk: Desk) -> None:
    order = make_order(desk.account)
    first = make_payment(order, 40_000, method="cash")
    second = _by_card(order)
    assert inputs(_open(desk, order))["payment"] == second.public_id
    page = _open(desk, order, payment=first.public_id)
    assert (inputs(page)["payment"], inputs(page)["amount"]) == (first.public_id, "400.00")
    assert "$400.00 · Cash" in words(page)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"amount": ""}, "Enter an amount"),
        ({"amount": "0"}, "Enter an amount above 0"),
        ({"amount": "ten"}, "Enter an amount like 1105.28"),
        ({"amount": "400.01"}, "At most $400.00 of this payment can be refunded."),
        ({"reason": ""}, "Choose why"),
        ({"balance": ""}, "Choose what happens to the balance"),
        ({"payment": "pay_other"}, "Choose the payment"),
    ],
)
def test_what_cannot_be_done_is_said_at_its_field_and_typing_is_kept(
    desk: Desk, typed: dict[str, str], said: str
) -> None:
    """M8, N9."""
    order = make_order(desk.account)
    make_payment(order, 40_000, method="cash")
    for htmx in (False, True):
        answer = _send(desk, order, htmx=htmx, **{"note": "Keep me", **typed})
        assert answer.status_code == 422
        assert said in words(answer)
        assert "Keep me" in answer.content.decode()
        assert ("<html" in answer.content.decode()) is not htmx
    assert not Refund.objects.exists()


def test_a_part_is_refunded_and_the_balance_is_due_again(desk: Desk) -> None:
    """Requirements.md 3.10, M1: the sums show it and still add up."""
    order = make_order(desk.account)
    make_payment(order, 110_528, method="cash")
    assert _send(desk, order, amount="105.28", note="Rain").status_code == 302
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.reduces_order, refund.note) == (10_528, False, "Rain")
    assert refund.by == str(desk.user.actor)
    assert read_balance(order).due.minor == 10_528
    read = words(desk.order(order))
    assert "$105.28 refunded." in read
    assert "Priya refunded $105.28: The customer asked for it; Rain" in read
    assert "Balance due $105.28" in read
    assert "Reverse a payment" not in read
    customer = words(desk.get(f"orders/{order.number}/invoice/"))
    assert "Refund" in customer
    assert "Rain" not in customer


def test_refund_and_reduce_shows_a_line_of_its_own(desk: Desk) -> None:
    """Requirements.md 3.10."""
    order = make_order(desk.account)
    make_payment(order, 110_528, method="cash")
    _send(desk, order, amount="105.28", balance="reduced")
    assert (read_balance(order).due.minor, read_balance(order).total.minor) == (0, 100_000)
    for page in (desk.order(order), desk.get(f"orders/{order.number}/invoice/")):
        assert "Reduced by -$105.28" in words(page).replace("\u2212", "-")


@OUTSIDE
def test_a_refund_on_its_way_is_shown_until_it_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """F5: pending, then failed; each said on the card and in the activity."""
    order = make_order(desk.account)
    _by_card(order)
    _answer(monkeypatch, Outcome(Kind.PENDING, reference="re_1"))
    assert _send(desk, order, htmx=True, amount="5.00").status_code == 204
    read = words(desk.order(order))
    assert "A refund of $5.00 is on its way." in read
    settle_refund(Refund.objects.get(), Outcome(Kind.DECLINED, reference="re_1", detail="expired card"), by=PROCESSOR)
    read = words(desk.order(order))
    assert "A refund of $5.00 failed. The money is with you again." in read
    assert "The processor says: expired card." in read
    assert read_balance(order).due.minor == 0


@OUTSIDE
def test_a_processor_that_does_not_answer_is_said(desk: Desk) -> None:
    """N14."""
    order = make_order(desk.account)
    _by_card(order)
    _send(desk, order, amount="5.00")
    read = words(desk.order(order))
    assert "The processor has not answered yet about the refund of $5.00. We keep asking." in read
    assert "A refund of $5.00 is in progress." in read


@OUTSIDE
def test_a_refusal_of_the_processor_comes_back_to_the_form(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """M8: nothing moved, nothing typed is lost, and it can be sent again."""
    order = make_order(desk.account)
    _by_card(order)
    _answer(monkeypatch, Outcome(Kind.REFUSED, code="processor_refused", detail="charge disputed"))
    answer = _send(desk, order, amount="5.00", note="Keep me")
    assert answer.status_code == 422
    assert "The processor did not make the refund. It says: charge disputed" in words(answer)
    assert "Keep me" in answer.content.decode()
    _answer(monkeypatch, Outcome(Kind.PAID, reference="re_1"))
    again = {name: inputs(answer)[name] for name in ("payment", "amount", "form_key", "balance")}
    assert desk.post(f"orders/{order.number}/refund/", again | {"reason": "other"}).status_code == 302
    assert read_balance(order).due.minor == 500


def test_a_credit_is_offered_back_and_asks_nothing_about_the_balance(desk: Desk) -> None:
    """Ux.md 3.3, Overpaid."""
    order = make_order(desk.account)
    make_payment(order, 114_528, method="cash")
    assert 'class="button needs-script" commandfor="refund"' in desk.order(order).content.decode()
    assert inputs(_open(desk, order))["amount"] == "40.00"
    assert _send(desk, order, balance="").status_code == 302
    assert read_balance(order).remaining.minor == 0


def test_a_cancelled_orders_money_goes_back(desk: Desk) -> None:
    """Requirements.md 3.9."""
    order = make_order(desk.account)
    make_payment(order, 50_000, method="cash")
    order.refresh_from_db()
    cancel_order(order=order, by=COMMAND)
    read = words(desk.order(order))
    assert "$500.00 was paid and not refunded." in read
    page = _open(desk, order)
    assert "Refund only" not in words(page)
    assert inputs(page)["amount"] == "500.00"
    assert _send(desk, order, balance="").status_code == 302
    assert "was paid and not refunded" not in words(desk.order(order))
    assert "There is nothing to refund on this order." in words(_open(desk, order))


@OUTSIDE
def test_the_second_payment_is_one_press_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """F6, ux.md 3.3: paid twice; afterwards the order stays paid."""
    order = make_order(desk.account)
    late = make_attempt(order, state="cancelled")
    _by_card(order)
    settle(late, Outcome(Kind.PAID, received=late.amount), by=PROCESSOR)
    read = words(desk.order(order))
    assert "Paid twice: $1,105.28 to refund." in read
    assert "Refund the second payment" in read
    second = Payment.objects.get(surplus=True)
    assert inputs(_open(desk, order))["payment"] == second.public_id
    _answer(monkeypatch, Outcome(Kind.PAID, reference="re_1"))
    _send(desk, order, reason="duplicate", balance="")
    assert read_balance(order).remaining.minor == 0
    assert "Refund the second payment" not in words(desk.order(order))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"amount": "5", "balance": "owed"}, "$5.00 is written down as given back by hand. Balance due afterwards"),
        ({"amount": "5", "balance": "reduced"}, "The order comes to $1,100.28. Balance due afterwards: $705.28."),
        ({"amount": "400.01"}, "At most $400.00 of this payment can be refunded."),
        ({"amount": "x"}, ""),
        ({"amount": "0"}, ""),
    ],
)  # fmt: skip
def test_the_words_follow_what_is_typed(desk: Desk, typed: dict[str, str], said: str) -> None:
    order = make_order(desk.account)
    make_payment(order, 40_000, method="cash")
    answer: HttpResponse = desk.get(f"orders/{order.number}/refund/words/", htmx=True, **typed)
    assert said in answer.content.decode()
    assert bool(answer.content) is bool(said)


def test_another_shops_order_is_not_there(desk: Desk) -> None:
    """N12."""
    other = make_order(make_account(), number="elsewhere")
    assert desk.get(f"orders/{other.number}/refund/").status_code == 404
