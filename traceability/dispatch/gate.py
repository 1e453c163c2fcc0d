"""The gate: which lines of a shipment may leave; a unit stands for all that lies in it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from traceability.batch.models import Batch
from traceability.customer.models import Customer
from traceability.dispatch import queries
from traceability.dispatch.models import Containment, LogisticUnit
from traceability.dispatch.packing import stop_packing
from traceability.dispatch.rules import Refusal, buyer_refusal, refusal_of
from traceability.dispatch.unit_tree import contents_of, shipped_units


@dataclass(frozen=True)
class LineData:
    """Kg of a batch, or with `sscc` a packed unit: then all that lies in it."""

    batch_id: UUID | None = None
    qty_kg: Decimal | None = None
    units: int | None = None
    sscc: str = ""


@dataclass(frozen=True)
class Part:
    """Kg of one batch that are to leave, by themselves or in a unit."""

    batch_id: UUID
    qty_kg: Decimal
    units: int | None = None
    unit_id: UUID | None = None


@dataclass(frozen=True)
class Fault:
    refusal: Refusal
    batch_id: UUID | None


def lay_out(lines: Sequence[LineData]) -> list[list[Part] | Refusal]:
    """What each line holds, or why it cannot be told. Nobody moves a unit until the transaction is over."""
    ssccs = {line.sscc for line in lines if line.sscc}
    if not ssccs:
        return [_loose(line) for line in lines]
    stop_packing()
    units = {unit.sscc: unit for unit in LogisticUnit.objects.filter(sscc__in=ssccs)}
    ids = [unit.pk for unit in units.values()]
    loaded = set(Containment.objects.filter(child__in=ids, valid_to=None).values_list("child", flat=True))
    shipped, held = shipped_units(ids), contents_of(ids)
    found: list[list[Part] | Refusal] = []
    seen: set[str] = set()
    for line in lines:
        unit = units.get(line.sscc)
        if not line.sscc:
            found.append(_loose(line))
        elif unit is None:
            found.append(Refusal.UNIT_UNKNOWN)
        elif line.sscc in seen:
            found.append(Refusal.UNIT_TWICE)
        elif unit.cancelled_at is not None:
            found.append(Refusal.UNIT_CANCELLED)
        elif unit.pk in shipped:
            found.append(Refusal.UNIT_SHIPPED)
        elif unit.pk in loaded:
            found.append(Refusal.UNIT_LOADED)
        else:
            contents = held.get(unit.pk, [])
            parts = [Part(one.batch_id, one.qty_kg, one.count, unit.pk) for one in contents]
            found.append(parts or Refusal.UNIT_EMPTY)
        seen.add(line.sscc)
    return found


def _loose(line: LineData) -> list[Part] | Refusal:
    if line.batch_id is None or line.qty_kg is None:
        return Refusal.BATCH_UNKNOWN
    return [Part(line.batch_id, line.qty_kg, line.units)]


class Gate:
    """Judges lines in their order; what an earlier one takes is gone for the later ones."""

    def __init__(self, batches: Iterable[Batch], *, customer: Customer, on: date) -> None:
        rows = list(batches)
        self.on = on
        self.licence_valid_to = customer.licence_valid_to
        self.stocks = queries.stocks(rows, on=on)
        self.families = {batch.pk: batch.product.family for batch in rows}
        self.terms = queries.sales_terms(customer.kind, families=self.families.values(), on=on)
        self.taken: defaultdict[UUID, Decimal] = defaultdict(Decimal)
        self.loose: set[UUID] = set()

    def admit(self, parts: Sequence[Part]) -> Fault | None:
        """The first reason why the line may not leave, or None: then it is taken.

        One batch on hold keeps its whole unit.
        """
        for part in parts:
            refusal = self._refusal(part)
            if refusal:
                return Fault(refusal, part.batch_id)
        for part in parts:
            self.taken[part.batch_id] += part.qty_kg
        return None

    def _refusal(self, part: Part) -> Refusal | None:
        stock = self.stocks.get(part.batch_id)
        if stock is None:
            return Refusal.BATCH_UNKNOWN
        if part.unit_id is None:
            if part.batch_id in self.loose:
                return Refusal.BATCH_TWICE
            self.loose.add(part.batch_id)
        wanted_kg = self.taken[part.batch_id] + part.qty_kg
        term = self.terms.get(self.families[part.batch_id])
        return refusal_of(stock, qty_kg=wanted_kg, on=self.on) or buyer_refusal(
            term, licence_valid_to=self.licence_valid_to, on=self.on
        )
