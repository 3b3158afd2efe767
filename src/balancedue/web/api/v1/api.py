"""The API put together: its routes, its key, its way of saying no, its description."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.urls import URLPattern
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from balancedue.rules.errors import Refused

from . import orders, payment_requests, payments, payouts, problems
from .description import Description
from .keys import Bearer
from .strict_json import StrictJson

View = Callable[..., HttpResponse]

ABOUT = (
    "Orders, payments, payment requests and payouts. Amounts are integers in minor units beside a `currency`. "
    "Errors are RFC 9457 problems with a stable `code`."
)


class Api(NinjaAPI):
    """NinjaAPI with a completed description."""

    def get_openapi_schema(self, *, path_prefix: str | None = None, path_params: Any = None) -> Description:
        """What /api/v1/openapi.json shows."""
        prefix = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        return Description(self, prefix)


api = Api(
    title="Balancedue API",
    version="1",
    description=ABOUT,
    docs_url=None,  # its viewers load from other hosts; ours is at /api/docs
    urls_namespace="api-v1",
    auth=Bearer(),
    parser=StrictJson(),
)
api.add_router("/orders", orders.router)
api.add_router("", payments.router)
api.add_router("", payment_requests.router)
api.add_router("", payouts.router)
_SAYS_NO: dict[type[Exception], Any] = {
    Refused: problems.refused,
    ValidationError: problems.not_valid,
    AuthenticationError: problems.no_key,
    HttpError: problems.not_read,
    Http404: problems.not_found,
    Exception: problems.failed,
}
for kind, handler in _SAYS_NO.items():
    api.add_exception_handler(kind, handler)


def _problems_only(view: View) -> View:
    """The view, with what Django itself would refuse told as a problem too."""

    @csrf_exempt  # nobody is signed in here by a cookie
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = _unreadable(request) or view(request, *args, **kwargs)
        if isinstance(response, HttpResponseNotAllowed):
            allowed = response.headers["Allow"]
            response = problems.problem("method_not_allowed", f"This address takes {allowed}.")
            response.headers["Allow"] = allowed
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return guarded


def _unreadable(request: HttpRequest) -> HttpResponse | None:
    try:
        _ = request.body
    except RequestDataTooBig:
        return problems.problem("too_large", "Send a body of at most 2.5 megabytes.")
    except UnreadablePostError:
        return problems.problem("invalid", "The body ended too early.", status=400)
    return None


nothing_here = _problems_only(problems.not_found)

urls = (
    [
        URLPattern(
            pattern.pattern,
            nothing_here if pattern.name == "api-root" else _problems_only(cast(View, pattern.callback)),
            pattern.default_args,
            pattern.name,
        )
        for pattern in cast(list[URLPattern], api.urls[0])
    ],
    "ninja",
    "api-v1",
)
