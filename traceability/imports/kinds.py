"""The kinds of files: their columns, which rows belong together, and who takes them in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from backend.accounts.models import User
from backend.core.errors import mark as _
from traceability.imports import (
    batch_rows,
    certificate_rows,
    customer_rows,
    link_rows,
    product_rows,
    shipment_rows,
)
from traceability.imports.rules import Column, ImportKind, Record, Row, RowFault, TableRefused, Verdict
from traceability.imports.table import Table


class Apply(Protocol):
    """Writes the good ones of some records, inside the caller's transaction; a verdict each, in their order.

    A dry run is taken back at its end: it keeps no known row from anybody while it goes through a long file.
    """

    def __call__(
        self, records: Sequence[Record], *, by: User, skip_bad: bool, is_dry_run: bool
    ) -> list[Verdict]: ...


@dataclass(frozen=True)
class Kind:
    """`key`: the columns whose rows belong together. `chunk`: records that are taken at once."""

    name: ImportKind
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    apply: Apply
    many_rows: bool = False
    chunk: int = 1_000


KINDS = {
    kind.name: kind
    for kind in (
        Kind(ImportKind.PRODUCTS, product_rows.COLUMNS, ("sku",), product_rows.apply),
        Kind(ImportKind.CUSTOMERS, customer_rows.COLUMNS, ("code",), customer_rows.apply, many_rows=True),
        Kind(ImportKind.BATCHES, batch_rows.COLUMNS, ("product", "code"), batch_rows.apply),
        Kind(
            ImportKind.LINKS,
            link_rows.COLUMNS,
            ("parent", "parent_product", "child", "child_product"),
            link_rows.apply,
        ),
        Kind(
            ImportKind.SHIPMENTS,
            shipment_rows.COLUMNS,
            ("number",),
            shipment_rows.apply,
            many_rows=True,
            chunk=500,
        ),
        Kind(
            ImportKind.CERTIFICATES,
            certificate_rows.COLUMNS,
            ("report_no",),
            certificate_rows.apply,
            many_rows=True,
            chunk=100,
        ),
    )
}


def records_of(kind: Kind, table: Table) -> list[Record]:
    """The table's rows, those of one key together, in the order they first stand. Raises TableRefused (400).

    A row without a key stands alone, and so does a repeated one of a kind whose records have one row.
    """
    _check_header(kind, table.header)
    groups: dict[object, list[Row]] = {}
    for row in table.rows:
        key = tuple(row.cells.get(name, "").strip() for name in kind.key) if kind.many_rows else ()
        groups.setdefault(key if any(key) else row.line, []).append(row)
    return [Record(tuple(rows)) for rows in groups.values()]


def _check_header(kind: Kind, header: Iterable[str]) -> None:
    names, known = set(header), {column.name for column in kind.columns}
    missing = [column.name for column in kind.columns if column.is_needed and column.name not in names]
    faults = [RowFault(1, name, "missing_column", _("The file lacks this column.")) for name in missing]
    faults += [
        RowFault(1, name[:40], "unknown_column", _("No column of this kind; see the kinds."))
        for name in sorted(names - known)
    ]
    if faults:
        raise TableRefused(reason=_("The columns are not those of this kind."), faults=tuple(faults))
