"""Paid on the processor's own page: what is asked for, what a Checkout Session comes to, and the stand-in's own."""

import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from balancedue.processors import registry
from balancedue.processors.base import Charge, Kind, Outcome, Processor
from balancedue.processors.stripe.hosted import read_session
from balancedue.rules.money import Money
from tests.processors.loopback import Loopback, answer, error, loopback
from tests.processors.objects import charge, fixture, intent, paid_intent, processor
from tests.servers import Sandbox, start_sandbox

BACK = "https://pay.shop.example/i/back/att_1/"
DECLINE = {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "charge": "ch_9"}


def session(**changes: Any) -> dict[str, Any]:
    """A Checkout Session that waits for its payer."""
    plain = {"payment_intent": None, "amount_total": 1099, "currency": "usd", "metadata": {"attempt": "att_1"}}
    return fixture("checkout.session", **plain | changes)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


def test_what_a_session_is_asked_for_and_what_it_does_not_carry(server: Loopback) -> None:
    """C2, I3, requirements.md 3.16: one line of the exact sum; our key; opaque ids only; the receipt is ours."""
    server.will(answer(200, session()))
    ours = processor(server.origin)
    ours.start(charge(return_url=BACK, statement_suffix="INV-2047", payer_email="dana@riverside-hs.example"))
    [sent] = server.asked
    assert sent.headers["idempotency-key"] == charge().key
    ids = {"[attempt]": "att_1", "[order]": "ord_1", "[account]": "acc_1"}
    assert dict(sent.pairs) == {
        "mode": "payment",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "1099",
        "line_items[0][price_data][product_data][name]": "Invoice INV-2047",
        "client_reference_id": "att_1",
        **{f"metadata{name}": id for name, id in ids.items()},
        **{f"payment_intent_data[metadata]{name}": id for name, id in ids.items()},
        "payment_intent_data[description]": "Invoice INV-2047",
        "payment_intent_data[statement_descriptor_suffix]": "INV-2047",
        "customer_email": "dana@riverside-hs.example",
        "success_url": BACK,
        "cancel_url": BACK,
        "expand[0]": "payment_intent.latest_charge",
    }


def test_asked_twice_it_says_the_same_twice(server: Loopback) -> None:
    """C2: a key that comes again with other parameters is refused there."""
    server.will(answer(200, session()))
    for _ in range(2):
        processor(server.origin).start(charge(return_url=BACK))
    first, second = server.asked
    assert first.body == second.body
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


@pytest.mark.parametrize("email", ["", "é@x.example", "dana@localhost", "a b@x.example", '"dana w"@x.example'])
def test_an_address_they_might_refuse_is_typed_there_instead(server: Loopback, email: str) -> None:
    """Nobody is kept from paying by an address for a receipt."""
    server.will(answer(200, session()))
    processor(server.origin).start(charge(return_url=BACK, payer_email=email))
    assert "customer_email" not in dict(server.asked[0].pairs)


def test_a_session_is_looked_up_found_and_ended(server: Loopback) -> None:
    """C3: each by its own request; the search reads on until it is found."""
    page = {"object": "list", "url": "/v1/checkout/sessions", "has_more": True, "data": [session(metadata={})]}
    mine = session(id="cs_test_mine")
    server.will(
        answer(200, session()),
        answer(200, page),
        answer(200, {**page, "has_more": False, "data": [mine]}),
        answer(200, mine),
        answer(200, session(status="expired", url=None)),
    )
    ours = processor(server.origin)
    ours.look_up("cs_test_1")
    found = ours.find("att_1", since=datetime(2026, 1, 2, tzinfo=UTC), hosted=True)
    assert (found.kind, found.reference) == (Kind.NEEDS_CUSTOMER, "cs_test_mine")
    assert ours.cancel("cs_test_1").kind is Kind.CANCELLED
    assert [(one.method, one.path) for one in server.asked] == [
        ("GET", "/v1/checkout/sessions/cs_test_1"),
        ("GET", "/v1/checkout/sessions"),
        ("GET", "/v1/checkout/sessions"),
        ("GET", "/v1/checkout/sessions/cs_test_mine"),
        ("POST", "/v1/checkout/sessions/cs_test_1/expire"),
    ]


def test_too_late_to_expire_is_told_as_what_it_is(server: Loopback) -> None:
    """Design rule 7: the truth, not an error."""
    paid = session(status="complete", payment_status="paid", url=None, payment_intent=paid_intent())
    server.will(error(400, message="Only Checkout Sessions with a status of open can be expired."), answer(200, paid))
    assert processor(server.origin).cancel("cs_test_1").kind is Kind.PAID


