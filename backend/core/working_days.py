"""Counting working days: Monday to Friday, but for the days the works' calendar says otherwise. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

SATURDAY = 5


@dataclass(frozen=True)
class Deadline:
    """A day counted in working days; provisional while a year it was counted through has no calendar yet."""

    on: date
    is_provisional: bool


def works_by_weekday(day: date) -> bool:
    """Monday to Friday."""
    return day.weekday() < SATURDAY


def works(day: date, *, differing: Mapping[date, bool]) -> bool:
    """Whether `day` is worked; `differing` are the days that are not as their weekday says."""
    return differing.get(day, works_by_weekday(day))


def count_on(
    start: date, *, days: int, differing: Mapping[date, bool], known_years: Collection[int]
) -> Deadline:
    """The `days`-th working day after `start`; the day after the start is the first that counts.

    Years outside `known_years` are counted Monday to Friday and make the answer provisional. 0 days: the start.
    """
    day, left = start, days
    years = set[int]()
    while left > 0:
        day += timedelta(days=1)
        years.add(day.year)
        left -= works(day, differing=differing)
    return Deadline(day, is_provisional=not years <= set(known_years))
