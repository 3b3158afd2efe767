"""Every address of the product. Accounts come last: what stands above them can never be one."""

from typing import Any

from django.urls import include, path, register_converter

from balancedue.web import errors, health, home, sign_in
from balancedue.web.guard import RESERVED
from balancedue.web.styleguide import styleguide


class AccountSlug:
    """An account's slug: lower case, digits and hyphens, and none of the reserved words."""

    regex = "[a-z0-9][a-z0-9-]{0,59}"

    def to_python(self, value: str) -> str:
        if value in RESERVED:
            raise ValueError(value)
        return value

    def to_url(self, value: Any) -> str:
        if str(value) in RESERVED:
            raise ValueError(value)
        return str(value)


register_converter(AccountSlug, "account")

handler403, handler404, handler500 = errors.forbidden, errors.not_found, errors.server_error

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", include("allauth.urls")),
    path("login/", sign_in.login, name="account_login"),  # after the include, so that this one is reversed
    path("logout/", sign_in.logout, name="account_logout"),
    path("i/", include("balancedue.web.customer.urls")),
    path("api/", include("balancedue.web.api.urls")),
    path("hooks/", include("balancedue.web.hooks.urls")),
    path("help/<slug:page>/", home.help_page, name="help"),
    path("mailbox/", home.mailbox, name="mailbox"),
    path("mailbox/<path:rest>", home.mailbox),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("styleguide/", styleguide, name="styleguide"),
    path("styleguide/<slug:page>/", styleguide),
    path("<account:account>/", include("balancedue.web.staff.urls")),
]
