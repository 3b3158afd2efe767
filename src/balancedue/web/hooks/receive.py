"""Webhooks of processors: answered with 2xx only once they are durably ours (money-safety.md 6.3)."""

import logging

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from balancedue.actions.receive_event import receive_event
from balancedue.models import ProcessorConnection
from balancedue.models.sealing import CannotUnseal
from balancedue.processors.reports import BadSignature

LARGEST_BODY = 1_000_000  # bytes; a processor's event has a few thousand

log = logging.getLogger(__name__)


@csrf_exempt  # a signature in the head says who it is from
@require_POST
def receive(request: HttpRequest, connection: str) -> HttpResponse:
    """`/hooks/<connection>/`: 200 kept, 400 not signed for us, 404 no such connection, 413 too long, 503 send it again.

    A connection that was removed still hears about the payments it began.
    """
    known = ProcessorConnection.objects.filter(public_id=connection).first()
    if known is None:
        return _say("There is no such connection.", 404)
    try:
        body = _body(request)
        receive_event(connection=known, headers=request.headers, body=body)
    except RequestDataTooBig:
        return _say("This is too long for a webhook.", 413)
    except BadSignature as problem:
        log.warning("webhook refused connection=%s reason=%s", known.public_id, problem)
        return _say("The signature does not fit.", 400)
    except CannotUnseal:
        log.error("webhook not taken connection=%s reason=key_missing", known.public_id)
        return _say("Not now.", 503)
    return _say("Kept.", 200)


def _body(request: HttpRequest) -> bytes:
    """The bytes as they came. Raises RequestDataTooBig, by the length announced where there is one."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if announced.isdigit() and int(announced) > LARGEST_BODY:
        raise RequestDataTooBig
    return request.body


def _say(words: str, status: int) -> HttpResponse:
    return HttpResponse(f"{words}\n", status=status, content_type="text/plain; charset=utf-8")
