"""What a batch was made from, in kg: links, the runs and silos they come from, goods that came back. Append-only."""

import pgtrigger
from django.db import models
from django.db.models import F, Q

from backend.accounts.models import User
from backend.core.history import append_only, tracked
from backend.core.ids import uuid7
from traceability.batch.models import Batch
from traceability.batch.rules import BatchKind
from traceability.customer.models import Customer
from traceability.genealogy.rules import LinkKind


class Transformation(models.Model):
    """One run: batches went in, batches of one stage came out, the rest was lost. Its links say what went in."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    number = models.CharField(max_length=40, unique=True)
    stage = models.CharField(max_length=12, choices=BatchKind.choices())
    plant = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    loss_kg = models.DecimalField(max_digits=14, decimal_places=3, default=0)
    loss_reason = models.CharField(max_length=300, blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        triggers = append_only()
        indexes = [models.Index(fields=["-finished_at", "-id"], name="transformation_recent")]
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__gte=F("started_at")), name="transformation_start_before_end"
            ),
            models.CheckConstraint(condition=Q(loss_kg__gte=0), name="transformation_loss_kg_not_negative"),
        ]

    def __str__(self) -> str:
        return self.number


class TransformationOutput(models.Model):
    """`qty_kg` of `batch` came out of the run."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    transformation = models.ForeignKey(Transformation, on_delete=models.PROTECT, related_name="outputs")
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="transformation_outputs")
    qty_kg = models.DecimalField(max_digits=14, decimal_places=3)

    class Meta:
        triggers = append_only()
        constraints = [
            models.UniqueConstraint(
                fields=["transformation", "batch"], name="transformation_output_batch_once"
            ),
            models.CheckConstraint(condition=Q(qty_kg__gt=0), name="transformation_output_qty_kg_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.transformation_id} → {self.batch_id}"


class MadeFrom(models.Model):
    """`qty_kg` of `parent` went into `child`. A wrong one is reversed: it stays, and counts no more (`is_live`).

    0 kg is a trace: the share of one output in a pinch of additive, a silo that ran empty without being cleaned.
    `is_history`: came by audit import, stored as it was found, never checked.
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    # No index of one column: the two of both cover it, and a million rows carry each of them.
    parent = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="children_links", db_index=False)
    child = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="parent_links", db_index=False)
    qty_kg = models.DecimalField(max_digits=14, decimal_places=3)
    kind = models.CharField(max_length=10, choices=LinkKind.choices(), default=LinkKind.USED)
    made_at = models.DateTimeField()
    transformation = models.ForeignKey(
        Transformation, on_delete=models.PROTECT, null=True, blank=True, related_name="links", db_index=False
    )
    recorded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    is_history = models.BooleanField(default=False)
    is_live = models.BooleanField(default=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        triggers = [
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="only_reversed",
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["is_live"]),
            ),
            pgtrigger.Protect(
                name="never_revived", operation=pgtrigger.Update, condition=pgtrigger.Q(new__is_live=True)
            ),
        ]
        indexes = [
            models.Index(
                fields=["parent", "child"],
                include=["qty_kg"],
                condition=Q(is_live=True),
                name="made_from_down",
            ),
            models.Index(
                fields=["child", "parent"], include=["qty_kg"], condition=Q(is_live=True), name="made_from_up"
            ),
            models.Index(fields=["parent"], condition=Q(is_live=False), name="made_from_reversed_down"),
            models.Index(fields=["child"], condition=Q(is_live=False), name="made_from_reversed_up"),
            models.Index(
                fields=["transformation"], condition=Q(transformation__isnull=False), name="made_from_run"
            ),
        ]
        constraints = [
            # A batch may come onto heels of the same one in two silos.
            models.UniqueConstraint(
                fields=["parent", "child", "transformation"],
                condition=Q(is_live=True) & ~Q(kind=LinkKind.HEEL),
                nulls_distinct=False,
                name="made_from_once",
            ),
            models.CheckConstraint(
                condition=~Q(parent=F("child")) | Q(is_history=True), name="made_from_not_itself"
            ),
            models.CheckConstraint(condition=Q(qty_kg__gte=0), name="made_from_qty_kg_not_negative"),
            models.CheckConstraint(
                condition=Q(recorded_by__isnull=False) | Q(is_history=True), name="made_from_by_somebody"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.parent_id} → {self.child_id}"


class LinkReversal(models.Model):
    """Who took a link back, when and why. `is_after_recall`: one of its batches was under recall by then."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    link = models.OneToOneField(MadeFrom, on_delete=models.PROTECT, related_name="reversal")
    reason = models.CharField(max_length=300)
    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    is_after_recall = models.BooleanField(default=False)

    class Meta:
        triggers = append_only()
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="link_reversal_has_reason")]

    def __str__(self) -> str:
        return f"{self.link_id}"


@tracked
class Silo(models.Model):
    """A silo by the code painted on it."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    code = models.CharField(max_length=40, unique=True)
    plant = models.CharField(max_length=40)

    def __str__(self) -> str:
        return self.code


class SiloFill(models.Model):
    """`batch` came into the silo, onto what was left there: `heel` is the link that says so."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    silo = models.ForeignKey(Silo, on_delete=models.PROTECT, related_name="fills", db_index=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="silo_fills")
    filled_at = models.DateTimeField()
    heel = models.OneToOneField(
        MadeFrom, on_delete=models.PROTECT, null=True, blank=True, related_name="silo_fill"
    )
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        triggers = append_only()
        constraints = [models.UniqueConstraint(fields=["silo", "filled_at"], name="silo_fill_once")]

    def __str__(self) -> str:
        return f"{self.silo_id} ← {self.batch_id}"


class SiloCleaning(models.Model):
    """The silo was emptied and cleaned: the only thing that ends the chain of heels."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    silo = models.ForeignKey(Silo, on_delete=models.PROTECT, related_name="cleanings", db_index=False)
    cleaned_at = models.DateTimeField()
    method = models.CharField(max_length=100)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        triggers = append_only()
        constraints = [models.UniqueConstraint(fields=["silo", "cleaned_at"], name="silo_cleaning_once")]

    def __str__(self) -> str:
        return f"{self.silo_id} {self.cleaned_at}"


class GoodsReturn(models.Model):
    """Part of `batch` came back from a customer; `lot` is the new batch, in quarantine, it came back as."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="goods_returns")
    lot = models.OneToOneField(Batch, on_delete=models.PROTECT, related_name="came_back_as")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="goods_returns")
    returned_at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        triggers = append_only()
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="goods_return_has_reason")]

    def __str__(self) -> str:
        return f"{self.batch_id} → {self.lot_id}"
