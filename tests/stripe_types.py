"""Requests held to the types of the installed SDK, so that a newer one is noticed: its TypedDicts, read strictly."""

import re
import sys
from decimal import Decimal
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, ForwardRef, Literal, NotRequired, Required, Union, get_args, get_origin

import stripe
import typing_extensions

from tests.stripe_requests import Asked

_SERVICES = Path(stripe.__file__).parent
_CALL = re.compile(r'(?s)\w+\(.*?params: (?:Optional\[)?"(\w+)".*?"(get|post|delete)",\s*"(/v1/[^"]+)"')
_NOT_SENT = set(stripe.RequestOptions.__annotations__)  # ways to call, not parameters
_PLAIN = {int: r"-?\d+", float: r"-?\d+(\.\d+)?", Decimal: r"-?\d+(\.\d+)?", bool: "true|false"}


def breaches_of_types(asked: Asked) -> list[str]:
    """What the SDK's types do not allow of this request; empty when all fits."""
    found = _operation(asked)
    if found is None:
        return [f"the SDK makes no such call: {asked.method} {asked.path}"]
    return [f"{asked.method} {asked.path}: {one}" for one in _problems(asked.form, params_of(*found), "$")]


def _operation(asked: Asked) -> tuple[str, str] | None:
    method = asked.method.lower()
    for known, pattern in sorted(_calls(), key=lambda call: call[1].count("{")):
        if known == method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), asked.path):
            return known, pattern
    return None


@cache
def _calls() -> dict[tuple[str, str], tuple[str, str]]:
    """Each call of the SDK, method and path, with the module and the name of its parameters' type."""
    found = {}
    for path in _SERVICES.rglob("_*_service.py"):
        text = path.read_text()
        for part in text.split("\n    def ")[1:]:
            if call := _CALL.match(part):
                name, method, pattern = call.groups()
                place = re.search(rf"from (stripe\.params\S*) import \(?\s*{name}\b", text)
                assert place, f"{path.name} does not say where {name} is from"
                found[method, pattern] = (place.group(1), name)
    return found


@cache
def params_of(method: str, pattern: str) -> Any:
    """The TypedDict of an operation's parameters."""
    module, name = _calls()[method, pattern]
    return getattr(import_module(module), name)


def fields(kind: Any) -> dict[str, Any]:
    """The parameters of a TypedDict with their types resolved; how to call is left out."""
    names = vars(sys.modules[kind.__module__])
    return {name: _resolved(hint, names) for name, hint in kind.__annotations__.items() if name not in _NOT_SENT}


def _resolved(hint: Any, names: dict[str, Any]) -> Any:
    """A hint without NotRequired and without names still to be looked up."""
    if isinstance(hint, ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        return _resolved(eval(hint, names), names)
    if get_origin(hint) in (NotRequired, Required, typing_extensions.NotRequired, typing_extensions.Required):
        return _resolved(get_args(hint)[0], names)
    if get_origin(hint) in (Literal, typing_extensions.Literal) or not get_args(hint):
        return hint
    return get_origin_of(hint)[tuple(_resolved(one, names) for one in get_args(hint))]


def get_origin_of(hint: Any) -> Any:
    """The generic a hint was made of, `X | Y` as Union."""
    origin = get_origin(hint)
    return origin if isinstance(origin, type) and origin.__name__ != "UnionType" else Union


def _problems(value: Any, hint: Any, place: str) -> list[str]:
    if hint is Any:
        return []
    if hint is str:
        return [] if isinstance(value, str) else [f"{place}: not a text"]
    if hint in _PLAIN:
        fits = isinstance(value, str) and re.fullmatch(_PLAIN[hint], value)
        return [] if fits else [f"{place}: {value!r} is no {hint.__name__}"]
    if typing_extensions.is_typeddict(hint):
        return _problems_of_group(value, hint, place)
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return [] if value in args else [f"{place}: {value!r} is none of {args}"]
    if origin in (list, dict):
        if not isinstance(value, dict):
            return [f"{place}: not a {origin.__name__}"]
        return [problem for name, one in value.items() for problem in _problems(one, args[-1], f"{place}.{name}")]
    return _problems_of_choice(value, options(hint), place)


def options(hint: Any) -> list[Any]:
    """What a union allows. Beside words that are listed any other text is not: the SDK adds `str` for later ones."""
    kinds = [one for one in get_args(hint) if getattr(get_origin(one) or one, "__name__", "") != "UntypedStripeObject"]
    listed = any(get_origin(one) is Literal and set(get_args(one)) != {""} for one in kinds)
    return [one for one in kinds if not (listed and one is str)]


def _problems_of_choice(value: Any, kinds: list[Any], place: str) -> list[str]:
    each = [_problems(value, one, place) for one in kinds]
    return [] if [] in each else [problem for one in each for problem in one] or [f"{place}: nothing is allowed"]


def _problems_of_group(value: Any, kind: Any, place: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{place}: not a group"]
    known = fields(kind)
    problems = [f"{place}.{name}: the SDK does not know it" for name in value if name not in known]
    missing = (kind.__required_keys__ - _NOT_SENT) - value.keys()
    problems += [f"{place}.{name}: missing" for name in sorted(missing)]
    for name, one in value.items():
        problems += _problems(one, known[name], f"{place}.{name}") if name in known else []
    return problems
