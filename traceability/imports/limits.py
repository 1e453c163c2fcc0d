"""How long one statement of an import may work or wait: off the request path the house's limits do not fit."""

from django.db import connection


def allow_long_work() -> None:
    """Until the end of the transaction; a job ends after 300 s anyway."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL statement_timeout = '120s'; SET LOCAL lock_timeout = '30s'; "
            "SET LOCAL idle_in_transaction_session_timeout = '240s'"
        )
