"""Payment requests: what was asked, of whom, by whom (M5)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from balancedue.rules.ids import new_id, new_token, token_hash
from balancedue.rules.money import Money
from balancedue.rules.states import HOLDING, LIVE_REQUEST, REQUEST_STATES

from .accounts import ApiKey
from .orders import Order
from .sealing import seal, unseal


def request_id() -> str:
    return new_id("pr")


class PaymentRequest(models.Model):
    """One link to one order's invoice (requirements.md 2.13), and the letter that carries it."""

    public_id = models.CharField(max_length=40, unique=True, default=request_id)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="requests")
    status = models.CharField(max_length=12, default=HOLDING)
    token_hash = models.CharField(max_length=64, unique=True)
    token_sealed = models.TextField()
    to = models.JSONField(default=list)  # addresses
    cc = models.JSONField(default=list)
    notify = models.JSONField(default=list)
    message = models.TextField(blank=True)
    form_key = models.CharField(max_length=64, blank=True)  # made when the form was drawn: sent twice, written once
    amount_at_sending_minor = models.BigIntegerField()
    version_at_sending = models.PositiveIntegerField()  # the order's balance version then
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT)
    sent_by_key = models.ForeignKey(ApiKey, null=True, blank=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField()
    hold_until = models.DateTimeField()  # undo until then (requirements.md 2.12)
    expires_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    superseded_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    expired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(status__in=sorted(LIVE_REQUEST)), name="one_live_request_per_order"
            ),
            models.UniqueConstraint(
                fields=["order", "form_key"], condition=~Q(form_key=""), name="one_request_per_form"
            ),
            models.CheckConstraint(condition=Q(status__in=list(REQUEST_STATES)), name="request_status_known"),
        ]

    @property
    def amount_at_sending(self) -> Money:
        return Money(self.amount_at_sending_minor, self.order.currency)

    @property
    def is_live(self) -> bool:
        return self.status in LIVE_REQUEST

    @property
    def _place(self) -> str:
        return f"payment_request:{self.public_id}:token"

    @property
    def token(self) -> str:
        """The link token, for staff and letters; raises CannotUnseal."""
        return unseal(self.token_sealed, place=self._place)

    def give_token(self) -> None:
        """Make the link: a hash to find it by, a sealed copy so that staff can copy it again (I1)."""
        token = new_token()
        self.token_hash = token_hash(token)
        self.seal_token(token)

    def seal_token(self, token: str) -> None:
        """Seal the copy with the newest key."""
        self.token_sealed = seal(token, place=self._place)

    @property
    def sender_name(self) -> str:
        return str(self.sent_by) if self.sent_by else ""
