"""Shipments from a file: rows of one number are its lines. Each passes the rules of the gate, as in the API."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import mark as _
from traceability.batch.models import Batch
from traceability.customer.models import Customer, Site
from traceability.customer.queries import customers_for, sites_for
from traceability.dispatch.gate import LineData
from traceability.dispatch.models import Shipment, ShipmentLine
from traceability.dispatch.queries import sales_terms, stocks
from traceability.dispatch.rules import TEXTS, Refusal, Stock, buyer_refusal, refusal_of
from traceability.dispatch.services import ShipmentData
from traceability.imports.batch_reference import BatchFinder
from traceability.imports.bulk import copy_in
from traceability.imports.cell import batch_code, day, fault, number, read_cells, text, whole
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


@dataclass(frozen=True)
class Wanted:
    """A readable shipment: what it asks for, its batches in the order of its lines."""

    record: Record
    data: ShipmentData
    customer: Customer
    batches: list[Batch]


class Desk:
    """What the records speak of, read in a few queries. `taken` grows while they are judged."""

    def __init__(self, records: Sequence[Record], *, by: User) -> None:
        def named(column: str) -> set[str]:
            return {record.first.cells.get(column, "").strip() for record in records}

        self.by, self.today = by, clock.today()
        self.batches = BatchFinder(records, columns=("batch",))
        self.customers = {row.code: row for row in customers_for(by).filter(code__in=named("customer"))}
        sites = sites_for(by).filter(customer__code__in=named("customer"), name__in=named("site"))
        self.sites: dict[tuple[Any, str], Site] = {(site.customer_id, site.name): site for site in sites}
        shipments = Shipment.objects.filter(number__in=named("number")).prefetch_related("lines")
        self.known = {row.number: row for row in shipments.filter(cancelled_at=None)}
        self.cancelled = defaultdict[str, list[Shipment]](list)
        for row in shipments.exclude(cancelled_at=None):
            self.cancelled[row.number].append(row)


class ManyGate:
    """The gate of many shipments at once: the rules of one, with the stocks and terms read once per day.

    What an earlier line takes is gone for the later ones, of its own shipment and of the next.
    """

    def __init__(self, wanted: Iterable[Wanted], *, is_dry_run: bool) -> None:
        ids = {batch.pk for one in wanted for batch in one.batches}
        rows = Batch.objects.select_related("product").filter(pk__in=ids).order_by("id")
        if (
            not is_dry_run
        ):  # none is held, or sold out, while we look; NO KEY: scans of it are stored meanwhile
            rows = rows.select_for_update(of=("self",), no_key=True)
        self.rows = list(rows)
        self.families = {row.pk: row.product.family for row in self.rows}
        self.taken: defaultdict[UUID, Decimal] = defaultdict(Decimal)
        self._stocks: dict[date, dict[UUID, Stock]] = {}
        self._terms: dict[tuple[str, date], Any] = {}

    def judge(self, one: Wanted) -> list[Refusal | None]:
        """Per line why it may not leave, or None."""
        stocks, terms = self._of_day(one.customer, one.data.shipped_on)
        seen: set[UUID] = set()
        return [self._line(line, one, stocks, terms, seen) for line in one.data.lines]

    def take(self, lines: Iterable[ShipmentLine]) -> None:
        for line in lines:
            self.taken[line.batch_id] += line.qty_kg

    def _line(
        self, line: LineData, one: Wanted, stocks: dict[UUID, Stock], terms: Any, seen: set[UUID]
    ) -> Refusal | None:
        stock = stocks.get(line.batch_id) if line.batch_id else None
        if stock is None or line.batch_id is None or line.qty_kg is None:
            return Refusal.BATCH_UNKNOWN
        if line.batch_id in seen:
            return Refusal.BATCH_TWICE
        seen.add(line.batch_id)
        on = one.data.shipped_on
        return refusal_of(stock, qty_kg=self.taken[line.batch_id] + line.qty_kg, on=on) or buyer_refusal(
            terms.get(self.families[line.batch_id]), licence_valid_to=one.customer.licence_valid_to, on=on
        )

    def _of_day(self, customer: Customer, on: date) -> tuple[dict[UUID, Stock], Any]:
        if on not in self._stocks:
            self._stocks[on] = stocks(self.rows, on=on)
        if (customer.kind, on) not in self._terms:
            families = set(self.families.values())
            self._terms[customer.kind, on] = sales_terms(customer.kind, families=families, on=on)
        return self._stocks[on], self._terms[customer.kind, on]


def apply(records: Sequence[Record], *, by: User, skip_bad: bool, is_dry_run: bool) -> list[Verdict]:
    """Shipments are booked; of one with refused lines the others are, if bad rows are to be skipped."""
    desk = Desk(records, by=by)
    read = [_asked(record, desk) for record in records]
    gate = ManyGate((found for found in read if isinstance(found, Wanted)), is_dry_run=is_dry_run)
    shipments: list[Shipment] = []
    lines: list[ShipmentLine] = []
    verdicts = []
    for found in read:
        if isinstance(found, Wanted):
            found, leaving = _booked(found, desk, gate, skip_bad=skip_bad)
            if leaving:
                shipments.append(leaving[0].shipment)
                lines += leaving
        verdicts.append(found)
    copy_in(shipments)
    copy_in(lines)
    return verdicts


def _asked(record: Record, desk: Desk) -> Wanted | Verdict:
    data, batches, faults = _read(record, desk)
    if data is None or faults:
        return Verdict(record, Outcome.BAD, tuple(faults))
    known = desk.known.get(data.number)
    if known is not None:
        return _known(record, known, data, batches)
    if any(_is_same(row, data, batches) for row in desk.cancelled[data.number]):
        text = _("This shipment is cancelled already")  # a file that is sent again does not undo a correction
        return Verdict(record, Outcome.BAD, (fault(record.first, "number", "shipment_cancelled", text),))
    if data.shipped_on > desk.today:
        text = _("A shipment is entered once it left.")
        return Verdict(record, Outcome.BAD, (fault(record.first, "shipped_on", "invalid_input", text),))
    customer = desk.customers[record.first.cells["customer"].strip()]
    return Wanted(record, data, customer, batches)


def _booked(one: Wanted, desk: Desk, gate: ManyGate, *, skip_bad: bool) -> tuple[Verdict, list[ShipmentLine]]:
    """The verdict, and the lines that leave with their shipment; none where it is refused."""
    refusals = gate.judge(one)
    faults = tuple(
        fault(row, "batch", refusal.value, TEXTS[refusal])
        for row, refusal in zip(one.record.rows, refusals, strict=True)
        if refusal
    )
    if faults and (not skip_bad or len(faults) == len(refusals)):
        return Verdict(one.record, Outcome.BAD, faults), []
    data = one.data
    shipment = Shipment(
        number=data.number,
        customer_id=data.customer_id,
        site_id=data.site_id,
        shipped_on=data.shipped_on,
        carrier=data.carrier,
        recorded_by=desk.by,
    )
    lines = [
        ShipmentLine(shipment=shipment, batch=batch, qty_kg=line.qty_kg or 0, units=line.units)
        for batch, line, refusal in zip(one.batches, data.lines, refusals, strict=True)
        if not refusal
    ]
    gate.take(lines)
    return Verdict(one.record, Outcome.CREATED, faults), lines


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
    if not _is_same(known, data, batches):
        text = _("This shipment is entered already with other content.")
        return Verdict(record, Outcome.BAD, (fault(record.first, "number", "differs", text),))
    booked = _booked_kg(known)
    text = _("The shipment was booked without this line.")
    left_out = [
        fault(row, "batch", "not_booked", text)
        for row, batch, line in zip(record.rows, batches, data.lines, strict=True)
        if (batch.pk, line.qty_kg) not in booked
    ]
    return Verdict(record, Outcome.UNCHANGED, tuple(left_out))


def _is_same(known: Shipment, data: ShipmentData, batches: Sequence[Batch]) -> bool:
    """Whether the file asks for what was booked then, with or without lines that were left out."""
    given = {(batch.pk, line.qty_kg) for batch, line in zip(batches, data.lines, strict=True)}
    to = (data.customer_id, data.site_id, data.shipped_on)
    return (known.customer_id, known.site_id, known.shipped_on) == to and _booked_kg(known) <= given


def _booked_kg(known: Shipment) -> set[tuple[UUID, Decimal]]:
    return {(line.batch_id, line.qty_kg) for line in known.lines.all()}
