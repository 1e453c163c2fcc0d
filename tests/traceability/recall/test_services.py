"""What hangs on the database: two at once, frozen rows, the two people, the link, clocks over holidays."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier

import pytest
import time_machine
from django.db import IntegrityError, ProgrammingError, connections, transaction

from backend.core import clock
from backend.core.clock import FACTORY_ZONE
from backend.core.errors import DomainError
from tests import factories
from tests.recalling import PLAN, make_rules
from traceability.batch.models import Batch, BatchDecision
from traceability.batch.services import recall_batches
from traceability.genealogy.models import MadeFrom
from traceability.genealogy.services import record_return
from traceability.recall import queries
from traceability.recall.clocks import clocks_of
from traceability.recall.closing import blockers_of
from traceability.recall.models import (
    Disposition,
    GoodsReport,
    Recall,
    RecallBatch,
    RecallNotice,
    RecallScope,
)
from traceability.recall.notice import goods_of
from traceability.recall.reckoning import in_hand_kg, reconcile
from traceability.recall.rules import Clock
from traceability.recall.services import (
    RecallData,
    announce_recall,
    approve_recall,
    change_plan,
    propose_recall,
)
from traceability.recall.token import digest_of, token_of
from traceability.trace.queries import consignees_of

FILE = Path(__file__).parents[2] / "data" / "domain" / "recall_deadline_cases.json"
CASES = json.loads(FILE.read_text(encoding="utf-8"))["cases"]
LEVEL_OF = {10: 1, 20: 2, 30: 3}


def propose(*starts, by=None, **fields) -> Recall:
    make_rules()
    known = {"level": 2, "cause": "水分超标", "risk_known_at": clock.now() - timedelta(hours=1)}
    data = RecallData(starts=tuple(batch.pk for batch in starts), **(known | fields))
    return propose_recall(data, by=by or factories.make_user("director"))


def announce(*starts, **fields) -> Recall:
    recall = propose(*starts, **fields)
    approve_recall(recall, by=factories.make_user("qc"), reason="确认")
    change_plan(recall, by=factories.make_user("qc"), items=PLAN)
    return announce_recall(recall, by=factories.make_user("qc"), reason="公告")


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['announced']} + {case['days']}")
def test_finish_is_counted_in_working_days_of_the_chinese_calendar(case):
    batch = factories.make_batch(produced_on=datetime(2025, 1, 1).date())  # noqa: DTZ001 a date
    factories.make_shipment(batch, shipped_on=datetime(2025, 1, 5).date())  # noqa: DTZ001 a date
    day = datetime.fromisoformat(case["announced"]).replace(hour=23, minute=30, tzinfo=FACTORY_ZONE)
    with time_machine.travel(day, tick=False):
        recall = announce(batch, level=LEVEL_OF[case["days"]])
    assert recall.finish_due_on.isoformat() == case["cn"]
    due = clocks_of(recall)[Clock.FINISH].due_at.astimezone(FACTORY_ZONE)
    assert due - timedelta(seconds=1) < due and (due - timedelta(seconds=1)).date().isoformat() == case["cn"]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_approve_at_once_one_wins():
    batch = factories.make_batch()
    factories.make_shipment(batch)
    recall = propose(batch)
    people = [factories.make_user("qc") for _ in range(2)]
    gate = Barrier(2)

    def approve(user):
        try:
            gate.wait(timeout=10)
            approve_recall(recall, by=user, reason="确认")
            return "approved"
        except DomainError as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(approve, people)) == ["approved", "illegal_step"]
    assert RecallBatch.objects.count() == RecallScope.objects.count() == RecallNotice.objects.count() == 1
    assert BatchDecision.objects.filter(action="recall").count() == 1


@pytest.mark.django_db
def test_frozen_scope_takes_no_change():
    recall = announce(factories.make_batch())
    for rows in (RecallBatch.objects.filter(recall=recall), RecallScope.objects.filter(recall=recall)):
        with pytest.raises(ProgrammingError), transaction.atomic():
            rows.delete()
    with pytest.raises(ProgrammingError), transaction.atomic():
        RecallScope.objects.filter(recall=recall).update(sha256="0" * 64)


@pytest.mark.django_db
def test_database_knows_the_two_people_and_the_order_of_telling():
    batch = factories.make_batch()
    recall = announce(batch)
    one, two = factories.make_user("qc"), factories.make_user("qc")
    fields = {"recall": recall, "batch": batch, "kind": "destroy", "qty_kg": Decimal(1), "reason": "x"}
    fields |= {"proposed_by": one, "proposed_at": clock.now(), "state": "done"}
    with pytest.raises(IntegrityError, match="disposition_two_people"), transaction.atomic():
        Disposition.objects.create(**(fields | {"state": "approved"}), decided_by=one)
    for told_at in (None, clock.now() + timedelta(hours=1)):
        with pytest.raises(IntegrityError, match="regulator_told_before"), transaction.atomic():
            Disposition.objects.create(
                **fields, decided_by=two, done_at=clock.now(), regulator_told_at=told_at
            )
    with pytest.raises(IntegrityError, match="recall_two_people"), transaction.atomic():
        Recall.objects.filter(pk=recall.pk).update(decided_by=recall.proposed_by)


@pytest.mark.django_db
def test_recalling_many_takes_a_handful_of_statements(django_assert_max_num_queries):
    product = factories.make_product()
    ids = [factories.make_batch(product).pk for _ in range(30)]
    by = factories.make_user("qc")
    with django_assert_max_num_queries(10):
        assert set(recall_batches(ids, by=by, reason="R")) == set(ids)
    assert recall_batches(ids, by=by, reason="R") == []


@pytest.mark.django_db
def test_consignees_are_exactly_those_of_the_trace():
    silo = factories.make_batch(kind="silo")
    customers = [factories.make_customer() for _ in range(3)]
    for number in range(4):
        batch = factories.make_batch()
        factories.make_link(silo, batch)
        for customer in customers[number % 3 :]:
            factories.make_shipment(batch, customer, qty_kg=str(10 + number))
    recall = announce(silo)
    traced = {each.customer_id: each.kg for each in consignees_of(queries.scope_ids(recall))}
    assert {row.customer_id: row.shipped_kg for row in recall.notices.all()} == traced
    assert recall.scope.shipped_kg == sum(traced.values())


def bring_back(batch, customer, *, qty_kg):
    return record_return(
        batch,
        qty_kg=Decimal(qty_kg),
        customer=customer,
        returned_at=clock.now(),
        reason="召回退回",
        by=factories.make_user("qc"),
    ).lot


def report_back(recall, batch, *, returned_kg):
    """A report on site of goods taken back at the recall's one consignee."""
    return GoodsReport.objects.create(
        **factories.made_now(factories.make_user("logistics")),
        recall=recall,
        notice=recall.notices.get(),
        batch=batch,
        blocked_kg=0,
        returned_kg=Decimal(returned_kg),
        destroyed_kg=0,
        consumed_kg=0,
        counted_at=clock.now(),
    )


