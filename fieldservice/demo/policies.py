"""The demo works' own rules, dated before its first batch."""

from decimal import Decimal

from fieldservice.cost.models import CostPolicy
from fieldservice.demo.stage import Stage
from fieldservice.demo.works import MONTHS_18
from fieldservice.quality.models import SignalPolicy
from fieldservice.quality.rules import SignalRule
from fieldservice.visit.models import VisitPolicy

COUNTS = {SignalRule.REPEATED_READINGS: 2, SignalRule.REPEATED_COMPLAINTS: 3}
WINDOW_DAYS = 30


def make_policies(stage: Stage) -> None:
    """When a receipt is needed, when a check-in is far, when a hold is proposed."""
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
