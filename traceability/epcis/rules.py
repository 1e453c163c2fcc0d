"""The words of EPCIS 2.0 and CBV 2.0 we speak, and the refusals of the log. Pure."""

from collections.abc import Mapping
from typing import Any

from backend.accounts.rules import MASKED, Role
from backend.core.choices import Code
from backend.core.errors import DomainError
from backend.core.errors import mark as _

CAPTURED = "captured"  # source of events others made
EPCIS_VERSION, CBV_VERSION = "2.0.0", "2.0.0"
CAPTURE_LIMIT = 500  # events of one document


class EventType(Code):
    """EPCIS 2.0 §7.4."""

    OBJECT = "ObjectEvent"
    AGGREGATION = "AggregationEvent"
    TRANSACTION = "TransactionEvent"
    TRANSFORMATION = "TransformationEvent"
    ASSOCIATION = "AssociationEvent"


class Action(Code):
    ADD = "ADD"
    OBSERVE = "OBSERVE"
    DELETE = "DELETE"


class BizStep(Code):
    """Those of CBV 2.0 §7.1 our own events carry."""

    COMMISSIONING = "commissioning"
    CREATING_CLASS_INSTANCE = "creating_class_instance"
    PACKING = "packing"
    UNPACKING = "unpacking"
    REPACKAGING = "repackaging"
    LOADING = "loading"
    UNLOADING = "unloading"
    SHIPPING = "shipping"
    RECEIVING = "receiving"
    INSPECTING = "inspecting"
    SAMPLING = "sampling"
    HOLDING = "holding"
    COLLECTING = "collecting"
    DESTROYING = "destroying"


class Disposition(Code):
    """Those of CBV 2.0 §7.2 our own events carry."""

    IN_PROGRESS = "in_progress"
    IN_TRANSIT = "in_transit"
    CONFORMANT = "conformant"
    NON_CONFORMANT = "non_conformant"
    NON_SELLABLE_OTHER = "non_sellable_other"  # on hold until somebody decides
    RECALLED = "recalled"
    RETURNED = "returned"
    DESTROYED = "destroyed"
    MISMATCH_QUANTITY = "mismatch_quantity"


class ErrorReason(Code):
    """Why an event is declared to be in error (CBV 2.0 §7.5)."""

    DID_NOT_OCCUR = "did_not_occur"
    INCORRECT_DATA = "incorrect_data"


class ErrorBehaviour(Code):
    """GS1-Capture-Error-Behaviour: all or nothing, or the good ones of a document."""

    ROLLBACK = "rollback"
    PROCEED = "proceed"


# Production must not learn who the goods went to: no source, no destination, no place where they were seen.
PARTIES = ("sourceList", "destinationList", "readPoint")
BLIND = frozenset({Role.PRODUCTION})
COORDINATES = "geo:"


def shown(body: Mapping[str, Any], *, role: str) -> Mapping[str, Any]:
    """An event's body as the role may see it; what it may not is absent. It stays valid: all of that is optional.

    Where a phone stood is where a customer is: who sees customers without their place gets no coordinates either.
    """
    if role in BLIND:
        return {name: value for name, value in body.items() if name not in PARTIES}
    place = body.get("readPoint")
    if role in MASKED and isinstance(place, Mapping) and str(place.get("id")).startswith(COORDINATES):
        return {name: value for name, value in body.items() if name != "readPoint"}
    return body


class InvalidDocument(DomainError):
    """`errors`: JSON path → what is wrong there."""

    code, status, title = "invalid_epcis", 400, _("The document is not valid EPCIS 2.0")
    detail = _("Nothing was stored.")


class TooManyEvents(DomainError):
    code, status, title = "too_many_events", 413, _("The document holds too many events")
    detail = _("At most {limit} events are taken at once.")


class EventIdReuse(DomainError):
    """Same eventID, other content: an event is never changed, it is declared wrong."""

    code, status, title = "event_id_reuse", 409, _("This event id was already used with other content")
    detail = _("Nothing was stored. An event is not changed; declare it wrong and send another.")


class Fault(str):
    """What is wrong at one place of a document, as a text for people, with its permanent code."""

    code: str

    def __new__(cls, code: str, text: str) -> "Fault":
        made = super().__new__(cls, text)
        made.code = code
        return made


WRONG_SCHEMA = "schema"
TEXTS = {
    "bad_check_digit": _("A GS1 key has a wrong check digit."),
    "bad_identifier": _("This GS1 identifier is not well formed."),
    "negative_quantity": _("A quantity is not negative."),
    "unit_missing": _("A quantity with a fraction needs its unit."),
    "zone_contradicts_time": _("The zone offset contradicts the event's own time."),
    "bad_time": _("No such time."),
    "unit_of_other_quantity": _("The unit does not measure this."),
    "unit_unknown": _("This is no unit code of UN/CEFACT Recommendation 20."),
    "too_precise": _("The number has more digits than a JSON number keeps."),
    "too_long": _("At most 500 characters are taken here."),
    "event_id_reuse": _("This event id was already used with other content."),
    "event_of_ours": _("This is the id of an event of ours; only the house itself corrects it."),
    "not_an_event": _("An event is an object."),
}


def fault(code: str) -> Fault:
    return Fault(code, TEXTS[code])
