"""The eight items of a recall plan, with what the figures say for those that can be taken from them. Reads."""

from decimal import Decimal
from typing import Any

from backend.core.clock import FACTORY_ZONE
from traceability.customer.models import Customer
from traceability.recall.models import Recall, RecallPlan
from traceability.recall.queries import batches_of
from traceability.recall.rules import PLAN_ITEMS, missing_items
from traceability.recall.scope import scope_of

MOST_NAMED = 20
LEVEL_NAMES = {1: "一级召回", 2: "二级召回", 3: "三级召回"}


def plan_of(recall: Recall) -> dict[str, Any]:
    """The items as written, those missing, and suggestions in Chinese: a plan is a Chinese paper."""
    plan = RecallPlan.objects.get(recall=recall)
    items = {name: str(getattr(plan, name)) for name in PLAN_ITEMS}
    return {
        **items,
        "notice_en": plan.notice_en,
        "missing": missing_items(items),
        "suggested": {
            "goods": _goods(recall),
            "cause_and_harm": recall.cause,
            "level_and_flow": _level_and_flow(recall),
        },
    }


def _goods(recall: Recall) -> str:
    """Name, production date, batch, quantity and area, as the scope has them."""
    if hasattr(recall, "scope"):
        ids = list(batches_of(recall).values_list("batch_id", flat=True))
    else:
        ids = list(recall.starts.values_list("batch_id", flat=True))
    scope = scope_of(ids)
    starts = recall.starts.select_related("batch__product").order_by("batch__code")[:MOST_NAMED]
    goods = ";".join(
        f"{row.batch.product.name_zh},批号 {row.batch.code},生产日期 {row.batch.produced_on}"
        for row in starts
    )
    customer_ids = {line.customer_id for line in scope.sent if line.customer_id}
    provinces = Customer.objects.filter(pk__in=customer_ids).order_by("province")
    area = "、".join(provinces.values_list("province", flat=True).distinct())
    return (
        f"{goods};涉及批次 {len(scope.depths)} 个,生产量 {_kg(scope.produced_kg)} kg,"
        f"已发货 {_kg(scope.shipped_kg)} kg,收货单位 {len(scope.consignees)} 家;销售区域:{area or '无'}"
    )


def _level_and_flow(recall: Recall) -> str:
    rule = recall.level_rule
    due = recall.start_due_at.astimezone(FACTORY_ZONE)
    return (
        f"{LEVEL_NAMES[recall.level]}:知悉风险后 {rule.start_h} 小时内启动({due:%Y-%m-%d %H:%M} 前),"
        f"公告后 {rule.complete_working_days} 个工作日内完成;"
        "流程:通知收货单位、停售封存、现场扫码确认、回收、检验、处置、核对平衡、结案归档"
    )


def _kg(kg: Decimal) -> str:
    return f"{kg.normalize():f}"
