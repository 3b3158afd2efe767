"""The processor fails, or we do in the middle of it (money-safety.md 3 C): nothing is lost, nothing charged twice."""

import socket
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone

from balancedue.actions import pay, refund
from balancedue.actions.ask_processor import check_attempt, start
from balancedue.actions.reconcile import reconcile_next_refund
from balancedue.actions.refund import refund_payment
from balancedue.actions.work import work_once
from balancedue.models import Event, Order, Payment, PaymentAttempt, Refund, read_balance
from balancedue.processors.stripe.deadline import shared_client
from balancedue.rules.actor import COMMAND, CUSTOMER
from balancedue.rules.errors import Refused
from balancedue.rules.money import Money
from balancedue.rules.states import DECLINED
from tests.card_shop import CardShop
from tests.makers import make_order, make_payment, make_request
from tests.stripe_requests import Asked

CREATE = "POST /v1/payment_intents"
LOOK_UP = "GET /v1/payment_intents/{id}"
DUE = 110_528
TOTAL_S = 1.0


@pytest.fixture(autouse=True)
def _no_plan_stays(shop: CardShop) -> Iterator[None]:
    yield
    shop.sandbox.faults(plan=[])


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The adapter with deadlines a tenth as long, so that no test waits for them."""
    client = shared_client()
    monkeypatch.setattr(client, "_timeouts", dict.fromkeys(("connect", "read", "write", "pool"), 0.6))
    monkeypatch.setattr(client, "_total_s", TOTAL_S)


def _only() -> PaymentAttempt:
    return PaymentAttempt.objects.select_related("connection", "order__account").get()


def _objects(shop: CardShop) -> list[Any]:
    """What was made at the processor."""
    return list(shop.stripe.v1.payment_intents.list({"limit": 100}).data)


def _pay(shop: CardShop, card: str = "pm_card_visa") -> PaymentAttempt:
    begun = shop.begin(payer_email="dana@riverside-hs.example")
    shop.confirm(begun.attempt.reference, card)
    return check_attempt(begun.attempt, by=CUSTOMER)


# --- C1, C2: the answer is lost -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("hasty")
def test_a_charge_whose_answer_was_lost_is_found_within_a_minute(shop: CardShop) -> None:
    """C1: the page cannot say that it is paid, and does not say that it failed; the worker's next look is in time."""
    begun = shop.begin()
    shop.sandbox.faults(plan=[{"operation": LOOK_UP, "fault": "timeout_after", "times": 3, "seconds": 2}])
    shop.confirm(begun.attempt.reference)
    charged_at = timezone.now()
    for _ in range(3):
        assert check_attempt(begun.attempt, by=CUSTOMER).is_active
    due = _only().next_check_at
    assert due is not None
    assert due <= charged_at + timedelta(seconds=60)
    with time_machine.travel(due, tick=True):
        work_once()
    assert _only().state == "succeeded"
    assert [charge["amount"] for charge in shop.charges()] == [DUE]


@pytest.mark.usefixtures("hasty")
def test_an_object_whose_making_was_not_heard_of_is_unknown_then_paid_once(shop: CardShop, client: Client) -> None:
    """C1, N14: in doubt, it holds other money up, has a page and a next look; then the same object is paid."""
    shop.sandbox.faults(plan=[{"operation": CREATE, "fault": "timeout_after", "times": 1, "seconds": 2}])
    with pytest.raises(Refused) as refusal:
        shop.begin()
    assert refusal.value.code == "payment_in_progress"
    attempt = _only()
    assert (attempt.state, attempt.reference) == ("unknown", "")
    page = client.get(f"/i/{shop.request.token}/pay/{attempt.public_id}/").content.decode()
    assert "data-check=" in page
    assert attempt.next_check_at is not None
    assert attempt.next_check_at <= timezone.now() + timedelta(seconds=30)
    with time_machine.travel(attempt.next_check_at, tick=True):
        work_once()
    assert (_only().state, _only().reference) == ("waiting", _objects(shop)[0].id)
    assert _pay(shop).state == "succeeded"
    assert len(_objects(shop)) == len(shop.charges()) == 1


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "reset", "reset_after", "error_after"])
def test_pressing_five_times_charges_once(shop: CardShop, asked_of_stripe: list[Asked], fault: str) -> None:
    """C2: the answer lost before or after the effect, the same browser presses again and again: one key, one charge."""
    shop.sandbox.faults(plan=[{"operation": CREATE, "fault": fault, "times": 4, "seconds": 2}])
    for _ in range(4):
        with pytest.raises(Refused) as refusal:
            shop.begin("one-page")
        assert refusal.value.code == "payment_in_progress"
    begun = shop.begin("one-page")
    shop.sandbox.faults(plan=[])
    shop.confirm(begun.attempt.reference)
    assert check_attempt(begun.attempt, by=CUSTOMER).state == "succeeded"
    keys = {one.headers["idempotency-key"] for one in asked_of_stripe if one.method == "POST"}
    assert keys == {begun.attempt.processor_key}
    assert len(_objects(shop)) == len(shop.charges()) == Payment.objects.count() == 1


