"""Batches from a file: made once, in quarantine as every new batch; a known one with other content is a fault."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from traceability.batch.models import Batch
from traceability.batch.rules import OWN_KINDS, BatchKind, check_dates, expiry_of
from traceability.imports.bulk import copy_in
from traceability.imports.cell import batch_code, choice, day, fault, number, read_cells, refusal, text
from traceability.imports.rules import Column, Outcome, Record, RowFault, Verdict
from traceability.label.batch_code import BadBatchCode, normalise
from traceability.product.models import Product, TradeItem

COLUMNS = (
    Column(
        "code",
        batch_code,
        _("Batch code as printed; with the product the key."),
        "YS20260301A07",
        is_needed=True,
    ),
    Column("product", text(40), _("Article number of its product."), "YS-500", is_needed=True),
    Column("kind", choice(OWN_KINDS), _("Stage; empty: packed."), "packed", empty=BatchKind.PACKED.value),
    Column("plant", text(40), _("Plant."), "P1", is_needed=True),
    Column("line", text(20), _("Line."), "L2"),
    Column("shift", text(20), _("Shift."), "甲"),
    Column("supplier_lot", text(64), _("The supplier's lot number."), "S-1"),
    Column("produced_on", day, _("Day it was made."), "2026-03-01", is_needed=True),
    Column("expires_on", day, _("Last day; empty: from the product's shelf life."), "", empty=None),
    Column(
        "qty_kg",
        number(digits=14, places=3, least="0.001"),
        _("Kg made."),
        "60000",
        is_needed=True,
    ),
    Column("gtin", text(14), _("GTIN of its pack, a bag mostly."), "06901234000016"),
)
PLAIN = ("kind", "plant", "line", "shift", "supplier_lot", "produced_on", "qty_kg")


@dataclass
class Desk:
    """What the records speak of, and what is to be written."""

    products: dict[str, Product]
    packs: dict[str, TradeItem]
    known: dict[tuple[UUID, str], Batch]
    today: date
    fresh: list[Batch] = field(default_factory=list)


def apply(records: Sequence[Record], *, by: User, skip_bad: bool, is_dry_run: bool) -> list[Verdict]:
    desk = _desk(records)
    verdicts = [_judge(record, desk) for record in records]
    copy_in(desk.fresh)
    return verdicts


def _desk(records: Sequence[Record]) -> Desk:
    cells = [record.first.cells for record in records]
    products = Product.objects.filter(sku__in={row.get("product", "").strip() for row in cells})
    gtins = {row.get("gtin", "").strip().zfill(14) for row in cells if row.get("gtin", "").strip()}
    codes = {_compared(row.get("code", "")) for row in cells}
    known = Batch.objects.filter(code_norm__in=codes - {""}, product__in=products)
    return Desk(
        products={product.sku: product for product in products},
        packs={pack.gtin: pack for pack in TradeItem.objects.filter(gtin__in=gtins)},
        known={(batch.product_id, batch.code_norm): batch for batch in known},
        today=clock.today(),
    )


def _compared(code: str) -> str:
    try:
        return normalise(code)
    except BadBatchCode:
        return ""


def _judge(record: Record, desk: Desk) -> Verdict:
    row = record.first
    values, faults = read_cells(row, COLUMNS)
    batch, more = (None, []) if faults else _batch(record, values, desk)
    faults += more
    if batch is None or faults:
        return Verdict(record, Outcome.BAD, tuple(faults))
    known = desk.known.get((batch.product_id, batch.code_norm))
    if known is None:
        desk.known[batch.product_id, batch.code_norm] = batch
        desk.fresh.append(batch)
        return Verdict(record, Outcome.CREATED)
    other = _differing(known, batch, given=row.cells)
    if not other:
        return Verdict(record, Outcome.UNCHANGED)
    text = _("This batch is entered already with other content.")
    return Verdict(record, Outcome.BAD, tuple(fault(row, name, "differs", text) for name in other))


def _batch(record: Record, values: dict[str, Any], desk: Desk) -> tuple[Batch | None, list[RowFault]]:
    """The batch of a row whose cells are readable, judged as the API judges it."""
    row, product = record.first, desk.products.get(values["product"])
    if product is None:
        return None, [fault(row, "product", "unknown_product", _("Unknown product."))]
    pack = desk.packs.get(values["gtin"].zfill(14)) if values["gtin"] else None
    if values["gtin"] and (pack is None or pack.product_id != product.pk):
        return None, [fault(row, "gtin", "invalid", _("This is no pack of the product."))]
    made_on = values["produced_on"]
    expires_on = values["expires_on"] or expiry_of(made_on, shelf_life_days=product.shelf_life_days)
    try:
        check_dates(made_on, expires_on, today=desk.today)
    except InvalidInput as error:
        return None, [refusal(row, error)]
    return Batch(
        product=product,
        code=values["code"],
        code_norm=normalise(values["code"]),
        trade_item=pack,
        expires_on=expires_on,
        status_at=clock.now(),
        **{name: values[name] for name in PLAIN},
    ), []


def _differing(known: Batch, batch: Batch, *, given: Any) -> list[str]:
    """The columns of the file in which the known batch says something else."""
    other = [name for name in PLAIN if name in given and getattr(known, name) != getattr(batch, name)]
    if given.get("gtin", "").strip() and known.trade_item_id != batch.trade_item_id:
        other.append("gtin")
    if given.get("expires_on", "").strip() and known.expires_on != batch.expires_on:
        other.append("expires_on")
    return other
