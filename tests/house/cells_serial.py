"""Unit numbers (一物一码): ranges, and what a code stands for."""

from datetime import date
from typing import Any

from backend.accounts.rules import Can, Role
from tests import factories
from tests.house.cell import Cell
from tests.house.cells_logistics import unit_cell
from tests.house.world import World


def new_range(world: World, role: Role) -> Any:
    return {"prefix": "ZZ", "first": 1000, "count": 500, "trade_item": None}


def more_ranges(world: World) -> None:
    for _ in range(2):
        factories.make_serial_range(world.near["batch"], made_by=world.place.colleagues["qc"])


def more_policies(world: World) -> None:
    for year in (2018, 2019):
        factories.make_sighting_policy(valid_from=date(year, 1, 1))


CELLS = {
    ("GET", "serial-ranges"): Cell(Can.READ_SERIALS, shows="serial_range", grow=more_ranges),
    ("GET", "serial-ranges/{id}"): Cell(Can.READ_SERIALS, row="serial_range"),
    ("POST", "serial-ranges/{id}/withdraw"): Cell(
        Can.MANAGE_SERIALS, row="open_serial_range", body=lambda world, role: {"reason": "标签卷被盗"}
    ),
    ("GET", "batches/{id}/serial-ranges"): Cell(Can.READ_SERIALS, row="batch", grow=more_ranges),
    ("POST", "batches/{id}/serial-ranges"): Cell(Can.MANAGE_SERIALS, row="batch", body=new_range),
    ("GET", "sighting-policies"): Cell(Can.READ_SIGNALS, shows="sighting_policy", grow=more_policies),
    ("GET", "batches/{id}/serial-codes"): Cell(Can.MANAGE_SERIALS, row="batch", query="count=3"),
    ("GET", "batches/{id}/serial-labels"): Cell(Can.MANAGE_SERIALS, row="batch", query="count=1"),
    ("GET", "logistic-units/{sscc}/label"): unit_cell(Can.PRINT_LABEL, "unit"),
    ("GET", "serial-codes/{token}"): Cell(
        Can.READ_SERIALS, ids=lambda world, role: {"token": world.near["unit_code"]}
    ),
}
