"""Shipments from a file: rows of one number are its lines. Each passes the same gate as in the API."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction

from backend.accounts.models import User
from backend.core.errors import DomainError
from backend.core.errors import mark as _
from traceability.batch.models import Batch
from traceability.customer.models import Customer, Site
from traceability.customer.queries import customers_for, sites_for
from traceability.dispatch.gate import LineData
from traceability.dispatch.models import Shipment
from traceability.dispatch.rules import TEXTS, Refusal
from traceability.dispatch.services import LinesRefused, ShipmentData, record_shipment
from traceability.imports.batch_reference import BatchFinder
from traceability.imports.cell import batch_code, day, fault, number, read_cells, refusal, text, whole
from traceability.imports.rules import Column, Outcome, Record, Row, RowFault, Verdict

OF_SHIPMENT = (
    Column(
        "number", text(40), _("Shipment number; rows of one number are its lines."), "S-0001", is_needed=True
    ),
    Column("customer", text(40), _("Customer number."), "K-0001", is_needed=True),
    Column("site", text(120), _("Name of the customer's site."), "一号仓库"),
    Column("shipped_on", day, _("Day it left."), "2026-03-05", is_needed=True),
    Column("carrier", text(100), _("Carrier."), "顺达物流"),
)
OF_LINE = (
    Column("batch", batch_code, _("Batch code."), "YS20260301A07", is_needed=True),
    Column("product", text(40), _("Its article number, where several products carry the code."), ""),
    Column("qty_kg", number(digits=14, places=3, least="0.001"), _("Kg."), "500", is_needed=True),
    Column("units", whole(least=1, most=100_000_000), _("Bags or cases."), "10", empty=None),
)
COLUMNS = OF_SHIPMENT + OF_LINE


class Desk:
    """What the records speak of, read in a few queries."""

    def __init__(self, records: Sequence[Record], *, by: User) -> None:
        def named(column: str) -> set[str]:
            return {record.first.cells.get(column, "").strip() for record in records}

        self.by = by
        self.batches = BatchFinder(records, columns=("batch",))
        self.customers = {row.code: row for row in customers_for(by).filter(code__in=named("customer"))}
        sites = sites_for(by).filter(customer__code__in=named("customer"), name__in=named("site"))
        self.sites: dict[tuple[Any, str], Site] = {(site.customer_id, site.name): site for site in sites}
        shipments = Shipment.objects.filter(number__in=named("number"), cancelled_at=None)
        self.known = {row.number: row for row in shipments.prefetch_related("lines")}


def apply(records: Sequence[Record], *, by: User, skip_bad: bool) -> list[Verdict]:
    """Shipments are booked; of one with refused lines the others are, if bad rows are to be skipped."""
    desk = Desk(records, by=by)
    return [_judge(record, desk, skip_bad=skip_bad) for record in records]


def _judge(record: Record, desk: Desk, *, skip_bad: bool) -> Verdict:
    data, batches, faults = _read(record, desk)
    if data is None or faults:
        return Verdict(record, Outcome.BAD, tuple(faults))
    known = desk.known.get(data.number)
    if known is not None:
        return _known(record, known, data, batches)
    try:
        with transaction.atomic():
            booked = record_shipment(data, by=desk.by, skip_refused=skip_bad)
    except LinesRefused as error:
        lines: dict[int, Any] = error.errors["lines"]  # type: ignore[assignment]  # index → LineFault
        faults = [_line_fault(record.rows[index], Refusal(line.code)) for index, line in lines.items()]
        return Verdict(record, Outcome.BAD, tuple(faults))
    except DomainError as error:
        return Verdict(record, Outcome.BAD, (refusal(record.first, error),))
    refused = (_line_fault(record.rows[line.index], line.refusal) for line in booked.refused)
    return Verdict(record, Outcome.CREATED, tuple(refused))


def _line_fault(row: Row, code: Refusal) -> RowFault:
    return fault(row, "batch", code.value, TEXTS[code])


def _read(record: Record, desk: Desk) -> tuple[ShipmentData | None, list[Batch], list[RowFault]]:
    values, faults = read_cells(record.first, OF_SHIPMENT)
    lines, batches = [], []
    for row in record.rows:
        faults += _other_shipment(row, record.first)
        line, batch, line_faults = _line(row, desk)
        faults += line_faults
        if line and batch:
            lines.append(line)
            batches.append(batch)
    if faults:
        return None, [], faults
    customer = desk.customers.get(values["customer"])
    if customer is None:
        return None, [], [fault(record.first, "customer", "unknown_customer", _("Unknown customer."))]
    site = desk.sites.get((customer.pk, values["site"])) if values["site"] else None
    if values["site"] and site is None:
        text = _("This is no site of the customer.")
        return None, [], [fault(record.first, "site", "unknown_site", text)]
    return _data(values, customer, site, lines), batches, []


def _data(
    values: dict[str, Any], customer: Customer, site: Site | None, lines: list[LineData]
) -> ShipmentData:
    shipped_on: date = values["shipped_on"]
    return ShipmentData(
        customer_id=customer.pk,
        site_id=site.pk if site else None,
        shipped_on=shipped_on,
        lines=tuple(lines),
        number=values["number"],
        carrier=values["carrier"],
    )


def _other_shipment(row: Row, first: Row) -> list[RowFault]:
    """Rows of one number say the same of the shipment."""
    if row is first:
        return []
    other = [
        c.name
        for c in OF_SHIPMENT
        if row.cells.get(c.name, "").strip() != first.cells.get(c.name, "").strip()
    ]
    text = _("Another row of this number says something else.")
    return [fault(row, name, "rows_differ", text) for name in other]


def _line(row: Row, desk: Desk) -> tuple[LineData | None, Batch | None, list[RowFault]]:
    values, faults = read_cells(row, OF_LINE)
    if faults:
        return None, None, faults
    batch = desk.batches.find(row, values, column="batch", product="product")
    if isinstance(batch, RowFault):
        return None, None, [batch]
    return LineData(batch_id=batch.pk, qty_kg=values["qty_kg"], units=values["units"]), batch, []


def _known(record: Record, known: Shipment, data: ShipmentData, batches: list[Batch]) -> Verdict:
    """Booked before: the same is unchanged; a line that was left out then is told again."""
    is_same = (known.customer_id, known.site_id, known.shipped_on) == (
        data.customer_id,
        data.site_id,
        data.shipped_on,
    )
    booked = {(line.batch_id, line.qty_kg) for line in known.lines.all()}
    given = {(batch.pk, line.qty_kg) for batch, line in zip(batches, data.lines, strict=True)}
    if not is_same or not booked <= given:
        text = _("This shipment is entered already with other content.")
        return Verdict(record, Outcome.BAD, (fault(record.first, "number", "differs", text),))
    text = _("The shipment was booked without this line.")
    left_out = [
        fault(row, "batch", "not_booked", text)
        for row, batch, line in zip(record.rows, batches, data.lines, strict=True)
        if (batch.pk, line.qty_kg) not in booked
    ]
    return Verdict(record, Outcome.UNCHANGED, tuple(left_out))