@pytest.mark.django_db
def test_goods_that_come_back_of_a_recalled_batch_are_recalled():
    batch, customer = factories.make_batch(qty_kg=Decimal(1000)), factories.make_customer()
    factories.make_shipment(batch, customer, qty_kg="1000")
    recall = announce(batch)
    lot = bring_back(batch, customer, qty_kg="300")
    lot.refresh_from_db()
    assert lot.status == "recalled"
    assert [each.code for each in reconcile(recall).findings] == []


@pytest.mark.django_db
def test_return_booked_after_the_freeze_counts_at_its_consignee_and_is_in_our_hands():
    batch, customer = factories.make_batch(qty_kg=Decimal(1000)), factories.make_customer()
    factories.make_shipment(batch, customer, qty_kg="1000")
    recall = announce(batch)
    bring_back(batch, customer, qty_kg="300")
    [line] = reconcile(recall).consignees
    assert (line.outside.returned_kg, line.outside.unaccounted_kg) == (Decimal(300), Decimal(700))
    assert in_hand_kg(recall) == {batch.pk: Decimal(300)}
    report_back(recall, batch, returned_kg="300")  # the same goods, counted when they were picked up
    [line] = reconcile(recall).consignees
    assert line.outside.returned_kg == Decimal(300)
    assert in_hand_kg(recall) == {batch.pk: Decimal(300)}
    report_back(recall, batch, returned_kg="150")
    assert reconcile(recall).outside.returned_kg == in_hand_kg(recall)[batch.pk] == Decimal(450)


