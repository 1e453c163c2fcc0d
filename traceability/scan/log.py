"""The permanent scan log: rows go in, nothing changes or deletes them."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from traceability.scan.models import Scan

_FIELDS = list(Scan._meta.concrete_fields)
_COLUMNS = ", ".join(f'"{field.column}"' for field in _FIELDS)
_NAMES = tuple(field.attname for field in _FIELDS)
_ROW = "(" + ", ".join("%s::jsonb" if name == "answer" else "%s" for name in _NAMES) + ")"
_HEAD = f'INSERT INTO "{Scan._meta.db_table}" ({_COLUMNS}) VALUES '  # noqa: S608 names of our own model
_TAIL = " ON CONFLICT (id) DO NOTHING RETURNING id"
_ONE = _HEAD + _ROW + _TAIL


def write(rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Appends rows (column name → value, `answer` as JSON text) in one statement; the ids that were new."""
    values = [row[name] for row in rows for name in _NAMES]
    if len(rows) == 1:
        found = connection.planned_rows(_ONE, values)  # type: ignore[attr-defined]  # backend.core.database
    else:  # not planned: statements of many lengths would crowd out each other's plans
        with connection.cursor() as cursor:
            cursor.execute(_HEAD + ", ".join([_ROW] * len(rows)) + _TAIL, values)
            found = cursor.fetchall()
    return {row[0] for row in found}


def stored(ids: Iterable[UUID]) -> dict[UUID, Scan]:
    """The rows with these ids: who, digest and answer only."""
    rows = Scan.objects.filter(pk__in=list(ids)).only("id", "recorded_by_id", "digest", "answer")
    return {row.pk: row for row in rows}
