"""Finding what an address names, among what the account owns (N12); anything else is Http404."""

from django.db.models import Q, QuerySet
from django.http import Http404

from balancedue.models import Account, Contact, Order, Payment, PaymentRequest, Payout
from balancedue.rules.errors import Invalid
from balancedue.rules.texts import text_fault

MAX_NAME = 60


def order_of(account: Account, name: str, orders: QuerySet[Order] | None = None) -> Order:
    """The order by its id or number; an id comes first."""
    _check(name)
    among = account.orders.all() if orders is None else orders
    found = list(among.filter(Q(public_id=name) | Q(number=name))[:2])
    if not found:
        raise Http404
    return next((order for order in found if order.public_id == name), found[0])


def payment_of(account: Account, name: str) -> Payment:
    """The payment by its id."""
    _check(name)
    found = Payment.objects.filter(order__account=account, public_id=name)
    payment = found.select_related("order__account", "entry").first()
    if payment is None:
        raise Http404
    return payment


def request_of(account: Account, name: str) -> PaymentRequest:
    """The payment request by its id."""
    _check(name)
    found = PaymentRequest.objects.filter(order__account=account, public_id=name)
    request = found.select_related("order__account").prefetch_related("deliveries").first()
    if request is None:
        raise Http404
    return request


def payout_of(account: Account, name: str) -> Payout:
    """The payout by its id."""
    _check(name)
    payout = account.payouts.filter(public_id=name).first()
    if payout is None:
        raise Http404
    return payout


def contact_of(account: Account, name: str) -> Contact:
    """The contact by its id; Invalid when the account has none such."""
    found = account.contacts.filter(public_id=name).first()
    if found is None:
        raise Invalid({"contact.id": "You have no contact with this id"})
    return found


def _check(name: str) -> None:
    if text_fault(name, at_most=MAX_NAME):
        raise Http404
