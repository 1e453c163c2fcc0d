"""The words of EPCIS 2.0 and CBV 2.0, and what an event must hold beyond the official schema. Pure."""

from backend.core.choices import Code

CAPTURED = "captured"  # source of events others made


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


class ErrorBehaviour(Code):
    """GS1-Capture-Error-Behaviour: all or nothing, or the good ones of a document."""

    ROLLBACK = "rollback"
    PROCEED = "proceed"
