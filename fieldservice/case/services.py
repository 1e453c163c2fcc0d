"""Opening and closing cases, and what is linked to them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from backend.accounts.models import User
from backend.core import clock, states
from backend.core.errors import DomainError, NotFound
from backend.core.errors import mark as _
from backend.core.numbering import next_number
from backend.core.queue import emit
from fieldservice.case import rules
from fieldservice.case.complaint_codes import COMPLAINT_CODES
from fieldservice.case.models import Case, CaseCost, CaseReading, CaseVisit
from fieldservice.case.rules import CaseAction, CaseKind, CaseStatus
from fieldservice.cost.models import CostLine
from fieldservice.reading.models import Reading
from fieldservice.visit.models import Visit
from traceability.batch.models import Batch
from traceability.batch.services import count_open_case
from traceability.customer.models import Customer


class BookedElsewhere(DomainError):
    code, status, title = "booked_elsewhere", 409, _("The cost line is booked on another case")


class LineSuperseded(DomainError):
    code, status, title = "line_superseded", 409, _("The cost line was corrected")
    detail = _("Book its newest version instead.")


@dataclass(frozen=True)
class Complaint:
    """What a customer says. Without `grade` the code's default severity gives it."""

    code: str
    customer: Customer
    description: str
    batch: Batch | None = None
    title: str = ""
    grade: int | None = None


@transaction.atomic
def open_complaint(complaint: Complaint, *, by: User, at: datetime) -> Case:
    """A new complaint case in the customer's region; a complaint about goods makes its batch suspect."""
    severity = COMPLAINT_CODES[complaint.code].default_severity
    case = Case.objects.create(
        number=next_number("C", on=clock.factory_date(at)),
        kind=CaseKind.COMPLAINT,
        complaint_code=complaint.code,
        grade=complaint.grade or rules.grade_for(severity),
        title=complaint.title,
        description=complaint.description,
        batch=complaint.batch,
        customer=complaint.customer,
        region_id=complaint.customer.region_id,
        opened_by=by,
        opened_at=at,
    )
    if complaint.batch:
        count_open_case(complaint.batch, change=1)
    if complaint.batch and complaint.code not in rules.NOT_ABOUT_GOODS:
        emit("batch.suspected", batch_id=complaint.batch.pk)
    return case


@transaction.atomic
def open_quality_case(reading_id: UUID, *, at: datetime) -> Case | None:
    """The one open quality case of the reading's batch and customer, with the reading as evidence.

    None where the reading was evidence before, or was corrected in the meantime: its correction speaks for itself.
    """
    reading = Reading.objects.select_related("batch", "visit__customer").get(pk=reading_id)
    if (
        CaseReading.objects.filter(reading=reading).exists()
        or Reading.objects.filter(supersedes=reading).exists()
    ):
        return None
    case = _open_case_for(reading, at=at)
    CaseReading.objects.get_or_create(reading=reading, defaults={"case": case, "added_at": at})
    CaseVisit.objects.get_or_create(case=case, visit=reading.visit)
    emit("batch.suspected", batch_id=reading.batch_id)
    return case


def _open_case_for(reading: Reading, *, at: datetime) -> Case:
    """Found locked, so that it cannot be closed under our hands; or made, once whoever else tries."""
    code = rules.code_for(reading.parameter)
    made: dict[str, Any] = {
        "number": lambda: next_number("Q", on=clock.factory_date(at)),  # taken only where one is made
        "complaint_code": code,
        "grade": rules.grade_for(COMPLAINT_CODES[code].default_severity),
        "region_id": reading.visit.customer.region_id,
        "opened_at": at,
    }
    case, created = Case.objects.select_for_update(no_key=True).get_or_create(
        kind=CaseKind.QUALITY,
        status=CaseStatus.OPEN,
        batch=reading.batch,
        customer=reading.visit.customer,
        defaults=made,
    )
    if created:
        count_open_case(reading.batch, change=1)
    return case


@transaction.atomic
def close_case(case: Case, *, by: User, note: str, at: datetime) -> Case:
    """Raises IllegalStep (409) where it is closed already."""
    row = Case.objects.select_for_update().get(pk=case.pk)
    row.status = states.step(rules.STEPS, state=CaseStatus(row.status), action=CaseAction.CLOSE)
    row.closed_by, row.closed_at, row.closing_note = by, at, note
    row.save(update_fields=["status", "closed_by", "closed_at", "closing_note"])
    if row.batch:
        count_open_case(row.batch, change=-1)
    return row


def link_visit(case: Case, *, visit: Visit) -> None:
    """The visit was made for the case: its costs are the case's. Again changes nothing."""
    CaseVisit.objects.get_or_create(case=case, visit=visit)


@transaction.atomic
def book_cost(case: Case, *, line: CostLine) -> None:
    """Books a line on the case, again changes nothing. Raises BookedElsewhere, LineSuperseded (409)."""
    if CostLine.objects.filter(supersedes=line).exists():
        raise LineSuperseded
    # The link is the first version's, so that corrections stay on the case.
    link, _created = CaseCost.objects.get_or_create(
        cost_line_id=line.first_id or line.pk, defaults={"case": case}
    )
    if link.case_id != case.pk:
        raise BookedElsewhere


@transaction.atomic
def unlink_visit(case: Case, *, visit: Visit) -> None:
    """Takes back a visit linked in error; its costs are no longer the case's. The history keeps what stood.

    Raises IllegalStep (409) where the case is closed, NotFound (404) where the visit is not linked to it.
    """
    _check_open(case)
    if not CaseVisit.objects.filter(case=case, visit=visit).delete()[0]:
        raise NotFound


@transaction.atomic
def unbook_cost(case: Case, *, line: CostLine) -> None:
    """Takes back a line booked in error, in whichever version. The history keeps what stood.

    Raises IllegalStep (409) where the case is closed, NotFound (404) where the line is not booked on it.
    """
    _check_open(case)
    if not CaseCost.objects.filter(case=case, cost_line_id=line.first_id or line.pk).delete()[0]:
        raise NotFound


def _check_open(case: Case) -> None:
    # Lock before reading: what a closed case cost must not change under whoever closes it.
    row = Case.objects.select_for_update().get(pk=case.pk)
    states.step(rules.STEPS, state=CaseStatus(row.status), action=CaseAction.TAKE_BACK)
