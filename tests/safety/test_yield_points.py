"""Staff act at each point where a payment can be overtaken, one by one (RunBefore, RunAfter; money-safety.md 3 E).

Races find what chance finds. Here the second deed is run in the very gap: before the attempt is written, after it,
after the processor was asked, with the card form open, with the card charged, and with the answer in hand but not yet
settled.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
import stripe
from django.utils import timezone

from balancedue.actions import ask_processor, pay
from balancedue.actions.ask_processor import check_attempt
from balancedue.actions.change_order import change_order
from balancedue.actions.order_lines import NewLine, OrderDraft
from balancedue.actions.reconcile import reconcile_next
from balancedue.models import Event, PaymentAttempt, read_balance
from balancedue.rules.actor import CUSTOMER
from balancedue.rules.errors import Refused
from balancedue.rules.states import ACTIVE_ATTEMPT
from tests.card_shop import CardShop
from tests.makers import make_payment

DUE = 110_528
Deed = Callable[[], None]
Patch = pytest.MonkeyPatch


def run_before(patch: Patch, module: Any, name: str, deed: Deed) -> None:
    """Do it once, right before the next call of `module.name`."""
    real = getattr(module, name)

    def first_the_deed(*args: Any, **kwargs: Any) -> Any:
        patch.setattr(module, name, real)
        deed()
        return real(*args, **kwargs)

    patch.setattr(module, name, first_the_deed)


def run_after(patch: Patch, module: Any, name: str, deed: Deed) -> None:
    """Do it once, right after the next call of `module.name`, before whoever called it goes on."""
    real = getattr(module, name)

    def then_the_deed(*args: Any, **kwargs: Any) -> Any:
        patch.setattr(module, name, real)
        answer = real(*args, **kwargs)
        deed()
        return answer

    patch.setattr(module, name, then_the_deed)


PINNED = {
    "before it is written down": partial(run_before, module=pay, name="_write"),
    "written down, not yet asked for": partial(run_after, module=pay, name="_write"),
    "asked for, the answer not yet taken in": partial(run_after, module=pay, name="start"),
    "paid, the answer not yet taken in": partial(run_after, module=ask_processor, name="look_up"),
}
BEFORE_THE_CHARGE = [*list(PINNED)[:3], "the card form is open"]
AFTER_THE_CHARGE = ["the card is charged", "paid, the answer not yet taken in"]
POINTS = [*BEFORE_THE_CHARGE, *AFTER_THE_CHARGE]


def _story(shop: CardShop, patch: Patch, point: str, deed: Deed) -> str:
    """A customer pays what the page showed, and `deed` happens at that point; what became of it for the customer."""
    shown = shop.payable
    if point in BEFORE_THE_CHARGE and point in PINNED:
        PINNED[point](patch, deed=deed)
    try:
        begun = shop.begin(shown=shown)
    except Refused as refusal:
        return refusal.code
    if point == "the card form is open":
        deed()
    try:
        shop.confirm(begun.attempt.reference)
    except stripe.InvalidRequestError as refusal:
        return str(refusal.code)
    if point == "the card is charged":
        deed()
    elif point in PINNED:
        PINNED[point](patch, deed=deed)
    return check_attempt(begun.attempt, by=CUSTOMER).state


def _come_to_rest(shop: CardShop) -> None:
    """The worker looks at whatever is still open."""
    PaymentAttempt.objects.filter(state__in=ACTIVE_ATTEMPT).update(next_check_at=timezone.now())
    while reconcile_next():
        pass


def _taken(shop: CardShop) -> list[int]:
    return [int(str(charge["amount"])) for charge in shop.charges()]


def _edit(shop: CardShop, total: int, currency: str = "USD") -> None:
    order = shop.fresh()
    draft = OrderDraft(currency, [NewLine("Hoodie", Decimal(1), total)], False, contact=order.contact)
    change_order(order=order, draft=draft, by=shop.owner.actor)


class Told:
    """A deed that may be refused; `code` says with what, "" when it was done, None when it never came to it."""

    def __init__(self, deed: Deed) -> None:
        self._deed = deed
        self.code: str | None = None

    def __call__(self) -> None:
        assert self.code is None, "once"
        try:
            self._deed()
        except Refused as refusal:
            self.code = refusal.code
        else:
            self.code = ""


@pytest.mark.parametrize("total", [150_000, 90_000, 0], ids=["up", "down", "zero"])
@pytest.mark.parametrize("point", POINTS)
def test_an_edit_while_the_customer_pays(shop: CardShop, monkeypatch: Patch, point: str, total: int) -> None:
    """E5: charged is what was shown, or nothing; what differs is owed or credit, and staff are told who came first."""
    edit = Told(partial(_edit, shop, total))
    became = _story(shop, monkeypatch, point, edit)
    _come_to_rest(shop)
    if point in BEFORE_THE_CHARGE:
        assert (edit.code, _taken(shop)) == ("", []), became
        assert became in ("balance_changed", "nothing_due", "processor_refused", "payment_intent_unexpected_state")
    else:
        assert (edit.code, _taken(shop), became) == ("payment_in_progress", [DUE], "succeeded")
        _edit(shop, total)  # having seen that it is paid
    balance = read_balance(shop.fresh())
    assert (balance.total.minor, balance.settled.minor) == (total, sum(_taken(shop)))
    assert balance.remaining.minor == total - sum(_taken(shop))
    assert not PaymentAttempt.objects.filter(state__in=ACTIVE_ATTEMPT).exists()


@pytest.mark.parametrize("point", POINTS)
def test_the_currency_is_not_edited_under_a_payment(shop: CardShop, monkeypatch: Patch, point: str) -> None:
    """E5: nor at any other time; the payment goes on as if nobody had tried."""
    edit = Told(partial(_edit, shop, DUE, "EUR"))
    assert _story(shop, monkeypatch, point, edit) == "succeeded"
    assert edit.code == "invalid"
    assert (_taken(shop), read_balance(shop.fresh()).due.minor) == ([DUE], 0)


@pytest.mark.parametrize("minor", [DUE, 40_000], ids=["all", "part"])
@pytest.mark.parametrize("point", POINTS)
def test_a_payment_by_hand_while_the_customer_pays(shop: CardShop, monkeypatch: Patch, point: str, minor: int) -> None:
    """E6: the card's object is cancelled first and cannot be charged, or the cash is refused as news: never both."""
    cash = Told(lambda: str(make_payment(shop.fresh(), minor)) and None)
    became = _story(shop, monkeypatch, point, cash)
    _come_to_rest(shop)
    balance = read_balance(shop.fresh())
    if point in BEFORE_THE_CHARGE:
        assert (cash.code, _taken(shop), balance.settled.minor) == ("", [], minor), became
        assert {one.status for one in shop.stripe.v1.payment_intents.list().data} <= {"canceled"}
    else:
        assert (cash.code, _taken(shop), balance.settled.minor) == ("payment_in_progress", [DUE], DUE)
        assert became == "succeeded"
    assert not Event.objects.filter(kind="payment_surplus").exists()


