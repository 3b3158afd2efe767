"""Addresses below /api/."""

from django.urls import include, path, re_path

from . import docs
from .v1.api import nothing_here, urls

urlpatterns = [
    path("docs", docs.docs, name="api-docs"),
    path("v1/", include((urls[0], urls[1]), namespace=urls[2])),
    re_path("", nothing_here),
]
