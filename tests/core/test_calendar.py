"""Working days: the deadline cases, holidays and swap days, years nobody has announced yet."""

import json
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from backend.core.calendar import Origin, add_working_days, calendar_year, declare_year, is_working_day
from backend.core.models import WorkDay, WorkYear
from backend.core.working_days import Deadline, count_on

pytestmark = pytest.mark.django_db
FILE = Path(__file__).parents[1] / "data" / "domain" / "recall_deadline_cases.json"
CASES = json.loads(FILE.read_text(encoding="utf-8"))
NOTICE = {"source": "国务院办公厅通知", "reason": "公布放假安排"}


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: f"{case['announced']}+{case['days']}")
def test_deadline_is_the_listed_day(case):
    deadline = add_working_days(date.fromisoformat(case["announced"]), case["days"])
    assert deadline == Deadline(date.fromisoformat(case["cn"]), is_provisional=False)


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: f"{case['announced']}+{case['days']}")
def test_without_a_calendar_monday_to_friday_count(case):
    deadline = count_on(
        date.fromisoformat(case["announced"]), days=case["days"], differing={}, known_years=()
    )
    assert deadline == Deadline(date.fromisoformat(case["mon_fri"]), is_provisional=True)


@pytest.mark.parametrize("day", CASES["makeup_workdays_2026"])
def test_a_swapped_weekend_day_is_worked(day):
    assert date.fromisoformat(day).weekday() >= 5
    assert is_working_day(date.fromisoformat(day))


def test_the_other_weekend_days_are_free():
    days = (date(2026, 1, 1) + timedelta(days=n) for n in range(365))
    worked = [day.isoformat() for day in days if day.weekday() >= 5 and is_working_day(day)]
    assert worked == CASES["makeup_workdays_2026"]


def test_national_day_is_no_working_day():
    assert not is_working_day(date(2026, 10, 1)) and is_working_day(date(2026, 10, 8))
    # Wednesday 30 September → Thursday 8 October: seven days of holiday between.
    assert add_working_days(date(2026, 9, 30), 1).on == date(2026, 10, 8)


def test_the_saturday_after_the_holiday_counts():
    assert add_working_days(date(2026, 10, 9), 1).on == date(2026, 10, 10)


def test_no_days_are_the_start_itself():
    assert add_working_days(date(2027, 5, 1), 0) == Deadline(date(2027, 5, 1), is_provisional=False)


def test_a_count_into_2027_is_provisional():
    assert add_working_days(date(2026, 12, 30), 1) == Deadline(date(2026, 12, 31), is_provisional=False)
    assert add_working_days(date(2026, 12, 30), 2) == Deadline(date(2027, 1, 1), is_provisional=True)


def test_a_year_confirmed_later_makes_it_firm(sign_in):
    admin = sign_in("admin")
    day = {"day": "2027-01-01", "is_working": False, "note": "元旦"}
    assert admin.post("work-calendar/days", {"days": [day], **NOTICE}).status == 204
    assert add_working_days(date(2026, 12, 30), 2) == Deadline(date(2027, 1, 4), is_provisional=True)
    answer = admin.post("work-calendar/years", {"year": 2027, "is_complete": True, **NOTICE})
    assert answer.status == 200 and answer.json["is_complete"] and len(answer.json["days"]) == 1
    assert add_working_days(date(2026, 12, 30), 2) == Deadline(date(2027, 1, 4), is_provisional=False)


def test_a_year_taken_back_is_provisional_again(sign_in):
    assert not add_working_days(date(2026, 10, 9), 1).is_provisional
    sign_in("admin").post("work-calendar/years", {"year": 2026, "is_complete": False, **NOTICE})
    assert add_working_days(date(2026, 10, 9), 1).is_provisional


