"""Rows of recalls: one in every state, all drills, so that no batch of the place changes."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from backend.accounts.made import Made
from backend.core import clock
from backend.core.ids import uuid7
from tests import factories
from tests.house.place import Place
from tests.recalling import PLAN, make_rules
from traceability.batch.models import Batch
from traceability.recall.closing import close_recall, finish_recall, propose_waiver
from traceability.recall.disposal import (
    DispositionData,
    decide_disposition,
    propose_disposition,
    tell_regulator,
)
from traceability.recall.goods import GoodsData, report_goods
from traceability.recall.models import Disposition, Recall, RecallCheckPolicy, RecallLevelRule, RecallNotice
from traceability.recall.rules import DispositionAction, DispositionKind
from traceability.recall.services import (
    RecallData,
    announce_recall,
    approve_recall,
    change_plan,
    propose_recall,
)
from traceability.scan.models import CodeAlias

PREVIEW_CODE = "TAG-RECALL-PREVIEW"


def recalls(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    director, qc, reviewer = (place.colleagues[name] for name in ("director", "qc", "qc_reviewer"))
    make_rules()
    number = next(factories.numbers)
    CodeAlias.objects.get_or_create(code=PREVIEW_CODE, defaults={"batch": found["batch"]})
    rule = RecallLevelRule.objects.create(
        level=1, law_edition=f"第 {number} 版", valid_from=date(2030, 1, 1), source="Test"
    )
    policy = RecallCheckPolicy.objects.create(
        level=1, share_pct=Decimal(50), valid_from=date(2030, 1, 1) + timedelta(days=number), source="Test"
    )
    running = announced(place, [found["batch"], found["parent_batch"]], hours_ago=100)
    quiet = [found["tested_batch"]]
    closing, closed = (announced(place, quiet) for _ in range(2))
    for recall in (closing, closed):
        finish_recall(recall, by=director, reason="完成")
    close_recall(closed, by=reviewer, reason="结案")
    notice = RecallNotice.objects.get(recall=running, customer=place.customer)
    return {
        "recall_level_rule": rule,
        "recall_check_policy": policy,
        "recall": running,
        "proposed_recall": proposed(place, quiet),
        "approved_recall": approved(place, quiet),
        "ready_recall": announced(place, quiet),
        "closing_recall": closing,
        "closed_recall": closed,
        "recall_notice": notice,
        "goods_report": returned(place, notice, found["batch"]),
        "disposition": disposition(running, found["batch"], by=qc),
        "approved_disposition": disposition(running, found["batch"], by=qc, approved_by=reviewer),
        "told_disposition": told(disposition(running, found["batch"], by=qc, approved_by=reviewer), qc),
        "recall_waiver": propose_waiver(notice, qty_kg=Decimal(1), reason="破包", by=director),
    }


def proposed(place: Place, starts: list[Batch], *, hours_ago: int = 1) -> Recall:
    data = RecallData(
        starts=tuple(batch.pk for batch in starts),
        level=2,
        cause="水分超标",
        risk_known_at=clock.now() - timedelta(hours=hours_ago),
        is_drill=True,
    )
    return propose_recall(data, by=place.colleagues["director"])


def approved(place: Place, starts: list[Batch], *, hours_ago: int = 1) -> Recall:
    recall = proposed(place, starts, hours_ago=hours_ago)
    change_plan(recall, by=place.colleagues["director"], items=PLAN)
    return approve_recall(recall, by=place.colleagues["qc"], reason="确认")


def announced(place: Place, starts: list[Batch], *, hours_ago: int = 1) -> Recall:
    recall = approved(place, starts, hours_ago=hours_ago)
    return announce_recall(recall, by=place.colleagues["qc"], reason="公告")


def returned(place: Place, notice: RecallNotice, batch: Batch) -> Any:
    """100 kg that came back."""
    at = clock.now()
    stamp = clock.stamp(made_at=at, sent_at=at, received_at=at)
    made = Made(uuid7(), place.colleagues["logistics"], None, stamp)
    nothing = Decimal(0)
    data = GoodsData(
        notice_id=notice.pk,
        batch_id=batch.pk,
        blocked_kg=nothing,
        returned_kg=Decimal(100),
        destroyed_kg=nothing,
        consumed_kg=nothing,
    )
    return report_goods(notice.recall, data, made=made)


def disposition(recall: Recall, batch: Batch, *, by: Any, approved_by: Any = None) -> Disposition:
    data = DispositionData(
        batch_id=batch.pk,
        kind=DispositionKind.DESTROY,
        qty_kg=Decimal(5),
        reason="受潮",
        planned_at=clock.now() + timedelta(days=1),
        place="处置中心",
    )
    made = propose_disposition(recall, data, by=by)
    if approved_by:
        decide_disposition(made, action=DispositionAction.APPROVE, by=approved_by, reason="同意")
    return made


def told(row: Disposition, by: Any) -> Disposition:
    tell_regulator(row, at=clock.now() - timedelta(minutes=2), reference="已报告", by=by)
    return row
