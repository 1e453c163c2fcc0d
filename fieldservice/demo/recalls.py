"""One recall of level II, half closed, with tasks waiting on technician1's day; and a drill with its sealed report."""

from datetime import datetime, timedelta
from decimal import Decimal

from backend.core import clock
from fieldservice.demo import pictures
from fieldservice.demo.measuring import made_at
from fieldservice.demo.people import EAST, People
from fieldservice.demo.recall_steps import (
    Opening,
    call,
    confirm,
    consignees,
    count_goods,
    open_recall,
    sent_to,
)
from fieldservice.demo.stage import Stage
from fieldservice.demo.works import EDIBLE_PLANT, Works, at_ten
from fieldservice.visit.models import RecallTask, Visit
from fieldservice.visit.recall_task import close_recall_tasks, finish_recall_task, take_recall_task
from fieldservice.visit.rules import ReportText
from fieldservice.visit.services import Check, Place, check_in, check_out, close_visit
from traceability.batch.models import Batch
from traceability.batch.rules import BatchKind, BatchStatus
from traceability.customer.rules import Datum
from traceability.dispatch.queries import shipped_kg
from traceability.product.rules import Family
from traceability.recall.closing import close_recall, finish_recall
from traceability.recall.contact import CheckData, check_effectiveness
from traceability.recall.effect import effect_of
from traceability.recall.goods import StockData, declare_stock
from traceability.recall.models import Recall, RecallNotice
from traceability.recall.rules import Channel, ContactOutcome

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
CAUSE = "留样复检检出不溶物超标，疑为精制工段滤布破损"
NOTICE = "请立即停止销售和使用清单所列批次，就地封存，并在链接中确认收悉与库存数量。"
RUNNING_SINCE_DAYS, START_DAYS_AGO = 5, 140
NOT_CALLED_YET = 2
DRILL_DAYS_AGO, DRILL_BATCH_DAYS_AGO = 24, 60
DRILL_CAUSE = "年度召回演练：假设碘强化剂投料记录缺失"
DRILL_NOTICE = "【演练】仅核对联系方式与库存，无须停止销售。"
SAMPLES_KG = Decimal(2)
# What becomes of the goods at those who were visited: shares of the kg sent.
USED_UP = {"consumed_kg": Decimal("0.70"), "blocked_kg": Decimal("0.10"), "returned_kg": Decimal("0.20")}
FINDINGS = "按召回清单逐批清点，封存并贴签，退回部分已交承运人，其余客户确认已用完。"


def run_recall(stage: Stage, *, works: Works, people: People) -> None:
    """Half of the consignees are counted, two not reached yet; those of the east wait for technician1."""
    known_at = stage.now - timedelta(days=RUNNING_SINCE_DAYS)
    opening = Opening(
        starts=(_start(stage, works=works),),
        level=2,
        cause=CAUSE,
        notice=NOTICE,
        known_at=known_at,
        proposed_after=3 * HOUR,
        approved_after=19 * HOUR,
        announced_after=26 * HOUR,
    )
    recall = open_recall(opening, people=people)
    rows = consignees(recall)
    announced_at = known_at + opening.announced_after
    for number, notice in enumerate(rows[:-NOT_CALLED_YET]):
        by, at = people.clerk_of(_region(notice)), announced_at + (number + 1) * 20 * MINUTE
        reached = number % 5 != 4
        call(notice, by=by, at=at, outcome=ContactOutcome.REACHED if reached else ContactOutcome.NO_ANSWER)
        if reached and number % 2 == 0:
            left = sum(sent_to(notice).values(), Decimal()) // 4
            confirm(notice, at=at + 5 * HOUR, on_hand_kg=left)
    _go_round(stage, rows[:-NOT_CALLED_YET], people=people)
    _declare(recall, at=stage.now - 20 * HOUR, people=people)


def _start(stage: Stage, *, works: Works) -> Batch:
    """A batch of refined salt whose packed batches were sold months ago; its heel went into the next one."""
    old = [b for b in works.refined[EDIBLE_PLANT] if (stage.today - b.produced_on).days >= START_DAYS_AGO]
    return old[-1]


def _region(notice: RecallNotice) -> str:
    assert notice.region_id is not None  # customers of the demo have one
    return notice.region_id


def _go_round(stage: Stage, rows: list[RecallNotice], *, people: People) -> None:
    """Two of three consignees outside the east are visited, and the first one in it, by technician2."""
    east = [notice for notice in rows if notice.region_id == EAST]
    others = [notice for notice in rows if notice.region_id != EAST]
    for number, notice in enumerate([*east[:1], *others[::3], *others[1::3]]):
        region = _region(notice)
        technician = people["technician2"] if region == EAST else people.technicians(region)[0]
        _visit(stage, notice, technician_name=technician.username, hours_ago=60 - number, people=people)


