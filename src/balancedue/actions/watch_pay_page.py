"""Watch the payment page: receive it every hour as a customer would, and compare it with what it must be (R19).

Looking changes nothing: it is a GET, and does not count as opened.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.urls import reverse
from django.utils import timezone

from balancedue.models import Account, PageWatch, PaymentRequest, ProcessorConnection, read_standing
from balancedue.models.sealing import CannotUnseal
from balancedue.rules import pay_page_scripts
from balancedue.rules.errors import Refused
from balancedue.rules.pay_page_scripts import Inventory
from balancedue.rules.pay_page_watch import OK, Received, differences, own_scripts, script_difference
from balancedue.rules.states import OPENED, SENT
from balancedue.transports.web_page import Browser, NotReceived, browser

from .ask_gate import pay_gate, read_processors
from .claim import claim_next
from .open_processor import is_hosted, open_processor
from .raise_alarm import clear_alarm, raise_alarm
from .watch_cards import refuse_to_pay

EVERY = timedelta(hours=1)
AGAIN = timedelta(minutes=10)  # after a miss, and where nothing can be paid so far
MOST_MISSES = 3  # in a row, before the owners are told
MOST_SAID = 5  # differences in one alarm
MOST_PASSED_OVER = 20
CANDIDATES = 20  # requests that are looked through for one that can be paid


def watch_next_page() -> bool:
    """Look at one account's payment page that is due. Answers whether one was received.

    Accounts where nothing can be paid are passed over. A page out of reach ends the turn, so that it holds nobody up.
    """
    _begin_to_watch()
    for _ in range(MOST_PASSED_OVER):
        _, watch = claim_next(PageWatch.objects.filter(account__archived_at=None).select_related("account"))
        if watch is None:
            return False
        now = timezone.now()
        try:
            found = look_at_page(watch.account)
        except NotReceived as miss:
            _missed(watch, str(miss), now)
            return False
        if found is not None:
            _seen(watch, found, now)
            return True
        _plan(watch, next_check_at=now + AGAIN)
    return False


def _begin_to_watch() -> None:
    shops = Account.objects.filter(archived_at=None, connections__is_enabled=True, connections__removed_at=None)
    new = shops.filter(page_watch=None).first()
    if new is not None:
        PageWatch.objects.get_or_create(account=new, defaults={"next_check_at": timezone.now()})


def look_at_page(account: Account) -> list[str] | None:
    """What differs on the account's payment page, in words; empty when all is as it must be.

    None when nothing can be paid there now. Raises NotReceived.
    """
    payable = next(_payable(account), None)
    if payable is None:
        return None
    with browser() as outside:
        found = list(dict.fromkeys(_look(outside, payable)))
    return None if found and not _still(payable) else found  # paid or withdrawn meanwhile: another page, and rightly


@dataclass(frozen=True, slots=True)
class _Payable:
    """A request whose page shows the way to pay now."""

    request: PaymentRequest
    connection: ProcessorConnection


def _payable(account: Account) -> Iterator[_Payable]:
    asked = PaymentRequest.objects.filter(order__account=account, status__in=(SENT, OPENED), order__due_minor__gt=0)
    processors = read_processors(account)
    connection = processors.for_requests
    if connection is None:
        return
    for request in asked.select_related("order__account")[:CANDIDATES]:
        order, standing = request.order, read_standing(request.order)
        is_over = request.expires_at is not None and request.expires_at <= timezone.now()
        in_flight = standing.attempt is not None and standing.attempt.is_in_flight
        gate = pay_gate(order, standing, processors, locale=account.locale)
        if is_over or in_flight or order.is_cancelled or not gate.is_open:
            continue
        try:
            refuse_to_pay(order, address="")
            open_processor(connection).amount_in_page(standing.balance.payable)
        except (Refused, CannotUnseal):
            continue
        yield _Payable(request, connection)


def _still(payable: _Payable) -> bool:
    account = Account.objects.get(pk=payable.connection.account_id)
    return any(found.request.pk == payable.request.pk for found in _payable(account))


def _look(outside: Browser, payable: _Payable) -> Iterator[str]:
    expected = _inventory(payable)
    page = _received(outside, settings.PUBLIC_URL + expected.path)
    yield from differences(page, expected)
    for name, path in own_scripts(page, expected).items():
        script = outside.get(settings.PUBLIC_URL + path)
        if difference := script_difference(name, script, _installed(name)):
            yield difference


def _received(outside: Browser, url: str) -> Received:
    """An answer that says what customers get; a server in trouble says nothing about the page."""
    page = outside.get(url)
    if page.status != OK and not 300 <= page.status < 400:
        raise NotReceived(f"it answered with status {page.status}")
    return page


def _inventory(payable: _Payable) -> Inventory:
    page = open_processor(payable.connection).pay_page()
    path = reverse("customer:pay", args=[payable.request.token])
    if is_hosted(payable.connection):
        return Inventory(
            origin=settings.PUBLIC_URL,
            path=path,
            static_url=settings.STATIC_URL,
            scripts=pay_page_scripts.ON_THE_WAY,
            policy=pay_page_scripts.way_there_policy(form=page.hosted_origins),
        )
    return Inventory(
        origin=settings.PUBLIC_URL,
        path=path,
        static_url=settings.STATIC_URL,
        scripts=pay_page_scripts.ON_OUR_PAGE,
        policy=pay_page_scripts.our_page_policy(
            script=page.script_origins, frame=page.frame_origins, connect=page.connect_origins
        ),
        outside_script=page.script_src,
        publishable_key=page.publishable_key,
        fields=pay_page_scripts.FIELDS | set(page.fields),
    )


def _installed(name: str) -> bytes:
    """The file as it came with the program, not as it was collected for the web server."""
    path = finders.find(name)
    assert isinstance(path, str), f"{name} is in the inventory and not installed"
    return Path(path).read_bytes()


def _seen(watch: PageWatch, found: list[str], now: datetime) -> None:
    account = watch.account
    _plan(watch, checked_at=now, differences=found, misses=0, next_check_at=now + EVERY)
    clear_alarm(account, "page_not_checked")
    if not found:
        clear_alarm(account, "page_changed")
        return
    more = f"; and {len(found) - MOST_SAID} more" if len(found) > MOST_SAID else ""
    raise_alarm(account, "page_changed", what="; ".join(found[:MOST_SAID]) + more)


def _missed(watch: PageWatch, why: str, now: datetime) -> None:
    _plan(watch, misses=watch.misses + 1, next_check_at=now + AGAIN)
    if watch.misses + 1 >= MOST_MISSES:
        raise_alarm(watch.account, "page_not_checked", why=why)


def _plan(watch: PageWatch, **facts: object) -> None:
    """Write what was found, unless another worker has taken over since (fencing)."""
    mine = PageWatch.objects.filter(pk=watch.pk, lease=watch.lease)
    mine.update(lease="", leased_until=None, **facts)
