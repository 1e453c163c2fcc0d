"""Trace: what a batch was made of, what became of it."""

from backend.accounts.rules import Can, Role
from tests.house.cell import Cell
from tests.house.rows_trace import SCANNED
from tests.house.world import World


def code_of_batch(world: World, role: Role) -> dict[str, str]:
    return {"code": str(world.near["batch"].pk)}


def a_batch(address: str) -> Cell:
    return Cell(Can.READ_TRACE, ids=code_of_batch, query="direction=forward")


CELLS = {
    ("GET", f"batches/{{code}}/{name}"): a_batch(name) for name in ("trace", "trace.csv", "trace.xlsx")
} | {("GET", "trace"): Cell(Can.READ_TRACE, query=f"code={SCANNED}&direction=forward")}
