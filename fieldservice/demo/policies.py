"""The demo works' own rules, dated before its first batch."""

from decimal import Decimal

from backend.core.calendar import load_announced
from fieldservice.cost.models import CostPolicy
from fieldservice.demo.stage import Stage
from fieldservice.demo.works import MONTHS_18
from fieldservice.quality.models import SignalPolicy
from fieldservice.quality.rules import SignalRule
from fieldservice.visit.models import VisitPolicy
from traceability.recall.models import RecallLevelRule

COUNTS = {SignalRule.REPEATED_READINGS: 2, SignalRule.REPEATED_COMPLAINTS: 3}
WINDOW_DAYS = 30
RECALL_LEVELS = {1: (24, 10), 2: (48, 20), 3: (72, 30)}  # hours to start, working days to finish


def make_policies(stage: Stage) -> None:
    """When a receipt is needed, when a check-in is far, when a hold is proposed, how fast a recall goes."""
    since = stage.day(MONTHS_18 + 60)
    CostPolicy.objects.create(
        valid_from=since,
        receipt_required_above_cny=Decimal("100.00"),
        source="售后费用管理办法（演示）第六条",
    )
    VisitPolicy.objects.create(valid_from=since, far_m=500, source="上门服务签到规定（演示）第三条")
    SignalPolicy.objects.bulk_create(
        SignalPolicy(
            rule=rule,
            count=count,
            window_days=WINDOW_DAYS,
            valid_from=since,
            source="批次质量预警规定（演示）第二条",
        )
        for rule, count in COUNTS.items()
    )
    load_announced()
    _make_recall_rules(stage)


def _make_recall_rules(stage: Stage) -> None:
    """Hours and working days of each recall level, where the database has no confirmed ones yet."""
    if RecallLevelRule.objects.filter(needs_confirmation=False).exists():
        return
    RecallLevelRule.objects.bulk_create(
        RecallLevelRule(
            level=level,
            start_h=start_h,
            complete_working_days=days,
            law_edition="食品召回管理办法（演示）",
            valid_from=stage.day(MONTHS_18 + 60),
            source="食品召回管理办法（演示）：24/48/72 小时，10/20/30 个工作日",
            needs_confirmation=False,
        )
        for level, (start_h, days) in RECALL_LEVELS.items()
    )
