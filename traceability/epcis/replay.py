"""The state of batches, rebuilt from events alone: what the log is worth. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from traceability.epcis.conformance import moment
from traceability.epcis.rules import Action, BizStep, EventType

NO_KG = Decimal(0)


@dataclass(frozen=True)
class BatchState:
    """What is known of one batch; kg as Decimal. `disposition`: of its last status."""

    status: str = ""
    disposition: str = ""
    made_kg: Decimal = NO_KG
    used_kg: Decimal = NO_KG
    shipped_kg: Decimal = NO_KG
    received_kg: Decimal = NO_KG


Change = Callable[[BatchState], BatchState]
_KG = {BizStep.SHIPPING: "shipped_kg", BizStep.RECEIVING: "received_kg"}


def replay(events: Iterable[Mapping[str, Any]]) -> dict[str, BatchState]:
    """URI → state after all events (bodies, in the order they were recorded); those declared wrong do not count."""
    known = list(events)
    wrong = {event["eventID"] for event in known if "errorDeclaration" in event}
    standing = [event for event in known if event["eventID"] not in wrong]
    states: dict[str, BatchState] = {}
    for event in sorted(standing, key=_time_of):
        for uri, change in _changes(event):
            states[uri] = change(states.get(uri, BatchState()))
    return states


def _time_of(event: Mapping[str, Any]) -> datetime:
    at = moment(event["eventTime"])
    assert at is not None  # `event_faults` refuses the others
    return at


def _changes(event: Mapping[str, Any]) -> Iterator[tuple[str, Change]]:
    """(URI, what the event does to that batch); a lot may stand in one event twice, in two units."""
    if event["type"] == EventType.TRANSFORMATION:
        yield from ((item["epcClass"], _adds("used_kg", item)) for item in event.get("inputQuantityList", ()))
    if event["type"] != EventType.OBJECT:
        return
    step, is_made = event.get("bizStep"), event["action"] == Action.ADD
    for item in event.get("quantityList", ()):
        if step in _KG:
            yield item["epcClass"], _adds(_KG[step], item)
        if "salt:status" in event:
            yield (
                item["epcClass"],
                partial(replace, status=event["salt:status"], disposition=event["disposition"]),
            )
            if is_made:
                yield item["epcClass"], _adds("made_kg", item)


def _adds(name: str, item: Mapping[str, Any]) -> Change:
    kg = Decimal(str(item.get("quantity", 0)))
    return lambda state: replace(state, **{name: getattr(state, name) + kg})


def differences(log: BatchState, tables: BatchState) -> dict[str, tuple[Any, Any]]:
    """Field → (by the log, by the tables), where they are not the same."""
    pairs = ((each.name, getattr(log, each.name), getattr(tables, each.name)) for each in fields(BatchState))
    return {name: (left, right) for name, left, right in pairs if left != right}
