"""The working calendar."""

from typing import Any

from backend.accounts.rules import Can, Role
from tests.house.cell import Cell
from tests.house.world import World

NOTICE = {"source": "国务院办公厅通知", "reason": "公布放假安排"}


def new_days(world: World, role: Role) -> Any:
    return {"days": [{"day": "2027-10-01", "is_working": False, "note": "国庆节"}], **NOTICE}


def new_year(world: World, role: Role) -> Any:
    return {"year": 2027, "is_complete": True, **NOTICE}


CELLS = {
    ("GET", "work-calendar"): Cell(Can.READ_CALENDAR, query="year=2026"),
    ("POST", "work-calendar/days"): Cell(Can.MANAGE_CALENDAR, body=new_days),
    ("POST", "work-calendar/years"): Cell(Can.MANAGE_CALENDAR, body=new_year),
}
