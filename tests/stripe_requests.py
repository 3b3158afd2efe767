"""Requests held to Stripe's published schema: path, query and form body, unknown parameters refused."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jsonschema import Draft202012Validator

from tests.stripe_schema import published

Schema = dict[str, Any]

FORM = "application/x-www-form-urlencoded"


@dataclass
class Asked:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Form fields of the body and of the query."""
        text = self.body.decode() or urlsplit(self.target).query
        return parse_qsl(text, keep_blank_values=True)

    @property
    def form(self) -> dict[str, Any]:
        """Groups from `a[b][c]=x`; a list is a group of numbered parts."""
        root: dict[str, Any] = {}
        for name, value in self.pairs:
            *groups, last = re.findall(r"[^\[\]]+", name)
            place = root
            for group in groups:
                place = place.setdefault(group, {})
            place[last] = value
        return root


def breaches_of_schema(asked: Asked, *, but: Collection[str] = ()) -> list[str]:
    """What Stripe would refuse of this request, parameters of the names `but` aside; empty when it is valid."""
    found = _operation(asked)
    if found is None:
        return [f"no such operation: {asked.method} {asked.path}"]
    if asked.method != "GET" and not asked.headers.get("content-type", FORM).startswith(FORM):
        return ["not a form"]
    schema = parameters(*found)
    value = _typed({name: part for name, part in asked.form.items() if name not in but}, schema)
    return [
        f"{asked.method} {found[1]}: {one.json_path}: {one.message}" for one in _validator(*found).iter_errors(value)
    ]


def _operation(asked: Asked) -> tuple[str, str] | None:
    """The method and the path as the schema writes it; a path without `{}` comes first."""
    for pattern in sorted(published()["paths"], key=lambda one: one.count("{")):
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), asked.path):
            method = asked.method.lower()
            return (method, pattern) if method in published()["paths"][pattern] else None
    return None


@cache
def parameters(method: str, pattern: str) -> Schema:
    """What an operation takes, as one schema that takes nothing else."""
    operation = published()["paths"][pattern][method]
    if method != "get":
        body = operation.get("requestBody", {"content": {FORM: {"schema": {"type": "object", "properties": {}}}}})
        return dict(_closed(body["content"][FORM]["schema"]))
    rows = [row for row in operation.get("parameters", []) if row["in"] == "query"]
    schema = {"type": "object", "properties": {row["name"]: row["schema"] for row in rows}}
    return dict(_closed(schema | {"required": [row["name"] for row in rows if row["required"]]}))


@cache
def _validator(method: str, pattern: str) -> Draft202012Validator:
    return Draft202012Validator(parameters(method, pattern))


def _closed(schema: Any) -> Any:
    """The same, with every object that lists its properties taking no others."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        closed["properties"] = {name: _closed(part) for name, part in schema["properties"].items()}
        closed.setdefault("additionalProperties", False)
    return closed


def _typed(value: Any, schema: Schema) -> Any:
    """Form text as the JSON it stands for; what does not fit stays text, for the validator to find."""
    for option in schema.get("anyOf", []):
        typed = _typed(value, option)
        if Draft202012Validator(option).is_valid(typed):
            return typed
    kind = schema.get("type")
    if kind == "integer" and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    if kind == "array" and isinstance(value, dict):
        return [_typed(part, schema["items"]) for part in value.values()]
    if kind == "object" and isinstance(value, dict):
        return {name: _typed(part, schema.get("properties", {}).get(name, {})) for name, part in value.items()}
    return value
