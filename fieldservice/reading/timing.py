"""Whether a reading can have been made when it says. Pure. One that cannot is kept and decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from fieldservice.reading.rules import Reason

# Own choice: a measurement may be begun at the gate, and two phones agree to some minutes.
BEFORE_ARRIVAL = timedelta(minutes=15)
TIMING_REASONS = (Reason.BEFORE_PRODUCTION, Reason.BEFORE_VISIT, Reason.TIME_UNPROVEN)


@dataclass(frozen=True)
class Occasion:
    """When a reading was made, and what it cannot be earlier than; moments corrected, days the factory's."""

    at: datetime
    day: date
    is_proven: bool
    produced_on: date
    planned_on: date
    arrived_at: datetime | None  # None while no check-in has come


def timing_reasons(occasion: Occasion) -> Sequence[Reason]:
    """What stands against the time of a reading; empty where nothing does."""
    found = (
        (occasion.day < occasion.produced_on, Reason.BEFORE_PRODUCTION),
        (_is_before_visit(occasion), Reason.BEFORE_VISIT),
        (not occasion.is_proven, Reason.TIME_UNPROVEN),
    )
    return [reason for applies, reason in found if applies]


def _is_before_visit(occasion: Occasion) -> bool:
    if occasion.arrived_at is None:
        return occasion.day < occasion.planned_on
    return occasion.at < occasion.arrived_at - BEFORE_ARRIVAL
