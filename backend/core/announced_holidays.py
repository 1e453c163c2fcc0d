"""Public holidays and swap days as the State Council announced them, from the package chinesecalendar."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import chinese_calendar
from chinese_calendar import constants

from backend.core.working_days import works_by_weekday

SOURCE = f"State Council notices, as in chinesecalendar {chinese_calendar.__version__}"


@dataclass(frozen=True)
class Announced:
    day: date
    is_working: bool
    note: str


@dataclass(frozen=True)
class Year:
    """A year and its days that differ from Monday to Friday."""

    year: int
    source: str
    days: tuple[Announced, ...]


def years() -> Iterator[Year]:
    """Every year the package knows, the oldest first."""
    for year in range(min(constants.holidays).year, max(constants.holidays).year + 1):
        yield Year(year, SOURCE, tuple(_differing(year)))


def _differing(year: int) -> Iterator[Announced]:
    day = date(year, 1, 1)
    while day.year == year:
        is_working = chinese_calendar.is_workday(day)
        if is_working != works_by_weekday(day):
            yield Announced(day, is_working, _name(day))
        day += timedelta(days=1)


def _name(day: date) -> str:
    """国庆节; for a worked weekend day the holiday it is swapped for."""
    english = (constants.workdays if day in constants.workdays else constants.holidays)[day]
    return str(constants.Holiday(english).chinese)
