"""The connection to PostgreSQL (`ENGINE = "backend.core.database"`)."""

import select
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper


class DatabaseWrapper(base.DatabaseWrapper):
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

    def planned_cursor(self) -> CursorWrapper:
        """A cursor for the few statements that every scan asks: PostgreSQL plans them once per connection.

        Django's own cursors write the values into the statement, which is planned anew each time; for the
        look-up of a scan planning takes six times as long as answering.
        """
        if self.execute_wrappers or self.queries_logged:
            # The history context puts a statement of its own in front, and two at once cannot be planned; a log
            # of statements shows the values only where they are written in.
            return self.cursor()
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            planned: Any = psycopg.Cursor(self.connection)
        self.validate_thread_sharing()
        return self.make_cursor(planned)

    def get_connection_params(self) -> dict[str, Any]:
        # Only planned cursors can prepare a statement: at its second use on the connection.
        return super().get_connection_params() | {"prepare_threshold": 1}


def _has_news(socket: int) -> bool:
    poll = select.poll()
    poll.register(socket, select.POLLIN | select.POLLPRI | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
