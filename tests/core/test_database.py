"""The kept connection: a dead one is noticed without a round trip per request, and planned statements work."""

import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.transaction import TransactionManagementError


def backend_pid() -> int:
    return int(connection.planned_rows("SELECT pg_backend_pid()", [])[0][0])


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
        assert connection.planned_rows("SELECT %s::int + 41", [number]) == [(number + 41,)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%+ 41'")
        assert cursor.fetchone() == (1,)


@pytest.mark.django_db(transaction=True)
def test_behind_a_pooler_no_statement_is_planned():
    other = connection.copy()
    other.settings_dict["OPTIONS"] = {**other.settings_dict["OPTIONS"], "prepare_threshold": None}
    try:
        for number in range(3):
            assert other.planned_rows("SELECT %s::int + 43", [number]) == [(number + 43,)]
        with other.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%+ 43'")
            assert cursor.fetchone() == (0,)
    finally:
        other.close()


@pytest.mark.django_db
def test_planned_statements_are_counted_like_others(django_assert_num_queries):
    with django_assert_num_queries(1) as log:
        backend_pid()
    assert "pg_backend_pid" in log.captured_queries[0]["sql"]


@pytest.mark.django_db
def test_errors_are_djangos_and_a_broken_transaction_is_noticed():
    with pytest.raises(ProgrammingError), transaction.atomic():
        connection.planned_rows("SELECT * FROM no_such_table", [])
    with pytest.raises(TransactionManagementError), transaction.atomic():
        transaction.set_rollback(True)
        connection.planned_rows("SELECT 1", [])
