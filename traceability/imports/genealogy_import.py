"""Loads the genealogy of another system: rows stream into temporary tables, the rest is set-based SQL.

Audited, history is stored as it was found and every fault is reported; else any fault refuses both files. Either way
one transaction: all of it or nothing, and a second run adds nothing. Batches of ours are never touched.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pghistory
from django.db import connection, transaction

from backend.core import clock
from backend.core.history import insert_many
from traceability.balance.models import StockCount
from traceability.batch.models import Batch
from traceability.batch.rules import BatchStatus
from traceability.genealogy.models import MadeFrom
from traceability.genealogy.rules import SLACK_KG, SLACK_SHARE, LinkKind
from traceability.imports.genealogy_ancestry import ancestry_faults
from traceability.imports.genealogy_file import (
    Fault,
    Found,
    Lot,
    LotLink,
    LotReader,
    family_of,
    read_links,
    sku_of,
)
from traceability.product.models import Product

Say = Callable[[str], None]
T = TypeVar("T")
BLOCK = 5_000  # rows sent to the database at once
NOTE = "Stood in the imported file"


class GenealogyRefused(Exception):
    """The files hold faults, and this was no audit: nothing is stored. `report` says what is wrong."""

    def __init__(self, report: "ImportReport") -> None:
        super().__init__(f"{len(report.faults)} faults")
        self.report = report


@dataclass
class Count:
    """Rows of a file: read, stored now, stored before."""

    rows: int = 0
    created: int = 0
    known: int = 0


@dataclass
class ImportReport:
    lots: Count = field(default_factory=Count)
    links: Count = field(default_factory=Count)
    faults: list[Found] = field(default_factory=list)
    is_stored: bool = False


def import_genealogy(
    *, lots: Path | None, links: Path | None, is_audit: bool, say: Say = lambda text: None
) -> ImportReport:
    """Reads both files (or one). Raises GenealogyRefused for faults without audit, MissingColumns."""
    report = ImportReport()
    with pghistory.context(job="import_genealogy"), transaction.atomic():
        _prepare()
        stage = _Stage(report=report, say=say, now=clock.now())
        if lots is not None:
            stage.take_lots(lots)
        if links is not None:
            stage.take_links(links)
        stage.look_over(is_audit=is_audit)
        report.faults.sort(key=lambda found: (found.file, found.row or 0, found.fault, found.code))
        if report.faults and not is_audit:
            raise GenealogyRefused(report)
    report.is_stored = True
    return report


def _prepare() -> None:
    """A load takes longer than a request may; two at once would wait for each other's rows."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SET LOCAL lock_timeout = 0")
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('saltline.import_genealogy'))")
        cursor.execute(_TABLES)


_TABLES = """
DROP TABLE IF EXISTS lot_in, link_in;
CREATE TEMP TABLE lot_in (
    row int, code text, code_norm text, kind text, sku text, qty_kg numeric, on_hand_kg numeric, scrap_kg numeric,
    consignee text, produced_on date, plant text, supplier_lot text) ON COMMIT DROP;
CREATE TEMP TABLE link_in (row int, parent text, child text, qty_kg numeric) ON COMMIT DROP;
"""
_NAMES = {
    "batch": Batch._meta.db_table,
    "link": MadeFrom._meta.db_table,
    "product": Product._meta.db_table,
    "count": StockCount._meta.db_table,
    # UUIDv7 by hand (backend.core.ids): 48 bits of time, then the row's number, so that a million rows are written to
    # the end of an index and not all over it.
    "uuid7": """(%(ms)s || '7' || lpad(to_hex(({n} >> 12) & 4095), 3, '0') || '8' || lpad(to_hex({n} & 4095), 3, '0')
        || left(replace(gen_random_uuid()::text, '-', ''), 12))::uuid""",
}


def _sql(text: str) -> str:
    """The statement with our table names; `{uuid7}` takes the row's number from a column `n`."""
    return text.format(**(_NAMES | {"uuid7": _NAMES["uuid7"].format(n="f.n::int")}))


