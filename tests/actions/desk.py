"""A shop's desk: an account with its owner, a processor that is not asked, and one order of $1,105.28."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from balancedue.actions.check_books import check_books
from balancedue.actions.request_payment import RequestDraft, request_payment
from balancedue.models import Account, Order, PaymentRequest, ProcessorConnection, User, read_balance
from balancedue.rules.balance import Balance
from balancedue.rules.errors import Refused
from tests.makers import make_account, make_connection, make_order, make_user

DANA = "dana@riverside-hs.example"


@dataclass
class Desk:
    """What staff have before them."""

    account: Account
    owner: User
    connection: ProcessorConnection
    order: Order

    def fresh(self) -> Order:
        """The order as it is in the database now."""
        return Order.objects.select_related("account", "contact").get(pk=self.order.pk)

    @property
    def balance(self) -> Balance:
        return read_balance(self.fresh())

    def copies(self) -> tuple[int, int, int]:
        """What lists read: total, paid, due."""
        order = self.fresh()
        return order.total_minor, order.paid_minor, order.due_minor

    def events(self, *kinds: str) -> list[str]:
        """The order's timeline, oldest first; only `kinds` where some are given."""
        told = self.order.events.order_by("pk").values_list("kind", flat=True)
        return [kind for kind in told if not kinds or kind in kinds]

    def request(self, *, to: str | list[str] = DANA, by: User | None = None, **given: object) -> PaymentRequest:
        """Press Send email in the window."""
        fields = {name: given.pop(name) for name in list(given) if name in RequestDraft.__dataclass_fields__}
        draft = RequestDraft(to=to, **fields)  # type: ignore[arg-type]
        return request_payment(order=self.order, draft=draft, by=by or self.owner, **given)  # type: ignore[arg-type]

    def refusal(self, **given: object) -> Refused:
        """Why the request is not sent."""
        try:
            self.request(**given)  # type: ignore[arg-type]
        except Refused as refusal:
            return refusal
        raise AssertionError("it was sent")

    def breaches(self) -> list[str]:
        """What is wrong in the books, without asking anybody."""
        return [str(breach) for breach in check_books(self.account, ask_processors=False)]


def open_desk() -> Desk:
    """A new shop with one order."""
    account = make_account()
    owner = make_user(account)
    connection = make_connection(account, next_catch_up_at=timezone.now() + timedelta(days=365))
    return Desk(account, owner, connection, make_order(account))