# --- C3: it does not answer, or nonsense ---------------------------------------------------------------------------


def _at(address: Callable[[str], str]) -> Callable[[CardShop], None]:
    """The same processor under another address."""

    def move(shop: CardShop) -> None:
        keys = shop.connection.credentials
        shop.connection.credentials = keys | {"api_base": address(shop.sandbox.url)}
        shop.connection.save()

    return move


def _rule(**rule: Any) -> Callable[[CardShop], None]:
    return lambda shop: shop.sandbox.faults(plan=[{"operation": "* /v1/*", **rule}])


TROUBLE: dict[str, Callable[[CardShop], None]] = {
    "500": _rule(fault="error", status=500),
    "500 and yet done": _rule(fault="error_after", status=500),
    "502": _rule(fault="error", status=502),
    "503": _rule(fault="error", status=503),
    "503, come back in a minute": _rule(fault="error", status=503, retry_after=60),
    "429": _rule(fault="error", status=429),
    "429, come back in a second": _rule(fault="error", status=429, retry_after=1),
    "429, come back in a minute": _rule(fault="error", status=429, retry_after=60),
    "reset": _rule(fault="reset"),
    "silence": _rule(fault="timeout_before", seconds=2),
    "a byte now and then": _rule(fault="drip", seconds=60),
    "no TLS where it should be": _at(lambda url: url.replace("http://", "https://")),
    "a name that nobody knows": _at(lambda url: "http://processor.example"),
    "nobody there": _at(lambda url: "http://127.0.0.1:9"),
}


