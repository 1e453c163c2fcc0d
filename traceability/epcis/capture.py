"""Documents of others: checked, stored as facts of theirs, never doubled. They change no table of ours."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from backend.accounts.models import User
from backend.core import clock
from backend.core.ids import uuid7
from traceability.epcis.conformance import plain
from traceability.epcis.document import document_faults, shell_faults, single_event_faults
from traceability.epcis.entry import Origin, entry, in_order
from traceability.epcis.models import CaptureJob, TraceEvent
from traceability.epcis.naming import nameless_event_uri
from traceability.epcis.rules import (
    CAPTURE_LIMIT,
    CAPTURED,
    ErrorBehaviour,
    EventIdReuse,
    Fault,
    InvalidDocument,
    TooManyEvents,
    fault,
)
from traceability.epcis.shape import CONTEXT, event_hash

Faults = dict[str, Fault]
Key = tuple[str, bool]  # event id, is it a declaration


@dataclass
class Sorted:
    """A document's events: the new ones with their ids, how many the log holds already, and what is wrong."""

    fresh: dict[Key, dict[str, Any]] = field(default_factory=dict)
    repeated: int = 0
    faults: Faults = field(default_factory=dict)
    reused: Faults = field(default_factory=dict)


@transaction.atomic
def capture_document(
    document: Mapping[str, Any], *, behaviour: ErrorBehaviour, digest: str, by: User
) -> CaptureJob:
    """Stores the document's events and the job that tells of it. `digest`: SHA-256 of the body.

    `rollback`: one fault, and nothing is stored. `proceed`: the good events are, the job names the others.
    Raises InvalidDocument (400), EventIdReuse (409), TooManyEvents (413).
    """
    created_at = clock.now()
    if behaviour is ErrorBehaviour.ROLLBACK:
        _refuse(document_faults(document))
    else:
        _refuse(shell_faults(document))
    events = document["epcisBody"]["eventList"]
    if len(events) > CAPTURE_LIMIT:
        raise TooManyEvents(limit=CAPTURE_LIMIT)
    checked = _checked(events, document["@context"], is_valid=behaviour is ErrorBehaviour.ROLLBACK)
    found = _sorted(checked, own_context=_own_context(document["@context"]))
    if behaviour is ErrorBehaviour.ROLLBACK and found.reused:
        raise EventIdReuse(errors=_pointed(found.reused))
    return _stored(found, created_at=created_at, behaviour=behaviour, digest=digest, by=by)


@transaction.atomic
def capture_event(event: Mapping[str, Any], *, digest: str, by: User) -> TraceEvent:
    """Stores one event that came alone; the same one again gives the stored one.

    Raises InvalidDocument (400), EventIdReuse (409).
    """
    created_at = clock.now()
    _refuse(single_event_faults(event))
    found = _sorted([Checked("", event)], own_context=_own_context(event["@context"]))
    if found.reused:
        raise EventIdReuse(errors=_pointed(found.reused))
    _stored(found, created_at=created_at, behaviour=ErrorBehaviour.ROLLBACK, digest=digest, by=by)
    event_id, is_declaration = _key(plain(event))
    rows = TraceEvent.objects.filter(event_id=event_id, is_declaration=is_declaration)
    return rows.order_by("record_time")[0]


def _refuse(faults: Faults) -> None:
    if faults:
        raise InvalidDocument(errors=_pointed(faults))


def _pointed(faults: Faults) -> Faults:
    """As errors of a problem document: their pointers begin with the slash."""
    return {path.removeprefix("/"): each for path, each in faults.items()}


@dataclass(frozen=True)
class Checked:
    """One event at its JSON path, and what is wrong with it."""

    at: str
    event: Mapping[str, Any]
    faults: Faults = field(default_factory=dict)


def _checked(events: Sequence[Any], context: Any, *, is_valid: bool) -> Iterator[Checked]:
    for index, event in enumerate(events):
        at = f"/epcisBody/eventList/{index}"
        if is_valid:
            yield Checked(at, event)
        elif not isinstance(event, Mapping):
            yield Checked(at, {}, {at: fault("not_an_event")})
        else:
            faults = single_event_faults({"@context": context, **event})
            yield Checked(at, event, {f"{at}{path}": each for path, each in faults.items()})


def _sorted(checked: Iterable[Checked], *, own_context: list[Any]) -> Sorted:
    """Which are new. An event id stands for one content for ever."""
    found = Sorted()
    first: dict[Key, tuple[str, dict[str, Any]]] = {}
    for each in checked:
        found.faults |= each.faults
        if each.faults:
            continue
        body = plain(each.event)
        if own_context and "@context" not in body:
            body["@context"] = own_context
        key = _key(body)
        if key not in first:
            first[key] = (each.at, body)
        elif event_hash(first[key][1]) == event_hash(body):
            found.repeated += 1
        else:
            found.reused[f"{each.at}/eventID"] = fault("event_id_reuse")
    known = _known(event_id for event_id, _is_declaration in first)
    ours = {event.event_id for event in known.values() if event.source != CAPTURED}
    for key, (at, body) in first.items():
        before = known.get(key)
        if before is not None and before.hash == event_hash(body):
            found.repeated += 1
        elif key[0] in ours:
            found.reused[f"{at}/eventID"] = fault("event_of_ours")
        elif before is not None:
            found.reused[f"{at}/eventID"] = fault("event_id_reuse")
        else:
            found.fresh[key] = body
    return found


def _key(body: Mapping[str, Any]) -> Key:
    return body.get("eventID") or nameless_event_uri(event_hash(body)), "errorDeclaration" in body


def _known(ids: Iterable[str]) -> dict[Key, TraceEvent]:
    rows = TraceEvent.objects.filter(event_id__in=list(ids)).order_by("source")
    return {(event.event_id, event.is_declaration): event for event in rows}


def _stored(
    found: Sorted, *, created_at: datetime, behaviour: ErrorBehaviour, digest: str, by: User
) -> CaptureJob:
    """The job and its events; a declaration points at its event where the log holds it."""
    wrong = found.faults | found.reused
    at = clock.now()
    job = CaptureJob.objects.create(
        by=by,
        created_at=created_at,
        finished_at=at,
        error_behaviour=behaviour,
        is_success=not wrong,
        stored_count=len(found.fresh),
        repeated_count=found.repeated,
        errors=[{"path": path, "code": each.code, "detail": str(each)} for path, each in wrong.items()],
        document=digest,
    )
    rows = {
        key: entry(body, event_id=key[0], origin=Origin(CAPTURED, uuid7(), job=job), at=at)
        for key, body in found.fresh.items()
    }
    known = _known(key[0] for key in rows)
    for (event_id, is_declaration), row in rows.items():
        if is_declaration:
            row.declares = rows.get((event_id, False)) or known.get((event_id, False))
    TraceEvent.objects.bulk_create(in_order(rows.values()))
    return job


def _own_context(context: Any) -> list[Any]:
    """What of the document's context an event must keep to be understood alone: all but GS1's own."""
    entries = context if isinstance(context, list) else [context]
    return [entry for entry in entries if entry != CONTEXT]
