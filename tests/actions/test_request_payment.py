"""Request Payment: who may, what is written, and what becomes of the one before."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.create_account import create_api_key
from balancedue.models import Contact, Delivery, Membership, PaymentRequest, ProcessorConnection
from balancedue.rules.errors import Invalid
from balancedue.rules.ids import is_token, token_hash
from balancedue.rules.money import Money
from tests.actions.desk import DANA, Desk
from tests.makers import make_attempt, make_connection, make_order, make_payment, make_user


def test_the_order_keeps_the_request(desk: Desk) -> None:
    """M5, S11-S20: who, when, to whom, CC, message, amount at sending, notify list."""
    request = desk.request(
        cc="Coach <coach@riverside-hs.example>, board@riverside-hs.example", message="Hi Dana,\r\n\r\nthe rest. ",
        notify=["ann@foxgloveprint.example"],
    )  # fmt: skip
    assert (request.to, request.cc) == ([DANA], ["coach@riverside-hs.example", "board@riverside-hs.example"])
    assert (request.message, request.notify) == ("Hi Dana,\n\nthe rest.", ["ann@foxgloveprint.example"])
    assert (request.amount_at_sending, request.version_at_sending) == (Money(110_528, "USD"), 1)
    assert (request.sent_by, request.status) == (desk.owner, "holding")
    told = desk.order.events.get(kind="payment_requested")
    assert (told.by, told.data) == (
        str(desk.owner.actor), {"request": request.public_id, "amount_minor": 110_528, "recipients": 3},
    )  # fmt: skip


def test_each_person_gets_a_copy_of_their_own(desk: Desk) -> None:
    """S12-S13, S21, H1: one delivery per address, in the same transaction, with one Message-ID."""
    request = desk.request(to=[DANA, "boss@riverside-hs.example"], cc=["coach@riverside-hs.example"])
    rows = list(request.deliveries.all())
    assert [row.to for row in rows] == [DANA, "boss@riverside-hs.example", "coach@riverside-hs.example"]
    assert {(row.kind, row.status) for row in rows} == {("payment_request", "waiting")}
    assert len({row.message_id for row in rows}) == 1
    assert desk.account.name not in rows[0].message_id


def test_an_address_gets_one_copy_however_often_it_is_named(desk: Desk) -> None:
    """Requirements.md 3.44: To and CC together, whatever the capitals."""
    request = desk.request(to=f"{DANA}, {DANA.upper()}", cc="DANA@riverside-hs.example ; coach@riverside-hs.example")
    assert (request.to, request.cc) == ([DANA], ["coach@riverside-hs.example"])
    assert request.deliveries.count() == 2


def test_the_letter_waits_out_the_undo_time(desk: Desk, settings: Any) -> None:
    """Requirements.md 2.12."""
    settings.SEND_HOLD_SECONDS = 10
    request = desk.request()
    assert request.hold_until - request.created_at == timedelta(seconds=10)
    assert request.deliveries.get().next_try_at == request.hold_until


def test_the_link_is_kept_as_a_hash_and_a_sealed_copy(desk: Desk) -> None:
    """I1, M4: the row holds no working link."""
    request = desk.request()
    token = PaymentRequest.objects.get(pk=request.pk).token
    assert is_token(token)
    assert request.token_hash == token_hash(token)
    assert token not in request.token_sealed
    assert desk.request().token != token


def test_every_bad_address_is_named_and_nothing_is_sent(desk: Desk) -> None:
    """M8, S16-S18: To, CC, notify and message are all answered at once."""
    refusal = desk.refusal(to="", cc="coach(at)riverside", notify="", message="x" * 2_001)
    assert isinstance(refusal, Invalid)
    assert set(refusal.problems) == {"to", "cc", "notify", "message"}
    assert "2,001" in refusal.problems["message"]
    assert not PaymentRequest.objects.exists()
    assert not Delivery.objects.exists()


def test_one_bad_address_does_not_drop_the_good_ones_silently(desk: Desk) -> None:
    """M8."""
    refusal = desk.refusal(cc="coach@riverside-hs.example, not-an-address")
    assert refusal.field == "cc"
    assert "not-an-address" in refusal.sentence


@pytest.mark.parametrize(("field", "most"), [("to", 5), ("cc", 10), ("notify", 5)])
def test_there_are_limits(desk: Desk, field: str, most: int) -> None:
    """Requirements.md 2.2: at most so many people."""
    people = [f"p{number}@riverside-hs.example" for number in range(most + 1)]
    assert desk.refusal(**{field: people}).field == field
    assert desk.request(**{field: people[:most]}).status == "holding"


def test_a_message_cannot_reach_into_the_headers(desk: Desk) -> None:
    """Requirements.md 3.37."""
    refusal = desk.refusal(to="dana@riverside-hs.example\r\nBcc: all@riverside-hs.example, x")
    assert refusal.field == "to"


def test_without_a_processor_nothing_is_sent(desk: Desk) -> None:
    """S4: the owner is told the fix, others whom to ask."""
    ProcessorConnection.objects.all().delete()
    assert desk.refusal(role="owner").code == "no_processor"
    assert "Connect a card processor" in desk.refusal(role="owner").sentence
    assert f"Ask {desk.owner}" in desk.refusal(role="staff").sentence


def test_paypal_express_alone_cannot_request(desk: Desk) -> None:
    """S6, S7, S8: the advice; Stripe beside it opens the gate."""
    ProcessorConnection.objects.all().delete()
    make_connection(desk.account, kind="paypal_express")
    refusal = desk.refusal()
    assert refusal.code == "processor_not_compatible"
    assert "Add Stripe" in refusal.sentence
    make_connection(desk.account)
    assert desk.request().status == "holding"


@pytest.mark.parametrize("facts", [{"is_enabled": False}, {"removed_at": timezone.now(), "is_default": False}])
def test_a_processor_that_is_off_counts_for_nothing(desk: Desk, facts: dict[str, object]) -> None:
    """S3, S4."""
    ProcessorConnection.objects.update(**facts)
    assert desk.refusal().code == "no_processor"


def test_a_processor_that_rejects_our_key_is_told_to_staff(desk: Desk) -> None:
    """Requirements.md 3.28, ux.md 3.3."""
    ProcessorConnection.objects.update(broken_at=timezone.now())
    assert desk.refusal().code == "processor_broken"


def test_with_nothing_due_the_server_refuses_too(desk: Desk) -> None:
    """S5, S34, requirements.md 2.7: credit says how much."""
    make_payment(desk.order, 110_528)
    assert desk.refusal().code == "nothing_due"
    make_payment(desk.order, 1_000)
    refusal = desk.refusal()
    assert (refusal.code, "$10.00" in refusal.sentence) == ("nothing_due", True)


def test_an_order_of_nothing_has_nothing_to_ask_for(desk: Desk) -> None:
    """Requirements.md 3.7, 3.8."""
    desk.order = make_order(desk.account, total_minor=0)
    assert desk.refusal().code == "nothing_due"


def test_a_cancelled_order_asks_for_nothing(desk: Desk) -> None:
    """M7."""
    cancel_order(order=desk.order, by=desk.owner.actor)
    assert desk.refusal().code == "order_cancelled"


@pytest.mark.parametrize(("state", "facts"), [("pending", {}), ("unknown", {}), ("waiting", {"needs_action": True})])
def test_money_on_its_way_holds_a_request_up(desk: Desk, state: str, facts: dict[str, object]) -> None:
    """Requirements.md 3.42: nobody is asked for what may be in already."""
    make_attempt(desk.order, state=state, next_check_at=timezone.now(), **facts)
    assert desk.refusal().code == "payment_in_progress"


def test_an_open_card_form_holds_nothing_up(desk: Desk) -> None:
    """Requirements.md 3.24: somebody looked at the card form and left."""
    make_attempt(desk.order, state="waiting", next_check_at=timezone.now())
    assert desk.request().status == "holding"


def test_less_than_a_card_can_be_charged_is_refused(desk: Desk) -> None:
    """Requirements.md 3.5."""
    make_payment(desk.order, 110_528 - 49)
    refusal = desk.refusal()
    assert refusal.code == "below_minimum"
    assert "Add a payment instead" in refusal.sentence


def test_a_currency_the_processor_does_not_take_is_refused(desk: Desk) -> None:
    """F1."""
    desk.order = make_order(desk.account, currency="UGX")
    assert desk.refusal().code == "currency_not_supported"


@pytest.mark.parametrize(
    ("currency", "minor", "code", "words"),
    [
        ("USD", 100_000_000, "above_maximum", "$1,000,000.00 is more than a card can be charged at once"),
        ("KWD", 5_124, "amount_not_chargeable", "to the last unit"),
        ("ISK", 10**7, "above_maximum", "more than a card can be charged"),
    ],
)
def test_what_a_card_cannot_be_charged_is_refused(desk: Desk, currency: str, minor: int, code: str, words: str) -> None:
    """F1, F4: eight digits at the processor, and only what its wire can carry; nobody is asked to pay it by card."""
    desk.order = make_order(desk.account, currency=currency, total_minor=minor)
    refusal = desk.refusal()
    assert refusal.code == code
    assert words in refusal.sentence
    assert "Add a payment" in refusal.sentence
    make_payment(desk.fresh(), minor - 5_000)
    assert desk.request().status == "holding"


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("staff", True), ("manager", True), ("owner", True)])
def test_who_may_request(desk: Desk, role: str, may: bool) -> None:
    """Requirements.md 2.10."""
    if may:
        assert desk.request(role=role).status == "holding"
    else:
        assert desk.refusal(role=role).code == "not_allowed"
        assert not PaymentRequest.objects.exists()


def test_a_balance_that_changed_under_the_window_stops_it(desk: Desk) -> None:
    """Requirements.md 2.3, E5: nothing is sent for a figure the person did not see."""
    make_payment(desk.order, 10_000)
    refusal = desk.refusal(shown=Money(110_528, "USD"))
    assert (refusal.code, refusal.facts["was"], refusal.facts["now"]) == (
        "balance_changed", Money(110_528, "USD"), Money(100_528, "USD"),
    )  # fmt: skip
    assert desk.request(shown=Money(100_528, "USD")).amount_at_sending_minor == 100_528


def test_a_second_request_takes_the_place_of_the_first(desk: Desk, settings: Any) -> None:
    """Requirements.md 2.4: one live link; what has not left does not leave."""
    settings.SEND_HOLD_SECONDS = 10
    first = desk.request()
    second = desk.request()
    first.refresh_from_db()
    assert (first.status, second.status) == ("superseded", "holding")
    assert first.superseded_at is not None
    assert [row.status for row in first.deliveries.all()] == ["dropped"]
    assert desk.events("request_superseded") == ["request_superseded"]


def test_another_persons_request_of_a_moment_ago_is_news(desk: Desk) -> None:
    """Ux.md 3.4: say so, and send only when told to."""
    first = desk.request()
    colleague = make_user(desk.account, role="staff", name="Ben")
    refusal = desk.refusal(by=colleague)
    assert (refusal.code, refusal.facts["request"]) == ("just_requested", first.public_id)
    assert refusal.sentence.startswith("Priya sent a request 1 minute ago")
    assert desk.request(by=colleague, even_if_just_sent=True).status == "holding"


def test_an_hour_old_request_is_no_news(desk: Desk) -> None:
    """Ux.md 3.4."""
    first = desk.request()
    PaymentRequest.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(hours=1))
    assert desk.request(by=make_user(desk.account, name="Ben")).status == "holding"


def test_the_same_form_sent_twice_makes_one_request(desk: Desk) -> None:
    """S20, M3: a double click."""
    first = desk.request(form_key="form-1")
    assert desk.request(form_key="form-1").pk == first.pk
    assert (PaymentRequest.objects.count(), Delivery.objects.count()) == (1, 1)
    assert PaymentRequest.objects.get().status == "holding"


def test_the_box_is_remembered_as_the_person_left_it(desk: Desk) -> None:
    """S15, requirements.md 2.5: each person's own last choice."""
    colleague = make_user(desk.account, name="Ben")
    desk.request(notify=[desk.owner.email])
    desk.request(by=colleague, even_if_just_sent=True)
    chosen = dict(Membership.objects.values_list("user__name", "notify_on_payment"))
    assert chosen == {"Priya": True, "Ben": False}
    desk.request(even_if_just_sent=True)
    assert not Membership.objects.get(user=desk.owner).notify_on_payment


