"""One serial code in places that no bag gets between in that time: a copied label, or diverted goods. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from traceability.customer.position import Position, distance_m

MOST_COMPARED = 20  # further sightings in one window say nothing new


@dataclass(frozen=True, slots=True)
class FarAway:
    """What counts as too far apart (rows of `SightingPolicy`); metres."""

    window: timedelta
    far_m: int
    places: int
    apart_m: int
    regions: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """When and where a code was scanned. `region`: of a colleague who has only one; `blur_m`: the fix's accuracy."""

    at: datetime
    position: Position | None = None
    blur_m: float = 0
    region: str | None = None


def is_far_away(new: Sighting, others: Sequence[Sighting], *, rule: FarAway) -> bool:
    """Whether `new` and sightings within the window of it, before or after, are too far apart.

    Two of them very far, or several in as many places, or colleagues of several regions; `new` is always one.
    """
    near = sorted(
        (other for other in others if abs(other.at - new.at) <= rule.window),
        key=lambda other: abs(other.at - new.at),
    )
    return (
        any(_metres(new, other) > rule.far_m for other in near)
        or _in_many_places(new, near, rule=rule)
        or _in_many_regions(new, near, rule=rule)
    )


def _in_many_places(new: Sighting, near: Sequence[Sighting], *, rule: FarAway) -> bool:
    away = [other for other in near if _metres(new, other) > rule.apart_m][:MOST_COMPARED]
    return any(
        all(
            abs(one.at - two.at) <= rule.window and _metres(one, two) > rule.apart_m
            for one, two in combinations(chosen, 2)
        )
        for chosen in combinations(away, rule.places - 1)
    )


def _in_many_regions(new: Sighting, near: Sequence[Sighting], *, rule: FarAway) -> bool:
    """Enough regions within one window that holds `new`; it ends with one of the sightings."""
    if new.region is None:
        return False
    ends = [one.at for one in (new, *near) if one.at >= new.at]
    return any(
        len({one.region for one in (new, *near) if one.region and end - rule.window <= one.at <= end})
        >= rule.regions
        for end in ends
    )


def _metres(one: Sighting, two: Sighting) -> float:
    """Certain metres between two sightings; 0 where one of them has no place."""
    if one.position is None or two.position is None:
        return 0
    return max(0.0, distance_m(one.position, two.position) - one.blur_m - two.blur_m)
