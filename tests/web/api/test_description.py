"""The description of the API and its page: complete, true, and without other hosts."""

import re
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from tests.web.api.caller import description

CALLS = {
    "/api/v1/orders": {"get", "post"},
    "/api/v1/orders/{order}": {"get", "patch"},
    "/api/v1/orders/{order}/cancellation": {"post"},
    "/api/v1/orders/{order}/payments": {"post"},
    "/api/v1/orders/{order}/payment-requests": {"post"},
    "/api/v1/payment-requests/{payment_request}": {"get"},
    "/api/v1/payment-requests/{payment_request}/withdrawal": {"post"},
    "/api/v1/payments/{payment}/reversal": {"post"},
    "/api/v1/payments/{payment}/refunds": {"post"},
    "/api/v1/payouts": {"get"},
    "/api/v1/payouts/{payout}": {"get"},
}


def _operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, details) for path, calls in description()["paths"].items() for method, details in calls.items()
    ]


def test_the_calls_are_those_of_the_contract() -> None:
    assert {path: set(calls) for path, calls in description()["paths"].items()} == CALLS


def test_problems_are_described_under_their_own_type() -> None:
    for path, method, details in _operations():
        for status, answer in details["responses"].items():
            kinds = list(answer["content"])
            expected = "application/problem+json" if int(status) >= 400 else "application/json"
            assert kinds == [expected], (path, method, status)
        assert {"401", "404", "422", "500"} <= set(details["responses"])
        assert details["security"] == [{"Bearer": []}]


def test_every_post_names_its_idempotency_key() -> None:
    for path, method, details in _operations():
        named = [each["name"] for each in details["parameters"] if each["in"] == "header" and each["required"]]
        assert named == (["Idempotency-Key"] if method == "post" else []), path


def test_every_schema_is_one_and_every_reference_leads_somewhere() -> None:
    shapes = description()["components"]["schemas"]
    for shape in shapes.values():
        Draft202012Validator.check_schema(shape)
    named = set(re.findall(r"#/components/schemas/([A-Za-z]+)", str(description())))
    assert named <= shapes.keys()


def test_bodies_and_answers_are_closed() -> None:
    """An unknown field is refused, and none is answered that is not described."""
    for name, shape in description()["components"]["schemas"].items():
        if "properties" in shape and name != "Filters":
            assert shape.get("additionalProperties") is False, name


@pytest.mark.django_db
def test_the_page_shows_every_call_and_field_and_loads_nothing_from_elsewhere() -> None:
    answer = Client().get("/api/docs")
    page = answer.content.decode()
    assert answer.status_code == 200
    for path, _, details in _operations():
        assert path in page
        assert f'id="{details["operationId"]}"' in page
    for name in ("lines[].unit_price", "contact.email", "why_not", "deliveries[].status", "errors[].detail"):
        assert f"<code>{name}</code>" in page.replace("<wbr>", "")
    assert "<script" not in page.replace('<script src="/static/', "")
    assert not re.findall(r'(?:src|href)="(?:https?:)?//(?!localhost)', page)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert targets <= set(ids)
