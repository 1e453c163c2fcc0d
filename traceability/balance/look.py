"""One look over all batches: every fault there is, in a few queries and one walk along the links.

A million batches with three and a half million links take less than a minute and some hundred megabytes.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from traceability.balance import queries
from traceability.balance.ancestry import Web, descent, rings, way_round, web_of
from traceability.balance.queries import BatchAccount, StageRun
from traceability.balance.rules import (
    EDIBLE_STAGES,
    BalanceVerdict,
    DatedBand,
    Fault,
    Rule,
    balance_of,
)
from traceability.genealogy.rules import EDIBLE
from traceability.product.rules import Family

LONGEST = 20  # batches of a way that are shown; of a longer one the last
GREATEST_RING = 500  # above, the way round is not looked for batch by batch

NUMBERED = """
CREATE TEMPORARY TABLE numbered_batch ON COMMIT DROP AS
SELECT (row_number() OVER (ORDER BY b.id) - 1)::int AS n, b.id, b.code, b.kind, p.family
FROM traceability_batch b JOIN traceability_product p ON p.id = b.product_id
"""
LINKS = """
COPY (
    SELECT p.n, c.n FROM traceability_madefrom m
    JOIN numbered_batch p ON p.id = m.parent_id JOIN numbered_batch c ON c.id = m.child_id WHERE m.is_live
) TO STDOUT (DELIMITER ' ')
"""
SELF_LINKS = """
SELECT DISTINCT n.n FROM traceability_madefrom m JOIN numbered_batch n ON n.id = m.parent_id
WHERE m.is_live AND m.parent_id = m.child_id ORDER BY n.n
"""
EDIBLE_LOTS = "SELECT n FROM numbered_batch WHERE family = ANY(%s) AND kind = ANY(%s) ORDER BY n"


@dataclass(frozen=True)
class Looked:
    """What a look went over, and the faults it found."""

    batches: int
    links: int
    faults: list[Fault]


@dataclass(frozen=True)
class Lot:
    """A numbered batch."""

    id: UUID
    code: str


@transaction.atomic
def look() -> Looked:
    """Every fault of mass, ancestry and yield, as the tables stand now."""
    size = _number_batches()
    links = _links()
    web = web_of(size, links)
    faults = [*_balance_faults(queries.suspect_accounts()), *_yield_faults()]
    faults += [*_self_links(), *_rings(web), *_industrial(web)]
    return Looked(batches=size, links=len(links) // 2, faults=faults)


def balance_faults(ids: Iterable[UUID]) -> list[Fault]:
    """The faults of mass of some batches."""
    return list(_balance_faults(queries.accounts_of(ids)))


def _balance_faults(accounts: Iterable[BatchAccount]) -> Iterator[Fault]:
    rules = {BalanceVerdict.OVER_ISSUED: Rule.OVER_ISSUED, BalanceVerdict.UNACCOUNTED: Rule.UNACCOUNTED}
    for row in accounts:
        balance = balance_of(row.account)
        if balance.verdict in rules:
            yield Fault(
                rule=rules[balance.verdict],
                batch_id=row.batch_id,
                subject=row.batch_id,
                residual_kg=balance.residual_kg,
                tolerance_kg=balance.tolerance_kg.quantize(balance.residual_kg),
                evidence=_books(row),
            )


def _books(row: BatchAccount) -> dict[str, object]:
    account = row.account
    books: dict[str, object] = {
        "produced_kg": str(account.qty_kg),
        "used_kg": str(account.before.used_kg),
        "shipped_kg": str(account.before.shipped_kg),
        "used_later_kg": str(account.after.used_kg),
        "shipped_later_kg": str(account.after.shipped_kg),
    }
    if account.count is not None:
        books |= {
            "on_hand_kg": str(account.count.on_hand_kg),
            "scrap_kg": str(account.count.scrap_kg),
            "retained_kg": str(account.count.retained_kg),
            "counted_at": row.counted_at.isoformat() if row.counted_at else None,
        }
    return books


def _yield_faults() -> Iterator[Fault]:
    for judged in queries.judged_runs():
        if judged.band is not None and judged.rule is not None:
            yield _yield_fault(judged.run, rule=judged.rule, band=judged.band)


def _yield_fault(row: StageRun, *, rule: Rule, band: DatedBand) -> Fault:
    evidence = {
        "transformation": row.number,
        "stage": row.stage,
        "in_kg": str(row.run.in_kg),
        "out_kg": str(row.run.out_kg),
        "loss_kg": str(row.run.loss_kg),
        "accounted_pct": str(round(row.run.accounted_pct, 3)),
        "band_pct": [str(band.low_pct), str(band.high_pct)],
        "band_from": band.valid_from.isoformat(),
    }
    return Fault(
        rule=rule,
        batch_id=row.batch_id,
        subject=row.id,
        residual_kg=row.run.residual_kg,
        evidence=evidence,
    )


def _number_batches() -> int:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS numbered_batch")  # of an earlier look in the same transaction
        cursor.execute(NUMBERED)
        size = cursor.rowcount
        cursor.execute("ANALYZE numbered_batch")
        return size


def _links() -> Sequence[int]:
    """Parent, child, parent, child …"""
    numbers, rest = array("i"), b""
    with connection.cursor() as cursor, cursor.copy(LINKS) as rows:
        for block in rows:
            text, end, more = (rest + bytes(block)).rpartition(b"\n")
            numbers.extend(map(int, text.split()))
            rest = more if end else text
    return numbers


def _numbers(sql: str, params: Sequence[Any] = ()) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [row[0] for row in cursor.fetchall()]


def _lots(numbers: Iterable[int]) -> dict[int, Lot]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT n, id, code FROM numbered_batch WHERE n = ANY(%s)", [sorted(set(numbers))])
        return {n: Lot(id=id, code=code) for n, id, code in cursor.fetchall()}


def _self_links() -> Iterator[Fault]:
    numbers = _numbers(SELF_LINKS)
    lots = _lots(numbers)
    for n in numbers:
        yield Fault(rule=Rule.SELF_LINK, batch_id=lots[n].id, subject=lots[n].id)


def _rings(web: Web) -> Iterator[Fault]:
    found = rings(web)
    lots = _lots(n for ring in found for n in ring)
    for ring in found:
        among = set(ring)
        for n in sorted(ring):
            way = way_round(web, n, among=among) if len(ring) <= GREATEST_RING else []
            evidence = {"batches": len(ring), "path": [lots[step].code for step in way[:LONGEST]]}
            yield Fault(rule=Rule.CIRCLE, batch_id=lots[n].id, subject=lots[n].id, evidence=evidence)


def _industrial(web: Web) -> Iterator[Fault]:
    below = descent(web, _numbers("SELECT n FROM numbered_batch WHERE family = %s", [Family.INDUSTRIAL]))
    edible = _numbers(EDIBLE_LOTS, [sorted(EDIBLE), sorted(EDIBLE_STAGES)])
    ways = {n: below.way_to(n, longest=LONGEST) for n in edible if below.reaches(n)}
    lots = _lots(n for way in ways.values() for n in way)
    lots |= _lots(below.start[n] for n in ways)
    for n, way in ways.items():
        evidence = {
            "industrial": lots[below.start[n]].code,
            "steps": below.steps[n],
            "path": [lots[step].code for step in way],
        }
        yield Fault(rule=Rule.INDUSTRIAL_ANCESTOR, batch_id=lots[n].id, subject=lots[n].id, evidence=evidence)
