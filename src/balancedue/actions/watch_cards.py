"""Watch what becomes of cards: count tries, and say when no more are taken (K1, K2; requirements.md 3.36).

The decisions are in rules.card_testing; here is what they are told.
"""

from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from balancedue.models import Account, CardTry, Order, PaymentAttempt
from balancedue.rules import card_testing
from balancedue.rules.card_testing import Ended, Seen
from balancedue.rules.declines import payer_sentence
from balancedue.rules.errors import Refused

from .rest_cards import OPEN_FORM, close_soon, rest_cards

KEPT = timedelta(days=1)


def refuse_to_pay(order: Order, *, address: str) -> None:
    """Raise Refused `cards_rest` or `too_many_tries` when no card is taken for a press of Pay from `address`.

    A page may ask, so that nobody types a card in vain; only an answer under the account's lock is final.
    """
    now = timezone.now()
    code = card_testing.why_not(what_is_seen(order, address=address, now=now), now)
    if code:
        raise Refused(code, payer_sentence(code))


def let_pass(order: Order, *, address: str) -> None:
    """Like `refuse_to_pay`, at the press itself: one press of the account after the other, so that a thousand at once
    cannot each overlook the others. Call with the order locked; it holds the account until the transaction ends.
    """
    Account.objects.select_for_update(no_key=True).get(pk=order.account_id)
    refuse_to_pay(order, address=address)


def note_press(attempt: PaymentAttempt, *, address: str, now: datetime) -> None:
    """Pay was pressed: from now on a card may reach the processor."""
    CardTry.objects.create(
        account_id=attempt.order.account_id,
        order_id=attempt.order_id,
        attempt=attempt,
        address=hide_address(address),
        pressed_at=now,
    )


def note_nothing_made(attempt: PaymentAttempt) -> None:
    """The processor refused to begin: no card can have reached it."""
    CardTry.objects.filter(attempt=attempt, ended_at=None).delete()


def note_end(attempt: PaymentAttempt, *, declined: bool, fingerprint: str, now: datetime) -> None:
    """A try of `attempt` ended; the oldest press not yet answered was its beginning. Call with the order locked."""
    presses = CardTry.objects.filter(attempt=attempt, ended_at=None).order_by("pk")
    card_try = presses.first() or _not_pressed(attempt)
    card_try.declined, card_try.fingerprint, card_try.ended_at = declined, fingerprint, now
    card_try.save()
    if not declined:
        return
    _close_forms_of_card(card_try, now)
    attempt.order.account = account = Account.objects.select_for_update(no_key=True).get(pk=card_try.account_id)
    if card_testing.is_resting(account.cards_rest_until, now):
        return
    ended = _ended(CardTry.objects.filter(account=account), _since(account, now, card_testing.BREAKER_WINDOW))
    if card_testing.trips(ended):
        rest_cards(account, ended, now=now)


def must_close(attempt: PaymentAttempt, now: datetime) -> bool:
    """Whether nobody may use this open form any more: the account rests, the order does, or it was used without Pay."""
    if attempt.state not in OPEN_FORM:
        return False
    if card_testing.is_resting(attempt.order.account.cards_rest_until, now):
        return True
    if not attempt.declines:
        return False
    if not attempt.hosted and attempt.tries.filter(pressed_at=None).exists():
        return True
    return card_testing.order_rests(_declined_on(attempt.order, now), _orders_of_card(attempt.order, now))


def forget_old_tries() -> None:
    """Who tried a card where is nobody's business for longer than the limits need it."""
    CardTry.objects.filter(pressed_at__lt=timezone.now() - KEPT).delete()
    CardTry.objects.filter(pressed_at=None, ended_at__lt=timezone.now() - KEPT).delete()


def what_is_seen(order: Order, *, address: str, now: datetime) -> Seen:
    """What rules.card_testing is told about a press of Pay on `order` from `address`."""
    account = Account.objects.only("cards_rest_until").get(pk=order.account_id)
    tries = CardTry.objects.filter(account_id=order.account_id)
    pressed = tries.filter(order=order, ended_at=None, pressed_at__gt=now - card_testing.LINK_WINDOW)
    hidden = hide_address(address)
    from_there = _ended(tries.filter(address=hidden), now - card_testing.ADDRESS_WINDOW) if hidden else Ended()
    return Seen(
        rest_until=account.cards_rest_until,
        declined_on_order=_declined_on(order, now),
        pressed_on_order=pressed.count(),
        orders_of_card=_orders_of_card(order, now),
        from_address=from_there,
        on_account=_ended(tries, _since(account, now, card_testing.ACCOUNT_WINDOW)),
        under_way=_under_way(order.account_id, now),
    )


def _since(account: Account, now: datetime, window: timedelta) -> datetime:
    """What came before the last rest was answered by it."""
    return max(now - window, account.cards_rest_until or now - window)


def _ended(tries: QuerySet[CardTry], since: datetime) -> Ended:
    found = tries.filter(ended_at__gt=since).aggregate(tries=Count("pk"), bad=Count("pk", filter=Q(declined=True)))
    return Ended(declined=found["bad"], paid=found["tries"] - found["bad"])


def _declined_on(order: Order, now: datetime) -> int:
    return CardTry.objects.filter(order=order, declined=True, ended_at__gt=now - card_testing.LINK_WINDOW).count()


def _orders_of_card(order: Order, now: datetime) -> int:
    """Of the cards declined on this order within the hour, the most orders that one was declined on."""
    declined = CardTry.objects.filter(declined=True, ended_at__gt=now - card_testing.CARD_WINDOW).exclude(
        fingerprint=""
    )
    cards = set(declined.filter(order=order).values_list("fingerprint", flat=True))
    seen = declined.filter(account_id=order.account_id, fingerprint__in=cards).values("fingerprint").order_by()
    return max(seen.annotate(orders=Count("order", distinct=True)).values_list("orders", flat=True), default=0)


def _under_way(account_id: int, now: datetime) -> int:
    """Presses whose end we have not heard, on forms that are open; each open form counts once at the least.

    The processor's own page has guards of its own, and is left open far more often: it counts for ten minutes.
    """
    forms = PaymentAttempt.objects.filter(order__account_id=account_id, state__in=OPEN_FORM)
    forms = forms.filter(Q(hosted=False) | Q(started_at__gt=now - card_testing.ACCOUNT_WINDOW)).order_by()
    presses = forms.annotate(presses=Count("tries", filter=Q(tries__ended_at=None))).values_list("presses", flat=True)
    return sum(max(1, count) for count in presses)


def _close_forms_of_card(card_try: CardTry, now: datetime) -> None:
    """Where a card was declined on too many orders, the open forms of all of them are closed."""
    if not card_testing.order_rests(0, _orders_of_card(card_try.order, now)):
        return
    orders = CardTry.objects.filter(
        account_id=card_try.account_id, fingerprint=card_try.fingerprint, ended_at__gt=now - card_testing.CARD_WINDOW
    ).values("order")
    close_soon(PaymentAttempt.objects.filter(order__in=orders), now=now)


def _not_pressed(attempt: PaymentAttempt) -> CardTry:
    """Somebody sent a card through an open form without pressing Pay; on the processor's own page anybody may."""
    last = CardTry.objects.filter(attempt=attempt).order_by("-pk").first()
    address = last.address if last else ""
    return CardTry(account_id=attempt.order.account_id, order_id=attempt.order_id, attempt=attempt, address=address)


def hide_address(address: str) -> str:
    """An address as we keep it: nobody reads it back without our key."""
    return salted_hmac("balancedue.card_try", address, algorithm="sha256").hexdigest()[:32] if address else ""
