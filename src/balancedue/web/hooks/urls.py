"""Addresses below /hooks/."""

from django.urls import path

from .receive import receive

app_name = "hooks"

urlpatterns = [path("<slug:connection>/", receive, name="receive")]
