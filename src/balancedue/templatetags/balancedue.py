"""Template tags of the design system: icons, money, dates, form fields. How to use them: docs/design.md."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from django import template
from django.forms import BaseForm, BoundField, CheckboxInput, RadioSelect, Select, Textarea, Widget
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import slugify

from balancedue.rules.brand import paint_for
from balancedue.rules.locales import locale_for
from balancedue.rules.methods import METHODS
from balancedue.rules.money import Money

from .glyphs import DIRECTIONAL, GLYPHS

register = template.Library()

DEFAULT_LOCALE = "en-US"
FAVICON_LINES = 'fill="none" stroke="#FFF" stroke-width="1.75" stroke-linecap="round"'
KINDS: dict[type[Widget], str] = {
    CheckboxInput: "checkbox",
    RadioSelect: "radios",
    Select: "select",
    Textarea: "textarea",
}


# Icons


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """`{% icon "mail" %}`, `{% icon "back" "small" %}`: a drawing, unknown to screen readers. Put a word beside it."""
    turns = " turns" if name in DIRECTIONAL else ""
    return format_html(
        '<svg class="icon{}{}" viewBox="0 0 20 20" aria-hidden="true" focusable="false">{}</svg>',
        turns,
        f" {classes}" if classes else "",
        SafeString(GLYPHS[name]),
    )


@register.simple_tag
def favicon() -> SafeString:
    """The product's mark as a data address: a picture in the tab that costs no request."""
    drawing = GLYPHS["mark"].replace('class="plate"', 'fill="#154FC3"').replace('class="cut"', FAVICON_LINES)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20">{drawing}</svg>'
    return SafeString("data:image/svg+xml," + quote(svg))


# Money, figures, words


@register.simple_tag(name="money", takes_context=True)
def money_tag(context: Context, amount: Money | None) -> str:
    """`{% money order.due %}`: an amount in the page's `locale`."""
    return money(amount, context.get("locale") or DEFAULT_LOCALE)


@register.filter
def money(amount: Money | None, locale: str = DEFAULT_LOCALE) -> str:
    """`{{ amount|money:locale }}`: the same where a tag does not fit. Isolated: signs stay put in any direction."""
    if amount is None:
        return ""
    return format_html("<bdi>{}</bdi>", amount.show(locale or DEFAULT_LOCALE))


@register.filter
def negative(amount: Money) -> Money:
    """`{{ payment.amount|negative|money:locale }}`: a payment as it stands in a column that adds up."""
    return -amount


@register.simple_tag(takes_context=True)
def money_text(context: Context, amount: Money) -> str:
    """The same without markup, for titles, attributes and `{% money_text x as sum %}`."""
    return amount.show(context.get("locale") or DEFAULT_LOCALE)


@register.filter
def bdi(text: object) -> SafeString:
    """Something a person typed, kept from turning the sentence around it."""
    return format_html("<bdi>{}</bdi>", text)


@register.filter
def quantity(value: Any) -> str:
    """3.000 as 3, 2.50 as 2.5."""
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"


@register.filter
def percent(value: Any) -> str:
    """A rate such as 8.250 as 8.25%."""
    return f"{quantity(value)}%"


@register.filter
def country_name(code: str, locale: str = DEFAULT_LOCALE) -> str:
    """`{{ address.country|country_name:locale }}`: ISO 3166 "US" as "United States"."""
    return str(locale_for(locale or DEFAULT_LOCALE).territories.get(code, code))


@register.filter
def method_label(code: str) -> str:
    """The word for a payment method's code (contract.md); a code we do not know is shown as it is."""
    return METHODS.get(code, code)


# Dates


@register.simple_tag(takes_context=True)
def day(context: Context, value: date | datetime | None, style: str = "medium") -> str:
    """`{% day order.placed_on %}`: "22 Nov 2026" as the page's locale writes it. `style`: a CLDR length or pattern."""
    if value is None:
        return ""
    shown = _local(context, value) if isinstance(value, datetime) else value
    on = shown.date() if isinstance(shown, datetime) else shown
    text = format_date(on, format=style, locale=_locale(context))
    return format_html('<time datetime="{}">{}</time>', on.isoformat(), text)


