"""Cost lines in CNY, exact to the fen; a receipt seen before is flagged."""

from django.db import models
from django.db.models import F, Q

from backend.accounts.models import FieldRecord
from backend.core.history import append_only, tracked
from backend.core.ids import uuid7
from backend.core.models import Attachment
from fieldservice.cost.rules import CostCategory, DuplicateBy
from fieldservice.visit.models import Visit
from traceability.batch.models import Batch


@tracked
class CostPolicy(models.Model):
    """Above `receipt_required_above_cny` a line needs a receipt; dated rows with their source."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    valid_from = models.DateField(unique=True)
    receipt_required_above_cny = models.DecimalField(max_digits=12, decimal_places=2)
    source = models.CharField(max_length=200)

    def __str__(self) -> str:
        return str(self.valid_from)


class CostLine(FieldRecord):
    """One expense. net + tax = gross; corrected by a new line that supersedes it.

    A receipt number is unique with its code only; fully digital invoices have no code.
    """

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, null=True, related_name="cost_lines")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, null=True, related_name="cost_lines")
    category = models.CharField(max_length=12, choices=CostCategory.choices())
    spent_on = models.DateField()
    net_cny = models.DecimalField(max_digits=12, decimal_places=2)
    tax_cny = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    gross_cny = models.DecimalField(max_digits=12, decimal_places=2)
    note = models.CharField(max_length=300, blank=True)
    receipt = models.ForeignKey(Attachment, on_delete=models.PROTECT, null=True, related_name="+")
    receipt_code = models.CharField(max_length=20, blank=True)
    receipt_no = models.CharField(max_length=40, blank=True)
    duplicate_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    duplicate_by = models.CharField(max_length=16, choices=DuplicateBy.choices(), blank=True)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="superseded_by"
    )
    first = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+"
    )  # of the versions
    correction_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        triggers = append_only()
        indexes = [
            models.Index(fields=["visit"], name="cost_visit"),
            models.Index(fields=["spent_on"], name="cost_day"),
            models.Index(fields=["receipt_no"], name="cost_receipt_no", condition=~Q(receipt_no="")),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(gross_cny=F("net_cny") + F("tax_cny")), name="cost_sums_up"),
            models.CheckConstraint(condition=Q(gross_cny__gt=0, tax_cny__gte=0), name="cost_positive"),
            models.CheckConstraint(
                condition=Q(supersedes=None, first=None)
                | (Q(supersedes__isnull=False, first__isnull=False) & ~Q(correction_reason="")),
                name="cost_correction_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(duplicate_of=None, duplicate_by="")
                | (Q(duplicate_of__isnull=False) & ~Q(duplicate_by="")),
                name="cost_duplicate_says_how",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category} {self.gross_cny}"