@pytest.fixture
def _names_are_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def not_found(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host == "processor.example":
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", not_found)


@pytest.mark.usefixtures("hasty", "_names_are_not_found")
@pytest.mark.parametrize("trouble", TROUBLE)
def test_no_trouble_is_a_failed_payment(shop: CardShop, trouble: str) -> None:
    """C3, N14: nobody is told no, the worker is free in time, looks again later and later; afterwards it is paid."""
    keys = shop.connection.credentials
    TROUBLE[trouble](shop)
    began = time.monotonic()
    with pytest.raises(Refused) as refusal:
        shop.begin()
    assert refusal.value.code == "payment_in_progress"
    waits = []
    for _ in range(3):
        due = _only().next_check_at
        assert due is not None
        with time_machine.travel(due, tick=True):
            work_once()
            assert _only().next_check_at is not None
            waits.append(_only().next_check_at - due)  # type: ignore[operator]
        assert _only().state == "unknown"
    assert (
        time.monotonic() - began < 30
    )  # a dozen calls at most, each over within a second; a drip goes on for a minute
    assert waits == sorted(waits)
    assert not Event.objects.filter(kind__in=["payment_declined", "payment_failed"]).exists()

    shop.sandbox.faults(plan=[])
    shop.connection.credentials = keys
    shop.connection.save()
    assert _pay(shop).state == "succeeded"
    assert len(shop.charges()) == 1


# --- C4: the database fails us after the processor was asked ---------------------------------------------------------


@contextmanager
def _busy(order: Order) -> Iterator[None]:
    """SQLite: somebody else writes, and does not stop."""
    release = _beside(lambda held, over: _hold(order, held, over))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA busy_timeout = 100")
    try:
        yield
    finally:
        release()
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 20000")


def _hold(order: Order, held: threading.Event, over: threading.Event) -> None:
    with transaction.atomic():
        Order.objects.locked(order.pk)
        held.set()
        over.wait(10)


@contextmanager
def _deadlock(order: Order) -> Iterator[None]:
    """PostgreSQL: somebody holds the attempt and wants the order; we hold the order and want the attempt."""

    def cross(held: threading.Event, over: threading.Event) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '10s'")  # we are the one that is turned away
            list(order.attempts.select_for_update())
            held.set()
            time.sleep(0.3)
            Order.objects.locked(order.pk)

    release = _beside(cross)
    try:
        yield
    finally:
        release()


@contextmanager
def _serialisation(order: Order) -> Iterator[None]:
    """PostgreSQL, SERIALIZABLE: somebody writes the order while we wait for it."""

    def write(held: threading.Event, over: threading.Event) -> None:
        with transaction.atomic():
            Order.objects.filter(pk=order.pk).update(changed_at=timezone.now())
            held.set()
            time.sleep(0.3)

    release = _beside(write)
    _isolation("SERIALIZABLE")
    try:
        yield
    finally:
        release()
        _isolation("READ COMMITTED")


def _isolation(level: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL {level}")


def _beside(deed: Callable[[threading.Event, threading.Event], None]) -> Callable[[], None]:
    """Do it on a connection of its own; answers, once it holds what it wants, how to let it end."""
    held, over = threading.Event(), threading.Event()

    def run() -> None:
        try:
            deed(held, over)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert held.wait(10)

    def release() -> None:
        over.set()
        thread.join(20)

    return release


TURNED_AWAY = {
    "sqlite": [(_busy, "locked")],
    "postgresql": [(_deadlock, "deadlock detected"), (_serialisation, "could not serialize access")],
}
"""By engine: who gets in our way, and what the database says then."""


def _failing_after(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, trouble: Any, order: Order) -> list[Any]:
    """Let the database turn us away right after the next call of `module.name`; answers what is open until closed."""
    real, opened = getattr(module, name), []

    def then_trouble(*args: Any, **kwargs: Any) -> Any:
        answer = real(*args, **kwargs)
        context = trouble(order)
        context.__enter__()
        opened.append(context)
        monkeypatch.setattr(module, name, real)
        return answer

    monkeypatch.setattr(module, name, then_trouble)
    return opened


@pytest.mark.parametrize("number", [0, 1])
def test_a_database_that_fails_after_the_call_makes_no_second_one(
    shop: CardShop, monkeypatch: pytest.MonkeyPatch, asked_of_stripe: list[Asked], number: int
) -> None:
    """C4: the transaction is gone, the key is not: pressing again means the same object."""
    trouble, says = [*TURNED_AWAY[connection.vendor] * 2][number]
    opened = _failing_after(monkeypatch, pay, "start", trouble, shop.order)
    with pytest.raises(OperationalError, match=says):
        shop.begin()
    opened[0].__exit__(None, None, None)
    assert (_only().state, _only().reference) == ("started", "")
    assert _pay(shop).state == "succeeded"
    made = [one for one in asked_of_stripe if one.method == "POST" and one.path == "/v1/payment_intents"]
    assert len(made) >= 2
    assert {one.headers["idempotency-key"] for one in made} == {_only().processor_key}
    assert len(_objects(shop)) == len(shop.charges()) == 1


def test_a_database_that_fails_after_a_refund_makes_no_second_one(
    shop: CardShop, monkeypatch: pytest.MonkeyPatch, asked_of_stripe: list[Asked]
) -> None:
    """C4, N8: the worker asks with the same key; one refund, in the books as at the processor."""
    _pay(shop)
    payment = Payment.objects.select_related("order__account").get()
    trouble, says = TURNED_AWAY[connection.vendor][-1]
    opened = _failing_after(monkeypatch, refund, "start_refund", trouble, shop.order)
    given: dict[str, Any] = {"reason": "requested_by_customer", "by": COMMAND, "form_key": "form-1"}
    with pytest.raises(OperationalError, match=says):
        refund_payment(payment=payment, amount=Money(500, "USD"), **given)
    opened[0].__exit__(None, None, None)
    assert refund_payment(payment=payment, amount=Money(500, "USD"), **given).state == "started"
    Refund.objects.update(next_check_at=timezone.now())
    assert reconcile_next_refund()
    assert Refund.objects.get().state == "succeeded"
    made = [one for one in asked_of_stripe if one.method == "POST" and one.path == "/v1/refunds"]
    assert {one.headers["idempotency-key"] for one in made} == {Refund.objects.get().processor_key}
    assert [one.amount for one in shop.stripe.v1.refunds.list().data] == [500]


# --- C5: a decline, another card, and a day later --------------------------------------------------------------------


def test_a_day_after_a_decline_and_a_success_the_first_key_is_not_sent_again(
    shop: CardShop, asked_of_stripe: list[Asked]
) -> None:
    """C5: the second card is not poisoned by the first; 24 h and a second later a retry of it looks up."""
    assert _pay(shop, "pm_card_visa_chargeDeclined").state == "waiting"
    assert _pay(shop).state == "succeeded"
    attempt, sent = _only(), [one for one in asked_of_stripe if one.method == "POST"]
    PaymentAttempt.objects.update(reference="")
    for known in (attempt, _only()):  # by its reference, and where that was never heard
        with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1), tick=True):
            outcome = start(known, description="INV")
        assert outcome.reference in (attempt.reference, "")
    assert [one for one in asked_of_stripe if one.method == "POST"] == sent
    PaymentAttempt.objects.update(reference=attempt.reference)
    assert len(_objects(shop)) == len(shop.charges()) == 1


