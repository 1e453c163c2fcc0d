"""How far an import is, told while its transaction is still open."""

from types import TracebackType
from uuid import UUID

from django.db import connection


class ImportCancelled(Exception):
    """Somebody cancelled the import while it ran."""


class Progress:
    """A database connection of its own: nobody else sees what the work's transaction has written so far."""

    def __init__(self, id: UUID) -> None:
        self.id = id
        self.line = connection.copy()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.line.close()

    def tell(self, rows_done: int) -> None:
        """Raises ImportCancelled."""
        with self.line.cursor() as cursor:
            cursor.execute(
                "UPDATE traceability_fileimport SET rows_done = %s WHERE id = %s AND state = 'running' RETURNING 1",
                [rows_done, self.id],
            )
            if cursor.fetchone():
                return
            cursor.execute("SELECT state FROM traceability_fileimport WHERE id = %s", [self.id])
            found = cursor.fetchone()
        if found and found[0] == "cancelled":
            raise ImportCancelled
