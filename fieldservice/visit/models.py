"""Visits (上门服务): plan, check-in and check-out with place, report with findings and signature."""

from django.db import models
from django.db.models import Q

from backend.accounts.models import FieldRecord, Region, User
from backend.core.history import append_only, tracked
from backend.core.ids import uuid7
from backend.core.models import Attachment
from fieldservice.visit.rules import CheckKind, RecallTaskState, VisitKind, VisitStatus
from traceability.batch.models import Batch
from traceability.customer.models import Customer, Site
from traceability.customer.rules import Datum
from traceability.recall.models import RecallNotice
from traceability.scan.models import Scan


@tracked
class VisitPolicy(models.Model):
    """How far from the site a check-in may lie before it is flagged; dated rows with their source."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    valid_from = models.DateField(unique=True)
    far_m = models.PositiveIntegerField()
    source = models.CharField(max_length=200)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(far_m__gt=0), name="visit_policy_far_m_positive")]

    def __str__(self) -> str:
        return str(self.valid_from)


@tracked
class Visit(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=16, choices=VisitKind.choices())
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="visits")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+")
    technician = models.ForeignKey(User, on_delete=models.PROTECT, related_name="visits")
    planned_on = models.DateField()
    planned_order = models.PositiveSmallIntegerField(default=0)
    purpose = models.CharField(max_length=300)
    planned_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=12, choices=VisitStatus.choices(), default=VisitStatus.PLANNED)
    findings = models.TextField(blank=True)
    signed_by_name = models.CharField(max_length=64, blank=True)
    signature = models.ForeignKey(
        Attachment, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["technician", "planned_on"], name="visit_day"),
            models.Index(fields=["region", "planned_on"], name="visit_region_day"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status=VisitStatus.CLOSED)
                | (~Q(findings="") & Q(signature__isnull=False, closed_at__isnull=False)),
                name="visit_closed_has_report",
            ),
            models.CheckConstraint(
                condition=~Q(status=VisitStatus.CANCELLED)
                | (~Q(cancel_reason="") & Q(cancelled_at__isnull=False)),
                name="visit_cancelled_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class CheckPoint(FieldRecord):
    """Check-in (签到) or check-out: place with accuracy; far or mocked is flagged, never refused."""

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="checks")
    kind = models.CharField(max_length=4, choices=CheckKind.choices())
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    datum = models.CharField(max_length=8, choices=Datum.choices(), blank=True)
    accuracy_m = models.DecimalField(max_digits=8, decimal_places=1, null=True)
    provider = models.CharField(max_length=20, blank=True)
    is_mock = models.BooleanField(default=False)
    distance_m = models.PositiveIntegerField(null=True)  # to the site, both in WGS-84
    is_far = models.BooleanField(default=False)
    reason = models.CharField(max_length=300, blank=True)
    photo = models.ForeignKey(Attachment, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        triggers = append_only()
        constraints = [models.UniqueConstraint(fields=["visit", "kind"], name="check_once_per_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.visit_id}"


class VisitPhoto(FieldRecord):
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="photos")
    attachment = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="+")
    caption = models.CharField(max_length=200, blank=True)

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.visit_id}/{self.attachment_id}"


@tracked
class VisitScan(models.Model):
    """A scan made during a visit."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="scan_links")
    scan = models.OneToOneField(Scan, on_delete=models.PROTECT, related_name="visit_link")

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.visit_id}/{self.scan_id}"


@tracked
class VisitBatch(models.Model):
    """A batch the visit is about: named when it was planned, scanned or measured there."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="batch_links")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="visit_links")

    class Meta:
        triggers = append_only()
        constraints = [models.UniqueConstraint(fields=["visit", "batch"], name="visit_batch_once")]

    def __str__(self) -> str:
        return f"{self.visit_id}/{self.batch_id}"


@tracked
class RecallTask(models.Model):
    """A consignee of a running recall or drill, to be visited: one technician takes it, the goods report ends it."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    notice = models.OneToOneField(RecallNotice, on_delete=models.PROTECT, related_name="task")
    state = models.CharField(max_length=8, choices=RecallTaskState.choices(), default=RecallTaskState.OPEN)
    technician = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="recall_tasks"
    )
    visit = models.ForeignKey(
        Visit, on_delete=models.PROTECT, null=True, blank=True, related_name="recall_tasks"
    )
    opened_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["state"], name="recall_task_state")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="open") | Q(technician=None, visit=None, taken_at=None),
                name="recall_task_open_is_nobodys",
            ),
            models.CheckConstraint(
                condition=~Q(state="taken")
                | Q(technician__isnull=False, visit__isnull=False, taken_at__isnull=False),
                name="recall_task_taken_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "taken"]) | Q(ended_at__isnull=False),
                name="recall_task_ended_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | ~Q(end_reason=""), name="recall_task_closed_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.notice_id}"
