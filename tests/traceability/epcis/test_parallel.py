"""Each business row is one event for ever: also when two append at once, and when one is killed half-way."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, close_old_connections, connection, transaction

from tests import factories
from traceability.epcis.models import EventDue, TraceEvent
from traceability.epcis.services import append_all, append_due


def append_in_a_thread(_number: int) -> int:
    try:
        return append_all(limit=7)
    except IntegrityError:
        return 0
    finally:
        close_old_connections()
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_four_who_append_at_once_write_each_event_once():
    product = factories.make_product()
    for _ in range(60):
        factories.make_batch(product)
    with ThreadPoolExecutor(4) as pool:
        added = sum(pool.map(append_in_a_thread, range(4)))
    added += append_all()
    assert added == TraceEvent.objects.count() == 60
    assert not EventDue.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_rows_another_transaction_has_taken_are_skipped():
    product = factories.make_product()
    for _ in range(4):
        factories.make_batch(product)
    with transaction.atomic():
        assert append_due(2) == (2, 2)
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(append_in_a_thread, 0).result(timeout=30) == 2
    assert TraceEvent.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_killed_half_way_nothing_happened():
    factories.make_batch()
    with pytest.raises(RuntimeError), transaction.atomic():
        append_due(10)
        raise RuntimeError
    assert (TraceEvent.objects.count(), EventDue.objects.count()) == (0, 1)
    assert append_all() == 1
