"""How fast a recall or drill went, and how much it accounted for: the drill's report. Reads."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from traceability.recall import queries
from traceability.recall.models import Recall
from traceability.recall.reckoning import reconcile
from traceability.recall.reconciliation import Finding

TARGET_MIN = 240  # BRCGS 3.9: traced within four hours, both ways and with quantities
MINUTE = Decimal("0.01")


@dataclass(frozen=True)
class Timing:
    """Minutes from the proposal, two places; None: not reached. `consignees_told` of `consignees` know of it."""

    started_at: datetime
    to_scope_min: Decimal | None
    to_announcement_min: Decimal | None
    to_first_contact_min: Decimal | None
    to_all_contacted_min: Decimal | None
    to_all_acknowledged_min: Decimal | None
    to_finish_min: Decimal | None
    batches: int
    consignees: int
    consignees_told: int
    consignees_acknowledged: int
    accounted_pct: Decimal | None
    recovered_pct: Decimal | None
    findings: tuple[Finding, ...]
    target_min: int = TARGET_MIN

    @property
    def is_scope_in_time(self) -> bool | None:
        """Whether scope and quantities stood within the target; None before the scope is frozen."""
        return None if self.to_scope_min is None else self.to_scope_min <= self.target_min


def timing_of(recall: Recall) -> Timing:
    """The times and results of a recall or drill so far."""
    notices = list(queries.notices_of(recall))
    told = [row.first_contact_at for row in notices if row.first_contact_at]
    acknowledged = [row.acknowledged_at for row in notices if row.acknowledged_at]
    scope = getattr(recall, "scope", None)
    found = reconcile(recall) if scope else None

    def minutes(at: datetime | None) -> Decimal | None:
        if at is None:
            return None
        return (Decimal(str((at - recall.proposed_at).total_seconds())) / 60).quantize(MINUTE)

    def last(times: list[datetime]) -> datetime | None:
        """When everybody was; None while somebody is missing."""
        return max(times) if notices and len(times) == len(notices) else None

    return Timing(
        started_at=recall.proposed_at,
        to_scope_min=minutes(scope.frozen_at if scope else None),
        to_announcement_min=minutes(recall.announced_at),
        to_first_contact_min=minutes(min(told, default=None)),
        to_all_contacted_min=minutes(last(told)),
        to_all_acknowledged_min=minutes(last(acknowledged)),
        to_finish_min=minutes(recall.finished_at),
        batches=scope.batch_count if scope else 0,
        consignees=len(notices),
        consignees_told=len(told),
        consignees_acknowledged=len(acknowledged),
        accounted_pct=found.outside.accounted_pct if found else None,
        recovered_pct=found.outside.recovered_pct if found else None,
        findings=tuple(found.findings) if found else (),
    )
