"""Load the sample shop: orders, payments and requests made by the same verbs as real ones.

Without a processor nothing is requested: the orders are there, and no mail leaves.
"""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from balancedue.models import Account, Order, User
from balancedue.processors.demo_keys import fresh_test_keys
from balancedue.rules.errors import Refused
from balancedue.rules.gate import OWNER
from balancedue.rules.money import Money
from balancedue.rules.samples import SHOP, SampleOrder, sample_orders

from .add_note import add_note
from .add_payment import add_payment
from .archive_account import archive_account
from .ask_gate import read_processors
from .cancel_order import cancel_order
from .change_account import change_account
from .change_order import change_order
from .check_connection import check_connection, set_up_hook
from .connect_processor import connect_processor
from .create_account import create_account
from .deliver import deliver_next
from .note_opening import note_opening
from .order_lines import NewLine, OrderDraft
from .place_order import place_order
from .request_payment import RequestDraft, request_payment
from .save_contact import save_contact
from .withdraw_request import send_now

SAMPLE_SLUG = "sample-"
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"

_log = logging.getLogger(__name__)


def make_sample_account(
    *, slug: str, owner_email: str, password: str, reserved: frozenset[str], keys: Mapping[str, str]
) -> User:
    """The shop with its owner and, where a sandbox's `keys` are given, the test processor connected and checked."""
    account, owner = create_account(
        slug=slug,
        name=SHOP["name"],
        owner_email=owner_email,
        owner_name=SHOP["owner_name"],
        password=password,
        reserved=reserved,
        currency="USD",
        country="US",
        time_zone=SHOP["time_zone"],
    )
    _furnish(account, keys)
    return owner


def load_samples_for(*, user: User, reserved: frozenset[str]) -> Account:
    """Sample data in an account of its own for a person who is signed in; theirs, where they have one already.

    The test processor is connected in the demo only: anywhere else letters to made-up addresses would really leave.
    Raises Refused `not_loaded`, and then nothing is to be seen of it.
    """
    slug = f"{SAMPLE_SLUG}{''.join(secrets.choice(_LETTERS) for _ in range(6))}"
    mine = Account.objects.filter(
        memberships__user=user, memberships__role=OWNER, is_sample=True, archived_at=None, slug__startswith=SAMPLE_SLUG
    )
    if there := mine.first():
        return there
    account, _ = create_account(
        slug=slug, name="Sample data", owner_email=user.email, reserved=reserved, time_zone=SHOP["time_zone"]
    )
    try:
        _furnish(account, fresh_test_keys(settings.SANDBOX_URL) if settings.DEMO and settings.SANDBOX_URL else {})
        load_sample_orders(owner=user, account=account)
    except Exception as error:  # whatever it was: half a shop is put away, and the person may try again
        _log.exception("the sample orders of %s could not be loaded", account.public_id)
        Account.objects.filter(pk=account.pk).update(is_sample=True)
        account.is_sample = True
        archive_account(account=account)
        raise Refused("not_loaded", "Could not load the sample orders. Nothing was added.") from error
    account.refresh_from_db()
    return account


def _furnish(account: Account, keys: Mapping[str, str]) -> None:
    change_account(account=account, **SHOP["facts"])
    Account.objects.filter(pk=account.pk).update(is_sample=True, next_order_number=2041)
    if keys:
        connection = connect_processor(account=account, kind="sandbox", credentials=keys)
        check_connection(connection=set_up_hook(connection=connection))


def load_sample_orders(*, owner: User, account: Account) -> list[Order]:
    """The sample orders, each brought into its state by ordinary verbs."""
    can_request = read_processors(account).for_requests is not None
    return [_load(owner, account, sample, timezone.now(), can_request) for sample in sample_orders()]


def _load(owner: User, account: Account, sample: SampleOrder, now: datetime, can_request: bool) -> Order:
    contact = save_contact(account=account, **sample.contact)
    placed_at = now - timedelta(days=sample.days_ago)
    draft = OrderDraft(
        currency=sample.currency,
        prices_include_tax=False,
        contact=contact,
        lines=[_line(*line) for line in sample.lines],
        discount_minor=sample.discount_minor,
        shipping_minor=sample.shipping_minor,
        due_date=_day(placed_at, account) + timedelta(days=sample.due_in_days) if sample.due_in_days else None,
        po_number=sample.po_number,
    )
    order = place_order(account=account, draft=draft, by=owner.actor, placed_at=placed_at)
    for payment in sample.payments:
        minor = payment.minor or order.due_minor
        add_payment(
            order=order,
            amount=Money(minor, order.currency),
            method=payment.method,
            received_on=_day(now - timedelta(days=payment.days_ago), account),
            reference=payment.reference,
            by=owner.actor,
        )
    if sample.note:
        add_note(order=order, text=sample.note, by=owner)
    _bring_to_state(owner, order, draft, sample, can_request)
    return order


def _bring_to_state(owner: User, order: Order, draft: OrderDraft, sample: SampleOrder, can_request: bool) -> None:
    order.refresh_from_db()
    if can_request and sample.state in ("requested", "opened", "changed"):
        to = [draft.contact.email] if draft.contact else []
        notify = [owner.email] if sample.state == "opened" else None
        request = request_payment(
            order=order, draft=RequestDraft(to=to, message=sample.message, notify=notify), by=owner, role="owner"
        )
        send_now(request=request)
        while deliver_next(of=order):
            pass  # what comes next in this order's life comes after its letter
        if sample.state == "opened":
            note_opening(request=request)
    if sample.state == "changed":
        rush = NewLine("Rush fee, two days", Decimal(1), 15000)
        change_order(order=order, draft=replace(draft, lines=[*draft.lines, rush]), by=owner.actor)
    if sample.state == "cancelled":
        cancel_order(order=order, by=owner.actor)


def _line(description: str, detail: str, quantity: str, price_minor: int, rate: str = "0") -> NewLine:
    return NewLine(description, Decimal(quantity), price_minor, detail=detail, tax_rate=Decimal(rate))


def _day(moment: datetime, account: Account) -> date:
    return moment.astimezone(account.zone).date()
