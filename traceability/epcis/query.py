"""The query parameters of EPCIS 2.0 (SimpleEventQuery, REST binding §12): read strictly, made into a filter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from rest_framework import serializers

from backend.accounts.rules import MASKED
from backend.core import cursor
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from backend.core.fields import Moment
from traceability.epcis.identifier import spelled
from traceability.epcis.models import TraceEvent
from traceability.epcis.rules import BLIND, COORDINATES, Action

MOST_PER_PAGE, PER_PAGE = 500, 30
MOST_VALUES = 100
_WORDS = ("https://ref.gs1.org/cbv/", "https://ns.gs1.org/cbv/")
_MOMENT = Moment()

PARAMETERS: Mapping[str, str] = {
    "eventType": "ObjectEvent, AggregationEvent … ; several with | between",
    "GE_eventTime": "not before this moment",
    "LT_eventTime": "before this moment",
    "GE_recordTime": "recorded not before this moment",
    "LT_recordTime": "recorded before this moment",
    "EQ_action": "ADD, OBSERVE, DELETE; several with | between",
    "EQ_bizStep": "CBV words or URIs; several with | between",
    "EQ_disposition": "CBV words or URIs; several with | between",
    "EQ_readPoint": "URIs; several with | between",
    "EQ_bizLocation": "URIs; several with | between",
    "EQ_transformationID": "URIs; several with | between",
    "EQ_eventID": "URIs; several with | between",
    "MATCH_anyEPC": "events that name one of these single things anywhere; several with | between",
    "MATCH_anyEPCClass": "events that name one of these lots anywhere; several with | between",
    "MATCH_inputEPCClass": "transformations of one of these lots; several with | between",
    "MATCH_outputEPCClass": "transformations into one of these lots; several with | between",
    "EXISTS_errorDeclaration": "true: error declarations only; false: none of them",
    "orderBy": "eventTime (default) or recordTime",
    "orderDirection": "DESC (default) or ASC",
    "perPage": "1 to 500; 30",
    "nextPageToken": "as the answer before gave it",
}
_ORDERS = {"eventTime": "event_time", "recordTime": "record_time"}
_COLUMNS = {
    "eventType": "type",
    "EQ_action": "action",
    "EQ_bizStep": "biz_step",
    "EQ_disposition": "disposition",
    "EQ_readPoint": "read_point",
    "EQ_bizLocation": "biz_location",
    "EQ_transformationID": "transformation_id",
    "EQ_eventID": "event_id",
}
_ARRAYS = {
    "MATCH_anyEPC": "epcs",
    "MATCH_anyEPCClass": "epc_classes",
    "MATCH_inputEPCClass": "input_classes",
    "MATCH_outputEPCClass": "output_classes",
}
_SIDES = ("MATCH_inputEPCClass", "MATCH_outputEPCClass")
_TIMES = {
    "GE_eventTime": "event_time__gte",
    "LT_eventTime": "event_time__lt",
    "GE_recordTime": "record_time__gte",
    "LT_recordTime": "record_time__lt",
}


@dataclass(frozen=True)
class Page:
    """The events of one page, and the token of the next; empty where this is the last."""

    events: list[TraceEvent]
    next_token: str


def page_of(rows: QuerySet[TraceEvent], given: Mapping[str, str], *, role: str) -> Page:
    """The page the parameters ask for. Raises InvalidInput (400) with one entry per parameter at fault."""
    faults: dict[str, str] = {}
    wanted = Q()
    for name, text in given.items():
        try:
            wanted &= _filter(name, text, role=role)
        except ValueError as error:
            faults[name] = str(error)
    order = _order(given, faults)
    limit = _per_page(given.get("perPage"), faults)
    if faults:
        raise InvalidInput(errors=faults)
    rows = rows.filter(wanted)
    token = given.get("nextPageToken")
    try:
        if token is not None:
            rows = rows.filter(cursor.beyond(cursor.decode(token, order=order), order=order))
        found = list(rows.order_by(*order)[: limit + 1])
    except (ValidationError, ValueError, OverflowError) as error:  # of another query, or made up
        raise InvalidInput(errors={"nextPageToken": _("This token is not one of ours.")}) from error
    goes_on = len(found) > limit
    return Page(found[:limit], cursor.encode(cursor.at(found[limit - 1], order=order)) if goes_on else "")


def _filter(name: str, text: str, *, role: str) -> Q:
    """What one parameter asks for. ValueError with a msgid where it cannot be read."""
    if name == "EQ_readPoint" and (role in BLIND or (role in MASKED and COORDINATES in text)):
        raise ValueError(_("Your role cannot filter by this."))
    if name in _TIMES:
        return Q(**{_TIMES[name]: _moment(text)})
    if name == "EXISTS_errorDeclaration":
        return Q(is_declaration=_choice(text, {"true": True, "false": False}))
    if name in _COLUMNS:
        return Q(**{f"{_COLUMNS[name]}__in": [_READ.get(name, spelled)(value) for value in _values(text)]})
    if name in _ARRAYS:
        uris = [spelled(value) for value in _values(text)]
        found = Q(**{f"{_ARRAYS[name]}__overlap": uris})
        # Inputs and outputs are among all lots, whose column has the index.
        return found & Q(epc_classes__overlap=uris) if name in _SIDES else found
    return Q()


def _values(text: str) -> list[str]:
    values = text.split("|")
    if len(values) > MOST_VALUES or not all(values):
        raise ValueError(_("1 to 100 values with | between are expected."))
    if any("*" in value for value in values):
        raise ValueError(_("Patterns are not taken, only whole values."))
    return values


def _word(text: str) -> str:
    """A word of the CBV, bare, as URN or as web address: all mean the same."""
    if text.startswith("urn:epcglobal:cbv:"):
        return text.rpartition(":")[2]
    base = next((base for base in _WORDS if text.startswith(base)), "")
    return text[len(base) :].partition("-")[2] if base else text


def _action(text: str) -> str:
    if text not in list(Action):
        raise ValueError(_("ADD, OBSERVE or DELETE is expected."))
    return text


def _as_is(text: str) -> str:
    return text


_READ: Mapping[str, Callable[[str], str]] = {
    "eventType": _as_is,
    "EQ_eventID": _as_is,
    "EQ_transformationID": _as_is,
    "EQ_action": _action,
    "EQ_bizStep": _word,
    "EQ_disposition": _word,
}


def _moment(text: str) -> datetime:
    try:
        return _MOMENT.to_internal_value(text)
    except serializers.ValidationError as error:
        raise ValueError(_("A moment such as 2026-03-01T08:00:00+08:00 is expected.")) from error


def _choice(text: str, choices: Mapping[str, Any]) -> Any:
    if text not in choices:
        raise ValueError(_("This value is not one of those possible here."))
    return choices[text]


def _order(given: Mapping[str, str], faults: dict[str, str]) -> list[str]:
    """The columns; the last one is unique."""
    column, sign = "event_time", "-"
    try:
        column = _choice(given.get("orderBy", "eventTime"), _ORDERS)
    except ValueError as error:
        faults["orderBy"] = str(error)
    try:
        sign = _choice(given.get("orderDirection", "DESC"), {"DESC": "-", "ASC": ""})
    except ValueError as error:
        faults["orderDirection"] = str(error)
    return [f"{sign}{column}", f"{sign}id"]


def _per_page(text: str | None, faults: dict[str, str]) -> int:
    if text is None:
        return PER_PAGE
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST_PER_PAGE):
        faults["perPage"] = _("A whole number from 1 to 500 is expected.")
        return PER_PAGE
    return int(text)
