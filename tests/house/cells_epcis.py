"""Trace events: captured, queried, and the trace of a batch as a document."""

from typing import Any
from urllib.parse import quote

from backend.accounts.rules import Can, Role
from backend.core.ids import uuid7
from tests.house.cell import Cell
from tests.house.world import World
from tests.traceability.epcis.samples import document, event


def new_document(world: World, role: Role) -> Any:
    return document(event(eventID=f"urn:uuid:{uuid7()}"))


def new_event(world: World, role: Role) -> Any:
    return {"@context": document()["@context"], **event(eventID=f"urn:uuid:{uuid7()}")}


def event_id(world: World, role: Role) -> dict[str, str]:
    return {"event_id": world.near["trace_event"].event_id}


def epc(world: World, role: Role) -> dict[str, str]:
    return {"epc": quote(world.near["trace_event"].epc_classes[0], safe="")}


def batch_code(world: World, role: Role) -> dict[str, str]:
    return {"code": world.id_of("batch")}


CELLS = {
    ("POST", "epcis/capture"): Cell(Can.CAPTURE_EVENTS, body=new_document),
    ("GET", "epcis/capture/{id}"): Cell(Can.CAPTURE_EVENTS, row="capture_job"),
    ("GET", "epcis/events"): Cell(Can.READ_EVENTS),
    ("POST", "epcis/events"): Cell(Can.CAPTURE_EVENTS, body=new_event),
    ("GET", "epcis/events/{event_id}"): Cell(Can.READ_EVENTS, ids=event_id),
    ("GET", "epcis/epcs/{epc}/events"): Cell(Can.READ_EVENTS, ids=epc),
    ("GET", "epcis/bizSteps/{biz_step}/events"): Cell(
        Can.READ_EVENTS, ids=lambda world, role: {"biz_step": "shipping"}
    ),
    ("GET", "epcis/eventTypes/{event_type}/events"): Cell(
        Can.READ_EVENTS, ids=lambda world, role: {"event_type": "ObjectEvent"}
    ),
    ("GET", "epcis/batches/{code}/events"): Cell(Can.READ_EVENTS, ids=batch_code),
}
