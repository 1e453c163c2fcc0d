"""Readings (读数) as measured, each replicate kept; corrected by a new row, never edited."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from backend.accounts.models import FieldRecord, User
from backend.core.history import append_only
from backend.core.ids import uuid7
from backend.core.models import Attachment
from fieldservice.instrument.models import Calibration, Instrument
from fieldservice.reading.rules import SCREENING_VERDICTS, Parameter, Verdict
from fieldservice.visit.models import Visit
from traceability.batch.models import Batch
from traceability.product.models import SpecLimit


class Reading(FieldRecord):
    """One measurement of one parameter of one batch. Values as read in `unit`; `value` normalised to g/100g."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="readings")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="readings")
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, null=True, related_name="readings")
    calibration = models.ForeignKey(Calibration, on_delete=models.PROTECT, null=True, related_name="+")
    parameter = models.CharField(max_length=20, choices=Parameter.choices())
    method = models.CharField(max_length=60)
    basis = models.CharField(max_length=20)
    unit = models.CharField(max_length=20)
    drying_temp_c = models.DecimalField(max_digits=5, decimal_places=1, null=True)
    # The meter read a solution of `sample_g` made up to `solution_g`, both by mass.
    sample_g = models.DecimalField(max_digits=10, decimal_places=3, null=True)
    solution_g = models.DecimalField(max_digits=10, decimal_places=3, null=True)
    moisture_pct = models.DecimalField(max_digits=8, decimal_places=4, null=True)  # of the sample, wet
    mean = models.DecimalField(max_digits=14, decimal_places=6)  # of the replicates, in `unit`
    value = models.DecimalField(max_digits=14, decimal_places=6)  # mean in g/100g of `basis`
    verdict = models.CharField(max_length=20, choices=Verdict.choices())
    reasons = ArrayField(models.CharField(max_length=40), default=list)  # why inconclusive, stable codes
    is_evidential = models.BooleanField()
    spec_limit = models.ForeignKey(SpecLimit, on_delete=models.PROTECT, null=True, related_name="+")
    expanded_u = models.DecimalField(max_digits=14, decimal_places=6, null=True)  # k = 2, g/100g
    p_conform = models.DecimalField(max_digits=5, decimal_places=4, null=True)
    decision_rule = models.CharField(max_length=40)
    note = models.CharField(max_length=500, blank=True)
    photo = models.ForeignKey(Attachment, on_delete=models.PROTECT, null=True, related_name="+")
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="superseded_by"
    )
    correction_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        triggers = append_only()
        indexes = [models.Index(fields=["batch", "received_at"], name="reading_batch_time")]
        constraints = [
            models.CheckConstraint(
                condition=Q(supersedes=None) | ~Q(correction_reason=""), name="reading_correction_has_reason"
            ),
            models.CheckConstraint(
                condition=~Q(verdict=Verdict.PASS) | Q(spec_limit__isnull=False, is_evidential=True),
                name="reading_pass_needs_limit_and_evidence",
            ),
            # A field meter never decides the purity grade: only a laboratory titration does.
            models.CheckConstraint(
                condition=~Q(parameter=Parameter.NACL) | Q(verdict__in=SCREENING_VERDICTS),
                name="reading_nacl_only_screens",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.parameter} {self.value} {self.verdict}"


class Replicate(models.Model):
    """One value as read from the display."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="replicates")
    position = models.PositiveSmallIntegerField()
    value = models.DecimalField(max_digits=14, decimal_places=6)

    class Meta:
        triggers = append_only()
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["reading", "position"], name="replicate_position_once")
        ]

    def __str__(self) -> str:
        return str(self.value)


class Waiver(models.Model):
    """QC lets a non-evidential reading count, with a reason; the verdict it then has stands here."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    reading = models.OneToOneField(Reading, on_delete=models.PROTECT, related_name="waiver")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    verdict = models.CharField(max_length=20, choices=Verdict.choices())
    spec_limit = models.ForeignKey(SpecLimit, on_delete=models.PROTECT, null=True, related_name="+")
    expanded_u = models.DecimalField(max_digits=14, decimal_places=6, null=True)  # as Reading.expanded_u
    p_conform = models.DecimalField(max_digits=5, decimal_places=4, null=True)

    class Meta:
        triggers = append_only()
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="waiver_has_reason")]

    def __str__(self) -> str:
        return str(self.reading_id)