@register.simple_tag(takes_context=True)
def moment(context: Context, value: datetime | None) -> str:
    """`{% moment event.at %}`: "2 minutes ago", "15:01", "20 Nov"; the title has the full local time with its zone.

    Relative to `now` in the context when it is there (tests, styleguide), else to the clock.
    """
    if value is None:
        return ""
    at, locale = _local(context, value), _locale(context)
    return _time(at, _near(at, _local(context, context.get("now") or datetime.now(UTC)), locale), locale)


@register.simple_tag(takes_context=True)
def full_moment(context: Context, value: datetime | None) -> str:
    """`{% full_moment payment.at %}`: date, time and zone, for receipts and anything that is printed."""
    if value is None:
        return ""
    at, locale = _local(context, value), _locale(context)
    return _time(at, _full(at, locale), locale)


def _time(at: datetime, text: str, locale: Locale) -> str:
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), _full(at, locale), text)


def _full(at: datetime, locale: Locale) -> str:
    on, time = format_date(at, format="medium", locale=locale), format_time(at, format="short", locale=locale)
    return f"{on}, {time} {at.tzname()}"


def _near(at: datetime, now: datetime, locale: Locale) -> str:
    age = now - at
    if timedelta(0) <= age < timedelta(hours=1):
        return format_timedelta(
            min(-age, timedelta(seconds=-1)), granularity="second", add_direction=True, locale=locale
        )
    if at.date() == now.date():
        return format_time(at, format="short", locale=locale)
    skeleton = "MMMd" if at.year == now.year else "yMMMd"
    return format_datetime(at, format=locale.datetime_skeletons[skeleton].pattern, locale=locale)


def _locale(context: Context) -> Locale:
    return locale_for(str(context.get("locale") or DEFAULT_LOCALE))


def _local(context: Context, value: datetime) -> datetime:
    return value.astimezone(ZoneInfo(str(context.get("time_zone") or "UTC")))


# The page itself


@register.simple_tag(takes_context=True)
def html_attrs(context: Context) -> SafeString:
    """Language, direction and chosen theme for `<html>`. The theme is a cookie, so the first paint is right."""
    locale = _locale(context)
    request = context.get("request")
    theme = request.COOKIES.get("theme", "") if request is not None and context.get("themed") else ""
    chosen = format_html(' data-theme="{}"', theme) if theme in ("light", "dark") else SafeString("")
    lang = str(locale).replace("_", "-")
    return format_html('lang="{}" dir="{}"{}', lang, locale.text_direction, chosen)


@register.simple_tag(takes_context=True)
def nonce(context: Context) -> str:
    """The page's CSP nonce, wherever the middleware in use puts it. Asking for it puts it into the header.

    Compared with None, not by truth: django-csp's lazy nonce is false until it is used.
    """
    request = context.get("request")
    for found in (context.get("csp_nonce"), context.get("CSP_NONCE"), getattr(request, "csp_nonce", None)):
        if found is not None:
            return str(found)
    return ""


@register.simple_tag(takes_context=True)
def brand_style(context: Context, colour: str) -> SafeString:
    """`{% brand_style shop.brand_colour %}`: the shop's colour, and what can be read on it (ux.md 5.1)."""
    if not colour:
        return SafeString("")
    paint = paint_for(colour)
    return format_html(
        '<style nonce="{}">:root{{--brand:{};--on-brand:{}}}</style>', nonce(context), paint.fill, paint.label
    )


# Forms


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, kind: str = "", **options: Any) -> dict[str, Any]:
    """`{% field form.to kind="chips" hint="..." max=5 %}`: label, hint, error and control as one.

    kind: checkbox, radios, select, textarea, text, and by name only: chips, money, switch.
    options: label, hint, prefix, suffix, short, and any attribute of the control (underscores become hyphens).
    What was typed is kept, since the value comes from the bound field.
    """
    chosen = kind or _kind(bound)
    hint = options.pop("hint", bound.help_text)
    own = {name: options.pop(name, "") for name in ("label", "prefix", "suffix", "short", "max")}
    described = [f"{bound.auto_id}_hint"] if hint else []
    described += [f"{bound.auto_id}_error"] if bound.errors else []
    attrs = {name.replace("_", "-"): value for name, value in options.items()}
    if chosen not in ("checkbox", "switch", "radios", "chips", "money"):
        attrs["class"] = "input short" if own["short"] else "input"
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    if chosen == "money":
        attrs = {"inputmode": "decimal", "autocomplete": "off", **attrs}
    if chosen == "chips":
        attrs = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", **attrs}
    return {
        **own,
        "field": bound,
        "id": bound.auto_id,
        "label": own["label"] or bound.label,
        "hint": hint,
        "errors": bound.errors,
        "optional": not bound.field.required and chosen not in ("checkbox", "switch", "radios"),
        "kind": chosen,
        "control": "" if chosen == "radios" else bound.as_widget(attrs=attrs),
        "radios": bound.subwidgets if chosen == "radios" else [],
        "described": " ".join(described),
    }


