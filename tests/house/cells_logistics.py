"""Goods on their way: packed units, receipts, sales rules."""

from typing import Any

from backend.accounts.rules import Can, Role
from backend.core import clock
from tests import factories
from tests.house.cell import Cell
from tests.house.cells_goods import reason
from tests.house.world import World


def new_unit(world: World, role: Role) -> Any:
    return {
        "sscc": "369012340000000017",
        "level": "pallet",
        "trade_item": world.id_of("trade_item"),
        "packed_at": clock.now().isoformat(),
        "contents": [{"batch": world.id_of("batch"), "qty_kg": "500", "count": 1000}],
    }


def of_unit(noun: str) -> Any:
    return lambda world, role: {"sscc": world.near[noun].sscc}


def far_unit(noun: str) -> Any:
    return lambda world, role: {"sscc": world.far[noun].sscc}


def unit_cell(can: Can, noun: str, **fields: Any) -> Cell:
    return Cell(can, ids=of_unit(noun), far_ids=far_unit(noun), **fields)


def into_container(world: World, role: Role) -> Any:
    return {"parent": world.near["container"].sscc, "at": clock.now().isoformat()}


def now(world: World, role: Role) -> Any:
    return {"at": clock.now().isoformat()}


def more_stays(world: World) -> None:
    for _ in range(2):
        case = factories.make_unit(level="case", packed_by=world.place.colleagues["logistics"])
        factories.make_containment(case, world.near["loaded_unit"])


def new_receipt(world: World, role: Role) -> Any:
    return {
        "received_at": clock.now().isoformat(),
        "received_by_name": "仓管员",
        "lines": [{"batch": world.id_of("batch"), "qty_kg": "999.5"}],
        "note": "破损一袋",
    }


CELLS = {
    ("GET", "shipments/{id}/receipt"): Cell(Can.READ_SHIPMENTS, row="received_shipment"),
    ("POST", "shipments/{id}/receipt"): Cell(Can.RECORD_SHIPMENT, row="shipment", body=new_receipt),
    ("GET", "logistic-units"): Cell(Can.READ_SHIPMENTS, shows="unit"),
    ("POST", "logistic-units"): Cell(Can.RECORD_SHIPMENT, body=new_unit),
    ("GET", "logistic-units/{sscc}"): unit_cell(Can.READ_SHIPMENTS, "unit"),
    ("GET", "logistic-units/{sscc}/containments"): unit_cell(
        Can.READ_SHIPMENTS, "loaded_unit", key="child", grow=more_stays
    ),
    ("POST", "logistic-units/{sscc}/load"): unit_cell(Can.RECORD_SHIPMENT, "unit", body=into_container),
    ("POST", "logistic-units/{sscc}/unload"): unit_cell(Can.RECORD_SHIPMENT, "loaded_unit", body=now),
    ("POST", "logistic-units/{sscc}/cancel"): unit_cell(Can.RECORD_SHIPMENT, "unit", body=reason),
    ("GET", "sales-rules"): Cell(Can.READ_SHIPMENTS, shows="sales_rule"),
    ("POST", "sales-rules"): Cell(
        Can.CONFIRM_LIMIT,
        body=lambda world, role: {
            "family": "edible",
            "customer_kind": "food_maker",
            "is_allowed": True,
            "needs_licence": False,
            "valid_from": "2026-01-01",
            "source": "食盐专营办法 (2017) 第16条",
        },
    ),
}
