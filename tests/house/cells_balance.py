"""Mass balance: stock counts, yield bands, findings."""

from datetime import timedelta
from typing import Any

from backend.accounts.rules import Can, Role
from backend.core import clock
from tests import factories
from tests.house.cell import Cell
from tests.house.rows_balance import refreshed
from tests.house.world import World


def new_count(world: World, role: Role) -> Any:
    at = clock.now() - timedelta(hours=1)
    return {
        "counted_at": at.isoformat(),
        "on_hand_kg": "100.5",
        "scrap_kg": "2",
        "retained_kg": "1",
        "note": "月末盘点",
    }


def new_band(world: World, role: Role) -> Any:
    return {
        "stage": "refined",
        "low_pct": "96.5",
        "high_pct": "100.1",
        "valid_from": "2026-01-01",
        "source": "工艺规程 YS-07",
    }


def more_counts(world: World) -> None:
    for _ in range(2):
        factories.make_stock_count(world.near["batch"], by=world.place.colleagues["qc"])


def more_refreshes(world: World) -> None:
    for _ in range(2):
        refreshed()


CELLS = {
    ("GET", "batches/{id}/stock-counts"): Cell(Can.READ_BALANCE, row="batch", grow=more_counts),
    ("POST", "batches/{id}/stock-counts"): Cell(Can.COUNT_STOCK, row="batch", body=new_count),
    ("GET", "batches/{id}/balance"): Cell(Can.READ_BALANCE, row="batch"),
    ("GET", "yield-bands"): Cell(Can.READ_LIMITS, shows="yield_band"),
    ("POST", "yield-bands"): Cell(Can.MANAGE_PRODUCTS, body=new_band),
    ("POST", "yield-bands/{id}/confirm"): Cell(
        Can.CONFIRM_LIMIT, row="yield_band", body=lambda world, role: {"document": "YS-07 第3页"}
    ),
    ("GET", "findings"): Cell(Can.READ_FINDINGS, shows="finding"),
    ("GET", "findings.csv"): Cell(Can.READ_FINDINGS),
    ("GET", "findings/{id}"): Cell(Can.READ_FINDINGS, row="finding"),
    ("POST", "findings/{id}/settle"): Cell(
        Can.SETTLE_FINDING, row="finding", body=lambda world, role: {"reason": "过磅误差，已复称"}
    ),
    ("GET", "finding-refreshes"): Cell(Can.READ_FINDINGS, shows="finding_refresh", grow=more_refreshes),
}