def test_an_unreachable_stripe_leaves_a_session_in_doubt(server: Loopback) -> None:
    """N14."""
    server.will(answer(503, {}))
    for outcome in (processor(server.origin).cancel("cs_1"), processor(server.origin).start(charge(return_url=BACK))):
        assert outcome.kind is Kind.UNKNOWN


def test_an_open_session_leads_to_stripes_page() -> None:
    """Nothing of the money yet: the page to go to, the sum it asks for, and no secret for our own page."""
    outcome = read_session(session())
    assert (outcome.kind, outcome.amount, outcome.attempt_id) == (Kind.NEEDS_CUSTOMER, Money(1099, "USD"), "att_1")
    assert outcome.reference.startswith("cs_")
    assert outcome.money_reference == outcome.client_secret == ""
    assert outcome.go_to.startswith("https://checkout.stripe.com/")
    assert outcome.go_to not in repr(outcome)


def test_a_paid_session_names_the_payment_that_holds_the_money() -> None:
    """N3: what was received, by the intent; refunds name it and not the session."""
    money = paid_intent(metadata={"attempt": "att_1"})
    outcome = read_session(session(status="complete", payment_status="paid", url=None, payment_intent=money))
    assert (outcome.kind, outcome.received, outcome.card) == (Kind.PAID, Money(1099, "USD"), "Visa ending 4242")
    assert (outcome.reference[:3], outcome.money_reference) == ("cs_", money["id"])
    assert outcome.go_to == ""


@pytest.mark.parametrize(
    ("status", "payment_status", "behind", "kind"),
    [
        ("open", "unpaid", intent(status="requires_payment_method"), Kind.NEEDS_CUSTOMER),
        ("open", "unpaid", intent(status="requires_action"), Kind.NEEDS_CUSTOMER),
        ("open", "unpaid", intent(status="canceled"), Kind.NEEDS_CUSTOMER),
        ("open", "unpaid", intent(status="processing"), Kind.PENDING),
        ("open", "unpaid", paid_intent(), Kind.PAID),
        ("complete", "unpaid", intent(status="processing"), Kind.PENDING),
        ("complete", "unpaid", intent(status="requires_action"), Kind.PENDING),
        ("complete", "unpaid", "pi_1", Kind.PENDING),
        ("complete", "unpaid", intent(status="canceled"), Kind.CANCELLED),
        ("complete", "paid", paid_intent(), Kind.PAID),
        ("complete", "paid", "pi_1", Kind.UNKNOWN),
        ("expired", "unpaid", None, Kind.CANCELLED),
        ("expired", "unpaid", intent(status="canceled"), Kind.CANCELLED),
        ("expired", "unpaid", intent(last_payment_error=DECLINE), Kind.CANCELLED),
        ("expired", "unpaid", paid_intent(), Kind.PAID),
        ("expired", "unpaid", intent(status="processing"), Kind.PENDING),
        ("wandering", "unpaid", None, Kind.UNKNOWN),
        ("open", "unpaid", intent(status="wandering"), Kind.UNKNOWN),
    ],
)
def test_every_state_of_a_session_has_its_kind(status: str, payment_status: str, behind: object, kind: Kind) -> None:
    """N14: the money counts for more than the page it was paid on."""
    outcome = read_session(session(status=status, payment_status=payment_status, payment_intent=behind))
    assert (outcome.kind, outcome.reference[:3]) == (kind, "cs_")


def test_a_decline_on_stripes_page_can_be_tried_again_there() -> None:
    """K1: it is counted and told like any other; the same page stays open."""
    declined = read_session(session(payment_intent=intent(last_payment_error=DECLINE)))
    assert (declined.kind, declined.retryable, declined.code) == (Kind.DECLINED, True, "insufficient_funds")
    assert (declined.try_reference, bool(declined.go_to)) == ("ch_9", True)


def test_a_slow_payment_that_fails_cannot_be_tried_again_there() -> None:
    """The page is over: a new attempt is."""
    failed = intent(last_payment_error=DECLINE)
    outcome = read_session(session(status="complete", payment_intent=failed, url=None))
    assert (outcome.kind, outcome.retryable, outcome.go_to) == (Kind.DECLINED, False, "")


def test_a_session_that_asked_for_nothing_is_for_a_person() -> None:
    """N3: `settle` puts aside what received nothing."""
    outcome = read_session(session(status="complete", payment_status="no_payment_required", url=None))
    assert (outcome.kind, outcome.received) == (Kind.PAID, Money(0, "USD"))


@pytest.mark.parametrize(
    "thing",
    [
        None,
        [],
        {},
        session(id=None),
        session(amount_total=None),
        session(amount_total=10.99),
        session(currency="zzz"),
        session(url=None),
        session(status=None),
        session(payment_intent=intent(amount="1099")),
        fixture("checkout.session"),
    ],
)
def test_what_cannot_be_read_is_unknown(thing: object) -> None:
    """N14, N5. Stripe's own fixture names no sum."""
    outcome = read_session(thing)
    assert outcome.kind is Kind.UNKNOWN
    assert outcome.detail


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(session())), _json, max_size=4))
def test_no_object_makes_it_raise(changes: dict[str, object]) -> None:
    """N14."""
    assert isinstance(read_session(session(**changes)).kind, Kind)


