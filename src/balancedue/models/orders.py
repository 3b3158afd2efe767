"""Orders and their lines."""

from typing import Self

from django.db import models
from django.db.models import Q

from balancedue.rules.ids import new_id
from balancedue.rules.money import Money
from balancedue.rules.totals import PricedLine, Totals, add_up

from .accounts import Account
from .contacts import Contact


def order_id() -> str:
    return new_id("ord")


class Orders(models.QuerySet["Order"]):
    def locked(self, pk: int) -> "Order":
        """The order, held until the transaction ends: the first line of every money verb (money-safety.md 6.2).

        A row lock on PostgreSQL; on SQLite the IMMEDIATE transaction already serialises writers.
        """
        return self.select_for_update(of=("self",)).select_related("account", "contact").get(pk=pk)

    def with_balance_due(self) -> Self:
        """For lists only: reads the copy written with the postings."""
        return self.filter(status=Order.OPEN, due_minor__gt=0)


class Order(models.Model):
    """What was sold. `*_minor` copies are written with the postings and read by lists alone (architecture.md 6)."""

    OPEN, CANCELLED = "open", "cancelled"

    public_id = models.CharField(max_length=40, unique=True, default=order_id)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="orders")
    number = models.CharField(max_length=40)
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, null=True, blank=True, related_name="orders")
    status = models.CharField(max_length=10, default=OPEN)
    currency = models.CharField(max_length=3)
    prices_include_tax = models.BooleanField(default=False)
    discount_minor = models.BigIntegerField(default=0)
    shipping_minor = models.BigIntegerField(default=0)
    shipping_tax_rate = models.DecimalField(max_digits=6, decimal_places=3, null=True, blank=True)
    due_date = models.DateField(null=True, blank=True)
    po_number = models.CharField(max_length=60, blank=True)
    internal_note = models.TextField(blank=True)  # never shown to the customer (M9)
    placed_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    balance_version = models.PositiveIntegerField(
        default=0
    )  # version of the last entry but those of rules.ledger.APART
    changed_at = models.DateTimeField()  # the last change of the books

    total_minor = models.BigIntegerField(default=0)
    paid_minor = models.BigIntegerField(default=0)
    due_minor = models.BigIntegerField(default=0)  # negative: credit

    objects = Orders.as_manager()

    class Meta:
        ordering = ["-placed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["account", "number"], name="one_order_per_number"),
            models.CheckConstraint(condition=Q(status__in=["open", "cancelled"]), name="order_status_known"),
            models.CheckConstraint(condition=Q(discount_minor__gte=0), name="order_discount_not_negative"),
            models.CheckConstraint(condition=Q(shipping_minor__gte=0), name="order_shipping_not_negative"),
        ]
        indexes = [
            models.Index(fields=["account", "-placed_at", "-id"], name="orders_newest"),
            models.Index(fields=["account", "status", "due_minor"], name="orders_by_due"),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"

    @property
    def is_cancelled(self) -> bool:
        return self.status == self.CANCELLED

    @property
    def invoice_number(self) -> str:
        return f"{self.account.invoice_prefix}{self.number}"

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    @property
    def due(self) -> Money:
        return Money(self.due_minor, self.currency)

    def totals(self) -> Totals:
        """How the order adds up, from its lines as stored."""
        return add_up(
            [line.priced for line in self.lines.all()],
            currency=self.currency,
            discount_minor=self.discount_minor,
            shipping_minor=self.shipping_minor,
            shipping_tax_rate=self.shipping_tax_rate,
            prices_include_tax=self.prices_include_tax,
        )


class OrderLine(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    description = models.CharField(max_length=500, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    sku = models.CharField(max_length=80, blank=True)
    quantity = models.DecimalField(max_digits=15, decimal_places=3)
    unit_price_minor = models.BigIntegerField()
    tax_rate = models.DecimalField(max_digits=6, decimal_places=3, default=0)  # percent

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="one_line_per_position"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="line_quantity_positive"),
            models.CheckConstraint(condition=Q(unit_price_minor__gte=0), name="line_price_not_negative"),
        ]

    @property
    def priced(self) -> PricedLine:
        return PricedLine(self.quantity, self.unit_price_minor, self.tax_rate)
