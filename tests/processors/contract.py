"""Requests held to Stripe's published schema: path, query and form body, unknown parameters refused."""

import json
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tests.processors.objects import DATA
from tests.stripe_requests import Asked

Schema = dict[str, Any]


@cache
def published() -> Schema:
    """The API of 2025-10-15, the operations used here."""
    document: Schema = json.loads((DATA / "openapi-subset.json").read_text())
    return document


def breaches(asked: Asked) -> list[str]:
    """What Stripe would refuse of this request; empty when it is valid."""
    operation = _operation(asked)
    if operation is None:
        return [f"no such operation: {asked.method} {asked.path}"]
    if asked.method == "GET":
        rows = [row for row in operation.get("parameters", []) if row["in"] == "query"]
        schema = {"type": "object", "properties": {row["name"]: row["schema"] for row in rows}}
        schema["required"] = [row["name"] for row in rows if row["required"]]
    else:
        schema = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
        if not asked.headers["content-type"].startswith("application/x-www-form-urlencoded"):
            return ["not a form"]
    closed = _closed(schema)
    value = _typed(_nested(asked.pairs), closed)
    return [f"{list(one.absolute_path)}: {one.message}" for one in Draft202012Validator(closed).iter_errors(value)]


def _operation(asked: Asked) -> Schema | None:
    for pattern, methods in published()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), asked.path):
            found: Schema | None = methods.get(asked.method.lower())
            return found
    return None


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


def _nested(pairs: list[tuple[str, str]]) -> Any:
    """Groups from `a[b][c]=x`; lists stay groups of numbered parts until `_typed`."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        first, *rest = re.findall(r"[^\[\]]+", name)
        place = root
        steps = [first, *rest]
        for step in steps[:-1]:
            place = place.setdefault(step, {})
        place[steps[-1]] = value
    return root


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