# The stand-in ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    running = start_sandbox(Path(tmp_path_factory.mktemp("sandbox")), "http://localhost:1")
    yield running
    running.stop()


@pytest.fixture
def connection(sandbox: Sandbox) -> Processor:
    keys = {"secret_key": sandbox.secret_key, "publishable_key": sandbox.publishable_key}
    return registry.maker("sandbox").open({**keys, "api_base": sandbox.url})


@pytest.fixture
def client(sandbox: Sandbox) -> stripe.StripeClient:
    return stripe.StripeClient(sandbox.secret_key, base_addresses={"api": sandbox.url}, max_network_retries=0)


def _new(minor: int = 1099, currency: str = "USD") -> Charge:
    attempt = f"att_{uuid4().hex}"
    back = f"http://localhost:1/i/back/{attempt}/"
    return charge(minor, currency, attempt_id=attempt, key=f"acc_1:ord_1:1:{attempt}:start", return_url=back)


def _pay(client: stripe.StripeClient, started: Outcome, card: str = "pm_card_visa") -> None:
    """What the payer does on the page: it makes its intent when Pay is pressed, then confirms it."""
    begin = urllib.request.Request(started.go_to, b"", method="POST")
    urllib.request.urlopen(begin, timeout=10).close()
    made = client.v1.checkout.sessions.retrieve(started.reference)
    back = urllib.parse.urljoin(started.go_to, "/done")
    try:
        client.v1.payment_intents.confirm(str(made.payment_intent), {"payment_method": card, "return_url": back})
    except stripe.CardError:
        assert "eclined" in card


def test_a_payment_from_start_to_success(client: stripe.StripeClient, connection: Processor) -> None:
    """One session per key, found again by our id; paid, its money named, refundable by that name."""
    asked = _new()
    started, again = connection.start(asked), connection.start(asked)
    assert (started.kind, started.amount, started.livemode) == (Kind.NEEDS_CUSTOMER, asked.amount, False)
    assert (again.reference, again.go_to) == (started.reference, started.go_to)
    assert connection.find(asked.attempt_id, since=datetime.now(UTC), hosted=True).reference == started.reference
    assert connection.find(asked.attempt_id, since=datetime.now(UTC)).code == "not_found"
    _pay(client, started)
    paid = connection.look_up(started.reference)
    assert (paid.kind, paid.received, paid.reference) == (Kind.PAID, asked.amount, started.reference)
    assert paid.attempt_id == asked.attempt_id
    refund = connection.refund(paid.money_reference, Money(500, "USD"), uuid4().hex)
    assert refund.kind is Kind.PAID
    assert connection.cancel(started.reference).kind is Kind.PAID


def test_declined_then_paid(client: stripe.StripeClient, connection: Processor) -> None:
    """N4: the same page, the same object."""
    started = connection.start(_new())
    _pay(client, started, "pm_card_visa_chargeDeclinedInsufficientFunds")
    declined = connection.look_up(started.reference)
    assert (declined.kind, declined.code, declined.go_to) == (Kind.DECLINED, "insufficient_funds", started.go_to)
    _pay(client, started)
    assert connection.look_up(started.reference).kind is Kind.PAID


def test_an_ended_page_takes_nothing(client: stripe.StripeClient, connection: Processor) -> None:
    """C11: ended in the middle of 3-D Secure; ended twice is ended."""
    started = connection.start(_new())
    _pay(client, started, "pm_card_authenticationRequired")
    assert connection.look_up(started.reference).needs_action
    assert [connection.cancel(started.reference).kind for _ in range(2)] == [Kind.CANCELLED] * 2


def test_a_slow_payment_cannot_be_stopped_any_more(client: stripe.StripeClient, connection: Processor) -> None:
    """N6: submitted is not paid."""
    started = connection.start(_new())
    _pay(client, started, "pm_card_sandboxPending")
    assert connection.look_up(started.reference).kind is Kind.PENDING
    assert connection.cancel(started.reference).kind in (Kind.PENDING, Kind.PAID)


@pytest.mark.parametrize(("minor", "currency", "code"), [(49, "USD", "below_minimum"), (500, "UZS", "below_minimum")])
def test_refusals_have_our_codes(connection: Processor, minor: int, currency: str, code: str) -> None:
    """F1, F4."""
    outcome = connection.start(_new(minor, currency))
    assert outcome.kind is Kind.REFUSED
    assert outcome.code in (code, "currency_not_supported")
