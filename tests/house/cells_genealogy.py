"""What batches were made from: links, runs, silos, goods that came back."""

from datetime import datetime, timedelta
from typing import Any

from backend.accounts.rules import Can, Role
from backend.core import clock
from tests import factories
from tests.house.cell import Cell
from tests.house.world import World


def hours_ago(hours: int) -> datetime:
    return clock.now() - timedelta(hours=hours)


def reason(world: World, role: Role) -> Any:
    return {"reason": "批号录错"}


def new_parent(world: World, role: Role) -> Any:
    return {
        "parent": world.id_of("parent_batch"),
        "qty_kg": "1000.5",
        "kind": "rework",
        "made_at": hours_ago(24).isoformat(),
        "transformation": world.id_of("transformation"),
        "note": "碎包返工",
    }


def new_run(world: World, role: Role) -> Any:
    return {
        "number": "T-NEW-1",
        "stage": "packed",
        "plant": "滨海一厂",
        "started_at": hours_ago(30).isoformat(),
        "finished_at": hours_ago(24).isoformat(),
        "inputs": [{"batch": world.id_of("parent_batch"), "qty_kg": "1000.5"}],
        "outputs": [{"batch": world.id_of("batch"), "qty_kg": "990"}],
        "loss_kg": "10.5",
        "loss_reason": "筛下物",
    }


def new_silo(world: World, role: Role) -> Any:
    return {"code": "NEW-1#", "plant": "滨海一厂"}


def new_fill(world: World, role: Role) -> Any:
    at = hours_ago(24).isoformat()
    return {"batch": world.id_of("parent_batch"), "filled_at": at, "heel_kg": "250"}


def new_cleaning(world: World, role: Role) -> Any:
    return {"cleaned_at": hours_ago(24).isoformat(), "method": "清扫", "note": "换品种"}


def new_return(world: World, role: Role) -> Any:
    return {
        "qty_kg": "500",
        "customer": world.id_of("customer"),
        "returned_at": hours_ago(24).isoformat(),
        "reason": "结块",
        "code": "R-NEW-1",
    }


def more_links(world: World) -> None:
    for _ in range(2):
        factories.make_link(factories.make_batch(), world.near["batch"])
        factories.make_link(world.near["batch"], factories.make_batch())


def more_runs(world: World) -> None:
    for _ in range(2):
        factories.make_transformation(factories.make_batch(), factories.make_batch())


def more_silos(world: World) -> None:
    for _ in range(2):
        factories.make_silo_fill(factories.make_silo(), factories.make_batch())


def more_fills(world: World) -> None:
    for days in (40, 50):
        factories.make_silo_fill(
            world.near["silo"], factories.make_batch(), filled_at=clock.now() - timedelta(days=days)
        )


def more_cleanings(world: World) -> None:
    for days in (40, 50):
        factories.make_silo_cleaning(world.near["silo"], cleaned_at=clock.now() - timedelta(days=days))


def more_returns(world: World) -> None:
    for _ in range(2):
        factories.make_return(world.near["batch"], world.place.customer)


CELLS = {
    ("GET", "batches/{id}/parents"): Cell(Can.READ_BATCHES, row="batch", grow=more_links),
    ("POST", "batches/{id}/parents"): Cell(Can.RECORD_BATCH, row="batch", body=new_parent),
    ("GET", "batches/{id}/children"): Cell(Can.READ_BATCHES, row="batch", grow=more_links),
    ("GET", "batches/{id}/returns"): Cell(Can.READ_RECEIVERS, row="batch", grow=more_returns),
    ("POST", "batches/{id}/returns"): Cell(Can.RECORD_BATCH, row="batch", body=new_return),
    ("GET", "links/{id}"): Cell(Can.READ_BATCHES, row="link"),
    ("POST", "links/{id}/reverse"): Cell(Can.RECORD_BATCH, row="link", body=reason),
    ("GET", "transformations"): Cell(Can.READ_BATCHES, shows="transformation", grow=more_runs),
    ("POST", "transformations"): Cell(Can.RECORD_BATCH, body=new_run),
    ("GET", "transformations/{id}"): Cell(Can.READ_BATCHES, row="transformation"),
    ("POST", "transformations/{id}/reverse"): Cell(Can.RECORD_BATCH, row="transformation", body=reason),
    ("GET", "silos"): Cell(Can.READ_BATCHES, shows="silo", grow=more_silos),
    ("POST", "silos"): Cell(Can.RECORD_BATCH, body=new_silo),
    ("GET", "silos/{silo}"): Cell(Can.READ_BATCHES, row="silo", name="silo"),
    ("GET", "silos/{silo}/fills"): Cell(Can.READ_BATCHES, row="silo", name="silo", grow=more_fills),
    ("POST", "silos/{silo}/fills"): Cell(Can.RECORD_BATCH, row="silo", name="silo", body=new_fill),
    ("GET", "silos/{silo}/cleanings"): Cell(Can.READ_BATCHES, row="silo", name="silo", grow=more_cleanings),
    ("POST", "silos/{silo}/cleanings"): Cell(Can.RECORD_BATCH, row="silo", name="silo", body=new_cleaning),
}