def test_unticked_nobody_is_notified(desk: Desk) -> None:
    """S19."""
    assert desk.request(notify=None).notify == []


def test_an_address_can_be_saved_to_a_contact_without_one(desk: Desk) -> None:
    """Requirements.md 2.2; an address that is there is never overwritten."""
    contact = desk.order.contact
    assert contact is not None
    desk.request(to="new@riverside-hs.example", save_to_contact=True)
    assert Contact.objects.get(pk=contact.pk).email == DANA
    Contact.objects.update(email="")
    desk.request(to="new@riverside-hs.example", save_to_contact=True)
    assert Contact.objects.get(pk=contact.pk).email == "new@riverside-hs.example"


def test_an_order_without_a_contact_gets_one(desk: Desk) -> None:
    """Requirements.md 2.2."""
    desk.order = make_order(desk.account, no_contact=True)
    desk.request(to=DANA)
    assert desk.fresh().contact is None
    desk.request(to=DANA, save_to_contact=True)
    contact = desk.fresh().contact
    assert contact is not None
    assert (contact.email, contact.account_id) == (DANA, desk.account.pk)


def test_a_program_may_request_with_its_key(desk: Desk) -> None:
    """N13: the timeline says which key; it is nobody's box."""
    key, _ = create_api_key(account=desk.account, name="Shop system")
    request = desk.request(by=key)  # type: ignore[arg-type]
    assert (request.sent_by, request.sent_by_key) == (None, key)
    assert desk.order.events.get(kind="payment_requested").by == f"api_key:{key.public_id}"
    assert desk.refusal().sentence.startswith("A program sent a request")


def test_the_timeline_holds_no_names_and_no_addresses(desk: Desk) -> None:
    """L6, N13: ids, amounts and codes only, so that people can be forgotten."""
    desk.request(message="Hi Dana", cc="coach@riverside-hs.example", notify=[desk.owner.email])
    make_payment(desk.order, 5_000, reference="4471", note="Dana came by")
    told = " ".join(f"{event.by} {event.data}" for event in desk.order.events.all())
    assert not any(word in told for word in ("@", "Dana", "coach", "4471"))
