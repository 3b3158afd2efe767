"""Accounts: a shop, its people, its processors and its keys."""

import json
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import Q

from balancedue.rules.actor import Actor
from balancedue.rules.gate import OWNER, ROLES
from balancedue.rules.ids import new_id
from balancedue.rules.invoice import Address, Party

from .sealing import seal, unseal


def account_id() -> str:
    return new_id("acc")


def connection_id() -> str:
    return new_id("pc")


def api_key_id() -> str:
    return new_id("key")


class Account(models.Model):
    """A shop, with everything an invoice by law needs (requirements.md 2.18)."""

    public_id = models.CharField(max_length=40, unique=True, default=account_id)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)  # trade name
    legal_name = models.CharField(max_length=200, blank=True)
    address = models.JSONField(default=dict, blank=True)  # the fields of rules.invoice.Address
    tax_id = models.CharField(max_length=60, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    email = models.EmailField(max_length=254, blank=True)  # mail is sent from it, and customers see it
    country = models.CharField(max_length=2, default="US")
    currency = models.CharField(max_length=3, default="USD")
    time_zone = models.CharField(max_length=60, default="UTC")
    locale = models.CharField(max_length=20, default="en-US")
    prices_include_tax = models.BooleanField(default=False)  # the default for new orders
    brand_colour = models.CharField(max_length=7, blank=True)
    logo = models.BinaryField(default=bytes, blank=True)  # PNG or JPEG
    invoice_prefix = models.CharField(max_length=20, default="INV-", blank=True)
    terms = models.TextField(blank=True)
    bank_details = models.TextField(blank=True)
    default_message = models.TextField(blank=True)  # S36
    mail_intro = models.TextField(blank=True)  # S36: the words around the message
    mail_outro = models.TextField(blank=True)
    next_steps = models.TextField(blank=True)  # on the receipt: "We start printing within 2 days."
    send_receipts = models.BooleanField(default=True)  # requirements.md 2.9
    link_days = models.PositiveSmallIntegerField(null=True, blank=True)  # links expire after; null: never
    next_order_number = models.PositiveIntegerField(default=1001)
    is_sample = models.BooleanField(default=False)
    checklist_hidden = models.BooleanField(default=False)
    cards_rest_until = models.DateTimeField(null=True, blank=True)  # too many declines: nobody pays by card (K1)
    cards_rests = models.PositiveSmallIntegerField(default=0)  # how often in a row: each is longer than the one before
    archived_at = models.DateTimeField(null=True, blank=True)  # nobody finds it any more; only sample data can be
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def party(self) -> Party:
        return Party(
            name=self.name,
            company=self.legal_name,
            address=Address(**self.address),
            tax_id=self.tax_id,
            phone=self.phone,
            email=self.email,
        )

    @property
    def owner_name(self) -> str:
        owner = self.memberships.filter(role=OWNER).select_related("user").order_by("pk").first()
        return str(owner.user) if owner else ""


class Membership(models.Model):
    """A person in an account, with a role and what they chose last."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=ROLES.items())
    notify_on_payment = models.BooleanField(default=False)  # the box as this person left it (requirements.md 2.5)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "user"], name="one_membership_per_account")]


class ProcessorConnection(models.Model):
    """A card processor as one account has set it up. Credentials are sealed (J12)."""

    public_id = models.CharField(max_length=40, unique=True, default=connection_id)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="connections")
    kind = models.CharField(max_length=40)  # the name of a processors.registry maker
    credentials_sealed = models.TextField(blank=True)
    credentials_shown = models.JSONField(default=dict)  # "Ends in ...4f2a", by name
    livemode = models.BooleanField(default=False)
    processor_account = models.CharField(max_length=80, blank=True)  # acct_…, once known
    is_enabled = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)  # the one that takes requests
    broken_at = models.DateTimeField(null=True, blank=True)  # since when it does not accept our key
    checks = models.JSONField(default=list, blank=True)  # the last "Check connection", line by line
    checked_at = models.DateTimeField(null=True, blank=True)
    hosted = models.BooleanField(default=False)  # customers pay on the processor's page, not on ours
    hook_reference = models.CharField(max_length=120, blank=True)  # the webhook endpoint made for us (we_…)
    round_trip = models.JSONField(default=dict, blank=True)  # the last test webhook: reference, sent_at, heard_at
    caught_up_at = models.DateTimeField(null=True, blank=True)  # all that happened before then was heard
    next_catch_up_at = models.DateTimeField(null=True, blank=True)
    catch_up_lease = models.CharField(max_length=40, blank=True)
    next_payouts_at = models.DateTimeField(null=True, blank=True)  # when to ask for new ones; null: nothing of ours yet
    created_at = models.DateTimeField(auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)  # kept: old payments stay refundable

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(is_default=True), name="one_default_processor_per_account"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.account}"

    @property
    def _place(self) -> str:
        return f"processor_connection:{self.public_id}:credentials"

    @property
    def credentials(self) -> dict[str, str]:
        """The plain credentials; raises CannotUnseal."""
        return json.loads(unseal(self.credentials_sealed, place=self._place)) if self.credentials_sealed else {}

    @credentials.setter
    def credentials(self, plain: dict[str, str]) -> None:
        self.credentials_sealed = seal(json.dumps(plain), place=self._place)
        self.credentials_shown = {name: value[-4:] for name, value in plain.items() if value}


class ApiKey(models.Model):
    """A key of the API. Only its hash is kept; `starts_with` is for people to tell keys apart."""

    public_id = models.CharField(max_length=40, unique=True, default=api_key_id)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=120)
    starts_with = models.CharField(max_length=12)
    key_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    @property
    def actor(self) -> Actor:
        return Actor("api_key", self.public_id)