# --- C8: who comes back with somebody else's payment -----------------------------------------------------------------


def test_what_the_way_back_claims_is_not_believed(shop: CardShop, client: Client) -> None:
    """C8: forged, foreign and old payments beside `redirect_status=succeeded`: nothing is paid, nothing is asked of."""
    elsewhere = make_request(make_order(shop.account), by=shop.owner)
    foreign = shop.begin(request=elsewhere).attempt
    shop.confirm(foreign.reference)
    old = shop.begin().attempt
    make_payment(shop.order, 1_000)  # another balance: this attempt is over
    mine = shop.begin().attempt
    before = read_balance(shop.fresh())

    for claimed in ("pi_forged", foreign.reference, old.reference):
        facts = {"payment_intent": claimed, "redirect_status": "succeeded", "payment_intent_client_secret": "x"}
        here = f"/i/{shop.request.token}/pay/{mine.public_id}/"
        for path in (f"/i/back/{mine.public_id}/", here):
            assert client.get(path, facts).status_code == 200
        told = client.post(f"{here}check/?{urllib.parse.urlencode(facts)}", facts).json()
        assert told["state"] == "waiting"
    assert read_balance(shop.fresh()) == before
    assert not Payment.objects.filter(method="card").exists()
    assert client.post(f"/i/{shop.request.token}/pay/{foreign.public_id}/check/").status_code == 404
    assert check_attempt(foreign, by=CUSTOMER).state == "succeeded"  # where it belongs
    assert read_balance(shop.fresh()) == before


# --- C11: the bank's question ---------------------------------------------------------------------------------------


def test_a_confirmation_done_in_another_tab_is_the_same_payment(shop: CardShop) -> None:
    """C11: requires_action in one tab, back button, a second tab; the bank is answered once; one object, one charge."""
    first = shop.begin("tab-one")
    shop.confirm(first.attempt.reference, "pm_card_authenticationRequired")
    assert check_attempt(first.attempt, by=CUSTOMER).needs_action
    again, second = shop.begin("tab-one"), shop.begin("tab-two")
    assert {again.attempt.pk, second.attempt.pk} == {first.attempt.pk}
    assert again.client_secret == second.client_secret == first.client_secret
    _answer_the_bank(shop, first.attempt.reference)
    assert [check_attempt(begun.attempt, by=CUSTOMER).state for begun in (first, second)] == ["succeeded"] * 2
    with suppress(Exception):
        shop.confirm(first.attempt.reference)
    assert len(_objects(shop)) == len(shop.charges()) == Payment.objects.count() == 1


def test_a_confirmation_left_open_is_taken_up_by_the_next_press(shop: CardShop) -> None:
    """C11: abandoned at the bank, another card on the same object; never a second one that could be charged too."""
    first = shop.begin()
    shop.confirm(first.attempt.reference, "pm_card_authenticationRequired")
    check_attempt(first.attempt, by=CUSTOMER)
    assert _pay(shop).state == "succeeded"
    assert len(_objects(shop)) == len(shop.charges()) == 1
    assert not PaymentAttempt.objects.filter(state=DECLINED).exists()


def _answer_the_bank(shop: CardShop, reference: str) -> None:
    """What the payer does on the bank's page."""
    action = shop.stripe.v1.payment_intents.retrieve(reference).next_action
    assert action is not None
    assert action.redirect_to_url is not None
    form = urllib.parse.urlencode({"answer": "complete", "framed": "1"}).encode()
    with urllib.request.urlopen(str(action.redirect_to_url.url), form, timeout=10) as page:
        assert page.status == 200
