"""One process of a race: `python -m tests.safety.hand`. It reads a task per line, says ready, waits for the word, acts.

{"deed": "pay", "request": 7}  ->  ready;  go  ->  {"said": "succeeded"}
"""

import json
import os
import random
import select
import socket
import sys
import time
from collections.abc import Callable
from datetime import date
from typing import IO, Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import django

django.setup()

import stripe  # noqa: E402
from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from balancedue.actions.add_payment import add_payment  # noqa: E402
from balancedue.actions.ask_processor import check_attempt  # noqa: E402
from balancedue.actions.cancel_order import cancel_order  # noqa: E402
from balancedue.actions.pay import begin_payment  # noqa: E402
from balancedue.actions.receive_event import process_next_event, receive_event  # noqa: E402
from balancedue.actions.refund import refund_payment  # noqa: E402
from balancedue.actions.request_payment import RequestDraft, request_payment  # noqa: E402
from balancedue.actions.reverse_payment import reverse_payment  # noqa: E402
from balancedue.actions.work import work_once  # noqa: E402
from balancedue.models import (  # noqa: E402
    Account,
    Order,
    Payment,
    PaymentAttempt,
    PaymentRequest,
    ProcessorConnection,
    User,
    read_balance,
)
from balancedue.models.orders import Orders  # noqa: E402
from balancedue.rules.actor import COMMAND, CUSTOMER  # noqa: E402
from balancedue.rules.errors import Refused  # noqa: E402
from balancedue.rules.ids import new_id  # noqa: E402
from balancedue.rules.money import Money  # noqa: E402
from tests.makers import make_order  # noqa: E402

JITTER_SECONDS = 0.005
LOCKED = Orders.locked
Deed = Callable[[dict[str, Any]], Callable[[], str]]  # prepares, and answers what to do at the word


def pay(task: dict[str, Any]) -> Callable[[], str]:
    """A customer with the link: press Pay, confirm in the browser, come back."""
    request = PaymentRequest.objects.select_related("order").get(pk=task["request"])
    shown = read_balance(request.order).payable
    processor = ProcessorConnection.objects.get(account_id=request.order.account_id)
    client = _client(processor)

    def act() -> str:
        begun = begin_payment(request=request, page_key=new_id("page"), shown=shown, payer_email=task.get("email", ""))
        said = _confirm(client, begun.attempt.reference)
        return f"{said}, {check_attempt(begun.attempt, by=CUSTOMER).state}"

    return act


def _client(processor: ProcessorConnection) -> stripe.StripeClient:
    keys = processor.credentials
    return stripe.StripeClient(
        keys["secret_key"],
        base_addresses={"api": keys["api_base"]},
        http_client=stripe.RequestsClient(timeout=30),
        max_network_retries=0,
    )


def _confirm(client: stripe.StripeClient, reference: str) -> str:
    try:
        back = {"payment_method": "pm_card_visa", "return_url": "http://localhost/back"}
        return str(client.v1.payment_intents.confirm(reference, back).status)
    except stripe.InvalidRequestError as refused:
        return str(refused.code)


def check(task: dict[str, Any]) -> Callable[[], str]:
    """The return page; or "check now", by a member of staff."""
    attempt = PaymentAttempt.objects.select_related("connection").get(pk=task["attempt"])
    by = User.objects.get(pk=task["user"]).actor if "user" in task else CUSTOMER
    return lambda: check_attempt(attempt, by=by).state


def hear(task: dict[str, Any]) -> Callable[[], str]:
    """A webhook, and the worker that looks into it."""
    processor = ProcessorConnection.objects.get(pk=task["connection"])

    def act() -> str:
        receive_event(connection=processor, headers=task["headers"], body=task["body"].encode())
        return str(process_next_event())

    return act


def knock(task: dict[str, Any]) -> Callable[[], str]:
    """The same webhook several times at the door, and the worker after each; the statuses answered."""
    path, client = f"/hooks/{task['connection']}/", Client(SERVER_NAME="localhost")

    def act() -> str:
        said = []
        for _ in range(task["times"]):
            answer = client.post(path, task["body"], content_type="application/json", headers=task["headers"])
            said.append(answer.status_code)
            process_next_event()
        return " ".join(str(status) for status in sorted(set(said)))

    return act


def work(task: dict[str, Any]) -> Callable[[], str]:
    """A worker's round."""
    settings.EMAIL_URL = task.get("email_url", settings.EMAIL_URL)
    return lambda: str(work_once())


