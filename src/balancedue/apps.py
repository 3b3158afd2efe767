"""The Django app."""

from django.apps import AppConfig


class Balancedue(AppConfig):
    """One app, cut by floor (architecture.md)."""

    name = "balancedue"
    verbose_name = "Balancedue"
    default_auto_field = "django.db.models.BigAutoField"
