"""Levels, clocks, samples, digests: pure."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from backend.core.clock import FACTORY_ZONE
from traceability.recall.rules import (
    STEPS,
    ClockFace,
    ContactOutcome,
    DispositionKind,
    DowngradeOneWay,
    LevelRule,
    NoLevelRule,
    NoticeState,
    RegulatorNotTold,
    RelabelNotAllowed,
    SafetyNotAssured,
    check_downgrade,
    check_relabel,
    check_told_before,
    contact_state,
    missing_items,
    rule_in_force,
    sample,
    scope_digest,
    start_due,
)

LEVELS = json.loads(
    (Path(__file__).parents[2] / "data" / "domain" / "recall_levels.json").read_text(encoding="utf-8")
)["levels"]
IDS = [UUID(int=number) for number in range(1, 101)]
KNOWN_AT = datetime(2026, 9, 30, 17, 50, tzinfo=FACTORY_ZONE)


def rule(number: int, **fields):
    known = {"level": 1, "start_h": 24, "complete_working_days": 10, "valid_from": date(2015, 9, 1)}
    return LevelRule(id=UUID(int=number), **({"valid_to": None} | known | fields))


@pytest.mark.parametrize("row", LEVELS, ids=lambda row: f"level {row['level']}")
def test_hours_run_through_the_national_day(row):
    due = start_due(KNOWN_AT, start_h=row["start_h"])
    assert due.astimezone(FACTORY_ZONE) == KNOWN_AT + timedelta(days=row["level"])


def test_newest_edition_in_force_counts():
    old, new = rule(1), rule(2, start_h=12, valid_from=date(2026, 4, 1))
    ended = rule(3, start_h=6, valid_from=date(2026, 5, 1), valid_to=date(2026, 6, 1))
    rows = [new, ended, old]
    days = (date(2026, 3, 31), date(2026, 4, 1), date(2026, 5, 31), date(2026, 6, 1))
    assert [rule_in_force(rows, level=1, on=day).start_h for day in days] == [24, 12, 6, 12]
    with pytest.raises(NoLevelRule):
        rule_in_force(rows, level=2, on=date(2026, 4, 1))


def test_clock_is_late_from_the_second_after_its_hour():
    face = ClockFace(due_at=KNOWN_AT)
    assert not face.is_late(KNOWN_AT) and face.is_late(KNOWN_AT + timedelta(seconds=1))
    assert face.left_h(KNOWN_AT - timedelta(minutes=90)) == Decimal("1.50")
    assert face.left_h(KNOWN_AT + timedelta(hours=3)) == Decimal("-3.00")
    answered = ClockFace(due_at=KNOWN_AT, answered_at=KNOWN_AT)
    assert not answered.is_late(KNOWN_AT + timedelta(days=9)) and answered.left_h(KNOWN_AT) is None


def test_digest_hangs_on_the_set_alone():
    digest = scope_digest(IDS)
    assert scope_digest(reversed(IDS)) == digest != scope_digest(IDS[1:])
    assert len(digest) == 64


def test_sample_is_the_same_for_the_same_recall_and_never_empty_by_rounding():
    chosen = sample(IDS, recall_id=IDS[0], share_pct=Decimal(2))
    assert len(chosen) == 2 and chosen == sample(reversed(IDS), recall_id=IDS[0], share_pct=Decimal(2))
    assert sample(IDS, recall_id=IDS[1], share_pct=Decimal(2)) != chosen
    assert len(sample(IDS[:3], recall_id=IDS[0], share_pct=Decimal(2))) == 1
    assert sample(IDS, recall_id=IDS[0], share_pct=Decimal(100)) == set(IDS)
    assert not sample(IDS, recall_id=IDS[0], share_pct=Decimal(0))


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([], NoticeState.UNCONTACTED),
        ([ContactOutcome.NO_ANSWER, ContactOutcome.WRONG_CONTACT], NoticeState.NOT_REACHED),
        ([ContactOutcome.REACHED, ContactOutcome.NO_ANSWER], NoticeState.CONTACTED),
        ([ContactOutcome.REFUSED], NoticeState.CONTACTED),
    ],
)
def test_state_of_a_consignee_by_its_attempts(outcomes, state):
    assert contact_state(outcomes, is_acknowledged=False) == state
    assert contact_state(outcomes, is_acknowledged=True) == NoticeState.ACKNOWLEDGED


def test_relabelling_needs_a_label_fault_and_good_tests():
    check_relabel(is_label_only=True, newest_tests={"iodine": True})
    with pytest.raises(RelabelNotAllowed):
        check_relabel(is_label_only=False, newest_tests={"iodine": True})
    for tests in ({}, {"iodine": True, "moisture": False}):
        with pytest.raises(SafetyNotAssured):
            check_relabel(is_label_only=True, newest_tests=tests)


@pytest.mark.parametrize(
    ("is_edible", "is_target_industrial"), [(False, True), (True, False), (False, False)]
)
def test_downgrade_is_edible_to_industrial_only(is_edible, is_target_industrial):
    check_downgrade(is_edible=True, is_target_industrial=True)
    with pytest.raises(DowngradeOneWay):
        check_downgrade(is_edible=is_edible, is_target_industrial=is_target_industrial)


def test_regulator_is_told_before_and_not_at_the_same_time():
    done = datetime(2026, 11, 1, tzinfo=UTC)
    for kind in (DispositionKind.DESTROY, DispositionKind.HARMLESS_TREATMENT):
        check_told_before(kind, told_at=done - timedelta(hours=1), done_at=done)
        for told_at in (None, done):
            with pytest.raises(RegulatorNotTold):
                check_told_before(kind, told_at=told_at, done_at=done)
    check_told_before(DispositionKind.RELABEL, told_at=None, done_at=done)


def test_nothing_leads_out_of_a_closed_recall():
    assert not [action for (state, action) in STEPS if state in ("closed", "dismissed")]


def test_blank_plan_item_is_missing():
    plan = dict.fromkeys(
        (
            "producer",
            "goods",
            "cause_and_harm",
            "level_and_flow",
            "notice_zh",
            "duties",
            "disposal_and_cost",
            "expected_effect",
        ),
        "x",
    )
    assert missing_items(plan) == []
    assert missing_items(plan | {"duties": "  "}) == ["duties"]
