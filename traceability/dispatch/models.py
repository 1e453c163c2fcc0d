"""Shipments: which batch went to whom."""

from django.db import models
from django.db.models import Q

from backend.accounts.models import User
from backend.core.history import tracked
from backend.core.ids import uuid7
from traceability.batch.models import Batch
from traceability.customer.models import Customer, Site


@tracked
class Shipment(models.Model):
    """Goods on their way to one customer; a wrong entry is cancelled with a reason and entered anew."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.CharField(max_length=40)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="shipments")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    shipped_on = models.DateField()
    carrier = models.CharField(max_length=100, blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    cancel_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-shipped_on"], name="shipment_recent")]
        constraints = [
            models.UniqueConstraint(
                fields=["number"], condition=Q(cancelled_at=None), name="shipment_number_once"
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at=None) | (~Q(cancel_reason="") & Q(cancelled_by__isnull=False)),
                name="shipment_cancelled_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.number


@tracked
class ShipmentLine(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7)
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="lines")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="shipment_lines")
    qty_kg = models.DecimalField(max_digits=14, decimal_places=3)
    units = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment", "batch"], name="shipment_batch_once"),
            models.CheckConstraint(condition=Q(qty_kg__gt=0), name="shipment_line_qty_kg_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.shipment_id}/{self.batch_id}"
