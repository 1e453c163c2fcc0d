"""Recalls (召回): dated rules, the frozen scope, consignees, what came back, tests, disposal and the sealed dossier."""

from django.db import models
from django.db.models import F, Q

from backend.accounts.models import FieldRecord, Region, User
from backend.core.history import append_only, tracked
from backend.core.ids import uuid7
from backend.core.models import Attachment
from traceability.batch.models import Batch, Proposal
from traceability.customer.models import Customer, Site
from traceability.customer.rules import Datum
from traceability.product.models import Product
from traceability.recall.rules import (
    Channel,
    Clock,
    ContactOutcome,
    DispositionKind,
    DispositionState,
    NoticeState,
    RecallState,
    StepKind,
    WaiverState,
)
from traceability.scan.models import Scan


@tracked
class RecallLevelRule(models.Model):
    """Hours to start and working days to finish, per level and edition of the law. Unconfirmed rows never count."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    level = models.PositiveSmallIntegerField()
    start_h = models.PositiveSmallIntegerField(null=True, blank=True)
    complete_working_days = models.PositiveSmallIntegerField(null=True, blank=True)
    criterion_zh = models.CharField(max_length=200)
    criterion_en = models.CharField(max_length=200)
    law_edition = models.CharField(max_length=120)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=300)
    needs_confirmation = models.BooleanField(default=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_document = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["level", "law_edition"], name="recall_level_rule_once"),
            models.CheckConstraint(condition=Q(level__range=(1, 3)), name="recall_level_rule_level"),
            models.CheckConstraint(
                condition=Q(needs_confirmation=True)
                | Q(start_h__isnull=False, complete_working_days__isnull=False),
                name="recall_level_rule_complete",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.law_edition}"


@tracked
class RecallCheckPolicy(models.Model):
    """Share of the consignees whose recall is checked for effect, per level. Unconfirmed rows never count."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    level = models.PositiveSmallIntegerField()
    share_pct = models.DecimalField(max_digits=5, decimal_places=2)
    valid_from = models.DateField()
    source = models.CharField(max_length=300)
    needs_confirmation = models.BooleanField(default=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_document = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["level", "valid_from"], name="recall_check_policy_once"),
            models.CheckConstraint(
                condition=Q(level__range=(1, 3), share_pct__range=(0, 100)), name="recall_check_policy_bounds"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.share_pct}"


@tracked
class Recall(models.Model):
    """One recall or drill, with the rule it was opened under; proposed by one person, decided by another."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.CharField(max_length=20, unique=True)
    level = models.PositiveSmallIntegerField()
    level_rule = models.ForeignKey(RecallLevelRule, on_delete=models.PROTECT, related_name="+")
    cause = models.CharField(max_length=1000)
    is_drill = models.BooleanField(default=False)
    is_label_only = models.BooleanField(default=False)
    state = models.CharField(max_length=12, choices=RecallState.choices(), default=RecallState.PROPOSED)
    risk_known_at = models.DateTimeField()
    start_due_at = models.DateTimeField()
    proposal = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, null=True, blank=True, related_name="recalls"
    )
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=500, blank=True)
    announced_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    announced_at = models.DateTimeField(null=True, blank=True)
    finish_due_on = models.DateField(null=True, blank=True)
    is_finish_provisional = models.BooleanField(default=False)
    finished_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    finished_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["state"], name="recall_state")]
        constraints = [
            models.CheckConstraint(condition=Q(level__range=(1, 3)), name="recall_level"),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")), name="recall_two_people"
            ),
            models.CheckConstraint(
                condition=Q(closed_by=None)
                | (Q(finished_by__isnull=False, closed_at__isnull=False) & ~Q(closed_by=F("finished_by"))),
                name="recall_closed_by_two",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["announced", "closing", "closed"])
                | Q(announced_at__isnull=False, finish_due_on__isnull=False, announced_by__isnull=False),
                name="recall_announced_has_clock",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(closed_by__isnull=False), name="recall_closed_has_person"
            ),
        ]

    def __str__(self) -> str:
        return self.number


@tracked
class RecallPlan(models.Model):
    """The eight items of a recall plan, as the regulator asks for them."""

    recall = models.OneToOneField(Recall, on_delete=models.PROTECT, primary_key=True, related_name="plan")
    producer = models.CharField(max_length=500, blank=True)  # name, address, legal representative, contact
    goods = models.CharField(max_length=1000, blank=True)  # name, brand, spec, date, batch, quantity, area
    cause_and_harm = models.CharField(max_length=1000, blank=True)
    level_and_flow = models.CharField(max_length=1000, blank=True)
    notice_zh = models.CharField(max_length=2000, blank=True)  # what consignees are told
    notice_en = models.CharField(max_length=2000, blank=True)
    duties = models.CharField(max_length=1000, blank=True)
    disposal_and_cost = models.CharField(max_length=1000, blank=True)
    expected_effect = models.CharField(max_length=1000, blank=True)

    def __str__(self) -> str:
        return str(self.recall_id)


class RecallStart(models.Model):
    """A batch the recall starts from."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="starts")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="+")

    class Meta:
        triggers = append_only()
        constraints = [models.UniqueConstraint(fields=["recall", "batch"], name="recall_start_once")]

    def __str__(self) -> str:
        return f"{self.recall_id}/{self.batch_id}"


