"""Idempotency-Key: a POST with the same key and content is answered once, however often it is sent."""

import hashlib
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from pydantic import BaseModel

from balancedue.actions.answer_once import Answer, answer_once

from .keys import account_of
from .problems import problem

HEADER = "Idempotency-Key"


def once(request: HttpRequest, work: Callable[[str], tuple[int, BaseModel, str]]) -> HttpResponse:
    """Answer a POST by `work`, or with the answer it was given before.

    `work` gets a name for this call, at most 64 characters, by which an action recognises it (should we die between
    the deed and the answer), and answers the status, the body, and the address of what was made, or "".
    A refusal is not kept: the same key may be sent again once its cause is gone.
    """
    key = request.headers.get(HEADER, "")
    if not key:
        sentence = f"Send an {HEADER} header: a new random text for each call, and the same one when you send it again."
        return problem("invalid", sentence, status=400, errors=[(HEADER, sentence)])
    account = account_of(request)
    name = hashlib.sha256(f"{request.method} {request.path} {key}".encode()).hexdigest()
    place = ""

    def answered() -> Answer:
        nonlocal place
        status, body, place = work(name)
        return Answer(status, body.model_dump_json())

    content = b"\n".join([str(request.method).encode(), request.get_full_path().encode(), request.body])
    answer = answer_once(account=account, key=key, content=content, work=answered)
    response = HttpResponse(answer.body, status=answer.status, content_type="application/json")
    if place:
        response.headers["Location"] = place
    if answer.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response
