"""Earlier and later scans of the same serial code, in one statement however many scans are asked about."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from backend.accounts.models import User
from traceability.customer.position import Position
from traceability.customer.rules import Datum
from traceability.scan.far_away import FarAway, Sighting, is_far_away
from traceability.scan.look_up import array
from traceability.scan.models import Scan, SightingPolicy

MOST_SIGHTINGS = 50  # of one code around one scan, the nearest in time


@dataclass(frozen=True, slots=True)
class Unit:
    """What makes two scans scans of the same bag. `product_id` is None for tokens of ours, which stand alone."""

    serial: str
    product_id: UUID | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A bag and its new sighting."""

    unit: Unit
    new: Sighting


@dataclass(frozen=True, slots=True)
class Seen:
    """`rule` is None where no policy is in force: then nothing is far."""

    rule: FarAway | None
    of: dict[Asked, list[Sighting]]


def far_away(asked: Sequence[Asked], *, on: date) -> list[bool]:
    """Whether each is too far from what is stored and from those of `asked` made before it; one statement.

    A scan that comes late completes the pattern as one in time would have: the corrected time counts, not the arrival.
    Two that are stored in the same instant may miss each other; the next one of the code sees both.
    """
    found = seen(asked, on=on)
    if found.rule is None:
        return [False] * len(asked)
    far = [False] * len(asked)
    here: dict[Unit, list[Sighting]] = defaultdict(list)
    for index in sorted(range(len(asked)), key=lambda index: asked[index].new.at):
        one = asked[index]
        others = [*found.of.get(one, []), *here[one.unit]]
        far[index] = is_far_away(one.new, others, rule=found.rule)
        here[one.unit].append(one.new)
    return far


_NAMES = {
    "policy": SightingPolicy._meta.db_table,
    "scan": Scan._meta.db_table,
    "user": User._meta.db_table,
    "most": MOST_SIGHTINGS,
}
_SEEN = """SELECT p.window_hours, p.far_km, p.places, p.apart_km, p.regions, s.nth,
    s.corrected_at, s.latitude, s.longitude, s.datum, s.accuracy_m, s.regions
FROM (SELECT * FROM {policy} WHERE valid_from <= %s ORDER BY valid_from DESC LIMIT 1) p
LEFT JOIN LATERAL (
    SELECT k.nth, n.*, u.regions
    FROM unnest(%s::text[], %s::text[], %s::timestamptz[]) WITH ORDINALITY k(serial, product, at, nth)
    CROSS JOIN LATERAL (
        SELECT c.corrected_at, c.latitude, c.longitude, c.datum, c.accuracy_m, c.recorded_by_id FROM {scan} c
        WHERE c.serial = k.serial AND (k.product = '' OR c.product_id::text = k.product)
            AND c.corrected_at BETWEEN k.at - make_interval(hours => p.window_hours)
                AND k.at + make_interval(hours => p.window_hours)
        ORDER BY abs(extract(epoch FROM c.corrected_at - k.at)) LIMIT {most}
    ) n JOIN {user} u ON u.id = n.recorded_by_id
) s ON TRUE""".format(**_NAMES)  # noqa: S608 names of our own tables


def seen(asked: Sequence[Asked], *, on: date) -> Seen:
    """Stored sightings of each, within the window of the policy in force on the day; the code's index is enough."""
    unique = list(dict.fromkeys(asked))
    values: list[Any] = [
        on,
        array(one.unit.serial for one in unique),
        array(str(one.unit.product_id or "") for one in unique),
        array(one.new.at.isoformat() for one in unique),
    ]
    rule: FarAway | None = None
    found: dict[Asked, list[Sighting]] = defaultdict(list)
    rows = connection.planned_rows(_SEEN, values)  # type: ignore[attr-defined]  # backend.core.database
    for hours, far_km, places, apart_km, regions, nth, *stored in rows:
        rule = FarAway(timedelta(hours=hours), far_km * 1000, places, apart_km * 1000, regions)
        if nth is not None:
            found[unique[nth - 1]].append(_sighting(*stored))
    return Seen(rule, found)


def _sighting(
    at: datetime,
    latitude: Decimal | None,
    longitude: Decimal | None,
    datum: str,
    accuracy_m: Decimal | None,
    regions: Iterable[str],
) -> Sighting:
    position = None
    if latitude is not None and longitude is not None:
        position = Position(float(latitude), float(longitude), Datum(datum))
    return Sighting(at=at, position=position, blur_m=float(accuracy_m or 0), region=only(regions))


def only(regions: Iterable[str]) -> str | None:
    """The region of somebody who works in one; who works everywhere says nothing about the place."""
    found = list(regions)
    return found[0] if len(found) == 1 else None