@pytest.mark.django_db
def test_return_before_the_recall_is_not_searched_for_where_it_came_from():
    batch = factories.make_batch(qty_kg=Decimal(1000))
    customer, next_one = factories.make_customer(), factories.make_customer()
    factories.make_shipment(batch, customer, qty_kg="1000")
    lot = bring_back(batch, customer, qty_kg="300")
    factories.make_shipment(lot, next_one, qty_kg="300")
    recall = announce(batch)
    found = {line.notice.customer: line.outside for line in reconcile(recall).consignees}
    assert (found[customer].returned_kg, found[customer].unaccounted_kg) == (Decimal(300), Decimal(700))
    assert (found[next_one].returned_kg, found[next_one].unaccounted_kg) == (Decimal(0), Decimal(300))
    assert reconcile(recall).outside.unaccounted_kg == recall.scope.shipped_kg == Decimal(1000)
    assert in_hand_kg(recall) == {}


@pytest.mark.django_db
def test_return_entered_in_error_counts_nowhere():
    batch, customer = factories.make_batch(qty_kg=Decimal(1000)), factories.make_customer()
    factories.make_shipment(batch, customer, qty_kg="1000")
    recall = announce(batch)
    lot = bring_back(batch, customer, qty_kg="300")
    MadeFrom.objects.filter(child=lot).update(is_live=False)
    assert reconcile(recall).outside.returned_kg == 0
    assert in_hand_kg(recall) == {}


@pytest.mark.django_db
def test_return_of_a_customer_with_two_sites_fills_one_after_the_other():
    batch, site = factories.make_batch(qty_kg=Decimal(1000)), factories.make_site()
    for place in (site, None):
        factories.make_shipment(batch, site.customer, site=place, qty_kg="500")
    recall = announce(batch)
    bring_back(batch, site.customer, qty_kg="700")
    returned = sorted(line.outside.returned_kg for line in reconcile(recall).consignees)
    assert returned == [Decimal(200), Decimal(500)]


@pytest.mark.django_db
def test_edible_goods_made_of_recalled_ones_stop_the_close():
    batch = factories.make_batch(qty_kg=Decimal(1000))
    recall = announce(batch)
    new = factories.make_batch()
    factories.make_link(batch, new, qty_kg="1000")
    found = {each.code: each.subjects for each in blockers_of(recall)}
    assert found["made_of_recalled"] == (new.code,)
    Batch.objects.filter(pk=new.pk).update(status="held")
    assert "made_of_recalled" not in {each.code for each in blockers_of(recall)}


def made_of_recalled(recall):
    return {each.code: each.subjects for each in blockers_of(recall)}.get("made_of_recalled", ())


def relabel(recall, batch, *, qty_kg):
    """A relabelling two people decided and somebody carried out."""
    one, two = factories.make_user("qc"), factories.make_user("qc")
    at = clock.now()
    people = {"proposed_by": one, "proposed_at": at, "decided_by": two, "decided_at": at, "done_at": at}
    fields = {"kind": "relabel", "state": "done", "reason": "换标签", "qty_kg": Decimal(qty_kg)}
    return Disposition.objects.create(recall=recall, batch=batch, **fields, **people)


@pytest.mark.django_db
def test_relabelling_covers_its_own_batch_and_kg_only():
    batch, other = factories.make_batch(qty_kg=Decimal(1000)), factories.make_batch(qty_kg=Decimal(1000))
    recall = announce(batch, other, is_label_only=True)
    new, stranger = factories.make_batch(), factories.make_batch()
    factories.make_link(batch, new, qty_kg="300")
    factories.make_link(other, stranger, qty_kg="0")
    assert made_of_recalled(recall) == tuple(sorted([new.code, stranger.code]))
    relabel(recall, batch, qty_kg="100")
    assert made_of_recalled(recall) == tuple(sorted([new.code, stranger.code]))
    relabel(recall, batch, qty_kg="200")
    assert made_of_recalled(recall) == (stranger.code,)
    factories.make_link(other, new, qty_kg="10")
    assert made_of_recalled(recall) == tuple(sorted([new.code, stranger.code]))


