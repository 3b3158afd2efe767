"""`/api/docs`: the description as a page to read. Needs no script and no other host."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from .v1.api import api
from .v1.problems import CODES

DEEPEST = 4
MANY = 20  # values that are not listed one by one


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body or an answer. `name` is its path: `lines[].quantity`."""

    name: str
    kind: str
    needed: bool
    about: str

    @property
    def shown(self) -> SafeString:
        """The name with places where a narrow page may break it."""
        return format_html_join(".", "{}<wbr>", ((part,) for part in self.name.split(".")))

    @property
    def told(self) -> SafeString:
        return _marked(self.about)


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as the page shows it."""

    id: str
    method: str
    path: str
    summary: str
    about: str
    parameters: list[Field]
    body: list[Field]
    answer_name: str
    status: str

    @property
    def told(self) -> SafeString:
        return _marked(self.about)


@dataclass(frozen=True, slots=True)
class Shape:
    """An answer's fields, shown once however many calls give it."""

    name: str
    about: str
    fields: list[Field]

    @property
    def told(self) -> SafeString:
        return _marked(self.about)


def _marked(words: str) -> SafeString:
    """Words in backquotes as code."""
    parts = words.split("`")
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if index % 2 else part,) for index, part in enumerate(parts))
    )


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Every call, every field, every code."""
    calls, shapes = _read()
    codes = [{"code": code, "status": status, "title": title} for code, (status, title) in CODES.items()]
    context = {
        "calls": calls,
        "shapes": shapes,
        "codes": codes,
        "about": _marked(api.description),
        "root": settings.PUBLIC_URL,
    }
    return render(request, "api/docs.html", context)


@lru_cache(maxsize=1)
def _read() -> tuple[list[Call], list[Shape]]:
    description = api.get_openapi_schema()
    shapes = description["components"]["schemas"]
    calls = [
        _call(method, path, details, shapes)
        for path, methods in description["paths"].items()
        for method, details in methods.items()
    ]
    named = dict.fromkeys([call.answer_name for call in calls] + ["Problem"])
    return calls, [Shape(name, shapes[name].get("description", ""), _fields(shapes[name], shapes)) for name in named]


def _call(method: str, path: str, details: dict[str, Any], shapes: dict[str, Any]) -> Call:
    body = details.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    status, answer = next((status, answer) for status, answer in details["responses"].items() if int(status) < 300)
    schema = answer["content"]["application/json"]["schema"]
    return Call(
        id=details["operationId"],
        method=method.upper(),
        path=path,
        summary=details["summary"],
        about=details.get("description", ""),
        parameters=[
            Field(each["name"], _kind(each["schema"], shapes), each["required"], each.get("description", ""))
            for each in details["parameters"]
        ],
        body=_fields(body, shapes),
        answer_name=schema["$ref"].rpartition("/")[2],
        status=str(status),
    )


def _fields(schema: dict[str, Any], shapes: dict[str, Any]) -> list[Field]:
    return list(_walk(schema, shapes, "", 0))


def _walk(schema: dict[str, Any], shapes: dict[str, Any], prefix: str, depth: int) -> Iterator[Field]:
    schema = _one(schema, shapes)
    for name, each in schema.get("properties", {}).items():
        needed = name in schema.get("required", [])
        yield Field(f"{prefix}{name}", _kind(each, shapes), needed, _about(each))
        inner, sign = _inside(each, shapes)
        if inner is not None and depth < DEEPEST:
            yield from _walk(inner, shapes, f"{prefix}{name}{sign}.", depth + 1)


def _inside(schema: dict[str, Any], shapes: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """The object inside a field, if there is one, and what stands behind the field's name to say so."""
    plain = _one(schema, shapes)
    if plain.get("type") == "array":
        item = _one(plain["items"], shapes)
        return (item, "[]") if "properties" in item else (None, "")
    return (plain, "") if "properties" in plain else (None, "")


def _one(schema: dict[str, Any], shapes: dict[str, Any]) -> dict[str, Any]:
    """The schema a reference or an optional field stands for."""
    if "$ref" in schema:
        found: dict[str, Any] = shapes[schema["$ref"].rpartition("/")[2]]
        return found
    for choice in schema.get("anyOf", []):
        if choice.get("type") != "null":
            return _one(choice, shapes)
    return schema


def _kind(schema: dict[str, Any], shapes: dict[str, Any]) -> str:
    """Words for a type: "integer, 0 to 99999999999", "list of text, or null"."""
    if "anyOf" in schema:
        kinds = dict.fromkeys(_kind(choice, shapes) for choice in schema["anyOf"])
        return " or ".join(kinds)
    plain = _one(schema, shapes)
    if len(plain.get("enum", [])) > MANY:
        return f"one of {len(plain['enum'])} codes such as {plain['enum'][0]}"
    if "enum" in plain or "const" in plain:
        return " or ".join(str(value) for value in plain.get("enum", [plain.get("const")]))
    if plain.get("type") == "array":
        return f"list of {_kind(plain['items'], shapes)}"
    words = {"string": "text", "boolean": "true or false"}.get(plain.get("type", ""), plain.get("type", "anything"))
    words = {"date": "day, 2026-11-20", "date-time": "moment, 2026-11-20T15:01:00Z"}.get(plain.get("format", ""), words)
    least, most = plain.get("minimum", plain.get("exclusiveMinimum")), plain.get("maximum")
    if most is not None:
        words += f", {least} to {most}"
    return f"{words}, at most {plain['maxLength']} characters" if "maxLength" in plain else words


def _about(schema: dict[str, Any]) -> str:
    words = str(schema.get("description", ""))
    default = schema.get("default")
    return f"{words} (default {default})".strip() if default not in (None, "", "0") else words
