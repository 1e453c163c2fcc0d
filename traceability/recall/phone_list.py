"""The list of recalled batches a phone carries along: its verdict offline is the house's. Reads."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from traceability.batch.models import Batch
from traceability.batch.rules import BatchStatus
from traceability.recall.models import RecallBatch
from traceability.recall.queries import recalled_batches
from traceability.recall.rules import OPEN, RecallState


@dataclass(frozen=True)
class ListedBatch:
    """A recalled batch. `level` and `recall` are None where a proposal of its own recalled it."""

    batch: Batch
    since: datetime
    recall_id: UUID | None
    number: str | None
    level: int | None
    is_label_only: bool


@dataclass(frozen=True)
class PhoneList:
    """`version` changes exactly when the list does: the ETag."""

    version: str
    batches: list[ListedBatch]


def phone_list() -> PhoneList:
    """Every batch that is recalled now, by code. The gravest recall of a batch counts; drills never."""
    recalls: dict[UUID, RecallBatch] = {}
    rows = RecallBatch.objects.filter(
        recall__is_drill=False,
        recall__state__in=(*OPEN, RecallState.CLOSED),
        batch__status=BatchStatus.RECALLED,
    ).select_related("recall")
    for line in rows.order_by("-recall__level", "recall__decided_at"):
        recalls[line.batch_id] = line
    batches = [
        _listed(batch, recalls.get(batch.pk)) for batch in recalled_batches().order_by("code_norm", "id")
    ]
    digest = hashlib.sha256()
    for each in batches:
        digest.update(f"{each.batch.pk}/{each.since.isoformat()}/{each.number}/{each.level}\n".encode())
    return PhoneList(version=digest.hexdigest()[:32], batches=batches)


def _listed(batch: Batch, line: RecallBatch | None) -> ListedBatch:
    recall = line.recall if line else None
    return ListedBatch(
        batch=batch,
        since=batch.status_at,
        recall_id=recall.pk if recall else None,
        number=recall.number if recall else None,
        level=recall.level if recall else None,
        is_label_only=recall.is_label_only if recall else False,
    )
