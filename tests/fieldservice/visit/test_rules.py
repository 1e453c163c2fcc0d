"""The visit's steps, distances and what each role sees. Pure."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from backend.accounts.rules import Role
from backend.core.errors import IllegalStep, InvalidInput
from backend.core.states import step
from fieldservice.visit.rules import (
    STEPS,
    CheckFlag,
    CheckOutBeforeCheckIn,
    Contact,
    ReportText,
    VisitAction,
    VisitEnded,
    VisitStatus,
    check_day,
    check_made_in_time,
    check_order,
    check_report,
    contact_for,
    flags_of,
    is_far,
    is_late,
    is_shown,
)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
LEGAL = set(STEPS)
ILLEGAL = [(state, action) for state in VisitStatus for action in VisitAction if (state, action) not in LEGAL]


@pytest.mark.parametrize(("state", "action"), ILLEGAL)
def test_every_step_outside_the_table_is_refused(state, action):
    with pytest.raises(IllegalStep):
        step(STEPS, state=state, action=action)


@pytest.mark.parametrize(
    ("distance", "accuracy", "far"),
    [(500, None, False), (501, None, True), (900, "450", False), (960, "450", True),
     (5000, "12", True), (5000, "9000", True), (1000, "9000", False), (None, "5", False)],
)  # fmt: skip
def test_accuracy_excuses_no_more_than_the_threshold_itself(distance, accuracy, far):
    accuracy_m = Decimal(accuracy) if accuracy else None
    assert is_far(distance, accuracy_m=accuracy_m, far_m=500) is far


def test_flags_name_everything_odd():
    assert flags_of(is_far=True, is_mock=True, has_place=True) == [CheckFlag.FAR, CheckFlag.MOCKED]
    assert flags_of(is_far=False, is_mock=False, has_place=False) == [CheckFlag.NO_PLACE]
    assert flags_of(is_far=False, is_mock=False, has_place=True) == []


def test_plan_lies_between_today_and_a_year_ahead():
    today = date(2026, 6, 1)
    for day in (today, today + timedelta(days=366)):
        check_day(day, today=today)
    for day in (today - timedelta(days=1), today + timedelta(days=367)):
        with pytest.raises(InvalidInput):
            check_day(day, today=today)


def test_check_out_needs_an_earlier_check_in():
    check_order(NOON, check_out_at=NOON)
    for arrived in (None, NOON + timedelta(seconds=1)):
        with pytest.raises(CheckOutBeforeCheckIn):
            check_order(arrived, check_out_at=NOON)


def test_record_made_before_the_end_is_taken_and_one_made_after_is_not():
    later = NOON + timedelta(seconds=1)
    for status in (VisitStatus.CLOSED, VisitStatus.CANCELLED):
        check_made_in_time(status, ended_at=NOON, made_at=NOON)
        with pytest.raises(VisitEnded):
            check_made_in_time(status, ended_at=NOON, made_at=later)
    check_made_in_time(VisitStatus.PLANNED, ended_at=None, made_at=later)
    assert is_late(later, ended_at=NOON) and not is_late(NOON, ended_at=NOON)
    assert not is_late(later, ended_at=None)


def test_closing_needs_findings_and_a_name():
    check_report(ReportText(findings="干燥", signed_by_name="王"))
    with pytest.raises(InvalidInput) as refusal:
        check_report(ReportText(findings="  ", signed_by_name=""))
    assert set(refusal.value.errors) == {"findings", "signed_by_name"}


def test_finance_reads_id_and_date_and_dealers_no_notes():
    fields = ("id", "number", "planned_on", "status", "findings", "checks", "contact", "customer")
    assert [name for name in fields if is_shown(name, role=Role.FINANCE)] == ["id", "number", "planned_on"]
    hidden = [name for name in fields if not is_shown(name, role=Role.DEALER)]
    assert hidden == ["findings", "checks", "contact"]
    assert all(is_shown(name, role=Role.CLERK) for name in fields)


@pytest.mark.parametrize(
    ("role", "assigned", "status", "contact"),
    [
        (Role.TECHNICIAN, True, VisitStatus.PLANNED, Contact.OPEN),
        (Role.TECHNICIAN, True, VisitStatus.CLOSED, Contact.MASKED),
        (Role.TECHNICIAN, False, VisitStatus.PLANNED, Contact.MASKED),
        (Role.CLERK, False, VisitStatus.CLOSED, Contact.OPEN),
        (Role.DIRECTOR, False, VisitStatus.CLOSED, Contact.OPEN),
        (Role.QC, False, VisitStatus.PLANNED, Contact.MASKED),
        (Role.AUDITOR, False, VisitStatus.PLANNED, Contact.MASKED),
    ],
)
def test_customer_data_is_open_while_assigned_and_for_the_office(role, assigned, status, contact):
    assert contact_for(role, is_assigned=assigned, status=status) is contact