def test_the_year_is_read_with_what_differs_from_monday_to_friday(sign_in):
    answer = sign_in("technician").get("work-calendar?year=2026").json
    assert answer["is_complete"] and "chinesecalendar" in answer["source"]
    named = {day["day"]: (day["is_working"], day["note"]) for day in answer["days"]}
    assert named["2026-10-01"] == (False, "国庆节") and named["2026-10-10"] == (True, "国庆节")
    assert "2026-10-03" not in named  # a Saturday: free anyway
    assert {day for day, (works, _) in named.items() if works} == set(CASES["makeup_workdays_2026"])


def test_an_unknown_year_is_said_to_be(sign_in):
    answer = sign_in("clerk").get("work-calendar?year=2027").json
    assert answer == {"year": 2027, "is_complete": False, "source": "", "reason": "", "days": []}


@pytest.mark.parametrize("year", ["1999", "2100", "26", "20x6", "-2026", "2026.0"])
def test_a_year_that_is_none_is_refused(year, sign_in):
    answer = sign_in("clerk").get(f"work-calendar?year={year}")
    assert answer.status == 400 and answer.json["errors"][0]["pointer"] == "/year"


def test_a_day_as_its_weekday_says_needs_no_row(sign_in):
    days = [{"day": "2026-10-01", "is_working": True}, {"day": "2026-10-10", "is_working": False}]
    assert sign_in("admin").post("work-calendar/days", {"days": days, **NOTICE}).status == 204
    assert not WorkDay.objects.filter(day__in=["2026-10-01", "2026-10-10"]).exists()
    assert is_working_day(date(2026, 10, 1)) and not is_working_day(date(2026, 10, 10))


def test_a_day_named_twice_changes_nothing(sign_in):
    before = list(WorkDay.objects.order_by("day").values())
    day = {"day": "2026-10-01", "is_working": True}
    answer = sign_in("admin").post("work-calendar/days", {"days": [day, day], **NOTICE})
    assert answer.status == 400 and answer.code == "invalid_input"
    assert list(WorkDay.objects.order_by("day").values()) == before


@pytest.mark.parametrize("left_out", ["source", "reason"])
def test_source_and_reason_are_needed(left_out, sign_in):
    body = {"year": 2027, "is_complete": True, **NOTICE}
    del body[left_out]
    assert sign_in("admin").post("work-calendar/years", body).status == 400
    assert not WorkYear.objects.filter(year=2027).exists()


def test_who_changed_a_day_is_kept(sign_in):
    admin = sign_in("admin")
    day = {"day": "2026-10-01", "is_working": False, "note": "国庆"}
    admin.post("work-calendar/days", {"days": [day], **NOTICE})
    newest, *_ = sign_in("auditor").get("history/workday/2026-10-01").json["items"]
    assert newest["user"] == str(admin.user.pk)
    assert newest["changed"]["source"][1] == NOTICE["source"]
    assert newest["changed"]["reason"] == ["", NOTICE["reason"]]


@pytest.mark.parametrize("name", ["workday", "workyear"])
@pytest.mark.parametrize("text", ["2026-99-99", "abc", "99999999999999999999", "1.5"])
def test_the_history_of_no_day_is_not_found(name, text, sign_in):
    assert sign_in("auditor").get(f"history/{name}/{text}").status == 404


def test_loading_again_changes_nothing_and_a_declared_day_stays():
    WorkYear.objects.filter(year=2026).delete()
    WorkDay.objects.filter(day="2026-10-02").delete()
    WorkDay.objects.filter(day="2026-10-01").update(note="自定")
    out = StringIO()
    call_command("load_work_calendar", stdout=out)
    assert "2026" in out.getvalue() and calendar_year(2026).is_complete
    assert WorkDay.objects.get(day="2026-10-01").note == "自定"
    assert not is_working_day(date(2026, 10, 2))
    before = WorkDay.objects.count()
    call_command("load_work_calendar", stdout=(out := StringIO()))
    assert "none" in out.getvalue() and WorkDay.objects.count() == before


def test_declaring_a_year_twice_keeps_one_row():
    for reason in ("一", "二"):
        declare_year(2027, is_complete=True, origin=Origin("通知", reason))
    assert WorkYear.objects.get(year=2027).reason == "二"
