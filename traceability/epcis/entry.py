"""One entry of the log: an event's body taken apart into the columns it is found by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from traceability.epcis.conformance import EPC_LISTS, moment
from traceability.epcis.identifier import spelled
from traceability.epcis.models import CaptureJob, TraceEvent
from traceability.epcis.rules import CAPTURED, ErrorReason, EventType
from traceability.epcis.shape import ZONE, event_hash


@dataclass(frozen=True)
class Origin:
    """Where an entry comes from: a row of ours with its revision, or a document of others."""

    source: str
    source_id: UUID
    revision: int = 0
    job: CaptureJob | None = None


def entry(
    body: Mapping[str, Any], *, event_id: str, origin: Origin, at: datetime, batches: Sequence[UUID] = ()
) -> TraceEvent:
    """The unsaved row of a valid event; its body gains the event id and, for ours, the time of recording."""
    stored = {**body, "eventID": event_id}
    event_time = moment(body["eventTime"])
    assert event_time is not None  # `event_faults` refuses the others
    if origin.source != CAPTURED or "recordTime" not in stored:
        stored["recordTime"] = at.astimezone(UTC).isoformat(timespec="milliseconds")
    # Members of an extension's own event type may mean anything.
    known = body if body["type"] in list(EventType) else {}
    return TraceEvent(
        event_id=event_id,
        type=body["type"],
        action=known.get("action", ""),
        event_time=event_time,
        zone_offset=body["eventTimeZoneOffset"],
        record_time=at,
        biz_step=known.get("bizStep", ""),
        disposition=known.get("disposition", ""),
        read_point=spelled(known.get("readPoint", {}).get("id", "")),
        biz_location=spelled(known.get("bizLocation", {}).get("id", "")),
        transformation_id=known.get("transformationID", ""),
        epcs=_epcs(known),
        epc_classes=_classes(
            known, "quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"
        ),
        input_classes=_classes(known, "inputQuantityList"),
        output_classes=_classes(known, "outputQuantityList"),
        batches=list(batches),
        source=origin.source,
        source_id=origin.source_id,
        revision=origin.revision,
        is_declaration="errorDeclaration" in body,
        body=stored,
        hash=event_hash(body),
        job=origin.job,
    )


def declaration(
    wrong: TraceEvent, *, reason: ErrorReason, declared_at: datetime, corrective: Sequence[str], at: datetime
) -> TraceEvent:
    """The error declaration of an event of ours: its content once more, and why it does not stand."""
    body = {name: value for name, value in wrong.body.items() if name not in ("eventID", "recordTime")}
    body["errorDeclaration"] = {
        "declarationTime": declared_at.astimezone(ZONE).isoformat(timespec="milliseconds"),
        "reason": reason.value,
        **({"correctiveEventIDs": list(corrective)} if corrective else {}),
    }
    origin = Origin(source=wrong.source, source_id=wrong.source_id, revision=wrong.revision)
    made = entry(body, event_id=wrong.event_id, origin=origin, at=at, batches=wrong.batches)
    made.declares = wrong
    return made


def in_order(entries: Iterable[TraceEvent]) -> list[TraceEvent]:
    """The entries of one transaction with record times one microsecond apart: their order can be read again."""
    found = list(entries)
    for number, each in enumerate(found):
        each.record_time += timedelta(microseconds=number)
    return found


def _epcs(body: Mapping[str, Any]) -> list[str]:
    named = [uri for name in EPC_LISTS for uri in body.get(name, ())]
    return list(dict.fromkeys(map(spelled, [*named, *([body["parentID"]] if "parentID" in body else [])])))


def _classes(body: Mapping[str, Any], *lists: str) -> list[str]:
    return list(dict.fromkeys(spelled(item["epcClass"]) for name in lists for item in body.get(name, ())))
