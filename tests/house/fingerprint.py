"""Proof that nothing changed: the content of every table, in one statement."""

from django.db import connection

# What a request may leave behind without having done anything: nothing. So: every table of the database.
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
_statement: list[str] = []
Fingerprint = dict[str, tuple[int, int]]


def _build() -> str:
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        names = [row[0] for row in cursor.fetchall()]
    parts = [
        f"SELECT '{name}', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM \"{name}\" t"
        for name in names
        if name != "django_migrations"
    ]
    return " UNION ALL ".join(parts)


def fingerprint() -> Fingerprint:
    """Table → (rows, hash over their content): business rows, history events, queued jobs, idempotency keys."""
    if not _statement:
        _statement.append(_build())
    with connection.cursor() as cursor:
        cursor.execute(_statement[0])
        return {name: (rows, int(content)) for name, rows, content in cursor.fetchall()}


def written() -> int:
    """Row versions this transaction wrote so far, rolled back ones included: equal before and after means untouched."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_xact_user_tables"
        )
        return int(cursor.fetchone()[0])