class RecallScope(models.Model):
    """The scope as it was frozen: its list is `recall.batches`; the digest is over the sorted ids."""

    recall = models.OneToOneField(Recall, on_delete=models.PROTECT, primary_key=True, related_name="scope")
    sha256 = models.CharField(max_length=64)
    frozen_at = models.DateTimeField()
    query_text = models.TextField()
    parameters = models.JSONField()  # {"starts": [ids], "direction"}, read whole
    batch_count = models.PositiveIntegerField()
    consignee_count = models.PositiveIntegerField()
    produced_kg = models.DecimalField(max_digits=14, decimal_places=3)
    shipped_kg = models.DecimalField(max_digits=14, decimal_places=3)

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return self.sha256


class RecallBatch(models.Model):
    """One batch of the frozen scope. `was_recalled`: approving it changed its status (never in a drill)."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="batches")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="recall_lines")
    depth = models.PositiveIntegerField()
    status_before = models.CharField(max_length=12)
    was_recalled = models.BooleanField()

    class Meta:
        triggers = append_only()
        constraints = [models.UniqueConstraint(fields=["recall", "batch"], name="recall_batch_once")]

    def __str__(self) -> str:
        return f"{self.recall_id}/{self.batch_id}"


@tracked
class RecallNotice(models.Model):
    """A consignee: a customer's site (or customer) the goods went to, told of the recall, and how much is accounted.

    `consignee_name`: of history deliveries, whose customer stands in no row of ours. The kg are sums over the current
    goods reports; `quarantined_kg` is what stood blocked there at the last count.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="notices")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    consignee_name = models.CharField(max_length=64, blank=True)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    shipped_kg = models.DecimalField(max_digits=14, decimal_places=3)
    shipment_count = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=NoticeState.choices(), default=NoticeState.WAITING)
    token_digest = models.CharField(max_length=64, unique=True, null=True, blank=True)
    link_number = models.PositiveIntegerField(default=0)  # a renewed link makes the ones before worthless
    link_expires_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    first_contact_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by_name = models.CharField(max_length=64, blank=True)
    on_hand_kg = models.DecimalField(
        max_digits=14, decimal_places=3, null=True, blank=True
    )  # as the consignee said last
    returned_kg = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    destroyed_kg = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    consumed_kg = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    quarantined_kg = models.DecimalField(max_digits=14, decimal_places=3, default=0)

    class Meta:
        indexes = [models.Index(fields=["recall", "state"], name="recall_notice_work")]
        constraints = [
            models.UniqueConstraint(
                fields=["recall", "customer", "site", "consignee_name"],
                name="recall_notice_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(customer__isnull=False) | ~Q(consignee_name=""),
                name="recall_notice_has_consignee",
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None) | ~Q(acknowledged_by_name=""),
                name="recall_notice_acknowledged_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recall_id}/{self.customer_id or self.consignee_name}"


class ContactAttempt(models.Model):
    """One attempt to tell a consignee: never changed, never deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    notice = models.ForeignKey(RecallNotice, on_delete=models.PROTECT, related_name="contacts")
    at = models.DateTimeField()
    channel = models.CharField(max_length=8, choices=Channel.choices())
    outcome = models.CharField(max_length=16, choices=ContactOutcome.choices())
    person = models.CharField(max_length=64, blank=True)
    on_hand_kg = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.outcome} {self.notice_id}"


class GoodsReport(FieldRecord):
    """What somebody found, blocked, took back, destroyed at a consignee, or was told is used up. Append-only.

    `returned_kg`, `destroyed_kg` and `consumed_kg` add up over the reports; `blocked_kg` is what stands blocked there
    after this one, so the newest counts. A correction is a new row; it keeps the place in time of the first.
    """

    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="goods_reports")
    notice = models.ForeignKey(RecallNotice, on_delete=models.PROTECT, related_name="goods_reports")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="+")
    scan = models.ForeignKey(Scan, on_delete=models.PROTECT, null=True, related_name="+")
    found_kg = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    blocked_kg = models.DecimalField(max_digits=14, decimal_places=3)
    returned_kg = models.DecimalField(max_digits=14, decimal_places=3)
    destroyed_kg = models.DecimalField(max_digits=14, decimal_places=3)
    consumed_kg = models.DecimalField(max_digits=14, decimal_places=3)
    units = models.PositiveIntegerField(null=True)
    photo = models.ForeignKey(Attachment, on_delete=models.PROTECT, null=True, related_name="+")
    latitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    longitude = models.DecimalField(max_digits=9, decimal_places=6, null=True)
    datum = models.CharField(max_length=8, choices=Datum.choices(), blank=True)
    accuracy_m = models.DecimalField(max_digits=8, decimal_places=1, null=True)
    note = models.CharField(max_length=500, blank=True)
    counted_at = models.DateTimeField()  # receipt of the first of a chain of corrections
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, related_name="superseded_by"
    )

    class Meta:
        triggers = append_only()
        indexes = [models.Index(fields=["notice", "batch", "counted_at"], name="recall_goods_line")]
        constraints = [
            models.CheckConstraint(
                condition=Q(blocked_kg__gte=0, returned_kg__gte=0, destroyed_kg__gte=0, consumed_kg__gte=0),
                name="recall_goods_not_negative",
            )
        ]

    def __str__(self) -> str:
        return f"{self.notice_id}/{self.batch_id}"


class FactoryStock(models.Model):
    """What of a recalled batch is still in the house; the newest declaration counts. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="stock_declarations")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="+")
    stock_kg = models.DecimalField(max_digits=14, decimal_places=3)
    retained_kg = models.DecimalField(max_digits=14, decimal_places=3)  # samples kept
    scrapped_kg = models.DecimalField(max_digits=14, decimal_places=3)
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        triggers = append_only()
        constraints = [
            models.CheckConstraint(
                condition=Q(stock_kg__gte=0, retained_kg__gte=0, scrapped_kg__gte=0),
                name="recall_stock_not_negative",
            )
        ]

    def __str__(self) -> str:
        return f"{self.recall_id}/{self.batch_id}"


