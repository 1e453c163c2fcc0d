"""Reads: who sees which cases, and which cost lines belong to a case or a batch."""

from uuid import UUID

from django.db.models import F, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from backend.accounts.models import User
from backend.accounts.queries import region_scope
from backend.accounts.rules import Can, Role
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from backend.core.paging import get_or_404
from fieldservice.case.models import Case, CaseCost, CaseReading, CaseVisit
from fieldservice.case.rules import CaseKind
from fieldservice.cost.models import CostLine
from fieldservice.reading.models import Reading
from fieldservice.reading.rules import Verdict
from fieldservice.visit.queries import own_scans
from traceability.batch.models import Batch
from traceability.batch.queries import batches_for

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


def complained_batch(user: User, *, batch: UUID | None, scan: UUID | None) -> Batch | None:
    """The batch a complaint is about: named by its id, or the one an own scan found.

    Raises InvalidInput (400) for both, or for a scan that found no batch; NotFound (404) outside the user's scope.
    """
    if batch and scan:
        raise InvalidInput(errors={"scan": _("Name the batch or the scan, not both.")})
    if scan:
        found = get_or_404(own_scans(user), id=scan).batch
        if found is None:
            raise InvalidInput(errors={"scan": _("This scan found no batch.")})
        return found
    rows = batches_for(user) if user.may(Can.READ_BATCHES) else Batch.objects.none()
    return get_or_404(rows, id=batch) if batch else None


def judged_verdict(reading: Reading) -> Verdict:
    """The waiver's verdict where QC waived the reading, else its own. The waiver is at hand."""
    return Verdict((getattr(reading, "waiver", None) or reading).verdict)


def lines_of_case(case: Case, *, among: QuerySet[CostLine]) -> QuerySet[CostLine]:
    """Of the lines, those that count on the case; each line counts on one case at most.

    That is the case it is booked on; else, of the cases its visit is linked to, the first one that is not about
    another batch than the line. A corrected line follows its first version.
    """
    near = _booked_on(case=case) | _on_visit_of(case=case)
    return among.filter(near).annotate(counts_on=_case_of_line()).filter(counts_on=case.pk)


def lines_of_batch(batch: Batch, *, among: QuerySet[CostLine]) -> QuerySet[CostLine]:
    """Of the lines, those spent on the batch and those that count on a case of it, each once."""
    near = Q(batch=batch) | _booked_on(case__batch=batch) | _on_visit_of(case__batch=batch)
    on_its_cases = Q(counts_on__in=Case.objects.filter(batch=batch).values("pk"))
    return among.filter(near).annotate(counts_on=_case_of_line()).filter(Q(batch=batch) | on_its_cases)


def _booked_on(**of: object) -> Q:
    booked = CaseCost.objects.filter(**of).values("cost_line")
    return Q(pk__in=booked) | Q(first__in=booked)


def _on_visit_of(**of: object) -> Q:
    return Q(visit__in=CaseVisit.objects.filter(**of).values("visit"))


def _case_of_line() -> Coalesce:
    """The id of the one case that a line counts on, or null."""
    booked = CaseCost.objects.filter(cost_line=Coalesce(OuterRef("first"), OuterRef("pk")))
    any_batch = Q(case__batch=None) | Q(case__batch=Coalesce(OuterRef("batch"), F("case__batch")))
    # Ids are made in the order of time: the first link is the oldest.
    linked = CaseVisit.objects.filter(any_batch, visit=OuterRef("visit")).order_by("id")
    return Coalesce(Subquery(booked.values("case")[:1]), Subquery(linked.values("case")[:1]))
