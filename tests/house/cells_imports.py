"""Imports of files."""

from typing import Any

from backend.accounts.rules import TABLE, Can, Role
from tests.house.cell import Cell
from tests.house.rows_imports import made_import, make_fault
from tests.house.world import World

KIND_OF = {Role.CLERK: "customers", Role.DIRECTOR: "customers", Role.LOGISTICS: "shipments"}


def new_import(world: World, role: Role) -> Any:
    """A kind whose rows the role may enter."""
    return {
        "photo": b"sku,name_zh\n",
        "name": "file",
        "kind": KIND_OF.get(role, "products"),
        "mode": "skip_bad",
        "dry_run": "true",
    }


def more_imports(world: World) -> None:
    for role in TABLE[Can.IMPORT_FILES]:
        for _ in range(2):
            made_import(world.place.people[role])


def more_faults(world: World) -> None:
    for role in TABLE[Can.IMPORT_FILES]:
        for _ in range(2):
            make_fault(world.near[f"import@{role}"])


CELLS = {
    ("GET", "imports"): Cell(Can.IMPORT_FILES, shows="import", grow=more_imports),
    ("POST", "imports"): Cell(Can.IMPORT_FILES, photo=new_import),
    ("GET", "imports/kinds"): Cell(Can.IMPORT_FILES),
    ("GET", "imports/kinds/{kind}/template.{form}"): Cell(
        Can.IMPORT_FILES, ids=lambda world, role: {"kind": "batches", "form": "csv"}
    ),
    ("GET", "imports/{id}"): Cell(Can.IMPORT_FILES, row="import"),
    ("GET", "imports/{id}/errors"): Cell(Can.IMPORT_FILES, row="import", grow=more_faults),
    ("GET", "imports/{id}/errors.csv"): Cell(Can.IMPORT_FILES, row="import"),
    ("POST", "imports/{id}/cancel"): Cell(Can.IMPORT_FILES, row="import", body=lambda world, role: {}),
}