class EffectivenessCheck(models.Model):
    """Whether a consignee really got the notice and acted on it; the newest counts. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    notice = models.ForeignKey(RecallNotice, on_delete=models.PROTECT, related_name="checks")
    channel = models.CharField(max_length=8, choices=Channel.choices())
    is_effective = models.BooleanField()
    note = models.CharField(max_length=500, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.is_effective} {self.notice_id}"


class ReturnTest(models.Model):
    """A safety test of returned goods: of a batch of the scope, or of a return lot made from one. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="tests")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="+")
    parameter = models.CharField(max_length=40)
    value = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    unit = models.CharField(max_length=20, blank=True)
    method = models.CharField(max_length=60)
    is_conforming = models.BooleanField()
    note = models.CharField(max_length=500, blank=True)
    tested_on = models.DateField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return f"{self.parameter} {self.batch_id}"


@tracked
class Disposition(models.Model):
    """What becomes of recalled goods in our hands; decided by another person than proposed it."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="dispositions")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=DispositionKind.choices())
    qty_kg = models.DecimalField(max_digits=14, decimal_places=3)
    reason = models.CharField(max_length=500)
    target_product = models.ForeignKey(
        Product, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )  # of a downgrade
    document = models.CharField(max_length=200, blank=True)  # a downgrade's consent of the regulator
    planned_at = models.DateTimeField(null=True, blank=True)
    place = models.CharField(max_length=200, blank=True)
    state = models.CharField(
        max_length=12, choices=DispositionState.choices(), default=DispositionState.PROPOSED
    )
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=500, blank=True)
    regulator_told_at = models.DateTimeField(null=True, blank=True)
    regulator_told_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    regulator_reference = models.CharField(max_length=200, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    witness = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(qty_kg__gt=0), name="disposition_qty_kg_positive"),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")), name="disposition_two_people"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["proposed"]) | Q(decided_by__isnull=False),
                name="disposition_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(kind="downgrade") | Q(target_product__isnull=False),
                name="disposition_downgrade_has_target",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["destroy", "harmless_treatment"])
                | ~Q(state="done")
                # A check of nothing passes: the time must be there, too.
                | Q(
                    regulator_told_at__isnull=False, done_at__isnull=False, regulator_told_at__lt=F("done_at")
                ),
                name="disposition_regulator_told_before",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.batch_id}"


@tracked
class RecallWaiver(models.Model):
    """Why so many kg at a consignee will never be accounted for; written by one person, approved by another."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    notice = models.ForeignKey(RecallNotice, on_delete=models.PROTECT, related_name="waivers")
    qty_kg = models.DecimalField(max_digits=14, decimal_places=3)
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=12, choices=WaiverState.choices(), default=WaiverState.PROPOSED)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(qty_kg__gt=0), name="recall_waiver_qty_kg_positive"),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")),
                name="recall_waiver_two_people",
            ),
            models.CheckConstraint(
                condition=Q(state="proposed") | Q(decided_by__isnull=False),
                name="recall_waiver_decided_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.qty_kg} {self.notice_id}"


class LatenessAnswer(models.Model):
    """Why a clock was missed: a late recall closes only with it. Append-only."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="lateness_answers")
    clock = models.CharField(max_length=8, choices=Clock.choices())
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        triggers = append_only()
        constraints = [models.UniqueConstraint(fields=["recall", "clock"], name="recall_lateness_once")]

    def __str__(self) -> str:
        return f"{self.clock} {self.recall_id}"


class RecallStep(models.Model):
    """The recall's diary: every step, person, time and reason. Append-only. `by` null: a consignee by link."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    recall = models.ForeignKey(Recall, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=24, choices=StepKind.choices())
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=1000, blank=True)
    subject_id = models.UUIDField(null=True)  # the notice, report, disposition … it is about

    class Meta:
        triggers = append_only()
        indexes = [models.Index(fields=["recall", "at"], name="recall_step_time")]

    def __str__(self) -> str:
        return f"{self.kind} {self.recall_id}"


class RecallDossier(models.Model):
    """The sealed record of a closed recall: canonical JSON and its paper, each with its SHA-256. Append-only."""

    recall = models.OneToOneField(Recall, on_delete=models.PROTECT, primary_key=True, related_name="dossier")
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    paper = models.BinaryField()
    paper_sha256 = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        triggers = append_only()

    def __str__(self) -> str:
        return self.sha256
