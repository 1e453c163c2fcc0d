"""A link is checked against all others, also those being written."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from threading import Barrier, Thread

import pytest
from django.db import connection

from backend.core import clock
from tests.factories import make_batch, make_link, make_product, make_user
from traceability.genealogy.models import MadeFrom
from traceability.genealogy.rules import GenealogyCircle, IndustrialIntoEdible
from traceability.genealogy.services import link_parent


def link(parent, child, by):
    return link_parent(
        child, parent=parent, qty_kg=Decimal(1), made_at=clock.now() - timedelta(days=1), by=by
    )


@pytest.mark.django_db
def test_industrial_salt_does_not_come_in_through_rework():
    qc = make_user("qc")
    industrial = make_batch(make_product(family="industrial"), code="IND-1")
    rework = make_batch(make_product(family="raw_material"), code="RW-1", kind="rework")
    edible = make_batch(code="ED-1")
    link(rework, edible, qc)
    with pytest.raises(IndustrialIntoEdible) as refused:
        link(industrial, rework, qc)
    assert refused.value.params["path"] == ["IND-1", "RW-1", "ED-1"]
    assert MadeFrom.objects.count() == 1


@pytest.mark.django_db
def test_check_reads_links_at_one_query_count(django_assert_num_queries):
    qc, chain = make_user("qc"), [make_batch() for _ in range(6)]
    for parent, child in pairwise(chain):
        make_link(parent, child)
    parent = make_batch()
    with django_assert_num_queries(
        10
    ):  # lock, below, above, parent, used, insert; two savepoints open and close
        link(parent, chain[0], qc)


@pytest.mark.django_db(transaction=True)
def test_two_links_that_share_no_batch_do_not_close_a_circle():
    a, b, c, d = (make_batch() for _ in range(4))
    make_link(a, b), make_link(c, d)
    qc, start, refused = make_user("qc"), Barrier(2), []

    def run(parent, child):
        start.wait()
        try:
            link(parent, child, qc)
        except GenealogyCircle as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in ((b, c), (d, a))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1 and MadeFrom.objects.count() == 3
