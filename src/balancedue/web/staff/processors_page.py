"""The page of card processors: what is connected, whether it works, and what could be connected (S6-S8, ux.md 3.6)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpResponse, QueryDict
from django.utils import timezone

from balancedue.actions.check_connection import hook_url
from balancedue.actions.open_processor import old_secret_until
from balancedue.models import ProcessorConnection, ProcessorEvent
from balancedue.models.sealing import CannotUnseal
from balancedue.processors.base import Can, Maker
from balancedue.processors.registry import maker_or_missing, makers
from balancedue.rules.clock_words import time_words
from balancedue.web.guard import StaffRequest, staff_page

from .alarms import CARD_TESTING, open_alarms
from .fields import Form, Words
from .page import show

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
    old_until: datetime | None
    can_host: bool
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
    return draw_processors(request)


def draw_processors(
    request: StaffRequest, *, offer: Offer | None = None, keys: KeysForm | None = None, of: str = "", status: int = 200
) -> HttpResponse:
    """The page; `offer`: a form to connect that was refused, `keys`: one to replace the keys of the connection `of`."""
    connections = list(request.account.connections.filter(removed_at=None))
    shown = [_shown(connection, keys if connection.public_id == of else None) for connection in connections]
    kinds = {connection.kind for connection in connections}
    offers = [offer if offer and offer.made.name == made.name else offer_of(made) for made in _offered(kinds)]
    able = [one for one in shown if one.can_request]
    context = {
        "shown": shown,
        "offers": offers,
        "able": able if len(able) > 1 else [],
        "needs_other": bool(shown) and not able,
        "form": offer.form if offer else keys,
        "here": "processors",
        **_parked(request),
        **_alarms(request),
    }
    return show(request, "staff/settings/processors.html", context, status=status)


def _parked(request: StaffRequest) -> dict[str, Any]:
    """The webhooks that wait for a person, also of processors that were removed: money may stand behind them."""
    parked = ProcessorEvent.objects.filter(connection__account=request.account, status=ProcessorEvent.PARKED)
    shown = parked.select_related("connection").defer("body").order_by("-received_at")[:PARKED_SHOWN]
    rows = [{"event": event, "label": maker_or_missing(event.connection.kind).label} for event in shown]
    return {"parked": rows, "all_parked": parked.count() if rows else 0}


def _alarms(request: StaffRequest) -> dict[str, Any]:
    """What is wrong at the moment. While card payments rest, their alarm is the note with the button."""
    alarms = open_alarms(request.account)
    until = request.account.cards_rest_until
    if until is None or until <= timezone.now():
        return {"alarms": alarms}
    rest = time_words(until, request.account.locale, request.account.zone)
    testing = next((alarm for alarm in alarms if alarm.kind == CARD_TESTING), None)
    return {"alarms": [alarm for alarm in alarms if alarm is not testing], "resting": rest, "testing": testing}


def _offered(connected: set[str]) -> list[Maker]:
    return [made for made in makers() if made.name not in connected and (made.name != SANDBOX or settings.SANDBOX_URL)]


def offer_of(made: Maker, typed: QueryDict | None = None) -> Offer:
    """A processor that could be connected, with what was typed so far."""
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
        _old_until(connection),
        Can.HOSTED in made.can,
        keys or KeysForm(made, auto_id=f"{connection.public_id}_%s", keep=True),
        problems=keys is not None,
    )


def _old_until(connection: ProcessorConnection) -> datetime | None:
    """Until when the webhook secret from before holds too."""
    try:
        return old_secret_until(connection.credentials)
    except CannotUnseal:
        return None
