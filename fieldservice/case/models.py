"""Cases (客诉/质量案件) and what hangs on them."""

from django.db import models
from django.db.models import Q

from backend.accounts.models import Region, User
from backend.core.history import append_only, tracked
from backend.core.ids import uuid7
from fieldservice.case.rules import CaseKind, CaseStatus
from fieldservice.cost.models import CostLine
from fieldservice.reading.models import Reading
from fieldservice.visit.models import Visit
from traceability.batch.models import Batch
from traceability.customer.models import Customer


@tracked
class Case(models.Model):
    """A complaint somebody made, or a quality case an out-of-spec reading opened."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=12, choices=CaseKind.choices())
    complaint_code = models.CharField(max_length=3, blank=True)  # CAK, MOI … (complaint_codes.csv)
    grade = models.PositiveSmallIntegerField(default=2)  # rule 16: 1 minor … 4 urgent
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, blank=True, related_name="cases")
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="cases"
    )
    region = models.ForeignKey(Region, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    status = models.CharField(max_length=8, choices=CaseStatus.choices(), default=CaseStatus.OPEN)
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField()
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closing_note = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["batch", "opened_at"], name="case_batch_time")]
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "customer"],
                condition=Q(kind=CaseKind.QUALITY, status=CaseStatus.OPEN),
                name="case_one_open_quality_case",
            ),
            models.CheckConstraint(condition=Q(grade__range=(1, 4)), name="case_grade_1_to_4"),
        ]

    def __str__(self) -> str:
        return self.number


@tracked
class CaseReading(models.Model):
    """A reading as evidence of a case."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="evidence")
    reading = models.OneToOneField(Reading, on_delete=models.PROTECT, related_name="case_link")
    added_at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.case_id}/{self.reading_id}"


@tracked
class CaseVisit(models.Model):
    """A visit made for a case; its costs are the case's. Taken back where it was linked in error."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="visit_links")
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="case_links")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "visit"], name="case_visit_once")]

    def __str__(self) -> str:
        return f"{self.case_id}/{self.visit_id}"


@tracked
class CaseCost(models.Model):
    """A cost line booked on a case directly (lab fee, freight). Taken back where it was booked in error."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="cost_links")
    cost_line = models.OneToOneField(CostLine, on_delete=models.PROTECT, related_name="case_link")

    def __str__(self) -> str:
        return f"{self.case_id}/{self.cost_line_id}"
