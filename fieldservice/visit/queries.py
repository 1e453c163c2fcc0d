"""Reads: who sees which visits, the day of a technician, the dated distance policy."""

from datetime import date, timedelta

from django.db.models import Case, Exists, F, IntegerField, OuterRef, Prefetch, Q, QuerySet, Value, When

from backend.accounts.models import User
from backend.accounts.queries import region_scope, staff_for
from backend.accounts.rules import Can, Role
from backend.core import clock
from backend.core.paging import MAX_LIMIT
from fieldservice.visit.models import (
    CheckPoint,
    RecallTask,
    Visit,
    VisitBatch,
    VisitPhoto,
    VisitPolicy,
    VisitScan,
)
from fieldservice.visit.rules import SAME_CUSTOMER_DAYS, RecallTaskState, VisitStatus
from traceability.customer.models import Site
from traceability.customer.rules import Tier
from traceability.scan.models import Scan

FLAGGED = Q(is_far=True) | Q(is_mock=True) | Q(latitude=None)  # rules.flags_of, in SQL


def visits_for(user: User) -> QuerySet[Visit]:
    """The visits the user may read; customer, site, people and checks at hand.

    Technicians: the own ones and those of the last 90 days at the same customers. QC: those about a batch.
    Clerks: their regions. Dealers: the own customer's.
    """
    if not user.may(Can.READ_VISITS):
        return Visit.objects.none()
    rows = Visit.objects.select_related("customer", "site", "technician", "planned_by").prefetch_related(
        Prefetch("checks", queryset=CheckPoint.objects.order_by("received_at"))
    )
    regions = region_scope(user)
    if regions is not None:
        return rows.filter(region__in=regions)
    if user.role == Role.TECHNICIAN:
        return rows.filter(_of_technician(user))
    if user.role == Role.DEALER:
        return rows.filter(customer__accounts__user=user)
    if user.role == Role.QC:
        return rows.filter(Exists(VisitBatch.objects.filter(visit=OuterRef("pk"))))
    return rows


def _of_technician(user: User) -> Q:
    since = clock.today() - timedelta(days=SAME_CUSTOMER_DAYS)
    own = Visit.objects.filter(technician=user, planned_on__gte=since).exclude(status=VisitStatus.CANCELLED)
    return Q(technician=user) | Q(customer__in=own.values("customer"), planned_on__gte=since)


def with_details(rows: QuerySet[Visit]) -> QuerySet[Visit]:
    """The rows with batches, photos and scans at hand."""
    return rows.prefetch_related(
        Prefetch("batch_links", queryset=VisitBatch.objects.select_related("batch__product").order_by("pk")),
        Prefetch("photos", queryset=VisitPhoto.objects.order_by("corrected_at", "pk")),
        Prefetch("scan_links", queryset=VisitScan.objects.select_related("scan__batch").order_by("pk")),
    )


def day_of(user: User) -> QuerySet[Visit]:
    """The technician's own visits but those called off; `tier_rank` 0 is served first, see DAY_ORDER."""
    ranks = [When(customer__tier=tier, then=Value(rank)) for rank, tier in enumerate(Tier)]
    return (
        visits_for(user)
        .filter(technician=user)
        .exclude(status=VisitStatus.CANCELLED)
        .annotate(tier_rank=Case(*ranks, output_field=IntegerField()))
    )


def recall_tasks_for(user: User) -> QuerySet[RecallTask]:
    """Technicians: those of the own regions and the own ones; clerks: their regions. The gravest recall's first.

    With recall, customer, site and people, and annotated with what `TASK_ORDER` sorts by.
    """
    rows = RecallTask.objects.select_related(
        "notice__recall", "notice__customer", "notice__site", "technician"
    ).annotate(
        level=F("notice__recall__level"),
        drill_rank=Case(
            When(notice__recall__is_drill=True, then=Value(1)), default=Value(0), output_field=IntegerField()
        ),
        due_on=F("notice__recall__finish_due_on"),
    )
    if user.role == Role.TECHNICIAN:
        return rows.filter(Q(notice__region__in=user.regions) | Q(technician=user))
    regions = region_scope(user)
    return rows if regions is None else rows.filter(notice__region__in=regions)


def recall_tasks_today(user: User) -> list[RecallTask]:
    """What the technician could take now, and what is taken already; the gravest recall's first, at most 200."""
    waiting = Q(state=RecallTaskState.OPEN) | Q(state=RecallTaskState.TAKEN, technician=user)
    return list(recall_tasks_for(user).filter(waiting).order_by(*TASK_ORDER)[:MAX_LIMIT])


TASK_ORDER = ("level", "drill_rank", "due_on", "id")
DAY_ORDER = ("tier_rank", "planned_order", "number")


def flagged(rows: QuerySet[Visit], *, is_flagged: bool) -> QuerySet[Visit]:
    """Visits with (or without) a check-in or check-out that is far, mocked or without a place."""
    marked = Exists(CheckPoint.objects.filter(FLAGGED, visit=OuterRef("pk")))
    return rows.filter(marked if is_flagged else ~marked)


def own_scans(user: User) -> QuerySet[Scan]:
    return Scan.objects.filter(recorded_by=user).select_related("batch")


def sites_for_planning(user: User) -> QuerySet[Site]:
    """Sites the user may plan a visit to: active ones, of the own regions where the role has regions."""
    rows = Site.objects.filter(is_active=True).select_related("customer")
    regions = region_scope(user)
    return rows if regions is None else rows.filter(customer__region__in=regions)


def technicians_for(user: User) -> QuerySet[User]:
    """Active technicians the user may plan with: of the own regions where the role has regions."""
    return staff_for(user).filter(role=Role.TECHNICIAN)


def visit_policy(*, on: date) -> VisitPolicy | None:
    """The policy row in force on the day; None where none is (then nothing is far)."""
    return VisitPolicy.objects.filter(valid_from__lte=on).order_by("-valid_from").first()
