"""The register of field instruments and their calibrations."""

from django.db import models
from django.db.models import F, Q

from backend.accounts.models import User
from backend.core.history import append_only, tracked
from backend.core.ids import uuid7
from fieldservice.instrument.rules import CalibrationKind, CalibrationResult, InstrumentKind


@tracked
class Instrument(models.Model):
    """One meter. Accuracy = accuracy_abs (in `unit`) + accuracy_pct % of the reading."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    serial_no = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=32, choices=InstrumentKind.choices())
    model_name = models.CharField(max_length=100)
    parameter = models.CharField(max_length=40)  # what it measures: moisture, nacl, conductivity …
    unit = models.CharField(max_length=20)
    range_low = models.DecimalField(max_digits=14, decimal_places=6)
    range_high = models.DecimalField(max_digits=14, decimal_places=6)
    resolution = models.DecimalField(max_digits=14, decimal_places=6)
    accuracy_abs = models.DecimalField(max_digits=14, decimal_places=6, default=0)
    accuracy_pct = models.DecimalField(max_digits=7, decimal_places=3, default=0)
    holder = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="instruments"
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(range_low__lt=F("range_high")), name="instrument_range"),
            models.CheckConstraint(condition=Q(resolution__gt=0), name="instrument_resolution_positive"),
        ]

    def __str__(self) -> str:
        return self.serial_no


class Calibration(models.Model):
    """One calibration or verification with its certificate. A wrong entry is followed by a right one."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="calibrations")
    kind = models.CharField(max_length=16, choices=CalibrationKind.choices())
    done_on = models.DateField()
    due_on = models.DateField()
    certificate_no = models.CharField(max_length=64)
    expanded_u = models.DecimalField(max_digits=14, decimal_places=6)  # k = 2, in the instrument's unit
    result = models.CharField(max_length=8, choices=CalibrationResult.choices())
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        triggers = append_only()
        constraints = [
            models.CheckConstraint(condition=Q(due_on__gt=F("done_on")), name="calibration_dates"),
            models.CheckConstraint(condition=Q(expanded_u__gte=0), name="calibration_u_not_negative"),
        ]

    def __str__(self) -> str:
        return self.certificate_no
