"""The working calendar over HTTP: everybody of the works reads it, the admin keeps it."""

from typing import Any

from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.rules import Can
from backend.core import calendar, clock
from backend.core.calendar import DayGiven, Origin
from backend.core.endpoint import Endpoint, operation
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from backend.core.fields import FIRST_YEAR, LAST_YEAR, Day, Flag, In, Out, Text, Whole

MOST_DAYS = 100  # a year has about thirty


class WorkDayIn(In):
    day = Day()
    is_working = Flag()
    note = Text(max_length=64, allow_blank=True, default="", help_text="What the day is called.")


class WorkDaysIn(In):
    days = serializers.ListField(child=WorkDayIn(), min_length=1, max_length=MOST_DAYS)
    source = Text(  # type: ignore[assignment]  # a name of ours; DRF moves declared fields away
        max_length=200, help_text="The notice it is taken from."
    )
    reason = Text(max_length=200)


class WorkYearIn(In):
    year = Whole(min_value=FIRST_YEAR, max_value=LAST_YEAR - 1)
    is_complete = Flag(help_text="Whether all holidays and swap days of the year are entered.")
    source = Text(  # type: ignore[assignment]  # a name of ours; DRF moves declared fields away
        max_length=200, help_text="The notice it is taken from."
    )
    reason = Text(max_length=200)


class WorkDayOut(Out):
    day = serializers.DateField()
    is_working = serializers.BooleanField()
    note = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]  # a column of ours; DRF moves declared fields away
    reason = serializers.CharField()


class CalendarYearOut(Out):
    year = serializers.IntegerField()
    is_complete = serializers.BooleanField(
        help_text="While false, deadlines through this year are provisional."
    )
    source = serializers.CharField()  # type: ignore[assignment]  # as above
    reason = serializers.CharField()
    days = WorkDayOut(many=True, help_text="The days that differ from Monday to Friday.")


class WorkCalendar(Endpoint):
    @operation(
        Can.READ_CALENDAR,
        gives=CalendarYearOut,
        params={"year": "2000 to 2099; this year where it is left out."},
    )
    def get(self, request: Request) -> Response:
        """The working calendar of a year: public holidays and worked weekend days."""
        return self.answer(calendar.calendar_year(self._year()))

    def _year(self) -> int:
        given = self.request.query_params.get("year")
        if given is None:
            return clock.today().year
        is_number = given.isascii() and given.isdigit() and len(given) == 4
        if not is_number or not FIRST_YEAR <= int(given) < LAST_YEAR:
            raise InvalidInput(errors={"year": _("The year must lie in 2000 to 2099.")})
        return int(given)


class WorkCalendarDays(Endpoint):
    @operation(Can.MANAGE_CALENDAR, takes=WorkDaysIn)
    def post(self, request: Request) -> Response:
        """Declare days worked or free, all or none."""
        data = self.read()
        days = [DayGiven(**day) for day in data["days"]]
        calendar.declare_days(days, origin=Origin(data["source"], data["reason"]))
        return self.answer(None)


class WorkCalendarYears(Endpoint):
    @operation(Can.MANAGE_CALENDAR, takes=WorkYearIn, gives=CalendarYearOut)
    def post(self, request: Request) -> Response:
        """Say that a year is complete, so that deadlines through it are firm; or that it is not."""
        data = self.read()
        origin = Origin(data["source"], data["reason"])
        return self.answer(
            calendar.declare_year(data["year"], is_complete=data["is_complete"], origin=origin)
        )


urlpatterns: list[Any] = [
    path("work-calendar", WorkCalendar.as_view()),
    path("work-calendar/days", WorkCalendarDays.as_view()),
    path("work-calendar/years", WorkCalendarYears.as_view()),
]
