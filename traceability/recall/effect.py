"""Whether the recall had effect: the consignees to check by the level's policy, and what the checks said. Reads."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from backend.core import clock
from traceability.recall import queries
from traceability.recall.models import EffectivenessCheck, Recall, RecallNotice
from traceability.recall.reconciliation import share_pct
from traceability.recall.rules import sample

ALL = Decimal(100)


@dataclass(frozen=True)
class Effect:
    """`share_pct` of the consignees are checked; without a confirmed policy all of them. Newest checks count."""

    share_pct: Decimal
    is_by_policy: bool
    sampled: tuple[RecallNotice, ...]
    checked: int
    effective: int
    missing: tuple[RecallNotice, ...]

    @property
    def effective_pct(self) -> Decimal | None:
        """Of those checked."""
        return share_pct(Decimal(self.effective), of=Decimal(self.checked))


def effect_of(recall: Recall) -> Effect:
    """The sample of a recall's consignees and its results."""
    day = clock.factory_date(recall.announced_at or recall.proposed_at)
    policy = queries.check_share(recall.level, on=day)
    share = policy.share_pct if policy else ALL
    rows = {row.pk: row for row in queries.notices_of(recall)}
    chosen = sample(rows, recall_id=recall.pk, share_pct=share)
    results = _results(recall)
    sampled = tuple(row for id, row in rows.items() if id in chosen)
    done = [results[row.pk] for row in sampled if row.pk in results]
    return Effect(
        share_pct=share,
        is_by_policy=policy is not None,
        sampled=sampled,
        checked=len(done),
        effective=sum(done),
        missing=tuple(row for row in sampled if row.pk not in results),
    )


def _results(recall: Recall) -> dict[UUID, bool]:
    """Notice → what its newest check said."""
    rows = EffectivenessCheck.objects.filter(notice__recall=recall).order_by("at", "id")
    return {row.notice_id: row.is_effective for row in rows}
