"""Orders that tests of budgets change, one for each test, and a few of a certain size. Not states of ux.md."""

from decimal import Decimal
from typing import Any

from balancedue.actions.order_lines import NewLine
from balancedue.models import PaymentRequest
from tests.pages.catalogue import CUSTOMER, OWNER, state
from tests.pages.shops import Shops, at, link
from tests.pages.staff_states import retail_lines

TO_SEND = ("list-clicks", "list-keys")
"""Names of orders of which nobody has requested payment yet: "x-list-clicks" and so on."""


def _untouched(name: str) -> None:
    @state(f"x-{name}", OWNER)
    def build(shops: Shops) -> str:
        return at(shops.order(number=f"X-{name}"))


for _name in TO_SEND:
    _untouched(_name)


def _request(shops: Shops, **facts: Any) -> PaymentRequest:
    return shops.asked(**facts)


@state("x-twelve-lines", CUSTOMER)
def twelve_lines(shops: Shops) -> str:
    lines = [NewLine(f"Hoodie, color {n}", Decimal(4), 1850, "S 1 · M 2 · L 1") for n in range(12)]
    return link(_request(shops, lines=lines, paid_minor=50_000))


@state("x-unopened", CUSTOMER)
def unopened(shops: Shops) -> str:
    return link(_request(shops, lines=retail_lines(10)))
