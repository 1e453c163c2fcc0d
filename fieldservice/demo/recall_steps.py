"""The steps a recall and a drill have in common: proposed, approved, planned, announced, told, counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from backend.accounts.models import User
from backend.core import clock
from fieldservice.demo.measuring import made_at
from fieldservice.demo.people import People
from fieldservice.visit.recall_task import open_recall_tasks
from traceability.batch.models import Batch
from traceability.dispatch.models import ShipmentLine
from traceability.recall.contact import ContactData, acknowledge, log_contact
from traceability.recall.goods import GoodsData, report_goods
from traceability.recall.models import Recall, RecallNotice
from traceability.recall.rules import Channel, ContactOutcome
from traceability.recall.services import (
    RecallData,
    announce_recall,
    approve_recall,
    change_plan,
    propose_recall,
)
from traceability.recall.token import token_of

NONE_KG = Decimal(0)
PLAN: Mapping[str, str] = {
    "producer": "演示盐业有限公司，滨海一厂；负责人：顾长河；联系电话见公告（演示数据）",
    "goods": "批次、规格、数量与销售区域见冻结范围清单",
    "level_and_flow": "按等级规定时限启动与完成；公告、通知、清点、封存、退回或就地销毁、核算",
    "duties": "质检负责判定与处置，客服负责通知，物流负责退运，技术员现场清点",
    "disposal_and_cost": "退回品隔离存放，检测后降级或销毁；费用由本厂承担",
    "expected_effect": "全部收货方知情，核算比例达到百分之百或有两人签字的说明",
}


@dataclass(frozen=True)
class Opening:
    """How a recall begins: from which batches, why, who proposes and who decides, and when each step was."""

    starts: tuple[Batch, ...]
    level: int
    cause: str
    notice: str
    known_at: datetime
    proposed_after: timedelta
    approved_after: timedelta
    announced_after: timedelta
    is_drill: bool = False


def open_recall(opening: Opening, *, people: People) -> Recall:
    """The announced recall with its tasks, every step made when it was."""
    data = RecallData(
        starts=tuple(batch.pk for batch in opening.starts),
        level=opening.level,
        cause=opening.cause,
        risk_known_at=opening.known_at,
        is_drill=opening.is_drill,
    )
    with clock.as_of(opening.known_at + opening.proposed_after):
        recall = propose_recall(data, by=people["director"])
    with clock.as_of(opening.known_at + opening.approved_after):
        approve_recall(recall, by=people["qc1"], reason="复核检验记录，同意")
        told = {"cause_and_harm": opening.cause, "notice_zh": opening.notice}
        change_plan(recall, by=people["qc2"], items={**PLAN, **told})
    with clock.as_of(opening.known_at + opening.announced_after):
        announced = announce_recall(recall, by=people["qc1"], reason="计划齐备，公告")
        open_recall_tasks(recall.pk)
    return announced


def call(
    notice: RecallNotice, *, by: User, at: datetime, outcome: ContactOutcome = ContactOutcome.REACHED
) -> None:
    """A call to the consignee, written down."""
    assert notice.customer is not None  # the demo has no goods of old history
    person = notice.customer.contact_name if outcome is ContactOutcome.REACHED else ""
    with clock.as_of(at):
        log_contact(notice, ContactData(at, Channel.PHONE, outcome, person=person), by=by)


def confirm(notice: RecallNotice, *, at: datetime, on_hand_kg: Decimal) -> None:
    """The consignee opens the link of the notice and says what is still there."""
    assert notice.customer is not None
    token = token_of(notice.pk, link_number=notice.link_number)
    with clock.as_of(at):
        acknowledge(token, name=notice.customer.contact_name, on_hand_kg=on_hand_kg)


def count_goods(notice: RecallNotice, *, by: User, at: datetime, shares: Mapping[str, Decimal]) -> None:
    """A report per batch: shares of what was sent there, in whole kg; `found_kg` is what was blocked or taken back."""
    for batch, kg in sent_to(notice).items():
        parts = {name: (kg * share).quantize(Decimal(1)) for name, share in shares.items()}
        blocked, returned = parts.get("blocked_kg", NONE_KG), parts.get("returned_kg", NONE_KG)
        data = GoodsData(
            notice_id=notice.pk,
            batch_id=batch.pk,
            found_kg=blocked + returned,
            blocked_kg=blocked,
            returned_kg=returned,
            destroyed_kg=NONE_KG,
            consumed_kg=parts.get("consumed_kg", NONE_KG),
        )
        with clock.as_of(at):
            report_goods(notice.recall, data, made=made_at(at, by=by))


def sent_to(notice: RecallNotice) -> dict[Batch, Decimal]:
    """Kg of each recalled batch that went there."""
    lines = ShipmentLine.objects.filter(
        shipment__customer=notice.customer_id,
        shipment__site=notice.site_id,
        shipment__cancelled_at=None,
        batch__recall_lines__recall=notice.recall_id,
    )
    found: dict[Batch, Decimal] = {}
    for line in lines.select_related("batch").order_by("batch__code", "id"):
        found[line.batch] = found.get(line.batch, Decimal()) + line.qty_kg
    return found


def consignees(recall: Recall) -> list[RecallNotice]:
    """By customer, so that every demo goes the same way."""
    rows = RecallNotice.objects.filter(recall=recall).select_related("recall", "customer", "site")
    return list(rows.order_by("customer__code", "site__name"))
