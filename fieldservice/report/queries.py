"""Reads: what a report is made of, in the caller's scope."""

from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from django.db.models import QuerySet

from backend.accounts.models import User
from backend.accounts.rules import Role
from backend.core.clock import FACTORY_ZONE
from backend.core.models import Attachment
from backend.core.paging import get_or_404
from fieldservice.reading.models import Reading
from fieldservice.reading.queries import readings_for
from fieldservice.visit.models import Visit
from fieldservice.visit.queries import visits_for, with_details
from fieldservice.visit.rules import VisitStatus, is_late


@dataclass(frozen=True)
class Signed:
    signed_by_name: str
    sha256: str
    signed_at: datetime


@dataclass(frozen=True)
class VisitReport:
    """A visit with its readings in the order they were made; `late` ones arrived after it was signed."""

    visit: Visit
    readings: list[Reading]
    late_readings: list[Reading]

    @property
    def is_final(self) -> bool:
        return self.visit.status == VisitStatus.CLOSED

    @property
    def drafted_at(self) -> datetime:
        """A draft's date: of the last thing in it, so the same draft gives the same file."""
        times = [check.received_at for check in self.visit.checks.all()]
        times += [reading.received_at for reading in self.readings]
        planned = datetime.combine(self.visit.planned_on, time(), tzinfo=FACTORY_ZONE)
        return max(times, default=planned)

    @property
    def signed(self) -> Signed | None:
        """Name, picture and time of the signature; None before the visit is closed."""
        visit = self.visit
        if visit.closed_at is None or visit.signature_id is None:
            return None
        return Signed(visit.signed_by_name, visit.signature_id, visit.closed_at)


def visit_report(user: User, *, id: UUID) -> VisitReport:
    """The report of a visit the user may read with its readings. Raises NotFound (404)."""
    visit = get_or_404(with_details(_reported_to(user)), id=id)
    ended_at = visit.closed_at or visit.cancelled_at
    rows = list(readings_for(user).filter(visit=visit).order_by("corrected_at", "received_at", "id"))
    late = [row for row in rows if is_late(row.received_at, ended_at=ended_at)]
    return VisitReport(visit, [row for row in rows if row not in late], late)


def _reported_to(user: User) -> QuerySet[Visit]:
    rows = visits_for(user)
    # A colleague's visit may be read for 90 days, but its readings may not: a report without them would mislead.
    return rows.filter(technician=user) if user.role == Role.TECHNICIAN else rows


def attachments_by_hash(hashes: list[str]) -> dict[str, Attachment]:
    return Attachment.objects.in_bulk(hashes)
