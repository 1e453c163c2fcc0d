"""New rows by COPY: several times as fast as INSERT, the same constraints and triggers."""

from collections.abc import Collection
from typing import Any

from django.db import connection, models, transaction
from psycopg import sql


def copy_in(rows: Collection[models.Model]) -> None:
    """Inserts rows of one model that hold a value for every column, with its key. Raises IntegrityError."""
    if not rows:
        return
    meta = next(iter(rows))._meta
    columns = [field.attname for field in meta.concrete_fields]
    names = [sql.Identifier(str(field.column)) for field in meta.concrete_fields]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(meta.db_table), sql.SQL(", ").join(names)
    )
    # The savepoint carries the history's context (who, which import) to the triggers: COPY alone would not.
    with transaction.atomic(), connection.wrap_database_errors, connection.cursor() as cursor:
        out: Any
        with cursor.copy(statement) as out:
            for row in rows:
                out.write_row([getattr(row, column) for column in columns])
