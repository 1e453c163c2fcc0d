"""The batch a row means: by its code, and by the article number where several products carry the code."""

from collections.abc import Iterable, Sequence
from typing import Any

from backend.core.errors import mark as _
from traceability.batch.models import Batch
from traceability.imports.cell import fault
from traceability.imports.rules import Record, Row, RowFault
from traceability.label.batch_code import BadBatchCode, normalise


class BatchFinder:
    """The batches that some columns of the records name, read in one query."""

    def __init__(self, records: Sequence[Record], *, columns: Iterable[str]) -> None:
        names = {row.cells.get(column, "") for record in records for row in record.rows for column in columns}
        self.found: dict[str, list[Batch]] = {}
        for batch in Batch.objects.filter(code_norm__in={_compared(name) for name in names}).select_related(
            "product"
        ):
            self.found.setdefault(batch.code_norm, []).append(batch)

    def find(self, row: Row, values: dict[str, Any], *, column: str, product: str) -> Batch | RowFault:
        """`column` holds the code, `product` is the column of the article number, which may be empty."""
        batches = self.found.get(_compared(values[column]), [])
        if values[product]:
            batches = [batch for batch in batches if batch.product.sku == values[product]]
        if not batches:
            return fault(row, column, "batch_unknown", _("There is no such batch."))
        if len(batches) > 1:
            text = _("Several products carry this code: {products}.")
            products = ", ".join(batch.product.sku for batch in batches)
            return fault(row, product, "ambiguous_batch_code", text, products=products)
        return batches[0]


def _compared(code: str) -> str:
    try:
        return normalise(code)
    except BadBatchCode:
        return ""