@pytest.mark.django_db
def test_relabelling_covers_goods_that_came_back_as_a_lot():
    batch, customer = factories.make_batch(qty_kg=Decimal(1000)), factories.make_customer()
    factories.make_shipment(batch, customer, qty_kg="1000")
    recall = announce(batch, is_label_only=True)
    lot = bring_back(batch, customer, qty_kg="300")
    relabel(recall, batch, qty_kg="300")
    new = factories.make_batch()
    factories.make_link(lot, new, qty_kg="300")
    assert made_of_recalled(recall) == ()
    factories.make_link(lot, factories.make_batch(status="quarantine"), qty_kg="50")
    assert made_of_recalled(recall) == (new.code,)


@pytest.mark.django_db
def test_goods_shipped_before_they_were_held_stop_the_close_until_they_are_recalled():
    batch = factories.make_batch(qty_kg=Decimal(1000))
    recall = announce(batch)
    new = factories.make_batch()
    factories.make_link(batch, new, qty_kg="1000")
    factories.make_shipment(new, qty_kg="10")
    Batch.objects.filter(pk=new.pk).update(status="held")
    assert made_of_recalled(recall) == (new.code,)
    announce(new)
    assert made_of_recalled(recall) == ()


@pytest.mark.django_db
def test_history_delivery_is_a_consignee_by_its_name():
    packed = factories.make_batch()
    delivery = factories.make_batch(kind="delivery", is_history=True, consignee="K900", qty_kg=Decimal(80))
    factories.make_link(packed, delivery, qty_kg="80")
    recall = announce(packed)
    [notice] = RecallNotice.objects.filter(recall=recall)
    assert (notice.consignee_name, notice.customer_id, notice.shipped_kg) == ("K900", None, Decimal(80))


@pytest.mark.django_db
def test_each_site_of_a_customer_has_its_line():
    batch = factories.make_batch()
    site = factories.make_site()
    for place in (site, None):
        factories.make_shipment(batch, site.customer, site=place, qty_kg="10")
    recall = announce(batch)
    assert RecallNotice.objects.filter(recall=recall, customer=site.customer).count() == 2


@pytest.mark.django_db
def test_notice_tells_a_consignee_its_own_goods_however_large_the_scope(django_assert_max_num_queries):
    silo, site = factories.make_batch(kind="silo"), factories.make_site()
    batches = [factories.make_batch() for _ in range(4)]
    for batch in batches:
        factories.make_link(silo, batch)
        factories.make_shipment(batch, qty_kg="10")
    factories.make_shipment(batches[0], site.customer, site=site, qty_kg="5")
    factories.make_shipment(batches[0], site.customer, site=site, qty_kg="7")
    factories.make_shipment(batches[1], site.customer, qty_kg="3")
    factories.make_shipment(factories.make_batch(), site.customer, site=site, qty_kg="9")
    delivery = factories.make_batch(kind="delivery", is_history=True, consignee="K900", qty_kg=Decimal(80))
    factories.make_link(batches[2], delivery, qty_kg="80")
    recall = announce(silo)
    told = {}
    for notice in recall.notices.exclude(site=None) | recall.notices.exclude(consignee_name=""):
        with django_assert_max_num_queries(2):
            told[notice.consignee_name] = [(row.batch, row.kg) for row in goods_of(recall, notice)]
    assert told == {"": [(batches[0].code, Decimal(12))], "K900": [(delivery.code, Decimal(80))]}


@pytest.mark.django_db
def test_open_lines_are_those_of_running_recalls_in_the_region():
    batch = factories.make_batch()
    east, north = factories.make_customer(), factories.make_customer(region_code="north")
    for customer in (east, north):
        factories.make_shipment(batch, customer, qty_kg="10")
    recall = announce(batch)
    assert [row.customer for row in queries.open_lines(regions=["north"])] == [north]
    RecallNotice.objects.filter(customer=north).update(consumed_kg=Decimal("9.5"))
    assert [row.customer for row in queries.open_lines(recall_id=recall.pk)] == [east]


def test_token_is_signed_and_its_digest_opens_nothing(db):
    notice = factories.make_customer().pk
    token = token_of(notice, link_number=1)
    assert token == token_of(notice, link_number=1) != token_of(notice, link_number=2)
    assert len(token) == 43 and digest_of(token) != token
