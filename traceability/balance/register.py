"""The register of findings: what a look found is opened, seen again, or cleared."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from backend.core.ids import uuid7
from traceability.balance.rules import Fault, Rule

SEEN = """
CREATE TEMPORARY TABLE seen_fault (
    id uuid, rule text, batch_id uuid, subject uuid, residual_kg numeric, tolerance_kg numeric, evidence jsonb
) ON COMMIT DROP
"""
# An explanation holds for the number it was given for.
CLEAR = """
UPDATE traceability_finding f SET state = 'cleared', cleared_at = %(at)s
WHERE f.state <> 'cleared' AND f.rule = ANY(%(rules)s) AND (%(ids)s::uuid[] IS NULL OR f.batch_id = ANY(%(ids)s))
  AND NOT EXISTS (
      SELECT FROM seen_fault s
      WHERE s.rule = f.rule AND s.subject = f.subject AND s.batch_id = f.batch_id
        AND (f.state = 'open' OR f.residual_kg IS NOT DISTINCT FROM s.residual_kg)
  )
"""
SEE_AGAIN = """
UPDATE traceability_finding f
SET last_seen_at = %(at)s, residual_kg = s.residual_kg, tolerance_kg = s.tolerance_kg, evidence = s.evidence
FROM seen_fault s
WHERE s.rule = f.rule AND s.subject = f.subject AND s.batch_id = f.batch_id AND f.state <> 'cleared'
  AND (%(ids)s::uuid[] IS NULL OR (f.residual_kg, f.evidence) IS DISTINCT FROM (s.residual_kg, s.evidence))
"""
OPEN = """
INSERT INTO traceability_finding (id, rule, batch_id, subject, residual_kg, tolerance_kg, evidence,
                                  state, first_seen_at, last_seen_at, settle_reason)
SELECT s.id, s.rule, s.batch_id, s.subject, s.residual_kg, s.tolerance_kg, s.evidence, 'open', %(at)s, %(at)s, ''
FROM seen_fault s
WHERE NOT EXISTS (
    SELECT FROM traceability_finding f
    WHERE s.rule = f.rule AND s.subject = f.subject AND s.batch_id = f.batch_id AND f.state <> 'cleared'
)
"""


@dataclass(frozen=True)
class Change:
    """How many findings a look opened, and how many it found no more."""

    opened: int
    cleared: int


def keep(faults: Iterable[Fault], *, rules: Iterable[Rule], ids: list[UUID] | None, at: datetime) -> Change:
    """Makes the register say what a look at `rules` found, of the batches `ids` or of all; one look at a time."""
    names: dict[str, Any] = {"at": at, "rules": list(rules), "ids": ids}
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS seen_fault")  # of an earlier look in the same transaction
        cursor.execute(SEEN)
        with cursor.copy("COPY seen_fault FROM STDIN") as rows:
            for fault in faults:
                rows.write_row(_row(fault))
        # The planner knows nothing of a new table: it would go through all of it for each finding.
        cursor.execute("ANALYZE seen_fault")
        cursor.execute(CLEAR, names)
        cleared = cursor.rowcount
        cursor.execute(SEE_AGAIN, names)
        cursor.execute(OPEN, names)
        return Change(opened=cursor.rowcount, cleared=cleared)


def _row(fault: Fault) -> tuple[Any, ...]:
    kg = fault.residual_kg, fault.tolerance_kg
    evidence = orjson.dumps(fault.evidence).decode()
    return uuid7(), fault.rule, fault.batch_id, fault.subject, *kg, evidence
