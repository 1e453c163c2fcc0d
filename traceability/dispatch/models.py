"""Packed units, shipments (which batch went to whom), their receipts, and who may be supplied with what."""

from django.db import models
from django.db.models import F, Q

from backend.accounts.models import User
from backend.core.history import append_only, tracked
from backend.core.ids import uuid7
from traceability.batch.models import Batch
from traceability.customer.models import Customer, Site
from traceability.customer.rules import CustomerKind
from traceability.dispatch.rules import UnitLevel
from traceability.product.models import TradeItem
from traceability.product.rules import Family


@tracked
class LogisticUnit(models.Model):
    """A packed thing with its SSCC: what it holds itself is its contents, what stands in it its containments."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    sscc = models.CharField(max_length=18, unique=True)
    level = models.CharField(max_length=12, choices=UnitLevel.choices())
    trade_item = models.ForeignKey(
        TradeItem, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    packed_at = models.DateTimeField()
    packed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    cancel_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-packed_at"], name="logistic_unit_recent")]
        constraints = [
            models.CheckConstraint(condition=Q(sscc__regex=r"^[0-9]{18}$"), name="logistic_unit_18_digits"),
            models.CheckConstraint(
                condition=Q(cancelled_at=None) | (~Q(cancel_reason="") & Q(cancelled_by__isnull=False)),
                name="logistic_unit_cancelled_with_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.sscc


class UnitContent(models.Model):
    """Kg of a batch that lie in a unit itself; several rows make it a mixed one. Never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    unit = models.ForeignKey(LogisticUnit, on_delete=models.PROTECT, related_name="contents")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="unit_contents")
    qty_kg = models.DecimalField(max_digits=14, decimal_places=3)
    count = models.PositiveIntegerField(null=True, blank=True)  # bags or cases

    class Meta:
        triggers = append_only()
        constraints = [
            models.UniqueConstraint(fields=["unit", "batch"], name="unit_content_batch_once"),
            models.CheckConstraint(condition=Q(qty_kg__gt=0), name="unit_content_qty_kg_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id}/{self.batch_id}"


@tracked
class Containment(models.Model):
    """From when to when a unit stood in another. `valid_to` is set once, by unloading."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    child = models.ForeignKey(LogisticUnit, on_delete=models.PROTECT, related_name="stays")
    parent = models.ForeignKey(LogisticUnit, on_delete=models.PROTECT, related_name="load")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)
    loaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    unloaded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["child"], condition=Q(valid_to=None), name="containment_one_open_parent"
            ),
            models.CheckConstraint(condition=~Q(child=F("parent")), name="containment_not_in_itself"),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")), name="containment_dates"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.child_id} in {self.parent_id}"


@tracked
class SalesRule(models.Model):
    """Whether customers of a kind may be supplied with a family of salt, from a day on; the newest in force counts.

    No row: supplied. Rows that need confirmation never refuse.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    family = models.CharField(max_length=20, choices=Family.choices())
    customer_kind = models.CharField(max_length=24, choices=CustomerKind.choices())
    is_allowed = models.BooleanField()
    needs_licence = models.BooleanField(default=False)  # one that is valid on the day of shipping
    valid_from = models.DateField()
    source = models.CharField(max_length=300)
    needs_confirmation = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["family", "customer_kind", "valid_from"], name="sales_rule_once_a_day"
            ),
            models.CheckConstraint(condition=~Q(source=""), name="sales_rule_has_source"),
        ]

    def __str__(self) -> str:
        return f"{self.family} → {self.customer_kind} from {self.valid_from}"


@tracked
class Shipment(models.Model):
    """Goods on their way to one customer; a wrong entry is cancelled with a reason and entered anew."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.CharField(max_length=40)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="shipments")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    shipped_on = models.DateField()
    carrier = models.CharField(max_length=100, blank=True)
    is_monitored = models.BooleanField(default=False)  # a high-value order is watched the whole way (rule 6)
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
    """Kg of one batch; with `unit` those that lay in the unit named, at any depth of it."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="lines")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="shipment_lines")
    unit = models.ForeignKey(
        LogisticUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="shipment_lines"
    )
    qty_kg = models.DecimalField(max_digits=14, decimal_places=3)
    units = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shipment", "batch", "unit"], nulls_distinct=False, name="shipment_batch_unit_once"
            ),
            models.CheckConstraint(condition=Q(qty_kg__gt=0), name="shipment_line_qty_kg_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.shipment_id}/{self.batch_id}"


class ShipmentReceipt(models.Model):
    """The customer's word that the goods came: who counted and when. Never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    shipment = models.OneToOneField(Shipment, on_delete=models.PROTECT, related_name="receipt")
    received_at = models.DateTimeField()
    received_by_name = models.CharField(max_length=64)
    note = models.CharField(max_length=500, blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return str(self.shipment_id)


class ReceiptLine(models.Model):
    """Kg of a batch as counted where it came."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    receipt = models.ForeignKey(ShipmentReceipt, on_delete=models.PROTECT, related_name="lines")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="+")
    qty_kg = models.DecimalField(max_digits=14, decimal_places=3)

    class Meta:
        triggers = append_only()
        constraints = [
            models.UniqueConstraint(fields=["receipt", "batch"], name="receipt_batch_once"),
            models.CheckConstraint(condition=Q(qty_kg__gte=0), name="receipt_qty_kg_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.receipt_id}/{self.batch_id}"
