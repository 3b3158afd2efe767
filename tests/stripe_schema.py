"""Stripe's published schema, ready to check requests, answers and events with."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

DATA = Path(__file__).parent / "data" / "stripe"


@cache
def published() -> dict[str, Any]:
    """The schema, with OpenAPI's `nullable` put in JSON Schema's words."""
    converted: dict[str, Any] = _converted(json.loads((DATA / "openapi-subset.json").read_text()))
    return converted


@cache
def fixtures() -> dict[str, Any]:
    """Stripe's example object of each kind."""
    found: dict[str, Any] = json.loads((DATA / "fixtures.json").read_text())
    return found


def _converted(node: Any) -> Any:
    if isinstance(node, list):
        return [_converted(one) for one in node]
    if not isinstance(node, dict):
        return node
    plain = {name: _converted(value) for name, value in node.items() if name != "nullable"}
    return {"anyOf": [{"type": "null"}, plain]} if node.get("nullable") is True else plain


@cache
def _validator(reference: str) -> Draft202012Validator:
    return Draft202012Validator({**published(), "$ref": reference})


def problems_of_object(kind: str, data: Any) -> list[str]:
    """What is wrong with an object of a kind such as payment_intent; a nested unknown kind counts as well."""
    return _said(_validator(f"#/components/schemas/{kind}"), data)


def problems_of_answer(method: str, path: str, status: int, data: Any) -> list[str]:
    """What is wrong with an answer to `method` on `path`."""
    pattern = pattern_of(path)
    responses = published()["paths"][pattern][method.lower()]["responses"]
    name = str(status) if str(status) in responses else "default"
    place = pattern.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
    reference = f"#/paths/{place}/{method.lower()}/responses/{name}/content/application~1json/schema"
    return _said(_validator(reference), data)


def pattern_of(path: str) -> str:
    """The path as the schema writes it, `{id}` and the like in place of what differs."""
    known = sorted(published()["paths"], key=lambda one: one.count("{"))
    return next(one for one in known if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one), path))


def _said(validator: Draft202012Validator, data: Any) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(data)]
