"""Orders: place, list, look at, change, cancel."""

from dataclasses import replace
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import AfterValidator, BaseModel, Field

from balancedue.actions.cancel_order import cancel_order
from balancedue.actions.change_order import change_order
from balancedue.actions.place_order_for import find_or_save_contact, place_order_for
from balancedue.actions.save_contact import save_contact
from balancedue.models import Account, Contact, Order
from balancedue.rules.errors import Invalid, Refused
from balancedue.rules.texts import text_fault

from . import answers
from .bodies import ContactBody, NothingBody, OrderBody, OrderChange
from .drafts import changed_draft, draft_of
from .found import contact_of, order_of
from .keys import account_of, key_of
from .once import once
from .paging import DEFAULT_LIMIT, MAX_LIMIT, page_of
from .told import order_told, orders_told, with_everything

router = Router(tags=["Orders"])


def json_answer(body: BaseModel) -> HttpResponse:
    """A body as JSON, written alike everywhere."""
    return HttpResponse(body.model_dump_json(), content_type="application/json")


@router.post("", response={201: answers.Order}, operation_id="placeOrder", summary="Place an order")
def place(request: HttpRequest, body: OrderBody) -> HttpResponse:
    """An order with its lines. It adds up as on the invoice: discount before tax, tax by rate, halves rounded up."""
    account, key = account_of(request), key_of(request)

    def work(name: str) -> tuple[int, answers.Order, str]:
        draft, facts = draft_of(body, account), _new_contact(body.contact)
        if body.contact is not None and body.contact.id:
            draft = replace(draft, contact=contact_of(account, body.contact.id))
        order = place_order_for(
            account=account, draft=draft, contact=facts, by=key.actor, number=body.number or "", once=name
        )
        return 201, order_told(order), f"/api/v1/orders/{order.public_id}"

    return once(request, work)


def _new_contact(body: ContactBody | None) -> dict[str, object]:
    facts = body.facts() if body is not None else {}
    if body is None or (body.id and not facts):
        return {}
    if body.id:
        raise Invalid({"contact": "Give the id of a contact, or the facts of one, but not both"})
    if not any(facts.get(name) for name in ("name", "company", "email")):
        raise Invalid({"contact": "Give at least a name, a company or an email"})
    return facts


def _one_line(text: str) -> str:
    fault = text_fault(text, at_most=200)
    if fault:
        raise ValueError(fault)
    return text


class Filters(BaseModel):
    """How to narrow the list."""

    status: Annotated[str, Field(pattern="^(open|cancelled)$")] | None = None
    number: Annotated[str, AfterValidator(_one_line)] | None = None
    has_balance_due: bool | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[str, Field(description="From `next` or `previous` of an answer")] = ""


@router.get("", response=answers.OrderPage, operation_id="listOrders", summary="List orders")
def list_orders(request: HttpRequest, filters: Query[Filters]) -> HttpResponse:
    """Orders of the account, newest first."""
    unknown = [name for name in request.GET if name not in Filters.model_fields]
    if unknown:
        raise Invalid({name[:60]: "This parameter is not known here" for name in unknown})
    account = account_of(request)
    orders = with_everything(account.orders.all())
    if filters.status is not None:
        orders = orders.filter(status=filters.status)
    if filters.number is not None:
        orders = orders.filter(number=filters.number)
    if filters.has_balance_due is not None:
        due = account.orders.with_balance_due()
        orders = orders.filter(pk__in=due) if filters.has_balance_due else orders.exclude(pk__in=due)
    page = page_of(orders, "placed_at", cursor=filters.cursor, limit=filters.limit)
    told = orders_told(page.rows, account)
    return json_answer(answers.OrderPage(results=told, next=page.next, previous=page.previous))


@router.get("/{order}", response=answers.Order, operation_id="getOrder", summary="Look at an order")
def look(request: HttpRequest, order: str) -> HttpResponse:
    """One order, by its id or its number, as it stands now."""
    account = account_of(request)
    found = order_of(account, order, with_everything(account.orders.all()))
    return json_answer(orders_told([found], account)[0])


@router.patch("/{order}", response=answers.Order, operation_id="changeOrder", summary="Change an order")
def change(request: HttpRequest, order: str, body: OrderChange) -> HttpResponse:
    """Change what the order is made of. A change of what it comes to is an entry of its own in the journal.

    `contact`: the facts given are written on the order's contact, wherever else it is used; an `id` puts another of
    your contacts in its place; null takes it off the order.
    """
    account, key = account_of(request), key_of(request)
    found = order_of(account, order)
    if "lines" in body.model_fields_set and body.lines is None:
        raise Invalid({"lines": "Add at least one line"})
    if found.is_cancelled:
        raise Refused("order_cancelled", "This order was cancelled.")
    draft = changed_draft(found, body)
    draft.check()
    if "contact" in body.model_fields_set:
        draft = replace(draft, contact=_changed_contact(account, found, body.contact))
    if body.model_fields_set:
        found = change_order(order=found, draft=draft, by=key.actor)
    return json_answer(order_told(found))


def _changed_contact(account: Account, order: Order, body: ContactBody | None) -> Contact | None:
    if body is None:
        return None
    facts = body.facts()
    if body.id and facts:
        raise Invalid({"contact": "Give the id of a contact, or the facts of one, but not both"})
    if body.id:
        return contact_of(account, body.id)
    if order.contact is None:
        return find_or_save_contact(account=account, facts=_new_contact(body))
    return save_contact(account=account, contact=order.contact, **facts)


@router.post("/{order}/cancellation", response=answers.Order, operation_id="cancelOrder", summary="Cancel an order")
def cancel(request: HttpRequest, order: str, body: NothingBody | None = None) -> HttpResponse:
    """Nothing is owed any more; what was paid stays paid and shows as credit. A second time changes nothing."""
    account, key = account_of(request), key_of(request)
    found = order_of(account, order)

    def work(_name: str) -> tuple[int, answers.Order, str]:
        return 200, order_told(cancel_order(order=found, by=key.actor)), ""

    return once(request, work)
