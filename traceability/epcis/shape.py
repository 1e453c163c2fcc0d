"""An event of ours as it is drafted by a builder, and written as EPCIS 2.0 JSON. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from traceability.epcis.rules import Action, BizStep, Disposition, ErrorReason, EventType

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
KILOGRAM = "KGM"
ZONE = ZoneInfo("Asia/Shanghai")  # where the works stands
# Left out of an event's hash: what says who recorded it and when, not what happened.
_NOT_CONTENT = ("eventID", "recordTime", "errorDeclaration", "@context")


@dataclass(frozen=True)
class Goods:
    """A lot and how much of it in kg; None: not said."""

    uri: str
    kg: Decimal | None = None


@dataclass(frozen=True)
class Gone:
    """The row of the event does not stand any more; `replaced_by`: the row, of the same source, that does."""

    reason: ErrorReason
    at: datetime
    replaced_by: UUID | None = None


@dataclass(frozen=True)
class Draft:
    """One event before it has an id. `batches`: of ours, that it is about; `more`: further members of the body."""

    type: EventType
    at: datetime
    batches: tuple[UUID, ...]
    action: Action | None = None
    step: BizStep | None = None
    disposition: Disposition | None = None
    epcs: tuple[str, ...] = ()
    goods: tuple[Goods, ...] = ()
    parent: str = ""
    inputs: tuple[Goods, ...] = ()
    outputs: tuple[Goods, ...] = ()
    run: str = ""
    read_point: str = ""
    location: str = ""
    transactions: tuple[tuple[str, str], ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    destinations: tuple[tuple[str, str], ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    gone: Gone | None = None


def body_of(draft: Draft) -> dict[str, Any]:
    """The event's members without id and record time; empty lists and texts are left out."""
    at = draft.at.astimezone(ZONE)
    is_aggregation = draft.type is EventType.AGGREGATION
    members = {
        "type": draft.type.value,
        "eventTime": at.isoformat(timespec="milliseconds"),
        "eventTimeZoneOffset": at.isoformat()[-6:],
        "action": draft.action and draft.action.value,
        "parentID": draft.parent,
        ("childEPCs" if is_aggregation else "epcList"): list(draft.epcs),
        ("childQuantityList" if is_aggregation else "quantityList"): _quantities(draft.goods),
        "inputQuantityList": _quantities(draft.inputs),
        "outputQuantityList": _quantities(draft.outputs),
        "transformationID": draft.run,
        "bizStep": draft.step and draft.step.value,
        "disposition": draft.disposition and draft.disposition.value,
        "readPoint": draft.read_point and {"id": draft.read_point},
        "bizLocation": draft.location and {"id": draft.location},
        "bizTransactionList": [{"type": type, "bizTransaction": uri} for type, uri in draft.transactions],
        "sourceList": [{"type": type, "source": uri} for type, uri in draft.sources],
        "destinationList": [{"type": type, "destination": uri} for type, uri in draft.destinations],
        **draft.more,
    }
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}


def _quantities(goods: tuple[Goods, ...]) -> list[dict[str, Any]]:
    return [
        {"epcClass": each.uri}
        if each.kg is None
        else {"epcClass": each.uri, "quantity": number(each.kg), "uom": KILOGRAM}
        for each in goods
    ]


def number(value: Decimal) -> int | float:
    """A JSON number; our columns have at most 15 digits, which a double keeps exactly."""
    return int(value) if value == value.to_integral_value() else float(value)


def canonical(body: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and without blanks, UTF-8: one spelling per content."""
    return json.dumps(
        body, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


def event_hash(body: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of what the event says: its canonical JSON without event id, record time and declaration."""
    content = {name: value for name, value in body.items() if name not in _NOT_CONTENT}
    return hashlib.sha256(canonical(content)).hexdigest()
