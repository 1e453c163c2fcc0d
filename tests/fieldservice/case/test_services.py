"""One open quality case per batch and customer, whoever tries, however often."""

import threading

import pytest
from django.db import connection

from backend.core import clock
from backend.core.queue import emit
from fieldservice.case import jobs, services
from fieldservice.case.models import Case, CaseReading
from tests import factories
from tests.jobs import run_jobs_twice
from traceability.batch.models import Batch

pytestmark = pytest.mark.django_db


def bad_readings(n, *, batch=None, customer=None):
    batch, customer = batch or factories.make_batch(), customer or factories.make_customer()
    return [
        factories.make_reading(batch=batch, visit=factories.make_visit(customer=customer)) for _ in range(n)
    ]


def test_two_bad_readings_of_one_batch_at_one_customer_make_one_case_with_two_evidences():
    one, two = bad_readings(2)
    jobs.open_quality_case(str(one.pk))
    jobs.open_quality_case(str(two.pk))
    case = Case.objects.get()
    assert (case.kind, case.status, case.batch_id) == ("quality", "open", one.batch_id)
    assert case.customer == one.visit.customer and case.region_id == case.customer.region_id
    assert case.complaint_code == "MOI" and case.opened_by is None and case.number.startswith("Q-")
    assert {row.reading_id for row in case.evidence.all()} == {one.pk, two.pk}
    assert {row.visit_id for row in case.visit_links.all()} == {one.visit_id, two.visit_id}
    assert Batch.objects.get(pk=case.batch_id).open_case_count == 1


def test_another_customer_or_batch_gets_a_case_of_its_own():
    (one,) = bad_readings(1)
    (elsewhere,) = bad_readings(1, batch=one.batch)
    (other_batch,) = bad_readings(1, customer=one.visit.customer)
    for reading in (one, elsewhere, other_batch):
        services.open_quality_case(reading.pk, at=clock.now())
    assert Case.objects.count() == 3
    assert Batch.objects.get(pk=one.batch_id).open_case_count == 2


def test_a_second_delivery_changes_nothing_even_after_the_case_was_closed():
    (reading,) = bad_readings(1)
    emit("reading.out_of_spec", reading_id=reading.pk)
    run_jobs_twice()
    case = Case.objects.get()
    assert CaseReading.objects.count() == 1
    services.close_case(case, by=factories.make_user("qc"), note="已处理", at=clock.now())
    services.open_quality_case(reading.pk, at=clock.now())
    assert Case.objects.count() == 1 and Batch.objects.get(pk=case.batch_id).open_case_count == 0


def test_a_bad_reading_after_the_case_was_closed_opens_a_new_one():
    one, two = bad_readings(2)
    case = services.open_quality_case(one.pk, at=clock.now())
    services.close_case(case, by=factories.make_user("qc"), note="已处理", at=clock.now())
    assert services.open_quality_case(two.pk, at=clock.now()).pk != case.pk


def test_a_reading_corrected_before_the_job_ran_opens_nothing():
    (reading,) = bad_readings(1)
    factories.make_reading(
        visit=reading.visit, batch=reading.batch, verdict="pass", supersedes=reading, correction_reason="抄错"
    )
    assert services.open_quality_case(reading.pk, at=clock.now()) is None
    assert not Case.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_four_jobs_at_once_make_one_case_with_four_evidences():
    readings = bad_readings(4)
    start = threading.Barrier(4)

    def work(reading):
        start.wait()
        jobs.open_quality_case(str(reading.pk))
        connection.close()

    threads = [threading.Thread(target=work, args=(reading,)) for reading in readings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    case = Case.objects.get()
    assert case.evidence.count() == 4 and case.visit_links.count() == 4
    assert Batch.objects.get(pk=case.batch_id).open_case_count == 1


@pytest.mark.django_db(transaction=True)
def test_one_job_delivered_to_two_workers_at_once_counts_once():
    (reading,) = bad_readings(1)
    start = threading.Barrier(2)

    def work():
        start.wait()
        jobs.open_quality_case(str(reading.pk))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Case.objects.get().evidence.count() == 1
