"""The connection to PostgreSQL (`ENGINE = "backend.core.database"`)."""

import select
from collections.abc import Sequence
from typing import Any

import psycopg
from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    _planned: psycopg.Cursor[tuple[Any, ...]] | None = None

    def is_usable(self) -> bool:
        """Whether the connection lives, asked once per request; without a round trip where nothing has happened.

        A server that ended the connection (restart, failover, terminate) has sent its goodbye: the idle socket
        is readable. Only then, and after an error, Django's own `SELECT 1` decides.
        """
        if self.connection is None or self.connection.closed:
            return False
        if self.errors_occurred or _has_news(self.connection.fileno()):
            return super().is_usable()
        return True

    def planned_rows(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of one of the few statements that every scan asks: PostgreSQL plans them once per connection.

        Django's own cursors write the values into the statement, which is planned anew each time; for the
        look-up of a scan planning takes six times as long as answering. Errors are Django's.
        """
        if self.execute_wrappers or self.queries_logged:
            # The history context puts a statement of its own in front, and two at once cannot be planned; a log
            # of statements shows the values only where they are written in.
            with self.cursor() as cursor:
                cursor.execute(statement, values)
                rows: list[tuple[Any, ...]] = cursor.fetchall()
                return rows
        self.close_if_health_check_failed()
        self.ensure_connection()
        self.validate_no_broken_transaction()
        with self.wrap_database_errors:
            return self._planned_cursor().execute(statement, values).fetchall()

    def _planned_cursor(self) -> psycopg.Cursor[tuple[Any, ...]]:
        """One cursor per connection: making one takes as long as sending with it."""
        if self._planned is None or self._planned.connection is not self.connection:
            self._planned = psycopg.Cursor(self.connection)
        return self._planned

    def get_connection_params(self) -> dict[str, Any]:
        # Only `planned_rows` can prepare a statement: at its second use on the connection. A pooler that hands out
        # connections per transaction wants OPTIONS["prepare_threshold"] = None.
        wanted = self.settings_dict["OPTIONS"].get("prepare_threshold", 1)
        return super().get_connection_params() | {"prepare_threshold": wanted}


def _has_news(socket: int) -> bool:
    poll = select.poll()
    poll.register(socket, select.POLLIN | select.POLLPRI | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
