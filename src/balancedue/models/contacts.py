"""Contacts: the people an order is for."""

from django.db import models

from balancedue.rules.ids import new_id
from balancedue.rules.invoice import Address, Party

from .accounts import Account


def contact_id() -> str:
    return new_id("con")


class Contact(models.Model):
    public_id = models.CharField(max_length=40, unique=True, default=contact_id)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=120, blank=True)
    company = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    billing_address = models.JSONField(default=dict, blank=True)
    shipping_address = models.JSONField(default=dict, blank=True)
    tax_id = models.CharField(max_length=60, blank=True)
    locale = models.CharField(max_length=20, blank=True)
    bounced_at = models.DateTimeField(null=True, blank=True)  # the address was refused for good
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["account", "email"], name="contact_by_email")]

    def __str__(self) -> str:
        return self.company or self.name or self.email or "No customer"

    @property
    def bill_to(self) -> Party:
        return self._party(self.billing_address)

    @property
    def ship_to(self) -> Party:
        return self._party(self.shipping_address or self.billing_address)

    def _party(self, address: dict[str, str]) -> Party:
        return Party(
            name=self.name,
            company=self.company,
            address=Address(**address),
            tax_id=self.tax_id,
            phone=self.phone,
            email=self.email,
        )
