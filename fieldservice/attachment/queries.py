"""Reads: who may open which photo. The row that shows a photo decides."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef, Q, QuerySet

from backend.accounts.models import User
from backend.accounts.rules import Can, Role
from backend.core.attachment import uploaded_by
from backend.core.models import Attachment
from fieldservice.cost.queries import costs_for
from fieldservice.reading import rules as reading_rules
from fieldservice.reading.queries import readings_for
from fieldservice.visit import rules as visit_rules
from fieldservice.visit.models import CheckPoint, VisitPhoto
from fieldservice.visit.queries import visits_for
from traceability.recall.queries import goods_reports_for
from traceability.scan.queries import scans_for


def attachments_for(user: User) -> QuerySet[Attachment]:
    """Own uploads, and what stands in a visit, reading, cost line or scan the user may read with its photos."""
    allowed = Q(pk__in=uploaded_by(user.pk).values("pk"))
    for row in _rows_that_show(user):
        allowed |= Q(row)
    return Attachment.objects.filter(allowed)


def _rows_that_show(user: User) -> Iterator[Exists]:
    role, this = Role(user.role), OuterRef("pk")
    if visit_rules.is_shown("photos", role=role):
        visits = visits_for(user).order_by().values("pk")
        yield Exists(visits_for(user).filter(signature=this))
        yield Exists(VisitPhoto.objects.filter(attachment=this, visit__in=visits))
        yield Exists(CheckPoint.objects.filter(photo=this, visit__in=visits))
    if reading_rules.is_shown("photo", role=role):
        yield Exists(readings_for(user).filter(photo=this))
    if user.may(Can.READ_SCANS):
        yield Exists(scans_for(user).filter(photo=this))
    if user.may(Can.READ_CONSIGNEES):
        yield Exists(goods_reports_for(user).filter(photo=this))
    if user.may(Can.READ_COSTS):
        yield Exists(costs_for(user).filter(receipt=this))