def _visit(
    stage: Stage, notice: RecallNotice, *, technician_name: str, hours_ago: int, people: People
) -> None:
    """Taken, gone there, counted, signed: the task is done."""
    by, at = people[technician_name], stage.now - hours_ago * HOUR
    with clock.as_of(at):
        task = take_recall_task(RecallTask.objects.get(notice=notice), by=by)
    visit = task.visit
    assert visit is not None  # taking a task plans one
    check = Check(place=_place(visit))
    with clock.as_of(at + 2 * HOUR):
        check_in(visit, check=check, made=made_at(at + HOUR, by=by))
    count_goods(notice, by=by, at=at + 2 * HOUR, shares=USED_UP)
    with clock.as_of(at + 3 * HOUR):
        check_out(visit, check=check, made=made_at(at + 3 * HOUR - 5 * MINUTE, by=by))
        signature = pictures.keep_signature(stage.chance, by=by)
        report = ReportText(FINDINGS, signed_by_name=visit.customer.contact_name)
        close_visit(visit, report=report, signature=signature, by=by)
        finish_recall_task(notice.pk)


def _place(visit: Visit) -> Place:
    site = visit.site
    assert site.latitude is not None and site.longitude is not None  # of every site of the demo
    return Place(site.latitude, site.longitude, Datum(site.datum), accuracy_m=Decimal(12), provider="gps")


def _declare(recall: Recall, *, at: datetime, people: People) -> None:
    """The store counted the packed batches; what stands in the silo is still to be declared."""
    batches = [line.batch for line in recall.batches.select_related("batch").order_by("batch__code")]
    packed = [batch for batch in batches if batch.kind == BatchKind.PACKED]
    gone = shipped_kg(batch.pk for batch in packed)
    lines = [
        StockData(
            batch_id=batch.pk,
            stock_kg=batch.qty_kg - gone.get(batch.pk, Decimal()) - SAMPLES_KG,
            retained_kg=SAMPLES_KG,
            scrapped_kg=Decimal(),
        )
        for batch in packed
    ]
    with clock.as_of(at):
        declare_stock(recall, lines, by=people["qc2"])


def drill(stage: Stage, *, works: Works, people: People) -> None:
    """A drill of level I within a day: everybody told, all goods accounted for, sealed by two people."""
    known_at = at_ten(stage.day(DRILL_DAYS_AGO)) - HOUR
    opening = Opening(
        starts=(_drilled(stage, works=works),),
        level=1,
        cause=DRILL_CAUSE,
        notice=DRILL_NOTICE,
        known_at=known_at,
        proposed_after=10 * MINUTE,
        approved_after=25 * MINUTE,
        announced_after=50 * MINUTE,
        is_drill=True,
    )
    recall = open_recall(opening, people=people)
    announced_at = known_at + opening.announced_after
    for number, notice in enumerate(consignees(recall), start=1):
        at = announced_at + number * 15 * MINUTE
        call(notice, by=people.clerk_of(_region(notice)), at=at)
        confirm(notice, at=at + 30 * MINUTE, on_hand_kg=Decimal())
        count_goods(notice, by=people["logistics"], at=at + HOUR, shares={"consumed_kg": Decimal(1)})
        with clock.as_of(at + HOUR):
            finish_recall_task(notice.pk)
    _end(recall, at=announced_at + 7 * HOUR, people=people)


def _drilled(stage: Stage, *, works: Works) -> Batch:
    """A sound batch of edible salt of some weeks ago, sold and not in the recall."""
    old = [b for b in works.packed if (stage.today - b.produced_on).days >= DRILL_BATCH_DAYS_AGO]
    sound = (b for b in reversed(old) if b.product.family == Family.EDIBLE and b is not works.wet)
    return next(batch for batch in sound if batch.status == BatchStatus.RELEASED)


def _end(recall: Recall, *, at: datetime, people: People) -> None:
    with clock.as_of(at):
        for notice in effect_of(recall).missing:
            data = CheckData(Channel.PHONE, is_effective=True, note="抽查，知情并已核对")
            check_effectiveness(notice, data, by=people["qc2"])
        finish_recall(recall, by=people["qc1"], reason="演练各步骤完成")
    with clock.as_of(at + HOUR):
        close_recall(recall, by=people["qc2"], reason="核对时间与核算比例，归档")
        close_recall_tasks(recall.pk)
