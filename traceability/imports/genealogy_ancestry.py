"""Circles and industrial ancestors among the lots of history: all their links are read once, as numbers."""

from array import array
from collections.abc import Iterator, Sequence

from django.db import connection

from traceability.balance.ancestry import descent, rings, way_round, web_of
from traceability.balance.rules import EDIBLE_STAGES
from traceability.batch.models import Batch
from traceability.genealogy.models import MadeFrom
from traceability.genealogy.rules import EDIBLE
from traceability.imports.genealogy_file import Fault, Found
from traceability.product.models import Product
from traceability.product.rules import Family

_NAMES = {
    "batch": Batch._meta.db_table,
    "link": MadeFrom._meta.db_table,
    "product": Product._meta.db_table,
}
_NUMBERED = """
DROP TABLE IF EXISTS numbered;
CREATE TEMP TABLE numbered ON COMMIT DROP AS
SELECT b.id, b.code, row_number() OVER (ORDER BY b.id) - 1 AS n, p.family = '{industrial}' AS is_industrial,
    p.family = ANY('{{{edible}}}') AND b.kind = ANY('{{{stages}}}') AS is_edible
FROM {batch} b JOIN {product} p ON p.id = b.product_id WHERE b.is_history;
CREATE UNIQUE INDEX ON numbered (n);
ANALYZE numbered;
""".format(
    **_NAMES,
    industrial=Family.INDUSTRIAL.value,
    edible=",".join(sorted(EDIBLE)),
    stages=",".join(sorted(EDIBLE_STAGES)),
)
_LINKS = """
SELECT p.n, c.n FROM {link} m JOIN numbered p ON p.id = m.parent_id JOIN numbered c ON c.id = m.child_id
WHERE m.is_live AND m.is_history
""".format(**_NAMES)
_INDUSTRIAL = "SELECT n FROM numbered WHERE is_industrial ORDER BY n"
_EDIBLE = "SELECT n FROM numbered WHERE is_edible ORDER BY n"
LONGEST = 20  # batches of a way that are named


def ancestry_faults() -> Iterator[Found]:
    """One fault per circle, and one per edible lot below an industrial one, with its way."""
    with connection.cursor() as cursor:
        cursor.execute(_NUMBERED)
        cursor.execute("SELECT count(*) FROM numbered")
        size = cursor.fetchone()[0]
    web = web_of(size, _pairs())
    for ring in rings(web):
        way = way_round(web, min(ring), among=set(ring))
        yield from _faults(Fault.CIRCLE, "links", [way[:LONGEST]])
    below = descent(web, _numbers(_INDUSTRIAL))
    ways = [below.way_to(n, longest=LONGEST) for n in _numbers(_EDIBLE) if below.reaches(n)]
    yield from _faults(Fault.INDUSTRIAL_ANCESTOR, "lots", ways)


def _faults(fault: Fault, file: str, ways: Sequence[Sequence[int]]) -> Iterator[Found]:
    """A fault of the last lot of each way."""
    ends = sorted({n for way in ways for n in way})
    names = dict(zip(ends, _codes(ends), strict=True))
    for way in ways:
        yield Found(fault, file, None, names[way[-1]], " → ".join(names[n] for n in way))


def _pairs() -> Sequence[int]:
    """Flat: parent, child, parent, child …"""
    flat = array("i")
    with connection.cursor() as cursor:
        cursor.execute(_LINKS)
        while rows := cursor.fetchmany(50_000):
            for pair in rows:
                flat.extend(pair)
    return flat


def _numbers(statement: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [n for (n,) in cursor.fetchall()]


def _codes(numbers: Sequence[int]) -> list[str]:
    """The codes of the numbered lots, in the order asked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT n, code FROM numbered WHERE n = ANY(%s)", [list(numbers)])
        codes = dict(cursor.fetchall())
    return [codes[n] for n in numbers]
