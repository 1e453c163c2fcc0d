"""Stock counts, the yield bands of the stages, and the findings of the mass balance."""

from django.db import models
from django.db.models import F, Q

from backend.accounts.models import User
from backend.core.history import append_only, tracked, tracked_without
from backend.core.ids import uuid7
from traceability.balance.rules import FindingState, Rule
from traceability.batch.models import Batch
from traceability.batch.rules import BatchKind


class StockCount(models.Model):
    """What was found of a batch at a time; the newest counts. Never changed: a wrong one is counted again.

    `scrap_kg` and `retained_kg` are all that was scrapped and kept as samples up to then.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="stock_counts")
    counted_at = models.DateTimeField()
    on_hand_kg = models.DecimalField(max_digits=14, decimal_places=3)
    scrap_kg = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    retained_kg = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField()
    note = models.CharField(max_length=300, blank=True)
    is_history = models.BooleanField(default=False)  # came by audit import, with its batch

    class Meta:
        triggers = append_only()
        indexes = [models.Index(fields=["batch", "-counted_at", "-id"], name="stock_count_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(on_hand_kg__gte=0, scrap_kg__gte=0, retained_kg__gte=0),
                name="stock_count_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(by__isnull=False) | Q(is_history=True), name="stock_count_has_counter"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.counted_at}"


@tracked
class YieldBand(models.Model):
    """From a day on, the share of the kg put in that comes out or is booked as loss lies between two percentages.

    Rows that need confirmation judge nothing.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    stage = models.CharField(max_length=12, choices=BatchKind.choices())
    low_pct = models.DecimalField(max_digits=6, decimal_places=3)
    high_pct = models.DecimalField(max_digits=6, decimal_places=3)
    valid_from = models.DateField()
    source = models.CharField(max_length=300)
    needs_confirmation = models.BooleanField(default=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_document = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stage", "valid_from"],
                condition=Q(needs_confirmation=False),
                name="yield_band_dated",
            ),
            models.CheckConstraint(
                condition=Q(low_pct__gte=0, high_pct__gte=F("low_pct")), name="yield_band_ends"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage} {self.valid_from}"


@tracked_without("last_seen_at")
class Finding(models.Model):
    """A fault the balance found on a batch, or on a transformation (then `batch` is what came out of it).

    `evidence` holds what the rule saw, kg as texts: for a person to check, not to filter on. Settled by QC it stays
    settled while the numbers stay; other numbers are a new finding.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    rule = models.CharField(max_length=20, choices=Rule.choices())
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="findings")
    subject = models.UUIDField()  # what was judged: the batch, or the transformation
    residual_kg = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    tolerance_kg = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    evidence = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=FindingState.choices(), default=FindingState.OPEN)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)
    settle_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["-first_seen_at", "-id"], name="finding_newest"),
            models.Index(fields=["rule", "-first_seen_at", "-id"], name="finding_rule"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject", "batch"],
                condition=~Q(state=FindingState.CLEARED),
                name="finding_once",
            ),
            models.CheckConstraint(
                condition=~Q(state=FindingState.SETTLED)
                | (Q(settled_by__isnull=False, settled_at__isnull=False) & ~Q(settle_reason="")),
                name="finding_settled_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(cleared_at__isnull=False) | ~Q(state=FindingState.CLEARED),
                name="finding_cleared_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.batch_id}"


class FindingRefresh(models.Model):
    """One look over all batches: when, over how many, and what it found."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    batches = models.PositiveIntegerField()
    links = models.PositiveIntegerField()
    found = models.PositiveIntegerField()
    opened = models.PositiveIntegerField()
    cleared = models.PositiveIntegerField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return str(self.started_at)
