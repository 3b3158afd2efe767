"""Pages for what went wrong. Each keeps a header and a way on (ux.md 2)."""

import logging
import secrets

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from balancedue.rules.errors import Invalid, Refused

log = logging.getLogger(__name__)

STATUS = {"not_allowed": 403, "too_many_tries": 429, "invalid": 422}
OTHERWISE = 409  # understood, and not possible as things stand


class Refusals:
    """A Refused that no view answered becomes a page with its sentence. The API has answers of its own."""

    def __init__(self, get_response):  # type: ignore[no-untyped-def]
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = self.get_response(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for a refusal, None for anything else."""
        return refused(request, exception) if isinstance(exception, Refused) else None


def refused(request: HttpRequest, refusal: Refused) -> HttpResponse:
    """403, 409, 422 or 429, with what was refused and why."""
    status = STATUS.get(refusal.code, OTHERWISE)
    sentences = list(refusal.problems.values()) if isinstance(refusal, Invalid) else [refusal.sentence]
    if status == 403:
        return render(request, "errors/403.html", {"sentences": sentences}, status=403)
    template = "errors/link_refused.html" if request.path.startswith("/i/") else "errors/409.html"
    return render(request, template, {"sentences": sentences, "status": status}, status=status)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403"""
    return render(request, "errors/403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404. For links of customers one neutral page, whatever the reason (I2)."""
    template = "errors/link.html" if request.path.startswith("/i/") else "errors/404.html"
    return render(request, template, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, with a reference that is in the log too."""
    reference = f"{secrets.token_hex(2)}-{secrets.token_hex(1)}".upper()
    log.error("server error %s on %s", reference, request.path)
    return render(request, "errors/500.html", {"reference": reference}, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose page had grown old, or that came from somewhere else."""
    return render(request, "errors/csrf.html", status=403)
