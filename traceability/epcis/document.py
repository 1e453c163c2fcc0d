"""EPCIS documents: checked against the official schema, formats on, and our own rules; written with their context."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from django.utils.translation import gettext
from jsonschema_rs import Draft7Validator, ValidationError, ValidationErrorKind

from traceability.epcis.conformance import event_faults, plain
from traceability.epcis.naming import PREFIX, vocabulary
from traceability.epcis.rules import WRONG_SCHEMA, Fault
from traceability.epcis.shape import CONTEXT

SCHEMA = Path(__file__).with_name("schema") / "EPCISDocument.schema.json"
MOST_FAULTS = 50
LONGEST_WORD = 60


@lru_cache(maxsize=1)
def validator() -> Draft7Validator:
    """The official schema, compiled once per process; formats (uri, date-time) are checked."""
    return Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")), validate_formats=True)


def document_faults(document: Mapping[str, Any]) -> dict[str, Fault]:
    """JSON path → fault of an EPCISDocument; empty where all of it is right. At most 50."""
    found = _schema_faults(document)
    if found:
        return found
    if document["type"] != "EPCISDocument":
        return {"/type": Fault(WRONG_SCHEMA, gettext("An EPCISDocument is expected."))}
    for index, event in enumerate(document["epcisBody"]["eventList"]):
        found |= event_faults(event, at=f"/epcisBody/eventList/{index}")
    return dict(list(found.items())[:MOST_FAULTS])


def single_event_faults(event: Mapping[str, Any]) -> dict[str, Fault]:
    """JSON path → fault of one event that comes alone, with its @context."""
    found = _schema_faults(event)
    return found or dict(event_faults(event))


def is_valid(document: Mapping[str, Any]) -> bool:
    """Whether the schema takes the document."""
    return bool(validator().is_valid(document))


def _schema_faults(document: Mapping[str, Any]) -> dict[str, Fault]:
    """JSON path → the first fault found there. What follows from a fault inside is left out."""
    found: dict[str, Fault] = {}
    summaries: dict[str, Fault] = {}
    for error in islice(validator().iter_errors(plain(document)), MOST_FAULTS):
        path = "".join(f"/{step}" for step in error.instance_path)
        kind = error.kind
        if isinstance(kind, ValidationErrorKind.PropertyNames):
            path = f"{path}/{kind.error.instance}"
        is_summary = isinstance(kind, ValidationErrorKind.AnyOf) and isinstance(error.instance, dict)
        (summaries if is_summary else found).setdefault(path, Fault(WRONG_SCHEMA, _text(error)))
    return found or summaries


def _text(error: ValidationError) -> str:
    """What the schema says, for people; words of the standard stay as they are."""
    kind = error.kind
    match kind:
        case ValidationErrorKind.Required():
            return gettext("“{name}” is missing.").format(name=kind.property)
        case ValidationErrorKind.PropertyNames():
            return gettext("EPCIS 2.0 has no such member; an extension needs a prefix.")
        case ValidationErrorKind.AdditionalProperties():
            return gettext("No other members may stand here.")
        case ValidationErrorKind.Format():
            return gettext("A text of the form “{form}” is expected.").format(form=kind.format)
        case ValidationErrorKind.Enum() | ValidationErrorKind.AnyOf() if isinstance(error.instance, str):
            return gettext("“{word}” is no word of EPCIS 2.0 or CBV 2.0, and no URI.").format(
                word=error.instance[:LONGEST_WORD]
            )
        case ValidationErrorKind.Type():
            return gettext("Another kind of value is expected here.")
        case ValidationErrorKind.Pattern():
            return gettext("It does not have the form EPCIS 2.0 prescribes.")
        case ValidationErrorKind.UniqueItems():
            return gettext("The same entry stands here twice.")
        case _:
            return gettext("It does not conform to the EPCIS 2.0 schema.")


def shell_faults(document: Mapping[str, Any]) -> dict[str, Fault]:
    """Faults of the document with its events taken out: what `proceed` cannot go past."""
    body = document.get("epcisBody")
    events = body.get("eventList") if isinstance(body, Mapping) else None
    if not isinstance(body, Mapping) or not isinstance(events, list):
        return document_faults(document)
    return document_faults({**document, "epcisBody": {**body, "eventList": []}})


def context() -> list[Any]:
    """Of every document of ours: GS1's words, and ours below `salt:`."""
    return [CONTEXT, {PREFIX: vocabulary()}]


def query_document(events: Sequence[Mapping[str, Any]], *, at: datetime) -> dict[str, Any]:
    """The answer to a query."""
    return {
        "@context": context(),
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": at.isoformat(timespec="milliseconds"),
        "epcisBody": {
            "queryResults": {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": list(events)}}
        },
    }


def document_stream(
    events: Iterable[Mapping[str, Any]], *, at: datetime, is_truncated: bool = False
) -> Iterator[bytes]:
    """An EPCISDocument, written event by event: any number of them in flat memory.

    `is_truncated`: the walk they come from was cut short; the document says so.
    """
    head = {
        "@context": context(),
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": at.isoformat(timespec="milliseconds"),
        f"{PREFIX}:truncated": is_truncated,
    }
    yield orjson.dumps(head)[:-1] + b',"epcisBody":{"eventList":['
    comma = b""
    for event in events:
        yield comma + orjson.dumps(event)
        comma = b","
    yield b"]}}"
