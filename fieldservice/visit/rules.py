"""The visit's state machine, what closing needs, how far a check-in may lie from the site, who sees what. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from backend.accounts.rules import MASKED, Can, Role
from backend.core.choices import Code
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _


class VisitKind(Code):
    COMPLAINT = "complaint"
    INSPECTION = "inspection"
    SAMPLING = "sampling"
    RETURN_CHECK = "return_check"
    REVISIT = "revisit"
    RECALL = "recall"


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
    # The phone is lost or the technician ill: the office ends it, what was recorded stays.
    (VisitStatus.CHECKED_IN, VisitAction.CANCEL): VisitStatus.CANCELLED,
    (VisitStatus.CHECKED_OUT, VisitAction.CLOSE): VisitStatus.CLOSED,
}
ACTION_RIGHTS: Mapping[VisitAction, Can] = {
    VisitAction.CHECK_IN: Can.WORK_VISIT,
    VisitAction.CHECK_OUT: Can.WORK_VISIT,
    VisitAction.CLOSE: Can.WORK_VISIT,
    VisitAction.CANCEL: Can.PLAN_VISIT,
}
ENDED = (VisitStatus.CLOSED, VisitStatus.CANCELLED)
PLAN_AHEAD_DAYS = 366
SAME_CUSTOMER_DAYS = 90  # a technician reads the visits of the own customers that far back


class CheckKind(Code):
    IN = "in"
    OUT = "out"


class CheckFlag(Code):
    """Why the office looks at a check-in or check-out twice. Flagged, never refused."""

    FAR = "far"
    MOCKED = "mocked"
    NO_PLACE = "no_place"


class RecallTaskState(Code):
    """Of a consignee's line of a running recall, as work for the region's technicians."""

    OPEN = "open"
    TAKEN = "taken"
    DONE = "done"  # the goods were reported
    CLOSED = "closed"  # the recall ended first


class RecallTaskTaken(DomainError):
    """Two technicians reached for it; the first one has it."""

    code, status, title = "recall_task_taken", 409, _("Another technician has taken this task")


class RecallTaskEnded(DomainError):
    code, status, title = "recall_task_ended", 409, _("There is nothing left to do here")
    detail = _("The task is “{state}”.")


class NoSiteToVisit(DomainError):
    code, status, title = "no_site_to_visit", 409, _("The customer has no active site to visit")


class NotYourVisit(DomainError):
    """The visit may be read, but another technician works on it."""

    code, status, title = "not_your_visit", 403, _("This visit is another technician's")


class VisitStarted(DomainError):
    code, status, title = "visit_started", 409, _("The visit has begun")
    detail = _("The plan can be changed until the technician has checked in; it is “{state}” now.")


class CheckOutBeforeCheckIn(DomainError):
    code, status, title = "check_out_before_check_in", 400, _("There is no check-in before this check-out")
    detail = _("Send the check-in first; a check-out cannot be earlier than it.")


class VisitEnded(DomainError):
    """Made after the visit was closed or cancelled. What was made before and arrives late is kept."""

    code, status, title = "visit_ended", 409, _("The visit had ended when this was made")
    detail = _("The visit is “{state}”. What is found afterwards belongs to a new visit.")


@dataclass(frozen=True)
class ReportText:
    """What the technician found and who signed."""

    findings: str
    signed_by_name: str


def check_own(visit_technician: object, *, user: object) -> None:
    """Raises NotYourVisit (403) unless both are the same person."""
    if visit_technician != user:
        raise NotYourVisit


def check_takeable(state: RecallTaskState) -> None:
    """Raises RecallTaskTaken, RecallTaskEnded (409) unless the task waits for somebody."""
    if state is RecallTaskState.TAKEN:
        raise RecallTaskTaken
    if state is not RecallTaskState.OPEN:
        raise RecallTaskEnded(state=state.value)


def check_changeable(status: VisitStatus) -> None:
    """Raises VisitStarted (409) once the plan is no plan any more."""
    if status is not VisitStatus.PLANNED:
        raise VisitStarted(state=status.value)


def check_day(planned_on: date, *, today: date) -> None:
    """Raises InvalidInput (400) for a day gone by or more than a year ahead."""
    if not today <= planned_on <= today + timedelta(days=PLAN_AHEAD_DAYS):
        raise InvalidInput(errors={"planned_on": _("Today or a day of the coming year is expected.")})


def check_order(check_in_at: datetime | None, *, check_out_at: datetime) -> None:
    """Raises CheckOutBeforeCheckIn (400); both are corrected times."""
    if check_in_at is None or check_out_at < check_in_at:
        raise CheckOutBeforeCheckIn


def check_made_in_time(status: VisitStatus, *, ended_at: datetime | None, made_at: datetime) -> None:
    """Raises VisitEnded (409) for what was made after the end; `made_at` is the corrected time.

    What was made before the end and arrives after it is taken: nothing measured on site is lost.
    """
    if status in ENDED and ended_at is not None and made_at > ended_at:
        raise VisitEnded(state=status.value)


def check_report(report: ReportText) -> None:
    """Raises InvalidInput (400) where findings or the signer's name are missing."""
    missing = [name for name in ("findings", "signed_by_name") if not getattr(report, name).strip()]
    if missing:
        raise InvalidInput(errors={name: _("This is needed to close a visit.") for name in missing})


