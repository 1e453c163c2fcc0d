"""A scan that is plainly right, read without the serializer: that takes as long as looking the code up.

Nearly every scan is. Whatever is not, is rare (bytes, a photo) or wrong: `ScanIn` reads it or says what is wrong.
Both must agree; a test holds them against each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from backend.core.fields import FIRST_YEAR, LAST_YEAR, MOMENT_TEXT, UUID_TEXT
from traceability.customer.rules import Datum
from traceability.label.batch_code import LONGEST
from traceability.label.parse import LONGEST_CODE
from traceability.scan.rules import ScanSource

_FIELDS = frozenset({"id", "raw", "aim", "source", "made_at", "place", "batch_number"})
_PLACE_FIELDS = frozenset({"latitude", "longitude", "datum", "accuracy_m"})
_SOURCES = {source.value: source for source in (ScanSource.TEXT, ScanSource.TYPED)}
_DATUMS = {datum.value: datum for datum in Datum}


class _NotPlain(Exception):
    """Left to the serializer."""


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees with six decimals, metres; never without its datum."""

    latitude: Decimal
    longitude: Decimal
    datum: Datum
    accuracy_m: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PlainScan:
    id: UUID
    raw: str
    aim: str
    source: ScanSource
    made_at: datetime
    place: Place | None
    batch_number: str


def plain_scan(item: object) -> PlainScan | None:
    """The scan, or None where it is not plainly right. `item`: decoded by `parse_json`."""
    if not isinstance(item, dict) or not item.keys() <= _FIELDS:
        return None
    try:
        return PlainScan(
            id=UUID(_text(item.get("id"), longest=36))
            if UUID_TEXT.fullmatch(str(item.get("id")))
            else _not(),
            raw=_text(item.get("raw"), longest=LONGEST_CODE) or _not(),
            aim=_trimmed(item.get("aim", ""), longest=8),
            source=_SOURCES.get(item.get("source", "text")) or _not(),
            made_at=_moment(item.get("made_at")),
            place=_place(item["place"]) if item.get("place") is not None else None,
            batch_number=_trimmed(item.get("batch_number", ""), longest=LONGEST),
        )
    except (_NotPlain, ValueError, TypeError, OverflowError):
        return None


def _not() -> Any:
    raise _NotPlain


def _text(value: object, *, longest: int) -> str:
    return value if isinstance(value, str) and len(value) <= longest else _not()


def _trimmed(value: object, *, longest: int) -> str:
    text = _text(value, longest=longest)
    return text if text == text.strip() else _not()


def _moment(value: object) -> datetime:
    if not isinstance(value, str) or not MOMENT_TEXT.fullmatch(value):
        raise _NotPlain
    moment = datetime.fromisoformat(value).astimezone(UTC)
    return moment if FIRST_YEAR <= moment.year < LAST_YEAR else _not()


def _place(value: object) -> Place:
    if not isinstance(value, Mapping) or not value.keys() <= _PLACE_FIELDS:
        raise _NotPlain
    accuracy = value.get("accuracy_m")
    return Place(
        latitude=_number(value.get("latitude"), low=-90, high=90, decimals=6),
        longitude=_number(value.get("longitude"), low=-180, high=180, decimals=6),
        datum=_DATUMS.get(value.get("datum", "")) or _not(),
        accuracy_m=None if accuracy is None else _number(accuracy, low=0, high=1_000_000, decimals=1),
    )


def _number(value: object, *, low: int, high: int, decimals: int) -> Decimal:
    """A JSON number within its bounds; texts are left to the serializer."""
    if type(value) is int:
        value = Decimal(value)
    if not isinstance(value, Decimal) or not low <= value <= high:
        raise _NotPlain
    exponent = value.as_tuple().exponent
    return value if isinstance(exponent, int) and -decimals <= exponent <= 0 else _not()
