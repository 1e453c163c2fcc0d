"""A link is checked against all others, also those being written."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction

from backend.core import clock
from tests.factories import make_batch, make_customer, make_link, make_product, make_sales_rules, make_user
from traceability.batch.models import Batch
from traceability.dispatch.gate import LineData
from traceability.dispatch.queries import shipped_kg
from traceability.dispatch.services import LinesRefused, ShipmentData, record_shipment
from traceability.genealogy import queries
from traceability.genealogy.guard import one_at_a_time
from traceability.genealogy.models import MadeFrom
from traceability.genealogy.rules import (
    GenealogyCircle,
    GenealogyTooLarge,
    IndustrialIntoEdible,
    MoreThanLeft,
)
from traceability.genealogy.services import link_parent

PLAIN = {"kind": "silo", "plant": "P1", "produced_on": date(2026, 1, 1), "qty_kg": 1000, "status": "released"}


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
    with django_assert_num_queries(9):  # lock, above, parent, used, insert; two savepoints open and close
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


@pytest.mark.django_db
def test_ladder_of_silo_heels_is_checked_to_its_end():
    """500 steps, each from the two before it: more ways than atoms, and the industrial lot stands at the far end."""
    product, other = make_product(family="raw_material"), make_product(family="industrial")
    steps = [
        Batch(product=product, code=f"L{at}", code_norm=f"L{at}", **PLAIN | {"status_at": clock.now()})
        for at in range(500)
    ]
    steps[0].product = other
    Batch.objects.bulk_create(steps)
    qc, edible = make_user("qc"), make_batch(code="ED")
    for back in (1, 2):
        MadeFrom.objects.bulk_create(
            MadeFrom(parent=parent, child=child, qty_kg=1, made_at=clock.now(), recorded_by=qc)
            for parent, child in zip(steps, steps[back:], strict=False)
        )
    with pytest.raises(IndustrialIntoEdible) as refused:
        link(steps[-1], edible, qc)
    path = refused.value.params["path"]
    assert (path[0], path[-2:], len(path)) == ("L0", ["L499", "ED"], 252)
    assert not edible.parent_links.exists()


@pytest.mark.django_db
def test_what_cannot_be_checked_is_not_entered(monkeypatch):
    monkeypatch.setattr(queries, "CAP", 3)
    qc, chain = make_user("qc"), [make_batch() for _ in range(4)]
    for parent, child in pairwise(chain):
        make_link(parent, child)
    with pytest.raises(GenealogyTooLarge):
        link(chain[-1], make_batch(), qc)
    assert MadeFrom.objects.count() == 3
    link(chain[-2], make_batch(), qc)


def why_of(error):
    return error.errors["lines"][0].code if isinstance(error, LinesRefused) else error.code


@pytest.mark.django_db(transaction=True)
def test_last_kg_are_shipped_or_used_but_not_both():
    make_sales_rules()
    packed, rework = make_batch(), make_batch(kind="rework")
    customer = make_customer(licence_no="SP1", licence_valid_to=clock.today() + timedelta(days=9))
    qc, logistics = make_user("qc"), make_user("logistics")
    start, refused = Barrier(2), []

    def use():
        link_parent(
            rework,
            parent=packed,
            qty_kg=Decimal(40000),
            made_at=clock.now(),
            by=qc,
            gone_elsewhere=shipped_kg,
        )

    def ship():
        line = LineData(batch_id=packed.pk, qty_kg=Decimal(40000))
        data = ShipmentData(customer_id=customer.pk, shipped_on=clock.today(), lines=(line,))
        record_shipment(data, by=logistics)

    def run(act):
        start.wait()
        try:
            act()
        except (MoreThanLeft, LinesRefused) as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(act,)) for act in (use, ship)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [why_of(error) for error in refused] == ["more_than_left"]
    assert queries.used_kg([packed.pk]) | shipped_kg([packed.pk]) == {packed.pk: 40000}


@pytest.mark.django_db(transaction=True)
def test_link_being_entered_holds_up_no_reader_and_no_other_writer():
    """Links of history come in by the hundred thousand while QC enters one."""
    a, b = make_batch(), make_batch()
    done = []

    def others():
        make_link(a, b, is_history=True)
        make_batch()
        done.append(queries.used_kg([a.pk]))
        connection.close()

    with transaction.atomic():
        one_at_a_time()
        thread = Thread(target=others)
        thread.start()
        thread.join()
    assert done == [{a.pk: 1000}]
