"""The two files of another system's genealogy, read row by row: lots, and which lot went into which. Pure.

A row that cannot be read as it should is reported with its line; nothing here decides what is stored.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

from backend.core.choices import Code
from traceability.batch.rules import BatchKind
from traceability.label.batch_code import BadBatchCode, normalise
from traceability.product.rules import Family


class Fault(Code):
    """What is wrong with a row, or with the lots it speaks of."""

    BAD_CODE = "bad_code"
    DUPLICATE_CODE = "duplicate_code"
    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_GRADE = "unknown_grade"
    BAD_NUMBER = "bad_number"
    BAD_DATE = "bad_date"
    TOO_LONG = "too_long"
    LIVE_BATCH = "live_batch"  # a batch of ours carries the code: an import never touches it
    CHANGED = "changed"  # imported before with other values, which stay
    UNKNOWN_LOT = "unknown_lot"
    REPEATED_LINK = "repeated_link"  # the kg of both rows count
    SELF_LINK = "self_link"
    CIRCLE = "circle"
    INDUSTRIAL_ANCESTOR = "industrial_ancestor"
    OVER_ISSUED = "over_issued"


@dataclass(frozen=True)
class Found:
    """A fault and where it is. `row`: line of the file, None where it concerns lots and not a line."""

    fault: Fault
    file: str
    row: int | None
    code: str
    detail: str = ""


class MissingColumns(ValueError):
    """Columns the file should have and has not; no API takes such a file."""


class Lot(NamedTuple):
    """`grade`: edible, industrial or empty. Without a count both of its numbers are None."""

    row: int
    code: str
    code_norm: str
    kind: str
    grade: str
    qty_kg: Decimal
    on_hand_kg: Decimal | None
    scrap_kg: Decimal | None
    customer: str
    produced_on: date | None
    plant: str
    supplier_lot: str


class LotLink(NamedTuple):
    row: int
    parent: str
    child: str
    qty_kg: Decimal


LOT_COLUMNS = ("code", "kind", "grade", "qty_kg", "on_hand_kg", "scrap_kg", "customer")
MORE_LOT_COLUMNS = ("produced_on", "plant", "supplier_lot")
LINK_COLUMNS = ("parent", "child", "qty_kg")
KINDS = frozenset(kind.value for kind in BatchKind)
GRADES = frozenset({"", "edible", "industrial"})
LONGEST = {"customer": 64, "plant": 40, "supplier_lot": 64}

_PLAIN_CODE = re.compile(r"[0-9A-Z./_\-]{1,64}")
_NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?", re.ASCII)
_GRAM, _LIMIT = Decimal("0.001"), Decimal(10) ** 11  # as the columns of the database
Report = Callable[[Found], None]


def columns_of(header: Sequence[str], *, needed: Sequence[str]) -> Mapping[str, int]:
    """Name → place. Raises MissingColumns."""
    places = {name.strip().lower(): at for at, name in enumerate(header)}
    missing = [name for name in needed if name not in places]
    if missing:
        raise MissingColumns(", ".join(missing))
    return places


class LotReader:
    """Rows of the lots file → lots; what is wrong goes to `report`."""

    def __init__(self, header: Sequence[str], *, report: Report) -> None:
        self.places = columns_of(header, needed=LOT_COLUMNS)
        self.report = report

    def read(self, rows: Iterable[tuple[int, Sequence[str]]]) -> Iterator[Lot]:
        """`rows`: (line of the file, cells). Rows without a readable code or kind are reported and left out."""
        for row, cells in rows:
            lot = self._lot(row, cells)
            if lot is not None:
                yield lot

    def _lot(self, row: int, cells: Sequence[str]) -> Lot | None:
        code, kind = self._cell(cells, "code"), self._cell(cells, "kind").lower()
        norm = compared(code)
        if norm is None:
            self._fault(Fault.BAD_CODE, row, code)
            return None
        if kind not in KINDS:
            self._fault(Fault.UNKNOWN_KIND, row, code, kind)
            return None
        grade = self._cell(cells, "grade").lower()
        if grade not in GRADES:
            self._fault(Fault.UNKNOWN_GRADE, row, code, grade)
            grade = ""
        on_hand, scrap = self._kg(cells, "on_hand_kg", row, code), self._kg(cells, "scrap_kg", row, code)
        is_counted = on_hand is not None or scrap is not None
        return Lot(
            row=row,
            code=code,
            code_norm=norm,
            kind=kind,
            grade=grade,
            qty_kg=self._kg(cells, "qty_kg", row, code, is_needed=True) or Decimal(),
            on_hand_kg=on_hand or Decimal() if is_counted else None,
            scrap_kg=scrap or Decimal() if is_counted else None,
            customer=self._text(cells, "customer", row, code) if kind == BatchKind.DELIVERY else "",
            produced_on=self._day(cells, row, code),
            plant=self._text(cells, "plant", row, code),
            supplier_lot=self._text(cells, "supplier_lot", row, code),
        )

    def _cell(self, cells: Sequence[str], name: str) -> str:
        at = self.places.get(name)
        return cells[at].strip() if at is not None and at < len(cells) else ""

    def _kg(
        self, cells: Sequence[str], name: str, row: int, code: str, *, is_needed: bool = False
    ) -> Decimal | None:
        text = self._cell(cells, name)
        if not text and not is_needed:
            return None
        kg = kg_of(text)
        if kg is None:
            self._fault(Fault.BAD_NUMBER, row, code, f"{name}: {text[:40]}")
        return kg

    def _text(self, cells: Sequence[str], name: str, row: int, code: str) -> str:
        text = self._cell(cells, name).replace("\x00", "")
        if len(text) > LONGEST[name]:
            self._fault(Fault.TOO_LONG, row, code, name)
        return text[: LONGEST[name]]

    def _day(self, cells: Sequence[str], row: int, code: str) -> date | None:
        text = self._cell(cells, "produced_on")
        if not text:
            return None
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = date.min
        if not 1950 <= day.year < 2100:
            self._fault(Fault.BAD_DATE, row, code, text[:40])
            return None
        return day

    def _fault(self, fault: Fault, row: int, code: str, detail: str = "") -> None:
        self.report(Found(fault, "lots", row, code[:64], detail))


def read_links(
    header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], *, report: Report
) -> Iterator[LotLink]:
    """Rows of the links file; codes as compared. A number that cannot be read counts as 0 kg: the way itself stays.

    Raises MissingColumns.
    """
    places = columns_of(header, needed=LINK_COLUMNS)
    parent_at, child_at, kg_at = (places[name] for name in LINK_COLUMNS)
    width = max(parent_at, child_at, kg_at) + 1
    for row, cells in rows:
        if len(cells) < width:
            cells = [*cells, *[""] * width]
        parent, child = compared(cells[parent_at].strip()), compared(cells[child_at].strip())
        if parent is None or child is None:
            named = cells[parent_at] if parent is None else cells[child_at]
            report(Found(Fault.UNKNOWN_LOT, "links", row, named.strip()[:64]))
            continue
        kg = kg_of(cells[kg_at].strip())
        if kg is None:
            report(Found(Fault.BAD_NUMBER, "links", row, parent, f"qty_kg: {cells[kg_at][:40]}"))
        yield LotLink(row, parent, child, kg or Decimal())


def compared(code: str) -> str | None:
    """The code as batches are compared; None where no batch carries such a code."""
    if _PLAIN_CODE.fullmatch(code):  # nearly every one; the rest takes ten times as long
        return code
    try:
        return normalise(code)
    except BadBatchCode:
        return None


def kg_of(text: str) -> Decimal | None:
    """Kg to the gram, not negative; None where it is no such number."""
    if not _NUMBER.fullmatch(text):
        return None
    kg = Decimal(text)
    return kg.quantize(_GRAM, rounding=ROUND_HALF_EVEN) if kg < _LIMIT else None


_FAMILIES = {"edible": Family.EDIBLE, "industrial": Family.INDUSTRIAL}
_UNGRADED = {BatchKind.ADDITIVE: Family.ADDITIVE, BatchKind.PACKAGING: Family.PACKAGING}
_MATERIALS = (BatchKind.RAW, BatchKind.ADDITIVE, BatchKind.PACKAGING)


def sku_of(kind: str, grade: str) -> str:
    """The generic product of a lot of history: HISTORY-EDIBLE, HISTORY-EDIBLE-RAW, HISTORY-PACKAGING, HISTORY.

    >>> sku_of("packed", "edible"), sku_of("raw", "industrial"), sku_of("additive", "")
    ('HISTORY-EDIBLE', 'HISTORY-INDUSTRIAL-RAW', 'HISTORY-ADDITIVE')
    """
    material = kind if kind in _MATERIALS else ""
    return "-".join(part.upper() for part in ("history", grade, material) if part)


def family_of(kind: str, grade: str) -> Family:
    """Of that product: the grade decides; without one an additive and a film are what they are."""
    return _FAMILIES.get(grade) or _UNGRADED.get(BatchKind(kind), Family.RAW_MATERIAL)