@register.inclusion_tag("components/error_summary.html")
def error_summary(form: BaseForm) -> dict[str, Any]:
    """`{% error_summary form %}`: every problem once, in the words used at the field, each a link to its field."""
    problems = [("", text) for text in form.non_field_errors()]
    for bound in form:
        problems += [(_first_control(bound), text) for text in bound.errors]
    return {"problems": problems}


def _kind(bound: BoundField) -> str:
    return next((kind for widget, kind in KINDS.items() if isinstance(bound.field.widget, widget)), "text")


def _first_control(bound: BoundField) -> str:
    return f"{bound.auto_id}_0" if isinstance(bound.field.widget, RadioSelect) else bound.auto_id


# Blocks


@register.simple_block_tag
def note(content: SafeString, kind: str = "", glyph: str = "", **attrs: str) -> SafeString:
    """`{% note "warn" %}...{% endnote %}`: neutral, info, pos, warn or crit, with the drawing that goes with it."""
    drawn = glyph or {"info": "info", "pos": "check-circle", "warn": "alert", "crit": "cross-circle"}.get(kind, "")
    return format_html(
        '<div class="note{}"{}>{}<div>{}</div></div>',
        f" {kind}" if kind else "",
        _attrs(attrs),
        icon(drawn) if drawn else "",
        content,
    )


@register.simple_block_tag
def card(content: SafeString, title: str = "", classes: str = "", level: int = 2, **attrs: str) -> SafeString:
    """`{% card title="Items" classes="flush" %}...{% endcard %}`: a named region when it has a title."""
    key = slugify(title)
    head = format_html('<header><h{} id="{}-title">{}</h{}></header>', level, key, title, level) if title else ""
    named = {"aria-labelledby": f"{key}-title", **attrs} if title else attrs
    return format_html(
        '<section class="card{}"{}>{}{}</section>',
        f" {classes}" if classes else "",
        _attrs(named),
        head,
        content,
    )


@register.simple_block_tag
def dialog(content: SafeString, id: str, title: str, about: str = "", size: str = "", open: bool = False) -> SafeString:
    """`{% dialog id="request-payment" title="Request Payment" about="..." %}body and foot{% enddialog %}`.

    Opens without a script through `<button commandfor="request-payment" command="show-modal">`. Pass `open=True` to
    re-render it with errors when scripts are off. Only Close, Cancel and Esc close it, and they keep what was typed.
    """
    return format_html(
        '<dialog class="dialog{}" id="{}" aria-labelledby="{}-title" closedby="closerequest"{}>'
        '<header class="dialog-head"><div><h2 id="{}-title" tabindex="-1">{}</h2>{}</div>'
        '<button type="button" class="button quiet bare" commandfor="{}" command="close" aria-label="Close">{}</button>'
        "</header>"
        "{}</dialog>",
        f" {size}" if size else "",
        id,
        id,
        SafeString(" open" if open else ""),
        id,
        title,
        format_html("<p>{}</p>", about) if about else "",
        id,
        icon("cross"),
        content,
    )


@register.simple_tag
def tag(words: str, kind: str = "", shape: str = "") -> SafeString:
    """`{% tag "Part paid" "warn" "half" %}`. kind: "", pos, warn, crit, info. shape: "" (full), half, ring, struck."""
    classes = " ".join(filter(None, ("tag", kind, shape)))
    return format_html('<span class="{}">{}</span>', classes, words)


@register.inclusion_tag("components/progress.html", takes_context=True)
def progress(context: Context, steps: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """`{% progress steps %}`: each step {"name", "at": datetime or None, "state": "", done, paid or failed}."""
    return {**{key: context.get(key) for key in ("locale", "time_zone", "now")}, "steps": list(steps)}


def _attrs(attrs: Mapping[str, str]) -> SafeString:
    pairs = (format_html(' {}="{}"', name.replace("_", "-"), value) for name, value in attrs.items())
    return SafeString("".join(pairs))