def add(task: dict[str, Any]) -> Callable[[], str]:
    """Add Payment."""
    order = Order.objects.select_related("account").get(pk=task["order"])
    facts = {"reference": task.get("reference", ""), "form_key": task.get("form_key", "")}
    day = date.fromisoformat(task["day"]) if "day" in task else timezone.now().astimezone(order.account.zone).date()
    amount = Money(task["minor"], order.currency)
    Orders.locked = _glance if task.get("careless") else LOCKED  # type: ignore[method-assign]

    def act() -> str:
        seen = Order.objects.select_related("account").get(pk=order.pk)  # as the page that was sent read it
        if task.get("only_if_due") and read_balance(seen).due.minor == 0:
            return "nothing to add"
        return add_payment(order=seen, amount=amount, method="check", received_on=day, by=COMMAND, **facts).public_id

    return act


def _glance(orders: Orders, pk: int) -> Order:
    """The order without its lock: what a forgetful verb would do."""
    order = orders.select_related("account", "contact").get(pk=pk)
    time.sleep(0.3)  # long enough for all of them to have read the same
    return order


def reverse(task: dict[str, Any]) -> Callable[[], str]:
    """Reverse a payment."""
    payment = Payment.objects.select_related("order__account", "entry").get(pk=task["payment"])
    return lambda: reverse_payment(payment=payment, reason="bounced", by=COMMAND).public_id


def refund(task: dict[str, Any]) -> Callable[[], str]:
    """The refund button."""
    payment = Payment.objects.select_related("order__account", "entry").get(pk=task["payment"])
    amount = Money(task["minor"], payment.currency)
    given: Any = {"reason": "requested_by_customer", "by": COMMAND, "form_key": task["form_key"]}
    return lambda: refund_payment(payment=payment, amount=amount, **given).public_id


def refund_elsewhere(task: dict[str, Any]) -> Callable[[], str]:
    """A refund in the processor's dashboard."""
    body = json.dumps({"charge": task["charge"], "amount": task["minor"]}).encode()
    call = Request(f"{task['origin']}/_sandbox/refunds", body, {"Content-Type": "application/json"})

    def act() -> str:
        try:
            with urlopen(call, timeout=30) as answer:
                return str(json.load(answer)["id"])
        except HTTPError as refused:
            with refused:
                return f"refused {refused.code}"

    return act


def ask(task: dict[str, Any]) -> Callable[[], str]:
    """Send email in the Request Payment window."""
    order, user = Order.objects.get(pk=task["order"]), User.objects.get(pk=task["user"])
    draft = RequestDraft(to="dana@riverside-hs.example")
    given = {"form_key": task.get("form_key", ""), "even_if_just_sent": task.get("even_if_just_sent", False)}
    return lambda: request_payment(order=order, draft=draft, by=user, **given).public_id


def place(task: dict[str, Any]) -> Callable[[], str]:
    """Place several orders, one after the other."""
    account = Account.objects.get(pk=task["account"])
    contact = account.contacts.get()
    return lambda: " ".join(make_order(account, contact=contact).number for _ in range(task["orders"]))


def cancel(task: dict[str, Any]) -> Callable[[], str]:
    """Cancel the order."""
    order = Order.objects.select_related("account").get(pk=task["order"])
    return lambda: cancel_order(order=order, by=COMMAND).status  # as read before the race began


DEEDS: dict[str, Deed] = {
    deed.__name__: deed
    for deed in (pay, check, hear, knock, work, add, reverse, refund, refund_elsewhere, ask, place, cancel)
}  # fmt: skip


def serve(wire: IO[str]) -> None:
    """Do tasks until the other side closes."""
    random.seed()
    for line in iter(wire.readline, ""):
        task = json.loads(line)
        act = DEEDS[task["deed"]](task)
        _say(wire, {"ready": True})
        if not wire.readline():
            return
        time.sleep(random.uniform(0, JITTER_SECONDS))
        try:
            _say(wire, {"said": act()})
        except Refused as refusal:
            _say(wire, {"said": f"refused {refusal.code}"})
        except Exception as broken:  # the race must see it, not lose it
            _say(wire, {"said": f"broken {type(broken).__name__}: {broken}"})


def _say(wire: IO[str], words: dict[str, Any]) -> None:
    wire.write(json.dumps(words) + "\n")
    wire.flush()


def main(path: str) -> None:
    """Fork for every connection; end, after the children, when standard input does."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    children = []
    while sys.stdin not in (heard := select.select([listener, sys.stdin], [], [])[0]):
        assert heard == [listener]
        connection, _ = listener.accept()
        child = os.fork()
        if child == 0:
            listener.close()
            serve(connection.makefile("rw"))
            os._exit(0)
        connection.close()
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1])
