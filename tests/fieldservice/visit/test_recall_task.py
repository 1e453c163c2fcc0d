"""Recall tasks: on the day lists of the consignee's region, taken by exactly one technician, ended by the report."""

from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction

from backend.core import clock
from backend.core.errors import DomainError
from fieldservice.visit.models import RecallTask, Visit
from fieldservice.visit.recall_task import (
    close_recall_tasks,
    finish_recall_task,
    open_recall_tasks,
    take_recall_task,
)
from tests import factories
from tests.fieldwork import walk
from tests.recalls import make_notice, make_recall
from traceability.batch.models import Batch
from traceability.dispatch.models import ShipmentLine
from traceability.recall.models import GoodsReport, Recall, RecallBatch, RecallNotice

pytestmark = pytest.mark.django_db


def make_task(recall: Recall | None = None, **fields: Any) -> RecallTask:
    notice = make_notice(recall or make_recall(), **fields)
    open_recall_tasks(notice.recall_id)
    return RecallTask.objects.get(notice=notice)


def report(notice: RecallNotice, batch: Batch | None = None) -> GoodsReport:
    by = factories.make_user("technician")
    return GoodsReport.objects.create(
        **factories.made_now(by),
        recall=notice.recall,
        notice=notice,
        batch=batch or ShipmentLine.objects.get(shipment__customer=notice.customer).batch,
        blocked_kg=0,
        returned_kg=1000,
        destroyed_kg=0,
        consumed_kg=0,
        counted_at=clock.now(),
    )


@pytest.fixture
def phone(sign_in):
    return sign_in("technician", regions=["east"])


def test_each_consignee_of_an_announced_recall_is_a_task_once():
    recall = make_recall()
    make_notice(recall), make_notice(recall)
    assert open_recall_tasks(recall.pk) == 2
    assert open_recall_tasks(recall.pk) == 0
    make_notice(recall)  # its paper came late
    assert open_recall_tasks(recall.pk) == 1
    assert RecallTask.objects.filter(state="open").count() == 3


def test_who_reported_before_the_task_was_opened_is_done():
    notice = make_notice(make_recall())
    report(notice)
    open_recall_tasks(notice.recall_id)
    assert RecallTask.objects.get(notice=notice).state == "done"


@pytest.mark.parametrize("state", ["proposed", "approved", "dismissed"])
def test_a_recall_nobody_announced_asks_nothing_of_the_field(state):
    recall = make_recall(state=state)
    make_notice(recall)
    assert open_recall_tasks(recall.pk) == 0 and not RecallTask.objects.exists()


def test_a_consignee_of_old_history_has_no_task():
    recall = make_recall()
    RecallNotice.objects.create(
        recall=recall, consignee_name="旧客户", shipped_kg=1, shipment_count=1, state="uncontacted"
    )
    assert open_recall_tasks(recall.pk) == 0


def test_my_day_shows_the_tasks_of_the_region_the_gravest_first(phone):
    drill = make_task(make_recall(level=1, is_drill=True))
    third, first = make_task(make_recall(level=3)), make_task(make_recall(level=1))
    make_task(make_recall(level=1), region="north")
    shown = phone.get("my-day").json["recall_tasks"]
    assert [task["id"] for task in shown] == [str(first.pk), str(drill.pk), str(third.pk)]
    assert [task["recall"]["is_drill"] for task in shown] == [False, True, False]
    assert shown[0]["customer"]["code"] == first.notice.customer.code and shown[0]["state"] == "open"


def test_taking_a_task_plans_a_visit_for_today(phone):
    task = make_task()
    answer = phone.post(f"recall-tasks/{task.pk}/take", {})
    assert answer.status == 200, answer.json
    assert answer.json["state"] == "taken" and answer.json["technician"]["id"] == str(phone.user.pk)
    visit = Visit.objects.get(pk=answer.json["visit"])
    assert (visit.kind, visit.planned_on, visit.customer) == ("recall", clock.today(), task.notice.customer)
    assert visit.site == task.notice.site and task.notice.recall.number in visit.purpose
    assert [link.batch for link in visit.batch_links.all()] == [task.notice.recall.batches.get().batch]
    day = phone.get("my-day").json
    assert [item["id"] for item in day["items"]] == [str(visit.pk)]
    assert [item["visit"] for item in day["recall_tasks"]] == [str(visit.pk)]


def test_a_drill_says_so_on_the_visit(phone):
    task = make_task(make_recall(is_drill=True))
    visit = phone.post(f"recall-tasks/{task.pk}/take", {}).json["visit"]
    assert (
        Visit.objects.get(pk=visit).purpose != ""
        and phone.get("recall-tasks").json["items"][0]["recall"]["is_drill"]
    )


def test_an_own_visit_to_the_customer_can_be_used(phone):
    task = make_task()
    visit = factories.make_visit(phone.user, task.notice.customer)
    answer = phone.post(f"recall-tasks/{task.pk}/take", {"visit": str(visit.pk)})
    assert answer.status == 200 and answer.json["visit"] == str(visit.pk)
    assert Visit.objects.count() == 1


def test_a_visit_to_another_customer_is_refused(phone):
    task, visit = make_task(), factories.make_visit(phone.user)
    answer = phone.post(f"recall-tasks/{task.pk}/take", {"visit": str(visit.pk)})
    assert answer.status == 400
    task.refresh_from_db()
    assert task.state == "open" and task.visit is None


