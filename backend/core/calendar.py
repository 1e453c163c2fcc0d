"""The working calendar (工作日历): which days are worked, deadlines in working days, and who changed a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction

from backend.core import announced_holidays, working_days
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from backend.core.models import WorkDay, WorkYear
from backend.core.working_days import Deadline

# Spring Festival week twice a year leaves well over half of all days; a deadline lies within this many days.
LOOK_AHEAD = 3


@dataclass(frozen=True)
class DayGiven:
    """A day as somebody declares it: worked or free, and what it is called (国庆节)."""

    day: date
    is_working: bool
    note: str = ""


@dataclass(frozen=True)
class Origin:
    """Where a declaration comes from, and why it was made."""

    source: str
    reason: str


@dataclass(frozen=True)
class CalendarYear:
    """One year of the calendar: is everything known, and the days that differ from Monday to Friday."""

    year: int
    is_complete: bool
    source: str
    reason: str
    days: list[WorkDay]


def add_working_days(start: date, days: int) -> Deadline:
    """The `days`-th working day after `start`, the day after it counting as 1.

    Provisional where a year it is counted through is not complete: then Monday to Friday are taken there.
    """
    end = start + timedelta(days=days * LOOK_AHEAD + 31)
    rows = WorkDay.objects.filter(day__gt=start, day__lte=end).values_list("day", "is_working")
    years = WorkYear.objects.filter(year__range=(start.year, end.year)).values_list("year", flat=True)
    return working_days.count_on(start, days=days, differing=dict(rows), known_years=set(years))


def is_working_day(day: date) -> bool:
    """Whether `day` is worked, as far as the calendar knows."""
    row = WorkDay.objects.filter(day=day).first()
    return row.is_working if row else working_days.works_by_weekday(day)


def calendar_year(year: int) -> CalendarYear:
    """What is known of `year`."""
    row = WorkYear.objects.filter(year=year).first()
    days = list(WorkDay.objects.filter(day__year=year).order_by("day"))
    return CalendarYear(
        year, row is not None, source=row.source if row else "", reason=row.reason if row else "", days=days
    )


@transaction.atomic
def declare_days(days: Iterable[DayGiven], *, origin: Origin) -> None:
    """Makes each day worked or free; one that is again as its weekday says needs no row.

    Raises InvalidInput (400) where a day is named twice.
    """
    given = sorted(days, key=lambda each: each.day)  # in key order: two people may save at once
    if len({each.day for each in given}) != len(given):
        raise InvalidInput(errors={"days": _("Each day is named once.")})
    for each in given:
        if each.is_working == working_days.works_by_weekday(each.day):
            WorkDay.objects.filter(day=each.day).delete()
            continue
        fields = {"is_working": each.is_working, "note": each.note}
        WorkDay.objects.update_or_create(
            day=each.day, defaults=fields | {"source": origin.source, "reason": origin.reason}
        )


def declare_year(year: int, *, is_complete: bool, origin: Origin) -> CalendarYear:
    """Says that all days of `year` are known, or that they are not after all. The year."""
    if is_complete:
        fields = {"source": origin.source, "reason": origin.reason}
        WorkYear.objects.update_or_create(year=year, defaults=fields)
    else:
        WorkYear.objects.filter(year=year).delete()
    return calendar_year(year)


@transaction.atomic
def load_announced() -> list[int]:
    """Takes the announced years the calendar has not; what somebody declared stays. The years taken."""
    known = set(WorkYear.objects.values_list("year", flat=True))
    taken = []
    for found in announced_holidays.years():
        if found.year in known:
            continue
        kept = set(WorkDay.objects.filter(day__year=found.year).values_list("day", flat=True))
        WorkDay.objects.bulk_create(
            WorkDay(day=each.day, is_working=each.is_working, note=each.note, source=found.source)
            for each in found.days
            if each.day not in kept
        )
        WorkYear.objects.create(year=found.year, source=found.source)
        taken.append(found.year)
    return taken
