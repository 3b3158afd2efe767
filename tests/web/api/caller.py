"""A shop's own program: calls the API over Django's client, and holds every answer to the published description."""

import itertools
import json
from functools import cache
from typing import Any

from django.http import HttpResponse
from django.test import Client
from jsonschema import Draft202012Validator

from balancedue.actions.create_account import create_api_key
from balancedue.models import Account, ApiKey

JSON = "application/json"
PROBLEM = "application/problem+json"
_keys = itertools.count(1)


@cache
def description() -> dict[str, Any]:
    """/api/v1/openapi.json, as anybody gets it."""
    response = Client().get("/api/v1/openapi.json")
    assert response.status_code == 200
    read: dict[str, Any] = json.loads(response.content)
    return read


def check(name: str, body: Any) -> None:
    """`body` is what the description says of the shape `name`."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": description()["components"]}
    Draft202012Validator(schema).validate(body)


class Caller:
    """Holds one key. Each answer comes back as (status, body); every one is checked against the description."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.key: ApiKey
        self.key, self.plain = create_api_key(account=account, name="Till")
        self.client = Client(headers={"Authorization": f"Bearer {self.plain}"})
        self.last: HttpResponse

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        return self._told(self.client.get(f"/api/v1{path}", query))

    def post(self, path: str, body: Any = None, *, key: str = "", raw: str | bytes | None = None) -> tuple[int, Any]:
        content = raw if raw is not None else "" if body is None else json.dumps(body)
        headers = {"Idempotency-Key": key or f"call-{next(_keys)}"}
        return self._told(self.client.post(f"/api/v1{path}", content, content_type=JSON, headers=headers))

    def patch(self, path: str, body: Any) -> tuple[int, Any]:
        return self._told(self.client.patch(f"/api/v1{path}", json.dumps(body), content_type=JSON))

    def call(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        """Any other call."""
        return self._told(self.client.generic(method, f"/api/v1{path}", **more))

    def order(self, **facts: Any) -> dict[str, Any]:
        """Place an order of 1,105.28, unless told otherwise."""
        line = {"description": "Fleece hoodie", "quantity": "1", "unit_price": 110_528}
        plain = {"contact": {"name": "Dana Whitlock", "email": "dana@riverside-hs.example"}, "lines": [line]}
        status, body = self.post("/orders", plain | facts)
        assert status == 201, body
        placed: dict[str, Any] = body
        return placed

    def _told(self, response: Any) -> tuple[int, Any]:
        self.last = response
        kind = response.headers["Content-Type"]
        assert response.headers["Cache-Control"] == "no-store"
        body = json.loads(response.content)
        if response.status_code >= 400:
            assert kind == PROBLEM
            check("Problem", body)
            assert body["status"] == response.status_code
        else:
            assert kind == JSON
            check(_shape(body), body)
        return response.status_code, body


def _shape(body: dict[str, Any]) -> str:
    if "results" in body:
        return "PayoutPage" if any("arrives_on" in one for one in body["results"]) else "OrderPage"
    if body["id"].startswith("po_"):
        return "PayoutWithLines"
    return {"ord": "Order", "pay": "Payment", "rf": "Refund", "pr": "PaymentRequest"}[body["id"].partition("_")[0]]


def fields(problem: dict[str, Any]) -> dict[str, str]:
    """What a problem says field by field."""
    return {error["field"]: error["detail"] for error in problem["errors"]}
