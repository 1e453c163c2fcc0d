"""The consignees of a recall as a table: for Chinese Excel as CSV, and as a workbook."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet

from backend.accounts.models import User
from backend.core.clock import FACTORY_ZONE
from backend.core.errors import mark as _
from traceability.customer.rules import shown_name
from traceability.recall import queries
from traceability.recall.models import Recall, RecallNotice

HEADER = (
    _("Customer code"),
    _("Customer"),
    _("Site"),
    _("Region"),
    _("Shipments"),
    _("Shipped kg"),
    _("Returned kg"),
    _("Destroyed kg"),
    _("Consumed kg"),
    _("Quarantined kg"),
    _("Unaccounted kg"),
    _("Contact"),
    _("First contact"),
    _("Acknowledged"),
)
STAMP = "%Y-%m-%d %H:%M"


def consignee_rows(recall: Recall, *, user: User) -> Iterator[Sequence[Any]]:
    """One row per consignee the user may read, those who know nothing first; times of Shanghai."""
    rows: QuerySet[Any] = queries.notices_for(user).filter(recall=recall)
    for row in rows.order_by("contact_rank", "-shipped_kg", "id"):
        yield (
            row.customer.code if row.customer else "",
            _name(row, role=user.role),
            row.site.name if row.site else "",
            row.region_id or "",
            row.shipment_count,
            row.shipped_kg,
            row.returned_kg,
            row.destroyed_kg,
            row.consumed_kg,
            row.quarantined_kg,
            row.open_kg,
            row.state,
            _at(row.first_contact_at),
            _at(row.acknowledged_at),
        )


def _name(row: RecallNotice, *, role: str) -> str:
    if row.customer is None:
        return row.consignee_name
    return shown_name(row.customer.name, kind=row.customer.kind, role=role)


def _at(moment: Any) -> str:
    return moment.astimezone(FACTORY_ZONE).strftime(STAMP) if moment else ""