_DUPLICATES = """
DELETE FROM lot_in f USING (SELECT row, min(row) OVER (PARTITION BY code_norm) AS first FROM lot_in) k
WHERE f.row = k.row AND k.row > k.first RETURNING f.row, f.code, k.first
"""
_LIVE = _sql("""
DELETE FROM lot_in f WHERE EXISTS (SELECT FROM {batch} b WHERE b.code_norm = f.code_norm AND NOT b.is_history)
RETURNING f.row, f.code
""")
_CHANGED = _sql("""
SELECT f.row, f.code, concat_ws(', ',
    CASE WHEN b.kind <> f.kind THEN 'kind: ' || b.kind END,
    CASE WHEN p.sku <> f.sku THEN 'product: ' || p.sku END,
    CASE WHEN b.qty_kg <> f.qty_kg THEN 'qty_kg: ' || b.qty_kg END,
    CASE WHEN b.consignee <> f.consignee THEN 'customer: ' || b.consignee END,
    CASE WHEN b.produced_on <> f.produced_on THEN 'produced_on: ' || b.produced_on END)
FROM lot_in f JOIN {batch} b ON b.code_norm = f.code_norm AND b.is_history JOIN {product} p ON p.id = b.product_id
WHERE (b.kind, p.sku, b.qty_kg, b.consignee, b.produced_on)
    IS DISTINCT FROM (f.kind, f.sku, f.qty_kg, f.consignee, COALESCE(f.produced_on, b.produced_on))
""")
_NEW_LOTS = _sql("""
INSERT INTO {batch} (id, product_id, code, code_norm, kind, plant, line, shift, supplier_lot, produced_on, qty_kg,
    status, status_reason, status_at, open_case_count, is_history, consignee)
SELECT {uuid7}, p.id, f.code, f.code_norm, f.kind, f.plant, '', '', f.supplier_lot, COALESCE(f.produced_on, %(today)s),
    f.qty_kg, %(status)s, %(note)s, %(now)s, 0, true, f.consignee
FROM (SELECT *, row_number() OVER (ORDER BY row) AS n FROM lot_in) f JOIN {product} p ON p.sku = f.sku
WHERE NOT EXISTS (SELECT FROM {batch} b WHERE b.code_norm = f.code_norm AND b.is_history)
ORDER BY f.n
""")
_CHANGED_COUNTS = _sql("""
SELECT f.row, f.code, 'on_hand_kg: ' || c.on_hand_kg || ', scrap_kg: ' || c.scrap_kg
FROM lot_in f JOIN {batch} b ON b.code_norm = f.code_norm AND b.is_history
CROSS JOIN LATERAL (SELECT * FROM {count} c WHERE c.batch_id = b.id ORDER BY c.counted_at DESC, c.id DESC LIMIT 1) c
WHERE c.is_history AND f.on_hand_kg IS NOT NULL AND (c.on_hand_kg, c.scrap_kg) <> (f.on_hand_kg, f.scrap_kg)
""")
_NEW_COUNTS = _sql("""
INSERT INTO {count} (id, batch_id, counted_at, recorded_at, on_hand_kg, scrap_kg, retained_kg, note, is_history)
SELECT {uuid7}, b.id, %(now)s, %(now)s, f.on_hand_kg, f.scrap_kg, 0, %(note)s, true
FROM (SELECT *, row_number() OVER (ORDER BY row) AS n FROM lot_in WHERE on_hand_kg IS NOT NULL) f
JOIN {batch} b ON b.code_norm = f.code_norm AND b.is_history
WHERE NOT EXISTS (SELECT FROM {count} c WHERE c.batch_id = b.id)
ORDER BY f.n
""")
_RESOLVED = _sql("""
CREATE TEMP TABLE resolved ON COMMIT DROP AS
SELECT f.row, f.parent, f.child, f.qty_kg, p.id AS parent_id, c.id AS child_id, c.produced_on
FROM link_in f
LEFT JOIN {batch} p ON p.code_norm = f.parent AND p.is_history
LEFT JOIN {batch} c ON c.code_norm = f.child AND c.is_history
""")
_UNKNOWN = _sql("""
SELECT DISTINCT u.row, u.code, EXISTS (SELECT FROM {batch} b WHERE b.code_norm = u.code)
FROM (SELECT row, parent AS code FROM resolved WHERE parent_id IS NULL
    UNION ALL SELECT row, child FROM resolved WHERE child_id IS NULL) u
""")
_SELF = "SELECT row, parent FROM resolved WHERE parent_id = child_id"
# Two rows of one pair are two withdrawals: their kg count together.
_PAIRS = """
CREATE TEMP TABLE pair ON COMMIT DROP AS
SELECT parent_id, child_id, min(row) AS row, max(row) AS last_row, sum(qty_kg) AS qty_kg, count(*) AS times,
    min(parent) AS parent, min(child) AS child, min(produced_on) AS produced_on
FROM resolved WHERE parent_id IS NOT NULL AND child_id IS NOT NULL GROUP BY parent_id, child_id
"""
_REPEATED = "SELECT last_row, parent, child || ', ' || times || ' rows' FROM pair WHERE times > 1"
_CHANGED_LINKS = _sql("""
SELECT f.row, f.parent, f.child || ', qty_kg: ' || m.qty_kg FROM pair f
JOIN {link} m ON m.parent_id = f.parent_id AND m.child_id = f.child_id AND m.is_live WHERE m.qty_kg <> f.qty_kg
""")
_NEW_LINKS = _sql("""
INSERT INTO {link} (id, parent_id, child_id, qty_kg, kind, made_at, is_history, is_live, note)
SELECT {uuid7}, f.parent_id, f.child_id, f.qty_kg, %(kind)s,
    f.produced_on::timestamp AT TIME ZONE 'Asia/Shanghai', true, true, ''
FROM (SELECT *, row_number() OVER (ORDER BY row) AS n FROM pair) f
WHERE NOT EXISTS (SELECT FROM {link} m
    WHERE m.parent_id = f.parent_id AND m.child_id = f.child_id AND m.is_history)
ORDER BY f.n
""")
_OVER_ISSUED = _sql("""
SELECT min(f.row), b.code, b.qty_kg || ' kg, out: ' || o.kg
FROM pair f JOIN {batch} b ON b.id = f.parent_id
CROSS JOIN LATERAL (SELECT sum(m.qty_kg) AS kg FROM {link} m
    WHERE m.parent_id = b.id AND m.is_live AND m.kind <> %(returned)s) o
WHERE o.kg > b.qty_kg + GREATEST(%(slack_kg)s, b.qty_kg * %(slack_share)s)
GROUP BY b.code, b.qty_kg, o.kg
""")


