"""Recalls and their consignees, as rows: what the field sees of a recall without walking through its steps."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from backend.core import clock
from tests import factories
from traceability.recall.models import Recall, RecallBatch, RecallLevelRule, RecallNotice


def make_rule(level: int) -> RecallLevelRule:
    return RecallLevelRule.objects.create(
        level=level,
        law_edition="Field test edition",
        start_h=24,
        complete_working_days=10,
        valid_from=date(2000, 1, 1),
        needs_confirmation=False,
    )


def make_recall(*, level: int = 2, is_drill: bool = False, state: str = "announced") -> Recall:
    rule = RecallLevelRule.objects.filter(level=level, needs_confirmation=False).first() or make_rule(level)
    now = clock.now()
    announced = state in ("announced", "closing", "closed")
    return Recall.objects.create(
        number=f"R-{Recall.objects.count():05d}",
        level=level,
        level_rule=rule,
        cause="异物",
        is_drill=is_drill,
        state=state,
        risk_known_at=now,
        start_due_at=now + timedelta(hours=24),
        proposed_by=factories.make_user("qc"),
        proposed_at=now,
        announced_at=now if announced else None,
        announced_by=factories.make_user("qc") if announced else None,
        finish_due_on=clock.today() + timedelta(days=14) if announced else None,
    )


def make_notice(
    recall: Recall, *, region: str = "east", with_site: bool = True, **fields: Any
) -> RecallNotice:
    customer = fields.pop("customer", None) or factories.make_customer(region_code=region)
    site = factories.make_site(customer) if with_site else None
    batch = fields.pop("batch", None) or factories.make_batch()
    factories.make_shipment(batch, customer, site=site)
    RecallBatch.objects.get_or_create(
        recall=recall, batch=batch, defaults={"depth": 0, "status_before": "released", "was_recalled": True}
    )
    return RecallNotice.objects.create(
        recall=recall,
        customer=customer,
        site=site,
        region=customer.region,
        shipped_kg=Decimal(1000),
        shipment_count=1,
        state="uncontacted",
        **fields,
    )