def test_taking_it_again_changes_nothing(phone):
    task = make_task()
    first = phone.post(f"recall-tasks/{task.pk}/take", {}).json
    assert phone.post(f"recall-tasks/{task.pk}/take", {}).json == first
    assert Visit.objects.count() == 1


def test_the_second_technician_is_told_and_gets_no_visit(phone, sign_in):
    task = make_task()
    phone.post(f"recall-tasks/{task.pk}/take", {})
    late = sign_in("technician", regions=["east"])
    answer = late.post(f"recall-tasks/{task.pk}/take", {})
    assert answer.status == 409 and answer.code == "recall_task_taken"
    task.refresh_from_db()
    assert task.technician == phone.user and Visit.objects.count() == 1
    assert late.get("my-day").json["recall_tasks"] == []


def test_a_technician_of_another_region_finds_no_task(sign_in):
    task = make_task()
    other = sign_in("technician", regions=["north"])
    assert other.post(f"recall-tasks/{task.pk}/take", {}).status == 404
    assert other.get("recall-tasks").json["items"] == []
    task.refresh_from_db()
    assert task.state == "open"


def test_a_customer_without_a_site_cannot_be_visited(phone):
    task = make_task(with_site=False)
    answer = phone.post(f"recall-tasks/{task.pk}/take", {})
    assert answer.status == 409 and answer.code == "no_site_to_visit"
    assert not Visit.objects.exists()


def test_where_the_goods_went_to_no_site_the_customers_own_one_is_visited(phone):
    task = make_task(with_site=False)
    site = factories.make_site(task.notice.customer)
    visit = phone.post(f"recall-tasks/{task.pk}/take", {}).json["visit"]
    assert Visit.objects.get(pk=visit).site == site


def test_a_visit_called_off_gives_the_task_back(phone, sign_in):
    task = make_task()
    visit = phone.post(f"recall-tasks/{task.pk}/take", {}).json["visit"]
    sign_in("clerk").post(f"visits/{visit}/cancel", {"reason": "车辆故障"})
    task.refresh_from_db()
    assert (task.state, task.technician, task.visit, task.taken_at) == ("open", None, None, None)
    assert sign_in("technician").post(f"recall-tasks/{task.pk}/take", {}).status == 200


def test_the_goods_report_ends_the_task(phone):
    task = make_task()
    phone.post(f"recall-tasks/{task.pk}/take", {})
    assert not finish_recall_task(task.notice_id)  # nothing was reported yet
    report(task.notice)
    assert finish_recall_task(task.notice_id) and not finish_recall_task(task.notice_id)
    task.refresh_from_db()
    assert task.state == "done" and task.ended_at and task.technician == phone.user
    assert phone.get("my-day").json["recall_tasks"] == []
    answer = phone.post(f"recall-tasks/{task.pk}/take", {})
    assert answer.status == 409 and answer.code == "recall_task_ended"


def test_a_consignee_of_two_batches_is_done_with_the_second_report():
    recall, customer = make_recall(), factories.make_customer()
    task = make_task(recall, customer=customer, with_site=False)
    second = factories.make_batch()
    factories.make_shipment(second, customer)
    RecallBatch.objects.create(
        recall=recall, batch=second, depth=1, status_before="released", was_recalled=True
    )
    report(task.notice, batch=recall.batches.get(depth=0).batch)
    assert not finish_recall_task(task.notice_id)
    report(task.notice, batch=second)
    assert finish_recall_task(task.notice_id)


def test_closing_the_recall_ends_what_is_left_with_the_reason(phone):
    recall = make_recall()
    untaken, planned, begun = make_task(recall), make_task(recall), make_task(recall)
    done, other = make_task(recall), make_task()
    visits = {}
    for task in (planned, begun):
        visits[task] = Visit.objects.get(pk=phone.post(f"recall-tasks/{task.pk}/take", {}).json["visit"])
    walk(phone, visits[begun], upto="checked_in")
    report(done.notice)
    finish_recall_task(done.notice_id)
    assert close_recall_tasks(recall.pk) == 3 and close_recall_tasks(recall.pk) == 0
    states = {task: RecallTask.objects.get(pk=task.pk) for task in (untaken, planned, begun, done, other)}
    assert [states[task].state for task in (untaken, planned, begun, done, other)] == [
        "closed", "closed", "closed", "done", "open",
    ]  # fmt: skip
    assert all(recall.number in states[task].end_reason for task in (untaken, planned, begun))
    assert Visit.objects.get(pk=visits[planned].pk).status == "cancelled"
    assert (
        Visit.objects.get(pk=visits[begun].pk).status == "checked_in"
    )  # it is under way: the report is still worth it


@pytest.mark.parametrize("rows", [1, 3])
def test_my_day_costs_the_same_with_one_task_and_with_three(rows, phone, django_assert_num_queries):
    recall = make_recall()
    for _ in range(rows):
        make_task(recall)
    with django_assert_num_queries(3):
        assert len(phone.get("my-day").json["recall_tasks"]) == rows


@pytest.mark.django_db(transaction=True)
def test_of_two_technicians_at_once_exactly_one_has_it():
    task, technicians = make_task(), [factories.make_user("technician") for _ in range(2)]
    told: list[Any] = []

    def reach(by: Any) -> None:
        try:
            with transaction.atomic():
                told.append(take_recall_task(task, by=by).technician_id)
        except DomainError as error:
            told.append(error.code)
        finally:
            connection.close()

    threads = [Thread(target=reach, args=[by]) for by in technicians]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    task.refresh_from_db()
    assert sorted(map(str, told)) == sorted([str(task.technician_id), "recall_task_taken"])
    assert Visit.objects.count() == 1