@dataclass
class _Stage:
    """One import: what was read so far, and where its faults go."""

    report: ImportReport
    say: Say
    now: datetime

    def take_lots(self, path: Path) -> None:
        count, products = self.report.lots, set[tuple[str, str]]()
        with _table(path) as rows:
            reader = LotReader(next(rows)[1], report=self._note)

            def lines() -> Iterator[tuple[Any, ...]]:
                for lot in reader.read(_counted(rows, count)):
                    products.add((lot.kind, lot.grade))
                    yield _lot_row(lot)

            _copy("lot_in", lines(), say=self.say)
        _ensure_products(products)
        self._faults("lots", Fault.DUPLICATE_CODE, _DUPLICATES, detail=lambda row: f"row {row[2]}")
        self._faults("lots", Fault.LIVE_BATCH, _LIVE)
        self._run("ANALYZE lot_in")
        self._faults("lots", Fault.CHANGED, _CHANGED, detail=lambda row: row[2])
        self.say("storing lots")
        # On hold: nobody here ever released it, and goods of it in a shop are for quality control to judge.
        values = self._values({"status": BatchStatus.HELD.value, "note": NOTE})
        count.created = insert_many("batch", _NEW_LOTS, values)
        self._run(f"ANALYZE {_NAMES['batch']}")
        self._faults("lots", Fault.CHANGED, _CHANGED_COUNTS, detail=lambda row: row[2])
        self._run(_NEW_COUNTS, note=NOTE)
        count.known = self._one("SELECT count(*) FROM lot_in") - count.created

    def take_links(self, path: Path) -> None:
        count = self.report.links
        with _table(path) as rows:
            header = next(rows)[1]
            read = read_links(header, _counted(rows, count), report=self._note)
            _copy("link_in", (_link_row(link) for link in read), say=self.say)
        self._run("DROP TABLE IF EXISTS resolved, pair")
        self._run(_RESOLVED)
        for row, code, is_live in self._rows(_UNKNOWN):
            self._note(Found(Fault.LIVE_BATCH if is_live else Fault.UNKNOWN_LOT, "links", row, code))
        self._faults("links", Fault.SELF_LINK, _SELF)
        self._run(_PAIRS)
        self._run("ANALYZE pair")
        self._faults("links", Fault.REPEATED_LINK, _REPEATED, detail=lambda row: row[2])
        self._faults("links", Fault.CHANGED, _CHANGED_LINKS, detail=lambda row: row[2])
        self.say("storing links")
        count.created = self._run(_NEW_LINKS, kind=LinkKind.USED.value)
        self._run(f"ANALYZE {_NAMES['link']}")
        count.known = self._one("SELECT count(*) FROM pair") - count.created

    def look_over(self, *, is_audit: bool) -> None:
        """Faults that only the whole shows. What was issued beyond its kg an audit leaves to the mass balance."""
        self.say("looking for circles and industrial salt")
        for found in ancestry_faults():
            self._note(found)
        if not is_audit and self._one("SELECT to_regclass('pair') IS NOT NULL"):
            names = {"returned": LinkKind.RETURNED.value, "slack_kg": SLACK_KG, "slack_share": SLACK_SHARE}
            self._faults("links", Fault.OVER_ISSUED, _OVER_ISSUED, detail=lambda row: row[2], **names)

    def _note(self, found: Found) -> None:
        self.report.faults.append(found)

    def _faults(
        self,
        file: str,
        fault: Fault,
        statement: str,
        *,
        detail: Callable[[Sequence[Any]], str] = lambda row: "",
        **values: Any,
    ) -> None:
        """Notes every row (line, code, …) of the statement."""
        for row in self._rows(statement, **values):
            self._note(Found(fault, file, row[0], row[1], detail(row)))

    def _rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, self._values(values))
            return cursor.fetchall()

    def _run(self, statement: str, **values: Any) -> int:
        with connection.cursor() as cursor:
            cursor.execute(statement, self._values(values))
            return cursor.rowcount

    def _one(self, statement: str) -> Any:
        return self._rows(statement)[0][0]

    def _values(self, values: dict[str, Any]) -> dict[str, Any]:
        ms = f"{int(self.now.timestamp() * 1000):012x}"
        return {"ms": ms, "now": self.now, "today": clock.factory_date(self.now)} | values


