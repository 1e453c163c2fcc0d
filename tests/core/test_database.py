"""The kept connection: a dead one is noticed without a round trip per request, and planned statements work."""

import pytest
from django.db import connection


def backend_pid() -> int:
    with connection.planned_cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_request_after_the_server_ended_the_connection_gets_a_new_one():
    first = backend_pid()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    other.close()
    connection.close_if_unusable_or_obsolete()  # what Django does between two requests
    assert backend_pid() not in (0, first)


@pytest.mark.django_db(transaction=True)
def test_a_living_connection_is_kept():
    first = backend_pid()
    connection.close_if_unusable_or_obsolete()
    assert connection.is_usable() and backend_pid() == first


@pytest.mark.django_db(transaction=True)
def test_a_statement_is_planned_at_its_second_use():
    for number in range(3):
        with connection.planned_cursor() as cursor:
            cursor.execute("SELECT %s::int + 41", [number])
            assert cursor.fetchone() == (number + 41,)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%+ 41'")
        assert cursor.fetchone() == (1,)


@pytest.mark.django_db
def test_planned_statements_are_counted_like_others(django_assert_num_queries):
    with django_assert_num_queries(1) as log:
        backend_pid()
    assert "pg_backend_pid" in log.captured_queries[0]["sql"]
