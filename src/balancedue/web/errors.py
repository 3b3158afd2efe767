"""Pages for what went wrong. Each keeps a header and a way on (ux.md 2)."""

import logging
import secrets

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

log = logging.getLogger(__name__)


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
