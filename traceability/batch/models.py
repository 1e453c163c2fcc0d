"""The batch (批次): the row everything hangs on, its decisions, proposals and release certificate."""

from django.db import models
from django.db.models import F, Q

from backend.accounts.models import User
from backend.core.history import append_only, tracked, tracked_without
from backend.core.ids import uuid7
from traceability.batch.rules import (
    HISTORY_KINDS,
    BatchAction,
    BatchKind,
    BatchStatus,
    Conclusion,
    ProposalState,
)
from traceability.product.models import Product, TradeItem


@tracked_without("open_case_count")
class Batch(models.Model):
    """One production batch. `code` as printed; `code_norm` as compared (label.batch_code)."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="batches")
    trade_item = models.ForeignKey(
        TradeItem, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    code = models.CharField(max_length=64)
    code_norm = models.CharField(max_length=64, db_index=True)
    kind = models.CharField(max_length=12, choices=BatchKind.choices(), default=BatchKind.PACKED)
    plant = models.CharField(max_length=40)
    line = models.CharField(max_length=20, blank=True)
    shift = models.CharField(max_length=20, blank=True)
    supplier_lot = models.CharField(max_length=64, blank=True)
    produced_on = models.DateField()
    expires_on = models.DateField(null=True, blank=True)  # salt may carry none
    qty_kg = models.DecimalField(max_digits=14, decimal_places=3)
    status = models.CharField(max_length=12, choices=BatchStatus.choices(), default=BatchStatus.QUARANTINE)
    status_reason = models.CharField(max_length=500, blank=True)
    status_at = models.DateTimeField()
    # Kept by `count_open_case` for those who open and close cases on a batch: a scan must tell it in one query.
    open_case_count = models.PositiveIntegerField(default=0)
    # Came by audit import: stored as it was found, never checked. `consignee` names the customer of its deliveries.
    is_history = models.BooleanField(default=False)
    consignee = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["product", "-produced_on"], name="batch_product_recent"),
            models.Index(fields=["-produced_on"], name="batch_recent"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["product", "code_norm"], name="batch_product_code"),
            models.CheckConstraint(
                condition=Q(qty_kg__gt=0) | Q(qty_kg=0, is_history=True), name="batch_qty_kg_positive"
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=HISTORY_KINDS) | Q(is_history=True), name="batch_kind_of_history"
            ),
            models.CheckConstraint(
                condition=Q(expires_on=None) | Q(expires_on__gte=F("produced_on")), name="batch_dates"
            ),
        ]

    def __str__(self) -> str:
        return self.code


@tracked
class Proposal(models.Model):
    """A hold or recall somebody (or a signal) proposes; another QC person decides."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="proposals")
    action = models.CharField(max_length=12, choices=BatchAction.choices())
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=12, choices=ProposalState.choices(), default=ProposalState.OPEN)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "action"],
                condition=Q(state=ProposalState.OPEN),
                name="proposal_one_open_per_batch_action",
            ),
            models.CheckConstraint(
                condition=Q(proposed_by=None) | Q(decided_by=None) | ~Q(proposed_by=F("decided_by")),
                name="proposal_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.batch_id}"


class BatchDecision(models.Model):
    """One step of a batch's status with its reason: never changed, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="decisions")
    action = models.CharField(max_length=12, choices=BatchAction.choices())
    from_status = models.CharField(max_length=12, choices=BatchStatus.choices())
    to_status = models.CharField(max_length=12, choices=BatchStatus.choices())
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    proposal = models.OneToOneField(
        Proposal, on_delete=models.PROTECT, null=True, blank=True, related_name="decision"
    )

    class Meta:
        triggers = append_only()
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="batch_decision_has_reason")]

    def __str__(self) -> str:
        return f"{self.action} {self.batch_id}"


@tracked
class ReleaseCertificate(models.Model):
    """出厂检验报告 (COA): tester and reviewer are two people (Shanghai guideline 2025 No. 195)."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="certificates")
    report_no = models.CharField(max_length=64, unique=True)
    inspection_basis = models.CharField(max_length=200)
    conclusion = models.CharField(max_length=16, choices=Conclusion.choices())
    tested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    issued_on = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(tested_by=F("reviewed_by")), name="certificate_two_people")
        ]

    def __str__(self) -> str:
        return self.report_no


@tracked
class CertificateValue(models.Model):
    """One released value; unit, basis and method are part of it."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    certificate = models.ForeignKey(ReleaseCertificate, on_delete=models.PROTECT, related_name="values")
    parameter = models.CharField(max_length=40)
    value = models.DecimalField(max_digits=14, decimal_places=6)
    unit = models.CharField(max_length=20)
    basis = models.CharField(max_length=20, blank=True)
    method = models.CharField(max_length=60)
    expanded_u = models.DecimalField(max_digits=14, decimal_places=6, null=True, blank=True)  # k = 2

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["certificate", "parameter"], name="certificate_parameter_once")
        ]

    def __str__(self) -> str:
        return self.parameter
