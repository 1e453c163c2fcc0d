"""The rows of one place, by noun: enough that every operation has something to work on."""

from typing import Any

from tests.house import (
    rows_accounts,
    rows_balance,
    rows_epcis,
    rows_field,
    rows_genealogy,
    rows_goods,
    rows_imports,
    rows_logistics,
    rows_recall,
    rows_serial,
    rows_trace,
    rows_work,
)
from tests.house.place import Place

MAKERS = (
    rows_accounts.accounts,
    rows_goods.products,
    rows_goods.customers,
    rows_goods.batches,
    rows_genealogy.genealogy,
    rows_goods.shipments,
    rows_logistics.logistics,
    rows_goods.scans,
    rows_balance.balance,
    rows_imports.imports,
    rows_serial.serials,
    rows_trace.trace,
    rows_work.instruments,
    rows_work.photos,
    rows_recall.recalls,
    rows_work.visits,
    rows_work.readings,
    rows_work.costs,
    rows_work.cases,
    rows_work.signals,
    rows_field.recall_tasks,
    rows_field.strange_scans,
    rows_epcis.events,  # last: what all the others became
)


def make_rows(place: Place) -> dict[str, Any]:
    """Noun → row. `noun@role` is the row for that role's caller where it needs one of its own.

    A later maker may use the nouns of the earlier ones.
    """
    found: dict[str, Any] = {}
    for make in MAKERS:
        found.update(make(place, found))
    return found
