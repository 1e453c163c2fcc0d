"""Planning visits and working on them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from backend.accounts.made import Made
from backend.accounts.models import User
from backend.accounts.rules import Role
from backend.core import clock
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from backend.core.models import Attachment
from backend.core.numbering import next_number
from backend.core.queue import emit
from backend.core.states import step
from fieldservice.visit import queries, rules
from fieldservice.visit.models import CheckPoint, RecallTask, Visit, VisitBatch, VisitPhoto, VisitScan
from fieldservice.visit.rules import (
    STEPS,
    CheckKind,
    RecallTaskState,
    ReportText,
    VisitAction,
    VisitKind,
    VisitStatus,
)
from traceability.batch.models import Batch
from traceability.customer.models import Site
from traceability.customer.position import Position, distance_m
from traceability.customer.rules import Datum
from traceability.scan.models import Scan


class ScanLinkedElsewhere(DomainError):
    code, status, title = "scan_linked_elsewhere", 409, _("This scan belongs to another visit")


@dataclass(frozen=True)
class VisitPlan:
    """What the clerk plans. `technician_id` and `batches` as the caller may see them."""

    kind: VisitKind
    site: Site
    technician_id: UUID
    planned_on: date
    purpose: str
    planned_order: int = 0
    batches: tuple[Batch, ...] = ()


@dataclass(frozen=True)
class Place:
    """Where the phone was, in degrees of `datum`; accuracy in metres."""

    latitude: Decimal
    longitude: Decimal
    datum: Datum
    accuracy_m: Decimal | None = None
    provider: str = ""
    is_mock: bool = False


@dataclass(frozen=True)
class Check:
    """A check-in or check-out as the phone saw it; `place` is None where it had no position."""

    place: Place | None = None
    reason: str = ""
    photo: Attachment | None = field(default=None)


@transaction.atomic
def plan_visit(plan: VisitPlan, *, by: User) -> Visit:
    """A planned visit. Raises InvalidInput (400): no such technician, a day gone by."""
    today = clock.today()
    rules.check_day(plan.planned_on, today=today)
    visit = Visit.objects.create(
        number=next_number("V", on=today),
        kind=plan.kind,
        customer=plan.site.customer,
        site=plan.site,
        region_id=plan.site.customer.region_id,
        technician=_technician(plan.technician_id, on=plan.planned_on),
        planned_on=plan.planned_on,
        planned_order=plan.planned_order,
        purpose=plan.purpose,
        planned_by=by,
    )
    for batch in plan.batches:
        link_batch(visit, batch=batch)
    return visit


def _technician(user_id: UUID, *, on: date) -> User:
    """Raises InvalidInput (400) unless the person is an active technician, qualified on the day."""
    person = User.objects.filter(pk=user_id, role=Role.TECHNICIAN, is_active=True).first()
    if person is None:
        raise InvalidInput(errors={"technician": _("No such active technician.")})
    if person.qualified_until is not None and person.qualified_until < on:
        raise InvalidInput(errors={"technician": _("The technician's qualification ends before that day.")})
    return person


@transaction.atomic
def change_plan(visit: Visit, *, changes: dict[str, Any]) -> Visit:
    """Another technician, day, order or purpose before the check-in.

    Raises VisitStarted (409), InvalidInput (400).
    """
    row = _locked(visit)
    rules.check_changeable(VisitStatus(row.status))
    if "planned_on" in changes:
        rules.check_day(changes["planned_on"], today=clock.today())
    for name, value in changes.items():
        setattr(row, "technician_id" if name == "technician" else name, value)
    row.technician = _technician(row.technician_id, on=row.planned_on)
    row.save()
    return row


def _locked(visit: Visit) -> Visit:
    # Lock before reading: the office may change what the phone is closing.
    return Visit.objects.select_for_update().get(pk=visit.pk)


@transaction.atomic
def check_in(visit: Visit, *, check: Check, made: Made) -> CheckPoint:
    """The technician is there. Raises NotYourVisit (403), IllegalStep (409)."""
    row = _locked(visit)
    rules.check_own(row.technician_id, user=made.by.pk)
    row.status = step(STEPS, state=VisitStatus(row.status), action=VisitAction.CHECK_IN)
    row.save(update_fields=["status"])
    return _keep_check(row, kind=CheckKind.IN, check=check, made=made)


@transaction.atomic
def check_out(visit: Visit, *, check: Check, made: Made) -> CheckPoint:
    """The technician leaves. Raises NotYourVisit (403), CheckOutBeforeCheckIn (400), IllegalStep (409)."""
    row = _locked(visit)
    rules.check_own(row.technician_id, user=made.by.pk)
    arrived = CheckPoint.objects.filter(visit=row, kind=CheckKind.IN).first()
    if row.status in (VisitStatus.PLANNED, VisitStatus.CHECKED_IN):
        arrived_at = arrived.corrected_at if arrived else None
        rules.check_order(arrived_at, check_out_at=made.stamp.corrected_at)
    row.status = step(STEPS, state=VisitStatus(row.status), action=VisitAction.CHECK_OUT)
    row.save(update_fields=["status"])
    return _keep_check(row, kind=CheckKind.OUT, check=check, made=made)


def _keep_check(visit: Visit, *, kind: CheckKind, check: Check, made: Made) -> CheckPoint:
    place = check.place
    distance = _distance_to_site(visit, place=place)
    policy = queries.visit_policy(on=clock.factory_date(made.stamp.corrected_at))
    return CheckPoint.objects.create(
        **made.columns(),
        visit=visit,
        kind=kind,
        latitude=place.latitude if place else None,
        longitude=place.longitude if place else None,
        datum=place.datum if place else "",
        accuracy_m=place.accuracy_m if place else None,
        provider=place.provider if place else "",
        is_mock=bool(place and place.is_mock),
        distance_m=distance,
        is_far=bool(
            place and policy and rules.is_far(distance, accuracy_m=place.accuracy_m, far_m=policy.far_m)
        ),
        reason=check.reason,
        photo=check.photo,
    )


def _distance_to_site(visit: Visit, *, place: Place | None) -> int | None:
    """Whole metres; None where the phone or the site has no position."""
    site = visit.site
    if place is None or site.latitude is None or site.longitude is None:
        return None
    here = Position(float(place.latitude), float(place.longitude), Datum(place.datum))
    there = Position(float(site.latitude), float(site.longitude), Datum(site.datum))
    return round(distance_m(here, there))


@transaction.atomic
def add_photo(visit: Visit, *, attachment: Attachment, caption: str, made: Made) -> VisitPhoto:
    """A photo of the visit. Raises NotYourVisit (403), VisitEnded (409)."""
    row = open_for_record(visit, made=made)
    return VisitPhoto.objects.create(**made.columns(), visit=row, attachment=attachment, caption=caption)


@transaction.atomic
def add_scan(visit: Visit, *, scan: Scan, by: User) -> VisitScan:
    """The caller's own scan as one of this visit; adding it again changes nothing.

    Raises NotYourVisit (403), ScanLinkedElsewhere, VisitEnded (409).
    """
    row = _locked(visit)
    rules.check_own(row.technician_id, user=by.pk)
    check_made_in_time(row, made_at=scan.corrected_at)
    link, is_new = VisitScan.objects.get_or_create(scan=scan, defaults={"visit": row})
    if link.visit_id != row.pk:
        raise ScanLinkedElsewhere
    if scan.batch is not None:
        link_batch(row, batch=scan.batch)
    if is_new and scan.batch is not None:
        emit("visit.scanned", scan_id=scan.pk)
    return link


def open_for_record(visit: Visit, *, made: Made) -> Visit:
    """The visit, locked, that takes this field record; call inside the transaction.

    Records may arrive before the check-in and after the end: only what was made after the end is refused.
    Raises NotYourVisit (403), VisitEnded (409).
    """
    row = _locked(visit)
    rules.check_own(row.technician_id, user=made.by.pk)
    check_made_in_time(row, made_at=made.stamp.corrected_at)
    return row


def check_made_in_time(visit: Visit, *, made_at: datetime) -> None:
    """Raises VisitEnded (409)."""
    ended_at = visit.closed_at or visit.cancelled_at
    rules.check_made_in_time(VisitStatus(visit.status), ended_at=ended_at, made_at=made_at)


def link_batch(visit: Visit, *, batch: Batch) -> VisitBatch:
    """The batch as one this visit is about; QC then sees the visit. Safe to repeat."""
    return VisitBatch.objects.get_or_create(visit=visit, batch=batch)[0]


@transaction.atomic
def close_visit(visit: Visit, *, report: ReportText, signature: Attachment, by: User) -> Visit:
    """The visit with its report, signed. Raises InvalidInput (400), NotYourVisit (403), IllegalStep (409)."""
    rules.check_report(report)
    row = _locked(visit)
    rules.check_own(row.technician_id, user=by.pk)
    row.status = step(STEPS, state=VisitStatus(row.status), action=VisitAction.CLOSE)
    row.findings, row.signed_by_name = report.findings, report.signed_by_name
    row.signature, row.closed_at = signature, clock.now()
    row.save()
    return row


@transaction.atomic
def cancel_visit(visit: Visit, *, reason: str) -> Visit:
    """The visit called off, its records kept; a recall task taken with it is open again.

    Raises IllegalStep (409) once the technician has checked out.
    """
    row = _locked(visit)
    row.status = step(STEPS, state=VisitStatus(row.status), action=VisitAction.CANCEL)
    row.cancel_reason, row.cancelled_at = reason, clock.now()
    row.save()
    _give_back_recall_tasks(row)
    return row


def _give_back_recall_tasks(visit: Visit) -> None:
    """The recall goes on without this visit: its task waits for somebody again."""
    tasks = RecallTask.objects.filter(visit=visit, state=RecallTaskState.TAKEN)
    tasks.update(state=RecallTaskState.OPEN, technician=None, visit=None, taken_at=None)