def _lot_row(lot: Lot) -> tuple[Any, ...]:
    return (
        *(lot.row, lot.code, lot.code_norm, lot.kind, sku_of(lot.kind, lot.grade), lot.qty_kg),
        *(lot.on_hand_kg, lot.scrap_kg, lot.customer, lot.produced_on, lot.plant, lot.supplier_lot),
    )


def _link_row(link: LotLink) -> tuple[Any, ...]:
    return tuple(link)


def _ensure_products(kinds: Iterable[tuple[str, str]]) -> None:
    """The generic products of history lots."""
    for kind, grade in sorted(kinds):
        sku = sku_of(kind, grade)
        names = {"name_zh": f"历史批次 {sku}", "name_en": f"Lots of history {sku}"}
        Product.objects.get_or_create(sku=sku, defaults={**names, "family": family_of(kind, grade)})


@contextmanager
def _table(path: Path) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """(line, cells) of a CSV file, the header first; UTF-8 with or without BOM, empty lines left out."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield _lines(csv.reader(file))


def _lines(reader: Any) -> Iterator[tuple[int, list[str]]]:
    yield 1, next(reader, [])
    for cells in reader:
        if cells:
            yield reader.line_num, cells


def _counted(rows: Iterable[T], count: Count) -> Iterator[T]:
    for row in rows:
        count.rows += 1
        yield row


def _copy(table: str, rows: Iterable[tuple[Any, ...]], *, say: Say) -> None:
    """Sends rows into a temporary table as they are read."""
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for number, row in enumerate(rows, 1):
            copy.write_row(row)
            if not number % 100_000:
                say(f"{number:,} rows read")
