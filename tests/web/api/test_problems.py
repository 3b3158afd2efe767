"""How the API says no: always a problem (RFC 9457), never a page; keys, foreign ids, broken bodies."""

from typing import Any

import pytest
from django.test import Client

from balancedue.actions.create_account import revoke_api_key
from balancedue.models import Event, Order
from balancedue.web.api.v1 import orders, problems
from balancedue.web.api.v1.problems import CODES
from tests.web.api.caller import PROBLEM, Caller, check, description, fields

KEY = {"Idempotency-Key": "k"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer x", "Basic eDp5", "bd_x", "Bearer \xff", "Bearer " + "x" * 9000]
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/orders"), ("POST", "/orders"), ("GET", "/payment-requests/x")])
def test_without_a_key_nothing_is_told(method: str, path: str, authorization: str) -> None:
    """I8."""
    answer = Client().generic(method, f"/api/v1{path}", "{", headers={"Authorization": authorization})
    assert (answer.status_code, answer.headers["Content-Type"]) == (401, PROBLEM)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    check("Problem", answer.json())
    assert answer.json()["code"] == "unauthenticated"


def test_a_revoked_key_opens_nothing(program: Caller) -> None:
    assert program.get("/orders")[0] == 200
    program.key.refresh_from_db()
    assert program.key.last_used_at is not None
    revoke_api_key(key=program.key)
    assert program.get("/orders")[0] == 401


def test_a_session_is_no_key(program: Caller) -> None:
    """J2: a signed-in browser cannot be made to call the API."""
    client = Client()
    client.force_login(program.account.memberships.get().user)
    assert client.post("/api/v1/orders", "{}", content_type="application/json").status_code == 401


def _calls() -> list[tuple[str, str]]:
    paths = description()["paths"]
    return [(method.upper(), path.removeprefix("/api/v1")) for path, methods in paths.items() for method in methods]


def test_what_another_shop_has_does_not_exist(program: Caller, stranger: Caller) -> None:
    """N12, M4, I8: every call that names something, on ids and numbers of another account."""
    order = program.order(number="mine")
    _, payment = program.post("/orders/mine/payments", {"amount": 100, "method": "cash"})
    _, request = program.post("/orders/mine/payment-requests")
    before = Event.objects.count()
    ids = {"order": [order["id"], "mine"], "payment": [payment["id"]], "payment_request": [request["id"]]}
    bodies = {"payments": {"amount": 1, "method": "cash"}, "reversal": {"reason": "x"}, "refunds": {"reason": "other"}}
    tried = 0
    for method, path in _calls():
        for name, values in ids.items():
            for value in values if f"{{{name}}}" in path else []:
                mine = path.replace(f"{{{name}}}", value)
                body: Any = bodies.get(path.rpartition("/")[2], {})
                called = {"GET": stranger.get, "PATCH": stranger.patch, "POST": stranger.post}[method]
                status, told = called(mine) if method == "GET" else called(mine, body)  # type: ignore[operator]
                assert (status, told["code"]) == (404, "not_found"), mine
                tried += 1
    assert tried == 14
    assert Event.objects.count() == before
    assert stranger.get("/orders")[1]["results"] == []


@pytest.mark.parametrize(
    "name",
    [
        "nope",
        "%00",
        "..%2f..",
        "ord_" + "x" * 5000,
        "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
        "1' OR '1'='1",
    ],
)
def test_names_nobody_has_are_not_found(program: Caller, name: str) -> None:
    """J9."""
    for path in (f"/orders/{name}", f"/payment-requests/{name}"):
        assert program.get(path)[0] == 404
    assert program.post(f"/payments/{name}/reversal", {"reason": "x"})[0] == 404


@pytest.mark.parametrize("path", ["", "/", "/nope", "/orders/", "/orders/1/2/3", "/events", "/../login"])
def test_addresses_that_are_none_are_problems_too(program: Caller, path: str) -> None:
    assert program.get(path)[1]["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/orders", "GET, POST"),
        ("DELETE", "/orders/1", "GET, PATCH"),
        ("GET", "/orders/1/payments", "POST"),
        ("POST", "/payment-requests/1", "GET"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(program: Caller, method: str, path: str, allowed: str) -> None:
    status, told = program.call(method, path)
    assert (status, told["code"]) == (405, "method_not_allowed")
    assert set(program.last.headers["Allow"].split(", ")) == set(allowed.split(", "))


@pytest.mark.parametrize(
    "raw",
    [
        "{", "nothing", '{"lines": [}', "{'a': 1}", '{"a": NaN}', '{"a": 1, "a": 2}', b"\xff\xfe{}", b"\x00",
        "[" * 100_000, '{"a":' * 50_000, '{"a": ' + "9" * 10_000 + "}", "\ufeff{}",
    ],
)  # fmt: skip
def test_what_is_not_json_is_said_to_be_none(program: Caller, raw: Any) -> None:
    """J9: depth, digits, repeated names."""
    status, told = program.post("/orders", raw=raw)
    assert (status, told["code"]) == (400, "invalid")
    assert told["detail"].endswith(".")
    assert not Order.objects.exists()


@pytest.mark.parametrize("raw", ["[]", '"x"', "7", "null", "true", ""])
def test_json_that_is_no_object_is_refused(program: Caller, raw: str) -> None:
    status, told = program.post("/orders", raw=raw)
    assert (status, told["code"]) == (422, "invalid")


def test_too_long_a_body_is_refused(program: Caller) -> None:
    status, told = program.post("/orders", raw='{"internal_note": "%s"}' % ("x" * 2_700_000))
    assert (status, told["code"]) == (413, "too_large")


def test_our_own_fault_has_a_reference_and_no_details(
    program: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(orders, "order_of", fail)
    status, told = program.get("/orders/1")
    assert (status, told["code"]) == (500, "server_error")
    assert "secret" not in str(told)
    assert told["detail"].rpartition("reference ")[2].rstrip(".") in caplog.text


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_status_a_title_and_an_explanation(code: str) -> None:
    told = problems.problem(code)
    assert (told.status_code, told.headers["Content-Type"]) == (CODES[code][0], PROBLEM)
    check("Problem", problems.Problem.model_validate_json(told.content).model_dump())
    page = Client().get("/api/docs").content.decode()
    assert f'id="problem-{code}"' in page


def test_a_code_of_a_later_refusal_is_a_conflict() -> None:
    assert problems.problem("seldom_heard", "No.").status_code == 409


@pytest.mark.parametrize(("code", "status"), [("not_allowed", 403), ("too_many_tries", 429), ("invalid", 422)])
def test_refusals_have_their_statuses(code: str, status: int) -> None:
    refusal = problems.Refused(code, "A sentence.", field="to")
    told = problems.refused(None, refusal)  # type: ignore[arg-type]
    assert told.status_code == status
    assert fields(problems.Problem.model_validate_json(told.content).model_dump()) == {"to": "A sentence."}
    assert ("Retry-After" in told.headers) is (status == 429)
