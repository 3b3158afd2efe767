"""Card processors: what is connected, whether it works, and connecting another (S6-S8, ux.md 3.6)."""

from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpResponse, QueryDict
from django.views.decorators.http import require_http_methods, require_POST

from balancedue.actions.connect_processor import (
    check_connection,
    choose_default,
    connect_processor,
    hook_url,
    remove_connection,
    replace_credentials,
    set_up_hook,
)
from balancedue.actions.look_again import look_again
from balancedue.models import PaymentRequest, ProcessorConnection, ProcessorEvent
from balancedue.processors.base import Can, Maker
from balancedue.processors.registry import maker, maker_or_missing, makers
from balancedue.rules.errors import Refused
from balancedue.rules.gate import OWNER
from balancedue.rules.states import LIVE_REQUEST
from balancedue.web.guard import StaffRequest, staff_page

from .fields import Form, Words
from .page import done, show

PARKED_SHOWN = 20
SANDBOX = "sandbox"  # offered only where an address for it is set


class KeysForm(Form):
    """The credentials of one kind of processor, as its maker asks for them."""

    def __init__(self, made: Maker, *args: Any, keep: bool = False, **options: Any) -> None:
        """`keep`: for replacing keys, where an empty field keeps what is stored."""
        super().__init__(*args, **options)
        self.made = made
        for setting in made.settings:
            widget = forms.PasswordInput(render_value=True) if setting.secret else forms.TextInput()
            widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
            self.fields[setting.name] = Words(
                label=setting.label, help_text=setting.hint, required=setting.required and not keep, widget=widget
            )

    def keys(self) -> dict[str, str]:
        """The credentials as typed."""
        return {name: self.typed(name) for name in self.fields}


@dataclass(slots=True)
class Shown:
    """A connected processor as the page draws it."""

    connection: ProcessorConnection
    label: str
    can_request: bool
    abilities: str
    why_not: str
    shown_keys: list[tuple[str, str]]
    hook_url: str
    has_hook: bool
    form: KeysForm
    problems: bool = False


@dataclass(slots=True)
class Offer:
    """A processor that could be connected."""

    made: Maker
    form: KeysForm
    open: bool = False
    going_live: bool = False
    can_request: bool = field(default=True)


@staff_page()
def processors(request: StaffRequest) -> HttpResponse:
    """`/settings/processors/`: everybody may look, the owner changes."""
    return _page(request)


def _page(
    request: StaffRequest, *, offer: Offer | None = None, keys: KeysForm | None = None, of: str = "", status: int = 200
) -> HttpResponse:
    connections = list(request.account.connections.filter(removed_at=None))
    shown = [_shown(connection, keys if connection.public_id == of else None) for connection in connections]
    kinds = {connection.kind for connection in connections}
    offers = [offer if offer and offer.made.name == made.name else _offer(made) for made in _offered(kinds)]
    able = [one for one in shown if one.can_request]
    context = {
        "shown": shown,
        "offers": offers,
        "able": able if len(able) > 1 else [],
        "needs_other": bool(shown) and not able,
        "form": offer.form if offer else keys,
        "here": "processors",
        **_parked(request),
    }
    return show(request, "staff/settings/processors.html", context, status=status)


def _parked(request: StaffRequest) -> dict[str, Any]:
    """The webhooks that wait for a person, also of processors that were removed: money may stand behind them."""
    parked = ProcessorEvent.objects.filter(connection__account=request.account, status=ProcessorEvent.PARKED)
    shown = parked.select_related("connection").defer("body").order_by("-received_at")[:PARKED_SHOWN]
    rows = [{"event": event, "label": maker_or_missing(event.connection.kind).label} for event in shown]
    return {"parked": rows, "all_parked": parked.count() if rows else 0}


def _offered(connected: set[str]) -> list[Maker]:
    return [made for made in makers() if made.name not in connected and (made.name != SANDBOX or settings.SANDBOX_URL)]


def _offer(made: Maker, typed: QueryDict | None = None) -> Offer:
    initial = {"api_base": settings.SANDBOX_URL} if made.name == SANDBOX else {}
    form = KeysForm(made, typed, auto_id=f"{made.name}_%s", initial=initial)
    return Offer(made, form, can_request=Can.REQUEST in made.can)


def _shown(connection: ProcessorConnection, keys: KeysForm | None) -> Shown:
    made = maker_or_missing(connection.kind)
    labels = {one.name: one.label for one in made.settings if one.secret or one.name.endswith("_key")}
    ends = [(labels[name], end) for name, end in connection.credentials_shown.items() if name in labels]
    return Shown(
        connection,
        made.label,
        Can.REQUEST in made.can,
        " ".join(
            f"{words}: {'yes' if can in made.can else 'no'}."
            for words, can in (("Payment requests", Can.REQUEST), ("Refunds", Can.REFUND))
        ),
        made.why_not,
        ends,
        hook_url(connection) if Can.HOOK in made.can else "",
        "webhook_secret" in connection.credentials_shown,
        keys or KeysForm(made, auto_id=f"{connection.public_id}_%s", keep=True),
        problems=keys is not None,
    )


@require_http_methods(["POST"])
@staff_page(role=OWNER)
def connect(request: StaffRequest, kind: str) -> HttpResponse:
    """Connect, then have webhooks set up and the connection checked. Live keys are asked about once."""
    made = maker(kind)
    offer = _offer(made, request.POST)
    offer.open = True
    keys = offer.form.keys()
    if not made.problems({name: value for name, value in keys.items() if value}):
        offer.going_live = made.open(keys).livemode and Can.REQUEST in made.can and not offer.form.ticked("live")
        if offer.going_live:
            return _page(request, offer=offer, status=422)
    try:
        connection = connect_processor(account=request.account, kind=kind, credentials=keys)
    except Refused as refusal:
        offer.form.refuse(refusal)
        return _page(request, offer=offer, status=422)
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
    if all(line.ok for line in lines):
        return f"{made.label} is ready. Customers can pay."
    return f"{made.label} is connected, and not ready yet: see the lines marked with a cross.{refused}"


@require_POST
@staff_page(role=OWNER)
def check(request: StaffRequest, public_id: str) -> HttpResponse:
    """ "Check connection": ask the processor, line by line."""
    connection = _mine(request, public_id)
    lines = check_connection(connection=connection)
    label = maker_or_missing(connection.kind).label
    if not all(line.ok for line in lines):
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
    check_connection(connection=connection)
    return _back(request, "Webhooks are connected.")


@require_POST
@staff_page(role=OWNER)
def look_again_at(request: StaffRequest) -> HttpResponse:
    """ "Look again": gives a parked webhook back to the worker, or all of them when none is named."""
    named = str(request.POST.get("event", ""))
    if named and not (named.isascii() and named.isdigit() and len(named) < 19):
        raise Http404("not a webhook")
    count = look_again(account=request.account, event=int(named) if named else None)
    if not count:
        return _back(request, "Nothing waits here any more.")
    return _back(request, f"Looking again at {count} webhook{'s' if count > 1 else ''}. This takes a few seconds.")


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
        return _page(request, keys=form, of=public_id, status=422)
    check_connection(connection=connection)
    return _back(request, "The keys are replaced.")


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
    return show(request, "staff/settings/remove_processor.html", context)


def _mine(request: StaffRequest, public_id: str) -> ProcessorConnection:
    found = request.account.connections.filter(public_id=public_id, removed_at=None).first()
    if found is None:
        raise Http404("no such processor in this account")
    return found


def _back(request: StaffRequest, words: str) -> HttpResponse:
    return done(request, "processors", account=request.account.slug, words=words)
