"""Products from a file: the file is the master of names, limits, shelf life and VAT; number and family stay."""

from collections.abc import Sequence
from typing import Any

from backend.accounts.models import User
from backend.core.errors import mark as _
from traceability.imports.bulk import copy_in
from traceability.imports.cell import choice, fault, number, read_cells, text, whole
from traceability.imports.rules import Column, Outcome, Record, Verdict
from traceability.product.models import Product
from traceability.product.rules import Family

COLUMNS = (
    Column("sku", text(40), _("Article number; the key."), "YS-500", is_needed=True),
    Column("name_zh", text(100), _("Chinese name."), "精制食用盐(加碘)", is_needed=True),
    Column("name_en", text(100), _("English name."), "refined edible salt, iodised", is_needed=True),
    Column("family", choice(Family), _("Family; stays for ever."), "edible", is_needed=True),
    Column("limit_key", text(40), _("Key of its limits."), "edible_refined"),
    Column("limit_grade", text(40), _("Grade of its limits."), "superior"),
    Column(
        "shelf_life_days", whole(least=1, most=36_500), _("Shelf life in days, or none."), "1095", empty=None
    ),
    Column("vat_rate", number(digits=4, places=3, least="0", most="1"), _("VAT rate."), "0.09", empty=None),
)


def apply(records: Sequence[Record], *, by: User, skip_bad: bool, is_dry_run: bool) -> list[Verdict]:
    """New products are made; of known ones the columns in the file are changed."""
    codes = {record.first.cells.get("sku", "").strip() for record in records}
    rows = Product.objects.filter(sku__in=codes).order_by("id")
    known = {row.sku: row for row in (rows if is_dry_run else rows.select_for_update(no_key=True))}
    fresh: dict[str, Product] = {}
    changed: dict[str, Product] = {}
    verdicts = [_judge(record, known=known, fresh=fresh, changed=changed) for record in records]
    copy_in(fresh.values())
    if not is_dry_run:
        names = [column.name for column in COLUMNS if column.name != "sku"]
        Product.objects.bulk_update(changed.values(), names)
    return verdicts


def _judge(
    record: Record, *, known: dict[str, Product], fresh: dict[str, Product], changed: dict[str, Product]
) -> Verdict:
    values, faults = read_cells(record.first, COLUMNS)
    if faults:
        return Verdict(record, Outcome.BAD, tuple(faults))
    row = known.get(values["sku"])
    if row is None:
        known[values["sku"]] = fresh[values["sku"]] = Product(**values)
        return Verdict(record, Outcome.CREATED)
    if row.family != values["family"]:
        text = _("The product is of another family; that stays for ever.")
        return Verdict(record, Outcome.BAD, (fault(record.first, "family", "differs", text),))
    if not changes(row, values, given=record.first.cells):
        return Verdict(record, Outcome.UNCHANGED)
    if row.sku not in fresh:
        changed[row.sku] = row
    return Verdict(record, Outcome.UPDATED)


def changes(row: Any, values: dict[str, Any], *, given: Any) -> bool:
    """Sets what the file gives and differs; whether anything did."""
    other = {name: value for name, value in values.items() if name in given and getattr(row, name) != value}
    for name, value in other.items():
        setattr(row, name, value)
    return bool(other)
