"""Reads: who sees which cases, and which cost lines belong to a case or a batch."""

from django.db.models import Prefetch, Q, QuerySet

from backend.accounts.models import User
from backend.accounts.queries import region_scope
from backend.accounts.rules import Role
from fieldservice.case.models import Case, CaseCost, CaseReading, CaseVisit
from fieldservice.case.rules import CaseKind
from fieldservice.cost.models import CostLine
from fieldservice.cost.queries import cost_lines
from fieldservice.reading.models import Reading
from fieldservice.reading.rules import Verdict
from traceability.batch.models import Batch

SEE_ALL = frozenset({Role.DIRECTOR, Role.QC, Role.FINANCE, Role.PRODUCTION, Role.AUDITOR})


def cases_for(user: User) -> QuerySet[Case]:
    """The assigned ones for technicians, the region's for clerks, own complaints for dealers, else all or none."""
    rows = Case.objects.select_related("batch", "customer")
    regions = region_scope(user)
    if user.role == Role.TECHNICIAN:
        visited = CaseVisit.objects.filter(visit__technician=user).values("case")
        return rows.filter(pk__in=visited)
    if user.role == Role.DEALER:
        return rows.filter(kind=CaseKind.COMPLAINT, customer__accounts__user=user)
    if regions is not None:
        return rows.filter(region__in=regions)
    return rows if user.role in SEE_ALL else rows.none()


def cases_with_links(rows: QuerySet[Case]) -> QuerySet[Case]:
    """With evidence and visits, as the detail shows them."""
    readings = CaseReading.objects.select_related("reading__superseded_by", "reading__waiver").order_by(
        "added_at", "id"
    )
    visits = CaseVisit.objects.select_related("visit").order_by("id")
    return rows.prefetch_related(Prefetch("evidence", readings), Prefetch("visit_links", visits))


def judged_verdict(reading: Reading) -> Verdict:
    """The waiver's verdict where QC waived the reading, else its own. The waiver is at hand."""
    return Verdict((getattr(reading, "waiver", None) or reading).verdict)


def lines_of_case(case: Case) -> QuerySet[CostLine]:
    """Each line once: booked on the case, or spent on one of its visits and not on another batch.

    A corrected line follows its first version onto the case.
    """
    return cost_lines().filter(_booked_on(case=case) | _spent_for(case=case, batch=case.batch))


def lines_of_batch(batch: Batch) -> QuerySet[CostLine]:
    """Each line once: spent on the batch, or on a case of it."""
    return cost_lines().filter(
        Q(batch=batch) | _booked_on(case__batch=batch) | _spent_for(case__batch=batch, batch=batch)
    )


def _booked_on(**of: object) -> Q:
    booked = CaseCost.objects.filter(**of).values("cost_line")
    return Q(pk__in=booked) | Q(first__in=booked)


def _spent_for(*, batch: Batch | None, **of: object) -> Q:
    on_visit = Q(visit__in=CaseVisit.objects.filter(**of).values("visit"))
    return on_visit & (Q(batch=None) | Q(batch=batch)) if batch else on_visit
