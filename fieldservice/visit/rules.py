"""The visit's state machine, what closing needs, and how far a check-in may lie from the site. Pure."""

from collections.abc import Mapping

from backend.core.choices import Code


class VisitKind(Code):
    COMPLAINT = "complaint"
    INSPECTION = "inspection"
    SAMPLING = "sampling"
    RETURN_CHECK = "return_check"
    REVISIT = "revisit"


class VisitStatus(Code):
    PLANNED = "planned"
    CHECKED_IN = "checked_in"
    CHECKED_OUT = "checked_out"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class VisitAction(Code):
    CHECK_IN = "check_in"
    CHECK_OUT = "check_out"
    CLOSE = "close"
    CANCEL = "cancel"


STEPS: Mapping[tuple[VisitStatus, VisitAction], VisitStatus] = {
    (VisitStatus.PLANNED, VisitAction.CHECK_IN): VisitStatus.CHECKED_IN,
    (VisitStatus.PLANNED, VisitAction.CANCEL): VisitStatus.CANCELLED,
    (VisitStatus.CHECKED_IN, VisitAction.CHECK_OUT): VisitStatus.CHECKED_OUT,
    (VisitStatus.CHECKED_OUT, VisitAction.CLOSE): VisitStatus.CLOSED,
}


class CheckKind(Code):
    IN = "in"
    OUT = "out"
