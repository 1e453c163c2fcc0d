"""When repeated events ask for a hold, purely."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from fieldservice.quality import rules
from fieldservice.quality.rules import Event, SignalRule

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def event(number: int, *, days: float) -> Event:
    return Event(UUID(int=number), NOON + timedelta(days=days))


@dataclass(frozen=True)
class Policy:
    rule: str
    valid_from: date


def test_one_event_is_no_signal_and_two_within_30_days_are():
    one, two = event(1, days=0), event(2, days=29)
    assert rules.repeated([], count=2, window_days=30) == ()
    assert rules.repeated([one], count=2, window_days=30) == ()
    assert rules.repeated([two, one], count=2, window_days=30) == (one, two)


def test_exactly_30_days_apart_counts_and_a_second_more_does_not():
    one = event(1, days=0)
    assert rules.repeated([one, event(2, days=30)], count=2, window_days=30)
    late = Event(UUID(int=3), NOON + timedelta(days=30, seconds=1))
    assert rules.repeated([one, late], count=2, window_days=30) == ()


def test_the_window_ends_with_the_newest_event():
    events = [event(1, days=0), event(2, days=1), event(3, days=60)]
    assert rules.repeated(events, count=2, window_days=30) == ()


def test_the_rules_own_newest_row_on_the_day_holds():
    readings, complaints = SignalRule.REPEATED_READINGS, SignalRule.REPEATED_COMPLAINTS
    old, new = Policy(readings, date(2026, 1, 1)), Policy(readings, date(2026, 5, 1))
    other = Policy(complaints, date(2026, 5, 2))
    assert rules.policy_in_force([old, new, other], rule=readings, on=date(2026, 4, 30)) is old
    assert rules.policy_in_force([old, new, other], rule=readings, on=date(2026, 6, 1)) is new
    assert rules.policy_in_force([old, new, other], rule=complaints, on=date(2026, 5, 1)) is None


@given(st.lists(st.floats(0, 100), max_size=12), st.integers(1, 4))
def test_a_signal_holds_all_events_of_its_window_and_the_order_does_not_matter(days, count):
    events = [event(number, days=day) for number, day in enumerate(days)]
    found = rules.repeated(events, count=count, window_days=30)
    assert found == rules.repeated(events[::-1], count=count, window_days=30)
    if found:
        assert len(found) >= count and found[-1].at - found[0].at <= timedelta(days=30)
        assert {e for e in events if found[0].at <= e.at <= found[-1].at} == set(found)
