"""Recalls: rules, preview to dossier, consignees, goods, disposal, the links of the consignees."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from backend.accounts.rules import Can, Role
from backend.core import clock
from backend.core.ids import uuid7
from backend.core.permissions import Open
from tests.house.cell import Cell
from tests.house.rows_recall import PREVIEW_CODE
from tests.house.world import World
from tests.recalling import PLAN
from traceability.recall.contact import CheckData, ContactData, check_effectiveness, log_contact
from traceability.recall.disposal import TestData, record_test
from traceability.recall.goods import StockData, declare_stock
from traceability.recall.rules import Channel, ContactOutcome
from traceability.recall.token import token_of


def now() -> str:
    return clock.now().isoformat()


def reason(world: World, role: Role) -> Any:
    return {"reason": "按计划"}


def new_recall(world: World, role: Role) -> Any:
    return {
        "batches": [world.id_of("batch")],
        "level": 3,
        "cause": "标签错误",
        "risk_known_at": (clock.now() - timedelta(hours=1)).isoformat(),
        "is_drill": True,
        "is_label_only": True,
        "proposal": None,
    }


def plan(world: World, role: Role) -> Any:
    return dict(PLAN)


def confirmed_rule(world: World, role: Role) -> Any:
    return {
        "document": "令 122 号 第 20 条",
        "start_h": 24,
        "complete_working_days": 10,
        "valid_from": "2030-01-01",
    }


def confirmed_policy(world: World, role: Role) -> Any:
    return {"document": "质量手册 8.3", "share_pct": "50", "valid_from": "2029-01-01"}


def lateness(world: World, role: Role) -> Any:
    return {"clock": "start", "reason": "复检"}


def new_contact(world: World, role: Role) -> Any:
    return {
        "at": now(),
        "channel": "phone",
        "outcome": "reached",
        "person": "李经理",
        "on_hand_kg": "12.5",
        "note": "下午再打",
    }


def new_check(world: World, role: Role) -> Any:
    return {"channel": "visit", "is_effective": True, "note": "已下架"}


def new_waiver(world: World, role: Role) -> Any:
    return {"qty_kg": "2", "reason": "已售完"}


def acknowledgement(world: World, role: Role) -> Any:
    return {"name": "王老板", "on_hand_kg": "30"}


def new_report(world: World, role: Role) -> Any:
    return {
        "id": str(uuid7()),
        "made_at": now(),
        "notice": None,
        "customer": str(world.place.customer.pk),
        "site": world.id_of("site"),
        "scan": world.id_of("scan", role),
        "batch": world.id_of("batch"),
        "found_kg": "30",
        "blocked_kg": "20",
        "returned_kg": "5",
        "destroyed_kg": "3",
        "consumed_kg": "2",
        "units": 60,
        "photo": world.id_of("photo", role),
        "place": {"latitude": "32.06", "longitude": "118.79", "datum": "WGS-84", "accuracy_m": "12.0"},
        "note": "仓库东侧",
        "supersedes": None,
    }


def stock(world: World, role: Role) -> Any:
    line = {
        "batch": world.id_of("batch"),
        "stock_kg": "10",
        "retained_kg": "1",
        "scrapped_kg": "0",
        "note": "x",
    }
    return {"lines": [line]}


def new_test(world: World, role: Role) -> Any:
    return {
        "batch": world.id_of("batch"),
        "parameter": "iodine",
        "value": "25.1",
        "unit": "mg/kg",
        "method": "GB 5009.42-2016",
        "is_conforming": True,
        "tested_on": clock.today().isoformat(),
        "note": "复检",
    }


def new_disposition(world: World, role: Role) -> Any:
    return {
        "batch": world.id_of("batch"),
        "kind": "destroy",
        "qty_kg": "5",
        "reason": "受潮",
        "target_product": None,
        "document": "",
        "planned_at": (clock.now() + timedelta(days=1)).isoformat(),
        "place": "处置中心",
    }


def regulator_told(world: World, role: Role) -> Any:
    return {"at": now(), "reference": "淮市监函 12 号"}


def carried_out(world: World, role: Role) -> Any:
    return {"at": now(), "witness": "李科员"}


def near_token(world: World, role: Role) -> dict[str, str]:
    return {"token": token_of(world.near["recall_notice"].pk, link_number=1)}


def far_token(world: World, role: Role) -> dict[str, str]:
    return {"token": token_of(world.far["recall_notice"].pk, link_number=1)}


def more_contacts(world: World) -> None:
    data = ContactData(at=clock.now(), channel=Channel.PHONE, outcome=ContactOutcome.NO_ANSWER)
    for _ in range(3):
        log_contact(world.near["recall_notice"], data, by=world.place.colleagues["clerk"])


def more_checks(world: World) -> None:
    for _ in range(3):
        data = CheckData(channel=Channel.PHONE, is_effective=True)
        check_effectiveness(world.near["recall_notice"], data, by=world.place.colleagues["qc"])


def more_stock(world: World) -> None:
    for kg in range(3):
        line = StockData(world.near["batch"].pk, Decimal(kg), Decimal(0), Decimal(0))
        declare_stock(world.near["recall"], [line], by=world.place.colleagues["qc"])


def more_tests(world: World) -> None:
    for number in range(3):
        data = TestData(world.near["batch"].pk, f"p{number}", "GB", True, clock.today())
        record_test(world.near["recall"], data, by=world.place.colleagues["qc"])


PREVIEW = f"code={PREVIEW_CODE}&level=2&risk_known_at=2026-01-01T00:00:00Z"

RULES = {
    ("GET", "recall-level-rules"): Cell(Can.READ_RECALLS),
    ("POST", "recall-level-rules/{id}/confirm"): Cell(
        Can.DECIDE_RECALL, row="recall_level_rule", body=confirmed_rule
    ),
    ("GET", "recall-check-policies"): Cell(Can.READ_RECALLS),
    ("POST", "recall-check-policies/{id}/confirm"): Cell(
        Can.DECIDE_RECALL, row="recall_check_policy", body=confirmed_policy
    ),
}
RECALLS = {
    ("GET", "recalls"): Cell(Can.READ_RECALLS, shows="recall"),
    ("POST", "recalls"): Cell(Can.PROPOSE_RECALL, body=new_recall),
    ("GET", "recalls/preview"): Cell(Can.PROPOSE_RECALL, query=PREVIEW),
    ("GET", "recalls/list"): Cell(Can.READ_RECALLS),
    ("GET", "recalls/{id}"): Cell(Can.READ_RECALLS, row="recall"),
    ("GET", "recalls/{id}/plan"): Cell(Can.READ_RECALLS, row="recall"),
    ("PATCH", "recalls/{id}/plan"): Cell(Can.PROPOSE_RECALL, row="proposed_recall", body=plan),
    ("POST", "recalls/{id}/approve"): Cell(Can.DECIDE_RECALL, row="proposed_recall", body=reason),
    ("POST", "recalls/{id}/dismiss"): Cell(Can.DECIDE_RECALL, row="proposed_recall", body=reason),
    ("POST", "recalls/{id}/announce"): Cell(Can.DECIDE_RECALL, row="approved_recall", body=reason),
    ("POST", "recalls/{id}/refresh-consignees"): Cell(Can.CONTACT_CONSIGNEE, row="recall", body=reason),
    ("GET", "recalls/{id}/scope"): Cell(Can.READ_RECALLS, row="recall", key="batch"),
    ("GET", "recalls/{id}/scope/check"): Cell(Can.READ_RECALLS, row="recall"),
    ("GET", "recalls/{id}/steps"): Cell(Can.READ_RECALLS, row="recall"),
    ("GET", "recalls/{id}/reconciliation"): Cell(Can.READ_RECALLS, row="recall"),
    ("GET", "recalls/{id}/effectiveness"): Cell(Can.READ_RECALLS, row="recall"),
    ("POST", "recalls/{id}/lateness"): Cell(Can.PROPOSE_RECALL, row="recall", body=lateness),
    ("GET", "recalls/{id}/readiness"): Cell(Can.READ_RECALLS, row="recall"),
    ("POST", "recalls/{id}/finish"): Cell(Can.PROPOSE_RECALL, row="ready_recall", body=reason),
    ("POST", "recalls/{id}/reopen"): Cell(Can.PROPOSE_RECALL, row="closing_recall", body=reason),
    ("POST", "recalls/{id}/close"): Cell(Can.DECIDE_RECALL, row="closing_recall", body=reason),
    ("GET", "recalls/{id}/drill-report"): Cell(Can.READ_RECALLS, row="recall"),
    ("GET", "recalls/{id}/regulator-report"): Cell(Can.READ_RECALL_DOSSIER, row="recall"),
    ("GET", "recalls/{id}/dossier"): Cell(Can.READ_RECALL_DOSSIER, row="closed_recall"),
    ("GET", "recalls/{id}/dossier.pdf"): Cell(Can.READ_RECALL_DOSSIER, row="closed_recall"),
    ("GET", "recalls/{id}/dossier/check"): Cell(Can.READ_RECALL_DOSSIER, row="closed_recall"),
    ("GET", "recalls/{id}/consignees.csv"): Cell(Can.READ_RECEIVERS, row="recall"),
    ("GET", "recalls/{id}/consignees.xlsx"): Cell(Can.READ_RECEIVERS, row="recall"),
}
CONSIGNEES = {
    ("GET", "recall-notices"): Cell(Can.READ_CONSIGNEES, shows="recall_notice"),
    ("GET", "recall-notices/{id}"): Cell(Can.READ_CONSIGNEES, row="recall_notice"),
    ("GET", "recall-notices/{id}/message"): Cell(Can.CONTACT_CONSIGNEE, row="recall_notice"),
    ("POST", "recall-notices/{id}/renew-link"): Cell(Can.CONTACT_CONSIGNEE, row="recall_notice", body=reason),
    ("GET", "recall-notices/{id}/contacts"): Cell(
        Can.READ_CONSIGNEES, row="recall_notice", grow=more_contacts
    ),
    ("POST", "recall-notices/{id}/contacts"): Cell(
        Can.CONTACT_CONSIGNEE, row="recall_notice", body=new_contact
    ),
    ("GET", "recall-notices/{id}/checks"): Cell(Can.READ_CONSIGNEES, row="recall_notice", grow=more_checks),
    ("POST", "recall-notices/{id}/checks"): Cell(Can.CONTACT_CONSIGNEE, row="recall_notice", body=new_check),
    ("POST", "recall-notices/{id}/waivers"): Cell(Can.PROPOSE_RECALL, row="recall_notice", body=new_waiver),
    ("GET", "recall-waivers"): Cell(Can.READ_CONSIGNEES, shows="recall_waiver"),
    ("POST", "recall-waivers/{id}/approve"): Cell(Can.DECIDE_RECALL, row="recall_waiver", body=reason),
    ("POST", "recall-waivers/{id}/reject"): Cell(Can.DECIDE_RECALL, row="recall_waiver", body=reason),
    ("GET", "recall-links/{token}"): Cell(Open.ANYONE, ids=near_token, far_ids=far_token),
    ("POST", "recall-links/{token}/acknowledge"): Cell(
        Open.ANYONE, ids=near_token, far_ids=far_token, body=acknowledgement
    ),
}
GOODS = {
    ("POST", "recalls/{id}/goods-reports"): Cell(
        Can.CONFIRM_RECALL_GOODS,
        row="recall",
        body=new_report,
        hidden_from=frozenset(
            {Role.TECHNICIAN, Role.LOGISTICS}
        ),  # the customer is no consignee of the far one
    ),
    ("GET", "recall-goods-reports"): Cell(Can.READ_CONSIGNEES, shows="goods_report"),
    ("GET", "recalls/{id}/stock"): Cell(Can.READ_RECALLS, row="recall", grow=more_stock),
    ("POST", "recalls/{id}/stock"): Cell(Can.COUNT_STOCK, row="recall", body=stock),
    ("GET", "recalls/{id}/tests"): Cell(Can.READ_RECALLS, row="recall", grow=more_tests),
    ("POST", "recalls/{id}/tests"): Cell(Can.TEST_RECALLED_GOODS, row="recall", body=new_test),
    ("POST", "recalls/{id}/dispositions"): Cell(Can.DECIDE_DISPOSITION, row="recall", body=new_disposition),
    ("GET", "recall-dispositions"): Cell(Can.READ_RECALLS, shows="disposition"),
    ("POST", "recall-dispositions/{id}/approve"): Cell(
        Can.DECIDE_DISPOSITION, row="disposition", body=reason
    ),
    ("POST", "recall-dispositions/{id}/reject"): Cell(Can.DECIDE_DISPOSITION, row="disposition", body=reason),
    ("POST", "recall-dispositions/{id}/report"): Cell(
        Can.DECIDE_DISPOSITION, row="approved_disposition", body=regulator_told
    ),
    ("POST", "recall-dispositions/{id}/carry-out"): Cell(
        Can.DECIDE_DISPOSITION, row="told_disposition", body=carried_out
    ),
}

CELLS = {**RULES, **RECALLS, **CONSIGNEES, **GOODS}
