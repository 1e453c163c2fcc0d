"""A recall step by step, over HTTP: what stories and tests of recalls share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from backend.core import clock
from backend.core.calendar import load_announced
from backend.core.ids import uuid7
from tests import factories
from tests.client import Answer, ApiClient
from traceability.recall.models import RecallCheckPolicy, RecallLevelRule

PLAN = {
    "producer": "测试盐厂有限公司,江苏省淮安市盐化路1号,法定代表人张三,电话 0517-88888888",
    "goods": "精制食用盐,批号见清单,江苏省",
    "cause_and_harm": "水分超标,可能结块",
    "level_and_flow": "二级召回,48 小时启动,20 个工作日完成",
    "notice_zh": "因水分超标,请立即停止销售下列批次。",
    "notice_en": "Moisture above the limit: stop selling the batches below.",
    "duties": "质量部负责,客服联系,物流回收",
    "disposal_and_cost": "无害化处理,费用由我厂承担",
    "expected_effect": "全部回收",
}


@dataclass
class House:
    """The people of a recall, each with a client; `other` is the second QC person."""

    director: ApiClient
    qc: ApiClient
    other: ApiClient
    clerk: ApiClient
    logistics: ApiClient
    technician: ApiClient


def make_rules() -> None:
    """The confirmed edition of the law and the working calendar: a test with its own transactions empties tables."""
    for level, start_h, days in ((1, 24, 10), (2, 48, 20), (3, 72, 30)):
        known = RecallLevelRule.objects.filter(level=level, needs_confirmation=False)
        if not known.exists():
            RecallLevelRule.objects.create(
                level=level,
                start_h=start_h,
                complete_working_days=days,
                law_edition="2015/2020",
                valid_from=date(2015, 9, 1),
                source="Test",
                needs_confirmation=False,
            )
        if not RecallLevelRule.objects.filter(level=level, needs_confirmation=True).exists():
            RecallLevelRule.objects.create(
                level=level, law_edition="2026", valid_from=date(2026, 1, 1), source="Test"
            )
        if not RecallCheckPolicy.objects.filter(level=level).exists():
            RecallCheckPolicy.objects.create(
                level=level, share_pct=100, valid_from=date(2026, 1, 1), source="Test"
            )
    load_announced()


def make_house(sign_in: Callable[..., ApiClient]) -> House:
    make_rules()
    roles = ("director", "qc", "qc", "clerk", "logistics", "technician")
    return House(*(sign_in(role) for role in roles))


@dataclass
class Goods:
    """A silo batch, two packed batches made from it, and what went where (kg)."""

    silo: Any
    packed: list[Any]
    customers: list[Any]
    others: list[Any] = field(default_factory=list)

    @property
    def batches(self) -> list[Any]:
        return [self.silo, *self.packed]


def make_goods(*, sent: tuple[tuple[str, ...], ...] = (("600", "400"), ("1000",))) -> Goods:
    """`sent`: for each packed batch, the kg that went to the first, second … customer."""
    product = factories.make_product()
    silo = factories.make_batch(kind="silo", qty_kg=Decimal("5000"))
    customers = [factories.make_customer() for _ in range(max(len(row) for row in sent))]
    packed = []
    for row in sent:
        kg = sum(Decimal(each) for each in row)
        batch = factories.make_batch(product, qty_kg=kg)
        factories.make_link(silo, batch, qty_kg=str(kg))
        for customer, each in zip(customers, row, strict=False):
            factories.make_shipment(batch, customer, qty_kg=each)
        packed.append(batch)
    return Goods(silo, packed, customers)


def recall_body(starts: list[Any], **fields: Any) -> dict[str, Any]:
    return {
        "batches": [str(batch.pk) for batch in starts],
        "level": 2,
        "cause": "水分超标",
        "risk_known_at": (clock.now() - timedelta(hours=2)).isoformat(),
    } | fields


def proposed(house: House, starts: list[Any], **fields: Any) -> dict[str, Any]:
    made = house.director.post("recalls", recall_body(starts, **fields))
    assert made.status == 201, made
    return dict(made.json)


def approved(house: House, starts: list[Any], **fields: Any) -> dict[str, Any]:
    recall = proposed(house, starts, **fields)
    done = house.qc.post(f"recalls/{recall['id']}/approve", {"reason": "复检确认"})
    assert done.status == 200, done
    return dict(done.json)


def announced(house: House, starts: list[Any], **fields: Any) -> dict[str, Any]:
    recall = approved(house, starts, **fields)
    assert house.director.patch(f"recalls/{recall['id']}/plan", PLAN).status == 200
    done = house.qc.post(f"recalls/{recall['id']}/announce", {"reason": "按计划公告"})
    assert done.status == 200, done
    return dict(done.json)


def notices(client: ApiClient, recall: dict[str, Any]) -> list[dict[str, Any]]:
    return list(client.get(f"recall-notices?recall={recall['id']}&limit=200").json["items"])


def report(client: ApiClient, recall: dict[str, Any], batch: Any, customer: Any, **fields: Any) -> Answer:
    """A goods report with a scan of the batch, made now by the client's user."""
    assert client.user is not None
    scan = factories.make_scan(client.user, batch=batch)
    body = {
        "id": str(uuid7()),
        "made_at": clock.now().isoformat(),
        "customer": str(customer.pk),
        "scan": str(scan.pk),
    }
    return client.post(f"recalls/{recall['id']}/goods-reports", body | fields)


def contact(client: ApiClient, notice: dict[str, Any], **fields: Any) -> Answer:
    body = {"at": clock.now().isoformat(), "channel": "phone", "outcome": "reached", "person": "李经理"}
    return client.post(f"recall-notices/{notice['id']}/contacts", body | fields)


def told_and_checked(house: House, recall: dict[str, Any]) -> None:
    """Everybody is called and checked."""
    for notice in notices(house.qc, recall):
        assert contact(house.clerk, notice).status == 201
        check = {"channel": "phone", "is_effective": True}
        assert house.qc.post(f"recall-notices/{notice['id']}/checks", check).status == 201
