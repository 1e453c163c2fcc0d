"""What a batch was made from, in kg. Append-only."""

from django.db import models
from django.db.models import F, Q

from backend.accounts.models import User
from backend.core.history import append_only
from backend.core.ids import uuid7
from traceability.batch.models import Batch


class MadeFrom(models.Model):
    """`qty_kg` of `parent` went into `child`."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    parent = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="children_links")
    child = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="parent_links")
    qty_kg = models.DecimalField(max_digits=14, decimal_places=3)
    made_at = models.DateTimeField()
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    class Meta:
        triggers = append_only()
        constraints = [
            models.UniqueConstraint(fields=["parent", "child"], name="made_from_once"),
            models.CheckConstraint(condition=~Q(parent=F("child")), name="made_from_not_itself"),
            models.CheckConstraint(condition=Q(qty_kg__gt=0), name="made_from_qty_kg_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.parent_id} → {self.child_id}"
