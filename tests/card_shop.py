"""A shop with a running stand-in processor, and a customer who pays at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import stripe

from balancedue.actions.check_books import check_books
from balancedue.actions.pay import Begun, begin_payment
from balancedue.models import Account, Order, PaymentRequest, ProcessorConnection, User, read_balance
from balancedue.rules.ids import new_id
from tests.makers import make_account, make_connection, make_order, make_request, make_user
from tests.servers import Sandbox


@dataclass
class CardShop:
    """An account with its owner, one order with a request, and the processor it is paid at."""

    account: Account
    owner: User
    connection: ProcessorConnection
    order: Order
    request: PaymentRequest
    sandbox: Sandbox
    stripe: stripe.StripeClient

    def begin(self, page_key: str = "", **changed: object) -> Begun:
        """The customer presses Pay on a page that shows the balance as it is."""
        given: dict[str, object] = {
            "request": self.request,
            "page_key": page_key or new_id("page"),
            "shown": self.payable,
        }
        return begin_payment(**given | changed)  # type: ignore[arg-type]

    @property
    def payable(self) -> object:
        return read_balance(self.fresh()).payable

    def fresh(self) -> Order:
        return Order.objects.select_related("account", "contact").get(pk=self.order.pk)

    def confirm(self, reference: str, card: str = "pm_card_visa") -> str:
        """What the customer's browser does at the processor; the intent's status afterwards, or the decline's code."""
        try:
            intent = self.stripe.v1.payment_intents.confirm(
                reference, {"payment_method": card, "return_url": "http://localhost/back"}
            )
        except stripe.CardError as declined:
            return str(declined.code)
        return str(intent.status)

    def charges(self) -> list[dict[str, object]]:
        """What the processor took from cards of this shop: the truth about money."""
        own = self.stripe.v1.charges.list({"limit": 100}).data
        return [charge.to_dict() for charge in own if charge.status == "succeeded"]


@contextmanager
def open_card_shop(sandbox: Sandbox) -> Iterator[CardShop]:
    """A shop that is owed $1,105.28. Afterwards its books must be right, whatever the test did (N1-N14)."""
    keys = sandbox.post("/_sandbox/accounts", {"secret_key": f"sk_test_{new_id('x')}"})
    account = make_account()
    owner = make_user(account)
    credentials = {
        "secret_key": keys["secret_key"],
        "publishable_key": keys["publishable_key"],
        "webhook_secret": "whsec_testtesttest",
        "api_base": sandbox.url,
    }
    processor = make_connection(account, credentials=credentials)
    order = make_order(account)
    request = make_request(order, by=owner, notify=[owner.email])
    client = stripe.StripeClient(
        keys["secret_key"],
        base_addresses={"api": sandbox.url},
        http_client=stripe.RequestsClient(timeout=10),
        max_network_retries=0,
    )
    shop = CardShop(account, owner, processor, order, request, sandbox, client)
    yield shop
    sandbox.faults(mode="none", webhooks="on")
    assert [str(breach) for breach in check_books(account)] == []
