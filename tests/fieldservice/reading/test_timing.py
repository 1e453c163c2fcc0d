"""What a reading cannot be earlier than."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from fieldservice.reading.timing import Occasion, timing_reasons

ARRIVED = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
SOUND = Occasion(
    at=ARRIVED + timedelta(minutes=20),
    day=date(2026, 6, 1),
    is_proven=True,
    produced_on=date(2026, 6, 1),
    planned_on=date(2026, 6, 2),
    arrived_at=ARRIVED,
)


def test_reading_after_the_check_in_of_a_batch_of_that_day_stands():
    assert timing_reasons(SOUND) == []


def test_quarter_of_an_hour_before_the_check_in_is_borne_and_no_more():
    assert timing_reasons(replace(SOUND, at=ARRIVED - timedelta(minutes=15))) == []
    early = replace(SOUND, at=ARRIVED - timedelta(minutes=15, seconds=1))
    assert timing_reasons(early) == ["before_visit"]


@pytest.mark.parametrize(
    ("planned_on", "reasons"), [(date(2026, 6, 1), []), (date(2026, 6, 2), ["before_visit"])]
)
def test_without_a_check_in_the_planned_day_speaks(planned_on, reasons):
    assert timing_reasons(replace(SOUND, arrived_at=None, planned_on=planned_on)) == reasons


def test_everything_that_stands_against_a_time_is_named():
    occasion = replace(SOUND, produced_on=date(2026, 6, 2), at=ARRIVED - timedelta(days=1), is_proven=False)
    assert timing_reasons(occasion) == ["before_production", "before_visit", "time_unproven"]
