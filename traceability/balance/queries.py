"""Reads: accounts of batches, stock counts, bands and findings."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from backend.accounts.models import User
from backend.core.clock import FACTORY_ZONE, factory_date
from traceability.balance.models import Finding, FindingRefresh, StockCount, YieldBand
from traceability.balance.rules import (
    Account,
    Balance,
    Count,
    FindingState,
    Moved,
    Rule,
    Run,
    balance_of,
    band_in_force,
    yield_verdict,
)
from traceability.batch.models import Batch
from traceability.batch.rules import BatchKind
from traceability.genealogy.rules import LinkKind

# What left up to the newest count, and since. A link of the audit import lies before any count; goods that came back
# were shipped before, so their link takes nothing; a shipment knows its day only: that of the count is before it.
ACCOUNTS = """
WITH chosen AS (SELECT id, qty_kg, kind, is_history FROM traceability_batch {where}),
counted AS (
    SELECT DISTINCT ON (c.batch_id) c.batch_id, c.counted_at, c.on_hand_kg, c.scrap_kg, c.retained_kg
    FROM traceability_stockcount c JOIN chosen b ON b.id = c.batch_id
    ORDER BY c.batch_id, c.counted_at DESC, c.id DESC
),
used AS (
    SELECT m.parent_id,
           sum(m.qty_kg) FILTER (WHERE c.counted_at IS NULL OR m.is_history OR m.made_at <= c.counted_at) AS before,
           sum(m.qty_kg) FILTER (WHERE NOT m.is_history AND m.made_at > c.counted_at) AS after
    FROM traceability_madefrom m JOIN chosen b ON b.id = m.parent_id LEFT JOIN counted c ON c.batch_id = m.parent_id
    WHERE m.is_live AND (m.is_history OR m.kind <> %(returned)s)
    GROUP BY m.parent_id
),
shipped AS (
    SELECT l.batch_id,
           sum(l.qty_kg) FILTER (WHERE c.counted_at IS NULL OR s.shipped_on <= c.counted_at_day) AS before,
           sum(l.qty_kg) FILTER (WHERE s.shipped_on > c.counted_at_day) AS after
    FROM traceability_shipmentline l JOIN traceability_shipment s ON s.id = l.shipment_id
    JOIN chosen b ON b.id = l.batch_id
    LEFT JOIN (SELECT *, (counted_at AT TIME ZONE %(zone)s)::date AS counted_at_day FROM counted) c
    ON c.batch_id = l.batch_id
    WHERE s.cancelled_at IS NULL
    GROUP BY l.batch_id
),
account AS (
    SELECT b.id, b.qty_kg, b.kind = %(delivery)s AS with_customer, c.counted_at,
           c.batch_id IS NOT NULL OR b.is_history AS is_counted,
           coalesce(c.on_hand_kg, 0) AS on_hand, coalesce(c.scrap_kg, 0) AS scrap,
           coalesce(c.retained_kg, 0) AS retained,
           coalesce(u.before, 0) AS used_before, coalesce(s.before, 0) AS shipped_before,
           coalesce(u.after, 0) AS used_after, coalesce(s.after, 0) AS shipped_after
    FROM chosen b LEFT JOIN counted c ON c.batch_id = b.id LEFT JOIN used u ON u.parent_id = b.id
    LEFT JOIN shipped s ON s.batch_id = b.id
)
SELECT * FROM account {suspect}
"""
# Those that could break the least tolerance there is; the rules say which of them do.
SUSPECT = """
WHERE qty_kg - used_before - shipped_before - on_hand - scrap - retained < -1
   OR on_hand - used_after - shipped_after < -1
   OR is_counted AND NOT with_customer
      AND qty_kg - used_before - shipped_before - on_hand - scrap - retained > 1
"""
# Packaging is no mass of the salt.
RUNS = """
WITH run AS (SELECT * FROM traceability_transformation {where}),
gone_in AS (
    SELECT m.transformation_id AS run_id, sum(m.qty_kg) AS kg
    FROM traceability_madefrom m JOIN run ON run.id = m.transformation_id
    JOIN traceability_batch p ON p.id = m.parent_id
    WHERE m.is_live AND p.kind <> %(packaging)s
    GROUP BY m.transformation_id
),
come_out AS (
    SELECT o.transformation_id AS run_id, sum(o.qty_kg) AS kg,
           (array_agg(o.batch_id ORDER BY o.qty_kg DESC, o.id))[1] AS batch_id
    FROM traceability_transformationoutput o JOIN run ON run.id = o.transformation_id
    GROUP BY o.transformation_id
)
SELECT run.id, run.number, run.stage, run.finished_at, run.loss_kg, i.kg, o.kg, o.batch_id
FROM run JOIN gone_in i ON i.run_id = run.id JOIN come_out o ON o.run_id = run.id
ORDER BY run.id
"""
MADE_THE_BATCH = """
WHERE id IN (SELECT transformation_id FROM traceability_transformationoutput WHERE batch_id = %(batch)s)
"""


@dataclass(frozen=True)
class BatchAccount:
    """An account with its batch's id and the time of its count; None where nobody counted."""

    batch_id: UUID
    counted_at: datetime | None
    account: Account