def is_far(distance_m: int | None, *, accuracy_m: Decimal | None, far_m: int) -> bool:
    """Whether a check lies far from the site.

    The phone's accuracy speaks for the technician, but no further than the threshold itself: a claimed
    accuracy of 10 km is no excuse.
    """
    if distance_m is None:
        return False
    return distance_m > far_m + min(accuracy_m or Decimal(0), Decimal(far_m))


def flags_of(*, is_far: bool, is_mock: bool, has_place: bool) -> list[CheckFlag]:
    """Everything worth a second look, in a fixed order."""
    found = ((is_far, CheckFlag.FAR), (is_mock, CheckFlag.MOCKED), (not has_place, CheckFlag.NO_PLACE))
    return [flag for applies, flag in found if applies]


def is_late(received_at: datetime, *, ended_at: datetime | None) -> bool:
    """Whether a record arrived after the visit had ended: it is not in what the customer signed."""
    return ended_at is not None and received_at > ended_at


# Source: the roles matrix. Finance reads id and date (costs have their own address); dealers no notes.
FINANCE_FIELDS = frozenset({"id", "number", "planned_on"})
NOTES = frozenset(
    {
        "purpose", "findings", "cancel_reason", "checks", "flagged", "contact", "photos", "scans", "signature",
        "planned_by", "planned_order",
    }
)  # fmt: skip


def is_shown(field: str, *, role: Role) -> bool:
    """Whether a role gets a field of a visit; what it does not get is absent, not null."""
    if role is Role.FINANCE:
        return field in FINANCE_FIELDS
    return not (role is Role.DEALER and field in NOTES)


# The field each filter of the list speaks about: who is not shown the field may not ask for it either.
FILTERED: Mapping[str, str] = {
    "number": "number",
    "kind": "kind",
    "status": "status",
    "technician": "technician",
    "customer": "customer",
    "batch": "batches",
    "planned_from": "planned_on",
    "planned_to": "planned_on",
    "flagged": "flagged",
}


def check_filters(names: Iterable[str], *, role: Role) -> None:
    """Raises InvalidInput (400) naming each filter by a field the role is not shown.

    Dealers read who comes to them, but may not ask for a technician's rounds.
    """
    barred = {"technician"} if role is Role.DEALER else set[str]()
    hidden = [name for name in names if name in barred or not is_shown(FILTERED.get(name, "id"), role=role)]
    if hidden:
        raise InvalidInput(errors={name: _("Your role cannot filter by this.") for name in hidden})


class Contact(Code):
    """How much of a customer's person and address is shown."""

    OPEN = "open"
    MASKED = "masked"


def contact_for(role: Role, *, is_assigned: bool, status: VisitStatus) -> Contact:
    """Technicians see it while the visit is theirs to do, the office always, checkers masked."""
    if role in MASKED:
        return Contact.MASKED
    if role is Role.TECHNICIAN and (not is_assigned or status in ENDED):
        return Contact.MASKED
    return Contact.OPEN
