"""A file of orders between being uploaded and being imported, with how far its reading has come."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from balancedue.rules.ids import new_id

from .accounts import Account


def import_id() -> str:
    return new_id("imp")


IMPORT_PHASES = {
    "mapping": "waits for a person to say which column is what",
    "checking": "is being read without writing anything",
    "checked": "was read to its end; waits for a person to say import",
    "importing": "orders are being placed",
    "imported": "read to its end; the content is gone, the report stays for a while",
}


class ImportFile(models.Model):
    """One uploaded file. `orders_read` orders of it are done in the present phase; `report` tells of those."""

    public_id = models.CharField(max_length=40, unique=True, default=import_id)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="import_files")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    content = models.BinaryField(default=bytes, blank=True)
    header = models.JSONField(default=list, blank=True)  # the names of the columns
    columns = models.JSONField(default=dict, blank=True)  # field -> column or template, as chosen
    currency = models.CharField(max_length=3, blank=True)
    phase = models.CharField(max_length=10, default="mapping")
    rows = models.PositiveIntegerField(default=0)
    rows_read = models.PositiveIntegerField(default=0)
    orders_read = models.PositiveIntegerField(default=0)
    report = models.JSONField(default=dict, blank=True)
    uploaded_at = models.DateTimeField(db_index=True)
    lease = models.CharField(max_length=40, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(phase__in=list(IMPORT_PHASES)), name="import_phase_known")]

    def __str__(self) -> str:
        return self.name
