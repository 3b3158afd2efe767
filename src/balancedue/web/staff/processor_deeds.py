"""What the owner does with card processors: connect, check, choose, replace keys, remove (S6-S8, ux.md 3.6)."""

from django.http import Http404, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from balancedue.actions.check_connection import check_connection, is_ready, set_up_hook
from balancedue.actions.connect_processor import (
    choose_default,
    choose_page,
    connect_processor,
    remove_connection,
    replace_credentials,
    stays_refundable,
)
from balancedue.actions.look_again import look_again, put_away
from balancedue.actions.rest_cards import let_cards_go_on
from balancedue.models import PaymentRequest, ProcessorConnection
from balancedue.processors.base import Can
from balancedue.processors.registry import maker, maker_or_missing
from balancedue.rules.errors import Refused
from balancedue.rules.gate import MANAGER, OWNER
from balancedue.rules.states import LIVE_REQUEST
from balancedue.web.guard import StaffRequest, staff_page

from .page import done, show
from .processors_page import KeysForm, draw_processors, offer_of


@require_http_methods(["POST"])
@staff_page(role=OWNER)
def connect(request: StaffRequest, kind: str) -> HttpResponse:
    """Connect, then have webhooks set up and the connection checked. Live keys are asked about once."""
    made = maker(kind)
    offer = offer_of(made, request.POST)
    offer.open = True
    keys = offer.form.keys()
    if not made.problems({name: value for name, value in keys.items() if value}):
        offer.going_live = made.open(keys).livemode and Can.REQUEST in made.can and not offer.form.ticked("live")
        if offer.going_live:
            return draw_processors(request, offer=offer, status=422)
    try:
        connection = connect_processor(account=request.account, kind=kind, credentials=keys)
    except Refused as refusal:
        offer.form.refuse(refusal)
        return draw_processors(request, offer=offer, status=422)
    return _back(request, _first_look(connection))


def _first_look(connection: ProcessorConnection) -> str:
    """Set up what can be, check all of it, and say how that went."""
    made = maker_or_missing(connection.kind)
    if Can.REQUEST not in made.can:
        return f"{made.label} is connected. {made.why_not}"
    refused = ""
    if Can.HOOK in made.can and not connection.credentials.get("webhook_secret"):
        try:
            connection = set_up_hook(connection=connection)
        except Refused as refusal:
            refused = f" {refusal.sentence}"
    lines = check_connection(connection=connection)
    if is_ready(lines):
        return f"{made.label} is ready. Customers can pay."
    return f"{made.label} is connected, and not ready yet: see the lines marked with a cross.{refused}"


@require_POST
@staff_page(role=OWNER)
def check(request: StaffRequest, public_id: str) -> HttpResponse:
    """ "Check connection": ask the processor, line by line."""
    connection = _mine(request, public_id)
    lines = check_connection(connection=connection)
    label = maker_or_missing(connection.kind).label
    if not is_ready(lines):
        return _back(request, f"{label}: see the lines marked with a cross.")
    return _back(request, f"{label} is ready. Customers can pay.")


@require_POST
@staff_page(role=OWNER)
def connect_webhooks(request: StaffRequest, public_id: str) -> HttpResponse:
    """Have the processor send its webhooks here."""
    connection = _mine(request, public_id)
    try:
        connection = set_up_hook(connection=connection)
    except Refused as refusal:
        return _back(request, refusal.sentence)
    if is_ready(check_connection(connection=connection)):
        return _back(request, "Webhooks are connected.")
    return _back(request, "A webhook endpoint was made: see the lines marked with a cross.")


@require_POST
@staff_page(role=OWNER)
def look_again_at(request: StaffRequest) -> HttpResponse:
    """ "Look again": gives a parked webhook back to the worker, or all of them when none is named."""
    count = look_again(account=request.account, event=_event(request) if request.POST.get("event") else None)
    if not count:
        return _back(request, "Nothing waits here any more.")
    return _back(request, f"Looking again at {count} webhook{'s' if count > 1 else ''}. This takes a few seconds.")


