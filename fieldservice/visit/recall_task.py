"""Recall tasks: each consignee of a running recall waits on the day lists until one technician takes it."""

from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from fieldservice.visit import rules
from fieldservice.visit.models import RecallTask, Visit
from fieldservice.visit.rules import ENDED, NoSiteToVisit, RecallTaskState, VisitKind, VisitStatus
from fieldservice.visit.services import VisitPlan, cancel_visit, link_batch, plan_visit
from traceability.batch.models import Batch
from traceability.customer.models import Site
from traceability.dispatch.models import ShipmentLine
from traceability.recall.models import Recall, RecallNotice
from traceability.recall.rules import RUNNING

log = structlog.get_logger("saltline.visit")

PURPOSE = _("Recall {number}, level {level}: find, block and count the goods")
DRILL_PURPOSE = _("Drill {number}, level {level}: go through the steps, nothing leaves the shelf")
RECALL_ENDED = _("Recall {number} was closed")
WAITING = (RecallTaskState.OPEN, RecallTaskState.TAKEN)
MOST_BATCHES = 50  # of a visit


@transaction.atomic
def open_recall_tasks(recall_id: UUID) -> int:
    """A task for each consignee of a running recall that is a customer of ours; again adds what came since.

    The number of new ones. A consignee of old history alone has no site to go to: the office calls there.
    """
    recall = Recall.objects.select_for_update(of=("self",)).get(pk=recall_id)
    if recall.state not in RUNNING:
        return 0
    notices = RecallNotice.objects.filter(recall=recall, customer__isnull=False, task=None)
    now = clock.now()
    # A row that another delivery of the job wrote meanwhile is left as it is.
    tasks = [RecallTask(notice=notice, opened_at=now) for notice in notices.order_by("pk")]
    RecallTask.objects.bulk_create(tasks, ignore_conflicts=True)
    for task in tasks:  # a consignee may have brought its goods back before this job ran
        finish_recall_task(task.notice_id)
    log.info("recall_tasks_opened", recall=str(recall.pk), tasks=len(tasks))
    return len(tasks)


@transaction.atomic
def take_recall_task(task: RecallTask, *, by: User, visit: Visit | None = None) -> RecallTask:
    """The task as this technician's, with a visit to the customer: the one given, or a new one today.

    Taking it again changes nothing. Raises RecallTaskTaken, RecallTaskEnded, NoSiteToVisit (409), InvalidInput (400)
    where the visit given is another customer's, or over.
    """
    # Lock before reading: two technicians may reach for it at once, and one has it.
    row = RecallTask.objects.select_for_update(of=("self",)).select_related("notice__recall").get(pk=task.pk)
    if row.state == RecallTaskState.TAKEN and row.technician_id == by.pk:
        return row
    rules.check_takeable(RecallTaskState(row.state))
    row.visit = _fitting(visit, notice=row.notice, by=by) if visit else _planned(row.notice, by=by)
    for batch in _batches_at(row.notice).order_by("id")[:MOST_BATCHES]:
        link_batch(row.visit, batch=batch)
    row.state, row.technician, row.taken_at = RecallTaskState.TAKEN, by, clock.now()
    row.save()
    return row


def _fitting(visit: Visit, *, notice: RecallNotice, by: User) -> Visit:
    is_over = visit.status in ENDED
    if visit.customer_id != notice.customer_id or visit.technician_id != by.pk or is_over:
        raise InvalidInput(errors={"visit": _("An own visit to this customer that is not over is expected.")})
    return visit


def _planned(notice: RecallNotice, *, by: User) -> Visit:
    recall = notice.recall
    purpose = _spoken(DRILL_PURPOSE if recall.is_drill else PURPOSE, recall)
    plan = VisitPlan(
        kind=VisitKind.RECALL,
        site=_site_of(notice),
        technician_id=by.pk,
        planned_on=clock.today(),
        purpose=purpose,
    )
    return plan_visit(plan, by=by)


def _site_of(notice: RecallNotice) -> Site:
    """Where the goods went, else the customer's first active site. Raises NoSiteToVisit (409)."""
    if notice.site is not None:
        return notice.site
    site = Site.objects.filter(customer=notice.customer_id, is_active=True).order_by("id").first()
    if site is None:
        raise NoSiteToVisit
    return site


def _is_reported(notice: RecallNotice) -> bool:
    told = notice.goods_reports.values("batch")
    return notice.goods_reports.exists() and not _batches_at(notice).exclude(pk__in=told).exists()


def _batches_at(notice: RecallNotice) -> QuerySet[Batch]:
    """The recalled batches that went there."""
    lines = ShipmentLine.objects.filter(
        shipment__customer=notice.customer_id, shipment__site=notice.site_id, shipment__cancelled_at=None
    )
    return Batch.objects.filter(recall_lines__recall=notice.recall_id, pk__in=lines.values("batch"))


def _spoken(text: str, recall: Recall) -> str:
    """In the works' own language: it is kept with the visit."""
    with translation.override(settings.LANGUAGE_CODE):
        return gettext(text).format(number=recall.number, level=recall.level)


@transaction.atomic
def finish_recall_task(notice_id: UUID) -> bool:
    """Ends the consignee's task once every recalled batch that went there is reported; whether it ended now."""
    row = RecallTask.objects.select_for_update().filter(notice=notice_id, state__in=WAITING).first()
    if row is None or not _is_reported(row.notice):
        return False
    row.state, row.ended_at = RecallTaskState.DONE, clock.now()
    row.save()
    return True


@transaction.atomic
def close_recall_tasks(recall_id: UUID) -> int:
    """Ends the tasks left over when their recall is closed, and calls off visits not begun. Their number."""
    recall = Recall.objects.get(pk=recall_id)
    left = RecallTask.objects.select_for_update(of=("self",)).filter(notice__recall=recall, state__in=WAITING)
    reason, now = _spoken(RECALL_ENDED, recall), clock.now()
    rows = list(left.select_related("visit").order_by("pk"))
    for row in rows:
        visit = row.visit
        row.state, row.ended_at, row.end_reason = RecallTaskState.CLOSED, now, reason
        row.save()
        if visit is not None and visit.kind == VisitKind.RECALL and visit.status == VisitStatus.PLANNED:
            cancel_visit(visit, reason=reason)
    return len(rows)
