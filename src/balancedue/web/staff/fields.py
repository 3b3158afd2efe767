"""Form fields that keep what was typed and never judge: the verbs judge, and their sentences come back here (M8)."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, TypeVar

from django import forms

from balancedue.rules.errors import Invalid, Refused

T = TypeVar("T")


class Words(forms.CharField):
    """Text as typed. `required` only decides whether the label says "(optional)"."""

    def validate(self, value: Any) -> None:
        """Anything goes."""

    def run_validators(self, value: Any) -> None:
        """Anything goes."""


def several_addresses(label: str, **options: Any) -> Words:
    """A field of e-mail addresses: a comma list, chips with a script."""
    return Words(label=label, widget=forms.EmailInput(attrs={"multiple": True}), **options)


def long_text(label: str, *, most: int = 0, rows: int = 3, **options: Any) -> Words:
    """A text area. `most`: how many characters the browser lets in; 0 leaves it to the server."""
    attrs: dict[str, Any] = {"rows": rows} | ({"maxlength": most} if most else {})
    return Words(label=label, widget=forms.Textarea(attrs=attrs), required=options.pop("required", False), **options)


def choice(label: str, choices: Iterable[tuple[str, str]], **options: Any) -> Words:
    """One of several, in a list."""
    return Words(label=label, widget=forms.Select(choices=list(choices)), **options)


def day_field(label: str, **options: Any) -> Words:
    """A day, by the browser's own picker."""
    return Words(label=label, widget=forms.DateInput(attrs={"type": "date"}), **options)


def read_day(text: str, *, field: str) -> date | None:
    """The day a browser sends; None for nothing. Raises Refused."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Refused("invalid", "Enter a date like 2026-11-22", field=field) from None


class Form(forms.Form):
    """A form whose problems are said by the verbs."""

    use_required_attribute = False

    def typed(self, name: str) -> str:
        """What was typed into `name`, without the space around it."""
        return str(self.data.get(self.add_prefix(name), "")).strip()

    def ticked(self, name: str) -> bool:
        """Whether the box `name` is ticked."""
        return bool(self.data.get(self.add_prefix(name)))

    def refuse(self, refusal: Refused) -> None:
        """Put each sentence at its field, or on top where it has none."""
        self.is_valid()
        problems = refusal.problems if isinstance(refusal, Invalid) else {refusal.field: refusal.sentence}
        for field, sentence in problems.items():
            self.add_error(field if field in self.fields else None, sentence)


class Collected:
    """Runs several readings and keeps every refusal, so that all of them are said at once (M8)."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}

    def get(self, read: Callable[[], T], otherwise: T) -> T:
        """What `read` answers, or `otherwise` with its sentence kept."""
        try:
            return read()
        except Invalid as refusal:
            self.problems |= refusal.problems
        except Refused as refusal:
            self.problems.setdefault(refusal.field, refusal.sentence)
        return otherwise

    def check(self) -> None:
        """Raises Invalid when anything was refused."""
        if self.problems:
            raise Invalid(self.problems)