@require_POST
@staff_page(role=OWNER)
def put_away_webhook(request: StaffRequest) -> HttpResponse:
    """ "Put away": somebody looked into it at the processor, and there is nothing to do."""
    if put_away(account=request.account, event=_event(request), by=request.user.actor):
        return _back(request, "Put away.")
    return _back(request, "It does not wait here any more.")


def _event(request: StaffRequest) -> int:
    named = str(request.POST.get("event", ""))
    if not (named.isascii() and named.isdigit() and len(named) < 19):
        raise Http404("not a webhook")
    return int(named)


@require_POST
@staff_page(role=MANAGER)
def go_on_with_cards(request: StaffRequest) -> HttpResponse:
    """ "Let card payments go on": whoever was declined were customers (K1)."""
    if let_cards_go_on(account=request.account, by=request.user.actor):
        return _back(request, "Card payments go on.")
    return _back(request, "Card payments do not rest any more.")


@require_POST
@staff_page(role=OWNER)
def set_default(request: StaffRequest) -> HttpResponse:
    """Choose which processor takes payment requests."""
    connection = _mine(request, str(request.POST.get("default", "")))
    choose_default(connection=connection)
    return _back(request, f"{maker_or_missing(connection.kind).label} takes payment requests from now on.")


@require_POST
@staff_page(role=OWNER)
def replace_keys(request: StaffRequest, public_id: str) -> HttpResponse:
    """New keys for the same processor; a field left empty keeps what it was."""
    connection = _mine(request, public_id)
    form = KeysForm(maker_or_missing(connection.kind), request.POST, auto_id=f"{public_id}_%s", keep=True)
    try:
        connection = replace_credentials(connection=connection, credentials=form.keys())
    except Refused as refusal:
        form.refuse(refusal)
        return draw_processors(request, keys=form, of=public_id, status=422)
    if is_ready(check_connection(connection=connection)):
        return _back(request, "The keys are replaced.")
    return _back(request, "The keys are replaced: see the lines marked with a cross.")


@require_POST
@staff_page(role=OWNER)
def choose_hosted(request: StaffRequest, public_id: str) -> HttpResponse:
    """ "Customers pay on Stripe's page instead of ours", on or off."""
    connection, hosted = _mine(request, public_id), bool(request.POST.get("hosted"))
    choose_page(connection=connection, hosted=hosted)
    where = f"on {maker_or_missing(connection.kind).label}'s page" if hosted else "on your own page"
    return _back(request, f"Customers pay {where} from now on.")


@require_http_methods(["GET", "POST"])
@staff_page(role=OWNER)
def remove(request: StaffRequest, public_id: str) -> HttpResponse:
    """Take a processor out of use: first what that leads to, then the deed."""
    connection = _mine(request, public_id)
    made = maker_or_missing(connection.kind)
    if request.method == "POST":
        remove_connection(connection=connection)
        return _back(request, f"{made.label} is removed.")
    others = request.account.connections.filter(removed_at=None, is_enabled=True).exclude(pk=connection.pk)
    is_last = Can.REQUEST in made.can and not any(Can.REQUEST in maker_or_missing(other.kind).can for other in others)
    open_requests = PaymentRequest.objects.filter(order__account=request.account, status__in=LIVE_REQUEST).count()
    context = {"label": made.label, "is_last": is_last, "open_requests": open_requests, "here": "processors"}
    context["refundable"] = stays_refundable(connection) if Can.REFUND in made.can else 0
    return show(request, "staff/settings/remove_processor.html", context)


def _mine(request: StaffRequest, public_id: str) -> ProcessorConnection:
    found = request.account.connections.filter(public_id=public_id, removed_at=None).first()
    if found is None:
        raise Http404("no such processor in this account")
    return found


def _back(request: StaffRequest, words: str) -> HttpResponse:
    return done(request, "processors", account=request.account.slug, words=words)
