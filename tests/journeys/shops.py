"""A print shop open for business, and the customer's way in."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from balancedue.actions.check_books import check_books
from balancedue.actions.check_connection import set_up_hook
from balancedue.actions.connect_processor import connect_processor
from balancedue.actions.work import work_once
from balancedue.models import Account, Order, Payment, PaymentRequest, ProcessorConnection, User, read_balance
from balancedue.rules.ids import new_id
from tests.makers import make_account, make_order, make_sent_request, make_user
from tests.servers import Sandbox
from tests.smtp import SmtpServer


@dataclass
class JourneyShop:
    """A print shop with a card processor, an order of $1,105.28, and a request for it that has left."""

    url: str
    account: Account
    owner: User
    connection: ProcessorConnection
    order: Order
    request: PaymentRequest
    sandbox: Sandbox
    mail: SmtpServer

    @property
    def link(self) -> str:
        """What the customer got by mail."""
        return f"{self.url}/i/{self.request.token}/"

    def work(self) -> int:
        """What a worker does when its turn comes."""
        return work_once()

    def work_until(self, happened: Callable[[], bool], *, seconds: float = 10) -> None:
        """Work until `happened()` is true."""
        until = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < until, "it did not happen"
            if not self.work():
                time.sleep(0.1)

    @property
    def due_minor(self) -> int:
        """What the order's journal says."""
        return read_balance(Order.objects.get(pk=self.order.pk)).due.minor

    @property
    def payments(self) -> list[Payment]:
        """What was booked."""
        return list(Payment.objects.filter(order=self.order))


@contextmanager
def open_shop(url: str, sandbox: Sandbox, mail: SmtpServer) -> Iterator[JourneyShop]:
    """A shop that is owed $1,105.28. Afterwards its books must be right, whatever the journey did (N1-N14)."""
    sandbox.faults(mode="none", webhooks="on")
    keys = sandbox.post("/_sandbox/accounts", {"secret_key": f"sk_test_{new_id('x')}"})
    account = make_account(brand_colour="#7A3E9D", next_steps="We start printing within 2 days.")
    owner = make_user(account)
    credentials = {name: keys[name] for name in ("secret_key", "publishable_key")} | {"api_base": sandbox.url}
    connection = connect_processor(account=account, kind="sandbox", credentials=credentials)
    connection = set_up_hook(connection=connection)
    order = make_order(account)
    request = make_sent_request(order, by=owner, notify=owner.email)
    yield JourneyShop(url, account, owner, connection, order, request, sandbox, mail)
    sandbox.faults(mode="none", webhooks="on")
    assert [str(breach) for breach in check_books(account)] == []