def test_a_tab_with_a_stale_secret_cannot_charge(shop: CardShop) -> None:
    """E2: the balance changed between two tabs, and the first comes back from the browser's cache: one object only can
    be confirmed, the new one.
    """
    stale = shop.begin("tab-one")
    _edit(shop, 90_000)
    fresh = shop.begin("tab-two")
    assert fresh.attempt.reference != stale.attempt.reference
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError) as refusal:
            shop.confirm(stale.attempt.reference)
        assert refusal.value.code == "payment_intent_unexpected_state"
    statuses = [one.status for one in shop.stripe.v1.payment_intents.list().data]
    assert sorted(statuses) == ["canceled", "requires_payment_method"]
    with pytest.raises(Refused, match="balance changed"):
        shop.begin("tab-one", shown=stale.attempt.amount)
    shop.confirm(fresh.attempt.reference)
    assert check_attempt(fresh.attempt, by=CUSTOMER).state == "succeeded"
    assert check_attempt(stale.attempt, by=CUSTOMER).state == "cancelled"
    assert (_taken(shop), read_balance(shop.fresh()).due.minor) == ([90_000], 0)


def test_a_tab_with_a_secret_of_the_same_balance_pays_the_same_object(shop: CardShop) -> None:
    """E2: one confirmable object however many tabs; after one has paid, no other can."""
    tabs = [shop.begin(f"tab-{n}") for n in range(4)]
    assert len({begun.client_secret for begun in tabs}) == 1
    assert shop.confirm(tabs[0].attempt.reference) == "succeeded"
    with pytest.raises(stripe.InvalidRequestError):
        shop.confirm(tabs[3].attempt.reference)
    assert {check_attempt(begun.attempt, by=CUSTOMER).state for begun in tabs} == {"succeeded"}
    assert _taken(shop) == [DUE]