@dataclass(frozen=True)
class StageRun:
    """A run with what names it; `batch_id` is the greatest part of what came out."""

    id: UUID
    number: str
    stage: str
    finished_at: datetime
    batch_id: UUID
    run: Run


@dataclass(frozen=True)
class JudgedRun:
    """A run and what the band in force says of it; without a band, or inside it, no rule."""

    run: StageRun
    band: YieldBand | None
    rule: Rule | None


@dataclass(frozen=True)
class BalanceSheet:
    """What was made of a batch and where it is."""

    batch: Batch
    account: BatchAccount
    balance: Balance
    runs: list[JudgedRun]


def account_of(batch: Batch) -> BatchAccount:
    """The batch's books as they stand."""
    return next(accounts_of([batch.pk]))


def accounts_of(ids: Iterable[UUID]) -> Iterator[BatchAccount]:
    return _accounts(where="WHERE id = ANY(%(ids)s)", ids=list(ids))


def suspect_accounts() -> Iterator[BatchAccount]:
    """The accounts of all batches that may break their tolerance: those outside the least one."""
    return _accounts(suspect=SUSPECT)


def _accounts(*, where: str = "", suspect: str = "", **params: Any) -> Iterator[BatchAccount]:
    names = {"zone": str(FACTORY_ZONE), "returned": LinkKind.RETURNED, "delivery": BatchKind.DELIVERY}
    with connection.cursor() as cursor:
        cursor.execute(ACCOUNTS.format(where=where, suspect=suspect), names | params)
        for row in cursor.fetchall():
            yield _account(*row)


def _account(
    id: UUID, qty_kg: Any, with_customer: bool, counted_at: datetime | None, is_counted: bool, *kg: Any
) -> BatchAccount:
    on_hand, scrap, retained, used_before, shipped_before, used_after, shipped_after = kg
    account = Account(
        qty_kg=qty_kg,
        before=Moved(used_before, shipped_before),
        after=Moved(used_after, shipped_after),
        count=Count(on_hand, scrap, retained) if is_counted else None,
        with_customer=with_customer,
    )
    return BatchAccount(batch_id=id, counted_at=counted_at, account=account)


def sheet_of(batch: Batch) -> BalanceSheet:
    """The batch's books, what they mean, and the runs it came out of."""
    row = account_of(batch)
    bands = judging_bands()
    runs = [_judged(run, bands) for run in runs_of(batch)]
    return BalanceSheet(batch=batch, account=row, balance=balance_of(row.account), runs=runs)


def _judged(row: StageRun, bands: list[YieldBand]) -> JudgedRun:
    band = band_in_force(bands, stage=row.stage, on=factory_date(row.finished_at))
    return JudgedRun(run=row, band=band, rule=yield_verdict(row.run, band=band))


def judged_runs() -> list[JudgedRun]:
    """Every transformation; none where no band judges."""
    bands = judging_bands()
    return [_judged(run, bands) for run in _runs(where="")] if bands else []


def runs_of(batch: Batch) -> list[StageRun]:
    """Those the batch came out of."""
    return _runs(where=MADE_THE_BATCH, batch=batch.pk)


def _runs(*, where: str, **params: Any) -> list[StageRun]:
    with connection.cursor() as cursor:
        cursor.execute(RUNS.format(where=where), {"packaging": BatchKind.PACKAGING} | params)
        return [
            StageRun(id, number, stage, finished_at, batch_id, Run(in_kg=in_kg, out_kg=out_kg, loss_kg=loss))
            for id, number, stage, finished_at, loss, in_kg, out_kg, batch_id in cursor.fetchall()
        ]


def counts_of(batch: Batch) -> QuerySet[StockCount]:
    """Its stock counts."""
    return StockCount.objects.filter(batch=batch).select_related("by")


def bands() -> QuerySet[YieldBand]:
    return YieldBand.objects.select_related("confirmed_by")


def judging_bands() -> list[YieldBand]:
    """The confirmed ones; `rules.band_in_force` picks the one of a stage and day."""
    return list(YieldBand.objects.filter(needs_confirmation=False))


def findings_for(user: User) -> QuerySet[Finding]:
    """All findings, open, settled and cleared: whoever holds the right reads every one."""
    return Finding.objects.select_related("batch__product", "settled_by")


def standing_findings_for(user: User) -> QuerySet[Finding]:
    """Those that are not cleared, in the order of the batches' codes."""
    rows = findings_for(user).exclude(state=FindingState.CLEARED)
    return rows.order_by("batch__code", "rule", "id")


def standing_findings() -> QuerySet[Finding]:
    """What the last look found, settled or not."""
    return Finding.objects.exclude(state=FindingState.CLEARED)


def refreshes() -> QuerySet[FindingRefresh]:
    return FindingRefresh.objects.all()
