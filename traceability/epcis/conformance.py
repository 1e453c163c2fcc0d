"""What an event must hold beyond the official schema, which sees shapes and words, not sense. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from traceability.epcis.identifier import identifier_fault
from traceability.epcis.rules import EventType, Fault, fault
from traceability.epcis.sensor import unit_fault

LONGEST_URI = 500
EPC_LISTS = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
QUANTITY_LISTS = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
_TIMES = ("eventTime", "recordTime")
_COLUMNS = ("type", "eventID", "bizStep", "disposition", "transformationID", "parentID")
_LINKED = (
    ("bizTransactionList", "bizTransaction"),
    ("sourceList", "source"),
    ("destinationList", "destination"),
)
MOST, MOST_WHOLE = 2**63, 2**53
Found = Iterator[tuple[str, Fault]]


def event_faults(event: Mapping[str, Any], *, at: str = "") -> list[tuple[str, Fault]]:
    """(JSON path, fault) of an event that conforms to the schema. `at`: the event's own path."""
    # The schema leaves the members of an extension's own event type open: nothing is known of them.
    checks = _CHECKS if event["type"] in list(EventType) else (_times, _numbers, _own_lengths)
    return [(f"{at}/{path}", found) for check in checks for path, found in check(event)]


def moment(text: str) -> datetime | None:
    """The time of RFC 3339 text; None for one that is not on the calendar (a leap second)."""
    try:
        found = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return found if found.tzinfo else None


def uris(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(JSON path, URI) of everything that may carry a GS1 key."""
    if "parentID" in event:
        yield "parentID", event["parentID"]
    for name in EPC_LISTS:
        yield from ((f"{name}/{index}", uri) for index, uri in enumerate(event.get(name, ())))
    for name in QUANTITY_LISTS:
        yield from (
            (f"{name}/{index}/epcClass", item["epcClass"]) for index, item in enumerate(event.get(name, ()))
        )
    for name in ("readPoint", "bizLocation"):
        if name in event:
            yield f"{name}/id", event[name]["id"]
    for name, key in _LINKED:
        yield from ((f"{name}/{index}/{key}", item[key]) for index, item in enumerate(event.get(name, ())))


def _identifiers(event: Mapping[str, Any]) -> Found:
    for path, uri in uris(event):
        code = identifier_fault(uri)
        if code:
            yield path, fault(code)


def _quantities(event: Mapping[str, Any]) -> Found:
    for name in QUANTITY_LISTS:
        for index, item in enumerate(event.get(name, ())):
            quantity = item.get("quantity")
            if quantity is None:
                continue
            if quantity < 0:
                yield f"{name}/{index}/quantity", fault("negative_quantity")
            if "uom" not in item and quantity != int(quantity):
                yield f"{name}/{index}/uom", fault("unit_missing")


def _times(event: Mapping[str, Any]) -> Found:
    for name in _TIMES:
        if name in event and moment(event[name]) is None:
            yield name, fault("bad_time")
    written = event["eventTime"][-6:]
    offset = event["eventTimeZoneOffset"]
    # Z and +00:00 state UTC and leave the zone to the offset; any other offset is the zone itself.
    is_utc = written.upper().endswith("Z") or written in ("+00:00", "-00:00")
    if not is_utc and written != offset:
        yield "eventTimeZoneOffset", fault("zone_contradicts_time")
    declared = event.get("errorDeclaration", {}).get("declarationTime")
    if declared and moment(declared) is None:
        yield "errorDeclaration/declarationTime", fault("bad_time")


def _sensors(event: Mapping[str, Any]) -> Found:
    for at, element in enumerate(event.get("sensorElementList", ())):
        for index, report in enumerate(element.get("sensorReport", ())):
            code = unit_fault(report["type"], report["uom"]) if "uom" in report else None
            if code:
                yield f"sensorElementList/{at}/sensorReport/{index}/uom", fault(code)


def _lengths(event: Mapping[str, Any]) -> Found:
    named = [(name, event[name]) for name in _COLUMNS if name in event]
    for path, text in [*named, *uris(event)]:
        if len(text) > LONGEST_URI:
            yield path, fault("too_long")


def _own_lengths(event: Mapping[str, Any]) -> Found:
    for name in ("type", "eventID"):
        if len(event.get(name, "")) > LONGEST_URI:
            yield name, fault("too_long")


def _numbers(event: Mapping[str, Any]) -> Found:
    for path, value in _leaves(event):
        if isinstance(value, Decimal) and not is_plain(value):
            yield path, fault("too_precise")


def is_plain(value: Decimal) -> bool:
    """Whether a JSON number, a double, keeps every digit of it, and it is below 2^63 as whole numbers must be."""
    return abs(value) < MOST and Decimal(repr(float(value))) == value


def plain(value: Any) -> Any:
    """A decoded tree with its Decimals as JSON numbers: whole ones as int, the others as float."""
    if isinstance(value, Decimal):
        is_whole = abs(value) < MOST_WHOLE and value == value.to_integral_value()
        return int(value) if is_whole else float(value)
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


def _leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    inner: Sequence[tuple[str, Any]]
    if isinstance(value, Mapping):
        inner = [(str(name), each) for name, each in value.items()]
    elif isinstance(value, list):
        inner = [(str(index), each) for index, each in enumerate(value)]
    else:
        yield at, value
        return
    for name, each in inner:
        yield from _leaves(each, f"{at}/{name}" if at else name)


_CHECKS = (_identifiers, _quantities, _times, _sensors, _lengths, _numbers)
