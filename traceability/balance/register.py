"""The register of findings: what a look found is opened, seen again, or cleared."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from backend.core.history import insert_many, update_many
from backend.core.ids import uuid7
from traceability.balance.rules import Fault, Rule

MANY = 1_000  # new rows, after which the planner has to be told
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
# What changed goes into the history, by one statement; that it was seen again does not.
CHANGE = """
UPDATE traceability_finding f SET (residual_kg, tolerance_kg, evidence, last_seen_at) = (
    SELECT s.residual_kg, s.tolerance_kg, s.evidence, %(at)s FROM seen_fault s
    WHERE s.rule = f.rule AND s.subject = f.subject AND s.batch_id = f.batch_id
)
WHERE f.id IN (
    SELECT k.id FROM seen_fault s JOIN traceability_finding k
    ON s.rule = k.rule AND s.subject = k.subject AND s.batch_id = k.batch_id AND k.state <> 'cleared'
    WHERE (k.residual_kg, k.tolerance_kg, k.evidence) IS DISTINCT FROM (s.residual_kg, s.tolerance_kg, s.evidence)
)
"""
SEE_AGAIN = """
UPDATE traceability_finding f SET last_seen_at = %(at)s FROM seen_fault s
WHERE s.rule = f.rule AND s.subject = f.subject AND s.batch_id = f.batch_id AND f.state <> 'cleared'
  AND f.last_seen_at <> %(at)s
"""
FORGET_KNOWN = """
DELETE FROM seen_fault s USING traceability_finding f
WHERE s.rule = f.rule AND s.subject = f.subject AND s.batch_id = f.batch_id AND f.state <> 'cleared'
"""
# The known ones are gone from `seen_fault` before: looked for by this statement, they would be looked for among the
# rows it has itself just written, all of them for each new one.
OPEN = """
INSERT INTO traceability_finding (id, rule, batch_id, subject, residual_kg, tolerance_kg, evidence,
                                  state, first_seen_at, last_seen_at, settle_reason)
SELECT s.id, s.rule, s.batch_id, s.subject, s.residual_kg, s.tolerance_kg, s.evidence, 'open', %(at)s, %(at)s, ''
FROM seen_fault s
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
        cursor.execute("CREATE INDEX ON seen_fault (subject); ANALYZE seen_fault")
    cleared = update_many("finding", CLEAR, names)
    update_many("finding", CHANGE, names)
    with connection.cursor() as cursor:
        if ids is None:
            cursor.execute(SEE_AGAIN, names)
        cursor.execute(FORGET_KNOWN)
    opened = insert_many("finding", OPEN, names)
    if opened > MANY:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE traceability_finding")
    return Change(opened=opened, cleared=cleared)


def _row(fault: Fault) -> tuple[Any, ...]:
    kg = fault.residual_kg, fault.tolerance_kg
    evidence = orjson.dumps(fault.evidence).decode()
    return uuid7(), fault.rule, fault.batch_id, fault.subject, *kg, evidence
