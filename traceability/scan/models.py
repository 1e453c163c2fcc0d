"""The permanent scan log, the alias table, the label profile and QC's inbox of unknown codes."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from backend.accounts.models import FieldRecord, User
from backend.core.history import append_only, tracked
from backend.core.ids import uuid7
from backend.core.models import Attachment
from traceability.batch.models import Batch
from traceability.customer.rules import Datum
from traceability.product.models import Product, TradeItem
from traceability.scan.rules import Outcome, ScanSource, UnknownState


@tracked
class LabelProfile(models.Model):
    """Own hosts and patterns by which labels are read; the newest row in force counts."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    own_hosts = ArrayField(models.CharField(max_length=200), default=list)
    own_url_rules = models.JSONField(
        default=list
    )  # [{"path", "param"?, "field"?}], read whole, never filtered
    batch_patterns = ArrayField(models.CharField(max_length=200), default=list)
    serial_patterns = ArrayField(models.CharField(max_length=200), default=list)
    valid_from = models.DateField()

    def __str__(self) -> str:
        return f"{self.valid_from}"


@tracked
class CodeAlias(models.Model):
    """A registered code: beats every heuristic. Points at a batch, or at a pack."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    code = models.CharField(max_length=300, unique=True)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="aliases")
    trade_item = models.ForeignKey(
        TradeItem, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    serial = models.CharField(max_length=64, blank=True)
    note = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(batch__isnull=False) | Q(trade_item__isnull=False), name="alias_has_a_target"
            )
        ]

    def __str__(self) -> str:
        return self.code


class Scan(FieldRecord):
    """One scan for ever: who, device, three times, place, raw bytes, result. No API changes or deletes it."""

    source = models.CharField(max_length=8, choices=ScanSource.choices())
    raw = models.TextField()
    raw_bytes = models.BinaryField()
    aim = models.CharField(max_length=8, blank=True)
    reader = models.CharField(max_length=16, blank=True)  # which of our readers read the photo
    batch_number = models.CharField(max_length=64, blank=True)  # typed beside a code that names no batch
    label_kind = models.CharField(max_length=20)
    outcome = models.CharField(max_length=12, choices=Outcome.choices())
    gtin = models.CharField(max_length=14, blank=True)
    lot = models.CharField(max_length=64, blank=True)
    serial = models.CharField(max_length=64, blank=True, db_index=True)
    sscc = models.CharField(max_length=18, blank=True)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="scans")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, related_name="+")
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    datum = models.CharField(max_length=8, choices=Datum.choices(), blank=True)
    accuracy_m = models.DecimalField(max_digits=8, decimal_places=1, null=True)
    photo = models.ForeignKey(Attachment, on_delete=models.PROTECT, null=True, related_name="+")
    digest = models.CharField(max_length=64)
    answer = models.JSONField()  # as given to the phone: a repeat gets the same

    class Meta:
        triggers = append_only()
        indexes = [
            models.Index(fields=["batch", "received_at"], name="scan_batch_time"),
            models.Index(fields=["recorded_by", "received_at"], name="scan_user_time"),
            models.Index(fields=["-received_at"], name="scan_time"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.id}"


@tracked
class UnknownCode(models.Model):
    """A code nobody could resolve, in QC's inbox; settling it registers an alias."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    raw = models.TextField(unique=True)
    aim = models.CharField(max_length=8, blank=True)
    times_seen = models.PositiveIntegerField(default=1)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=UnknownState.choices(), default=UnknownState.OPEN)
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_note = models.CharField(max_length=300, blank=True)
    alias = models.ForeignKey(CodeAlias, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    def __str__(self) -> str:
        return str(self.id)


@tracked
class SightingPolicy(models.Model):
    """When sightings of one unit code are too far apart: dated rows with their source; the newest in force counts.

    Within `window_hours`: two of them more than `far_km` apart, or `places` of them each more than `apart_km` from
    the others, or colleagues of `regions` regions (where a phone gave no place).
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    window_hours = models.PositiveSmallIntegerField()
    far_km = models.PositiveIntegerField()
    places = models.PositiveSmallIntegerField()
    apart_km = models.PositiveIntegerField()
    regions = models.PositiveSmallIntegerField()
    valid_from = models.DateField(unique=True)
    source = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(window_hours__gt=0, places__gte=2, regions__gte=2) & ~Q(source=""),
                name="sighting_policy_sensible",
            )
        ]

    def __str__(self) -> str:
        return f"{self.valid_from}"
