"""Internal notes: what staff tell each other about an order. Never shown to the customer (M9)."""

from django.conf import settings
from django.db import models

from .orders import Order


class Note(models.Model):
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="notes")
    text = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]
