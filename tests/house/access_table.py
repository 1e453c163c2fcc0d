"""The access table: every operation of the API, the right it needs and a request that is complete.

A new operation is refused by `test_routes.py` until it stands here: add one line to its floor's `cells_….py` with
its right, the noun of the row in its path (`rows_….py` makes a near and a far one) and, for a write, a body.
`scoped.py` says, by noun, to whom the far row does not exist.
"""

from tests.house import (
    cells_accounts,
    cells_balance,
    cells_calendar,
    cells_epcis,
    cells_field,
    cells_genealogy,
    cells_goods,
    cells_imports,
    cells_logistics,
    cells_recall,
    cells_scan,
    cells_serial,
    cells_trace,
    cells_work,
)
from tests.house.cell import Cell

ROOMS = (
    cells_accounts,
    cells_balance,
    cells_calendar,
    cells_epcis,
    cells_field,
    cells_genealogy,
    cells_goods,
    cells_imports,
    cells_logistics,
    cells_recall,
    cells_scan,
    cells_serial,
    cells_trace,
    cells_work,
)

TABLE: dict[tuple[str, str], Cell] = {
    (method, f"/api/v1/{address}"): cell for room in ROOMS for (method, address), cell in room.CELLS.items()
}
