"""Numbers people read out on the phone: C-202611-0042."""

from datetime import date

from django.db import connection


def next_number(prefix: str, *, on: date) -> str:
    """The next number of `prefix` in the month of `on`. Call inside the transaction that uses it: no gaps."""
    name = f"{prefix}-{on:%Y%m}"
    return f"{name}-{next_count(name):04d}"


def next_count(name: str) -> int:
    """1, 2, 3 … of the name, for numbers with a form of their own. Call inside the transaction that uses it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_counter (name, value) VALUES (%s, 1) "
            "ON CONFLICT (name) DO UPDATE SET value = core_counter.value + 1 RETURNING value",
            [name],
        )
        count: int = cursor.fetchone()[0]
        return count
