"""The quick reader of plain scans agrees with the serializer that documents them."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.exceptions import ValidationError

from backend.core.strict import parse_json
from tests.house.hostile_values import HOSTILE
from traceability.scan.intake import ScanIn
from traceability.scan.plain_scan import plain_scan

SCAN: dict[str, Any] = {
    "id": "018f0000-0000-7000-8000-0000000000aF",
    "raw": "]C10106901234567892\x1d",
    "aim": "]C1",
    "source": "typed",
    "made_at": "2026-03-01T08:30:00.123+08:00",
    "place": {
        "latitude": Decimal("32.0601"),
        "longitude": -118,
        "datum": "GCJ-02",
        "accuracy_m": Decimal("8.5"),
    },
    "batch_number": "YS1",
}


def agrees(item: Any) -> bool:
    """Whether the quick reader leaves the item alone or reads it as the serializer does; True if it read it."""
    quick = plain_scan(item)
    if quick is None:
        return False
    slow = ScanIn().run_validation(item)  # what is plain to the quick reader must be right
    place = slow["place"]
    assert (quick.id, quick.raw, quick.aim, quick.source, quick.made_at, quick.batch_number) == (
        slow["id"],
        slow["raw"],
        slow["aim"],
        slow["source"],
        slow["made_at"],
        slow["batch_number"],
    )
    assert (quick.place is None) == (place is None)
    if place:
        assert {name: getattr(quick.place, name) for name in place} == place
    return True


@pytest.mark.parametrize("left_out", [(), ("aim",), ("source",), ("place",), ("batch_number",)])
def test_a_plain_scan_is_read_quickly_and_the_same(left_out):
    assert agrees({name: value for name, value in SCAN.items() if name not in left_out})


@pytest.mark.parametrize("name", sorted(SCAN))
def test_every_hostile_value_is_left_to_the_serializer_or_read_the_same(name):
    for value in hostile_values():
        agrees(SCAN | {name: value})


@pytest.mark.parametrize("name", sorted(SCAN["place"]))
def test_every_hostile_value_in_the_place_as_well(name):
    for value in hostile_values():
        agrees(SCAN | {"place": SCAN["place"] | {name: value}})


def hostile_values() -> Iterator[Any]:
    for hostile in HOSTILE:
        try:
            yield parse_json(hostile.raw.encode("utf-8", "surrogatepass"))
        except Exception:  # noqa: BLE001 what the body's parser refuses never gets here
            continue
    yield from (
        "2026-03-01 08:30:00Z",
        "2026-03-01T08:30+0800",
        "2099-12-31T23:59:59-01:00",
        "1999-12-31T23:59:59Z",
    )
    yield from (Decimal("90"), Decimal("90.0000001"), Decimal("1E+1"), Decimal("0.1234567"), 90, 91, -0, True)


@pytest.mark.parametrize("missing", ["id", "raw", "made_at"])
def test_a_scan_that_lacks_a_field_is_left_to_the_serializer(missing):
    item = {name: value for name, value in SCAN.items() if name != missing}
    assert plain_scan(item) is None
    with pytest.raises(ValidationError):
        ScanIn().run_validation(item)


@pytest.mark.parametrize("item", [None, [], "x", 7, {}, SCAN | {"surprise": 1}, SCAN | {"photo": None}])
def test_anything_else_is_left_to_the_serializer(item):
    assert plain_scan(item) is None
