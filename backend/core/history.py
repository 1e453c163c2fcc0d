"""Field-level history: every insert, update and delete of a business row, kept by database triggers.

Works for bulk writes, jobs and SQL alike (django-pghistory). Who, device and request id come from the context the
endpoint opens; a job's context names the job.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import pghistory
import pgtrigger
from django.apps import apps
from django.db import connection, models, transaction

SKIPPED = {"pgh_id", "pgh_created_at", "pgh_label", "pgh_obj", "pgh_context"}

M = TypeVar("M", bound=type[models.Model])


def tracked(model: M) -> M:
    """Class decorator: keeps every version of the model's rows."""
    return tracked_without()(model)


def tracked_without(*fields: str) -> Callable[[M], M]:
    """As `tracked`, leaving out fields that must not be copied (password hashes)."""
    return pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        obj_field=pghistory.ObjForeignKey(
            on_delete=models.DO_NOTHING, db_constraint=False, related_name="+", related_query_name="+"
        ),
        exclude=list(fields) or None,
    )


def tracked_models() -> dict[str, type[models.Model]]:
    """Name → model of every business table with history: {"batch": Batch, …}."""
    found: dict[str, type[models.Model]] = {}
    for model in apps.get_models():
        origin: Any = getattr(model, "pgh_tracked_model", None)
        if origin is not None:
            found[origin._meta.model_name] = model
    return found


def insert_many(name: str, statement: str, values: Mapping[str, Any]) -> int:
    """Runs an `INSERT INTO … SELECT …` of many rows of a business table; how many there were. One transaction.

    Their history is kept by one statement as well. The trigger keeps it row by row, at a millisecond each: only for
    this statement it is told to leave it to us.
    """
    return _write_many(name, statement, values, label="insert")


def update_many(name: str, statement: str, values: Mapping[str, Any]) -> int:
    """Runs an `UPDATE … SET … WHERE …` of many rows, each of which it changes; as `insert_many`."""
    return _write_many(name, statement, values, label="update")


def _write_many(name: str, statement: str, values: Mapping[str, Any], *, label: str) -> int:
    event = tracked_models()[name]
    model: Any = event.pgh_tracked_model  # type: ignore[attr-defined]  # event models are made at run time
    fields = [field.column for field in event._meta.concrete_fields if field.name not in SKIPPED]
    columns = ", ".join(f'"{column}"' for column in fields)
    [(_model, trigger)] = pgtrigger.registered(f"{model._meta.label}:{label}_{label}")
    kept = f"""WITH made AS ({statement} RETURNING *), kept AS (
        INSERT INTO "{event._meta.db_table}" ({columns}, pgh_obj_id, pgh_label, pgh_created_at, pgh_context_id)
        SELECT {columns}, made.id, '{label}', NOW(), (SELECT _pgh_attach_context()) FROM made)
        SELECT count(*) FROM made"""  # noqa: S608 names from our own models
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LEAVE, ["{%s}" % trigger.get_pgid(model)])  # noqa: UP031 the braces are the array's
        cursor.execute(kept, dict(values))
        count: int = cursor.fetchone()[0]
        cursor.execute(_LEAVE, ["{}"])
    return count


_LEAVE = "SELECT set_config('pgtrigger.ignore', %s, true)"


def append_only() -> list[pgtrigger.Trigger]:
    """Triggers for a table whose rows nobody may change or delete, SQL included."""
    return [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


def changes(name: str, *, row_id: Any) -> Iterator[dict[str, Any]]:
    """The history of one row, newest first: what, when, who, device, request id, fields {name: [before, after]}.

    KeyError for an unknown name.
    """
    events = list(
        tracked_models()[name]
        .objects.filter(pgh_obj_id=row_id)  # type: ignore[attr-defined]  # event models are made at run time
        .select_related("pgh_context")
        .order_by("pgh_id")
    )
    before: dict[str, Any] = {}
    lines = []
    for event in events:
        after = {f.attname: getattr(event, f.attname) for f in event._meta.fields if f.name not in SKIPPED}
        lines.append(_line(event, before=before, after=after))
        before = after
    return reversed(lines)


def _line(event: Any, *, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    context = event.pgh_context.metadata if event.pgh_context else {}
    changed = {key: [before.get(key), value] for key, value in after.items() if before.get(key) != value}
    return {
        "what": event.pgh_label,
        "at": event.pgh_created_at,
        "user": context.get("user"),
        "device": context.get("device"),
        "request_id": context.get("request_id"),
        "job": context.get("job"),
        "changed": {key: [_text(old), _text(new)] for key, (old, new) in changed.items()},
    }


def _text(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int)) else str(value)
