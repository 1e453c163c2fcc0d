"""Kinds of import files, what a row may turn out to be, and the states of an import. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.accounts.rules import Can
from backend.core.choices import Code
from backend.core.errors import DomainError
from backend.core.errors import mark as _


class ImportKind(Code):
    PRODUCTS = "products"
    CUSTOMERS = "customers"
    BATCHES = "batches"
    LINKS = "links"
    SHIPMENTS = "shipments"
    CERTIFICATES = "certificates"


class ImportMode(Code):
    """`all_or_nothing`: one bad row and nothing is written. `skip_bad`: the good rows are."""

    ALL_OR_NOTHING = "all_or_nothing"
    SKIP_BAD = "skip_bad"


class ImportState(Code):
    """`refused`: nothing was written, for the file or a row of it is bad."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    CANCELLED = "cancelled"


ENDED = (ImportState.DONE, ImportState.REFUSED, ImportState.CANCELLED)

# Beside the right to import: what the kind's rows need when they are entered one by one.
NEEDS: Mapping[ImportKind, Can] = {
    ImportKind.PRODUCTS: Can.MANAGE_PRODUCTS,
    ImportKind.CUSTOMERS: Can.EDIT_CUSTOMERS,
    ImportKind.BATCHES: Can.RECORD_BATCH,
    ImportKind.LINKS: Can.RECORD_BATCH,
    ImportKind.SHIPMENTS: Can.RECORD_SHIPMENT,
    ImportKind.CERTIFICATES: Can.RECORD_CERTIFICATE,
}


class Outcome(Code):
    """What became of a row. `unchanged`: the same was there already."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    BAD = "bad"


@dataclass(frozen=True)
class Row:
    """One line of the file: its number as a spreadsheet shows it, and the texts of its cells by column."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Record:
    """The rows that make one thing: a shipment's lines, a certificate's values; else a single row."""

    rows: tuple[Row, ...]

    @property
    def first(self) -> Row:
        return self.rows[0]


@dataclass(frozen=True)
class RowFault:
    """Why a row was not taken. `text` is a msgid; `params` fill it."""

    line: int
    column: str
    code: str
    text: str
    params: Mapping[str, str] = field(default_factory=dict)


class TableRefused(DomainError):
    """The file as a whole cannot be read as a table of its kind. `faults`: the columns at fault, where they are."""

    code, status, title = "table_refused", 400, _("The file cannot be read as a table")
    detail, texts = _("{reason}"), ("reason",)

    def __init__(self, *, reason: str, faults: tuple[RowFault, ...] = ()) -> None:
        super().__init__(reason=reason)
        self.reason, self.faults = reason, faults


@dataclass(frozen=True)
class Verdict:
    """What became of a record."""

    record: Record
    outcome: Outcome
    faults: tuple[RowFault, ...] = ()

    @property
    def bad_lines(self) -> int:
        """Rows of the record that were not taken: of a partly booked shipment those at fault."""
        if self.outcome == Outcome.BAD:
            return len(self.record.rows)
        return len({fault.line for fault in self.faults})


class CellFault(Exception):
    """Raised by a reader of cells."""

    def __init__(self, code: str, text: str, **params: object) -> None:
        super().__init__(code)
        self.code, self.text = code, text
        self.params = {name: str(value) for name, value in params.items()}


Read = Callable[[str], Any]


@dataclass(frozen=True)
class Column:
    """One documented column. `read` makes its value of the cell's text; `empty` stands for an empty cell."""

    name: str
    read: Read
    meaning: str
    example: str
    is_needed: bool = False
    empty: Any = ""
