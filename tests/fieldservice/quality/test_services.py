"""Second bad reading or third complaint on a batch in 30 days: a hold is proposed, never made."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from backend.core import clock
from backend.core.queue import emit
from fieldservice.case.services import Complaint, open_complaint
from fieldservice.quality import jobs, services
from fieldservice.quality.models import Signal, SignalPolicy
from tests import factories
from tests.jobs import run_jobs, run_jobs_twice
from traceability.batch.models import Batch, Proposal
from traceability.batch.services import accept_proposal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _policies(db):
    factories.make_signal_policies()


def days_ago(days):
    return clock.now() - timedelta(days=days)


def test_the_second_bad_reading_proposes_a_hold_with_its_evidence_and_holds_nothing():
    batch = factories.make_batch()
    one = factories.make_reading(batch=batch, received_at=days_ago(10))
    assert services.raise_signals(batch.pk) == []
    two = factories.make_reading(batch=batch)
    (signal,) = services.raise_signals(batch.pk)
    assert signal.rule == "repeated_readings" and set(signal.readings.all()) == {one, two}
    proposal = Proposal.objects.get()
    assert (proposal.action, proposal.state, proposal.proposed_by) == ("hold", "open", None)
    assert "30" in proposal.reason and signal.proposal == proposal
    assert Batch.objects.get(pk=batch.pk).status == "released"


def test_running_again_changes_nothing():
    batch = factories.make_batch()
    for _ in range(2):
        emit("reading.out_of_spec", reading_id=factories.make_reading(batch=batch).pk)
    run_jobs_twice()
    run_jobs_twice()
    assert Signal.objects.count() == Proposal.objects.count() == 1
    assert Signal.objects.get().readings.count() == 2


def test_a_third_bad_reading_joins_the_evidence_while_qc_has_not_decided():
    batch = factories.make_batch()
    readings = [factories.make_reading(batch=batch) for _ in range(2)]
    services.raise_signals(batch.pk)
    readings.append(factories.make_reading(batch=batch))
    services.raise_signals(batch.pk)
    assert set(Signal.objects.get().readings.all()) == set(readings)


def test_readings_further_apart_than_the_window_raise_nothing():
    batch = factories.make_batch()
    factories.make_reading(batch=batch, received_at=days_ago(31))
    factories.make_reading(batch=batch)
    assert services.raise_signals(batch.pk) == []
    assert not Proposal.objects.exists()


def test_a_late_correction_counts_from_when_the_reading_was_first_heard_of():
    batch = factories.make_batch()
    old = factories.make_reading(batch=batch, received_at=days_ago(31))
    factories.make_reading(batch=batch, visit=old.visit, supersedes=old, correction_reason="抄错")
    factories.make_reading(batch=batch)
    assert services.raise_signals(batch.pk) == []


def test_what_is_not_evidence_does_not_count():
    batch = factories.make_batch()
    bad = factories.make_reading(batch=batch)
    factories.make_reading(batch=batch, supersedes=bad, correction_reason="抄错")
    factories.make_reading(batch=batch, is_evidential=False, verdict="inconclusive")
    factories.make_reading(batch=batch, verdict="conditional_pass")
    factories.make_reading()
    assert services.raise_signals(batch.pk) == []


def test_a_reading_qc_waived_counts():
    batch = factories.make_batch()
    factories.make_reading(batch=batch)
    waived = factories.make_reading(batch=batch, is_evidential=False, verdict="inconclusive")
    factories.make_waiver(waived, verdict="fail")
    (signal,) = services.raise_signals(batch.pk)
    assert waived in signal.readings.all()


def test_the_third_complaint_proposes_a_hold():
    batch, clerk = factories.make_batch(), factories.make_user("clerk")
    for n in range(3):
        assert not Proposal.objects.exists()
        open_complaint(
            Complaint(code="CAK", customer=factories.make_customer(), description=f"结块 {n}", batch=batch),
            by=clerk,
            at=clock.now(),
        )
        run_jobs()
    signal = Signal.objects.get()
    assert signal.rule == "repeated_complaints" and signal.cases.count() == 3


def test_complaints_about_the_delivery_say_nothing_about_the_batch():
    batch, clerk = factories.make_batch(), factories.make_user("clerk")
    for code in ("SRV", "CAK", "SRV", "MOI"):
        complaint = Complaint(code=code, customer=factories.make_customer(), description="…", batch=batch)
        open_complaint(complaint, by=clerk, at=clock.now())
        run_jobs()
    assert not Signal.objects.exists()


@pytest.mark.parametrize("status", ["held", "recalled", "destroyed"])
def test_a_batch_that_is_stopped_already_gets_no_proposal(status):
    batch = factories.make_batch(status=status)
    for _ in range(2):
        factories.make_reading(batch=batch)
    assert services.raise_signals(batch.pk) == []
    assert not Proposal.objects.exists()


def test_what_qc_dismissed_is_not_proposed_again_but_something_new_is():
    batch = factories.make_batch()
    for _ in range(2):
        factories.make_reading(batch=batch)
    services.raise_signals(batch.pk)
    Proposal.objects.update(
        state="dismissed",
        decided_by=factories.make_user("qc"),
        decided_at=clock.now(),
        decision_reason="仪器",
    )
    assert services.raise_signals(batch.pk) == []
    factories.make_reading(batch=batch)
    (signal,) = services.raise_signals(batch.pk)
    assert signal.readings.count() == 3 and Proposal.objects.filter(state="open").count() == 1


def test_both_rules_share_the_one_open_proposal():
    batch, clerk = factories.make_batch(), factories.make_user("clerk")
    for _ in range(2):
        factories.make_reading(batch=batch)
    for _ in range(3):
        complaint = Complaint(code="CAK", customer=factories.make_customer(), description="…", batch=batch)
        open_complaint(complaint, by=clerk, at=clock.now())
    run_jobs()
    assert Proposal.objects.count() == 1
    assert {signal.rule for signal in Signal.objects.all()} == {"repeated_readings", "repeated_complaints"}


def test_the_policy_of_the_day_counts():
    policy = SignalPolicy.objects.filter(rule="repeated_readings")
    policy.create(rule="repeated_readings", count=3, window_days=10, valid_from=clock.today(), source="Test")
    batch = factories.make_batch()
    for _ in range(2):
        factories.make_reading(batch=batch)
    assert services.raise_signals(batch.pk) == []


def test_without_a_policy_nothing_is_raised():
    SignalPolicy.objects.all().delete()
    batch = factories.make_batch()
    for _ in range(2):
        factories.make_reading(batch=batch)
    assert services.raise_signals(batch.pk) == []


@pytest.mark.django_db(transaction=True)
def test_two_jobs_at_once_raise_one_signal():
    factories.make_signal_policies()
    batch = factories.make_batch()
    for _ in range(2):
        factories.make_reading(batch=batch)
    start = threading.Barrier(2)

    def work():
        start.wait()
        jobs.raise_signals(str(batch.pk))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Signal.objects.count() == Proposal.objects.count() == 1


def test_accepting_the_proposal_holds_the_batch():
    batch = factories.make_batch()
    for _ in range(2):
        factories.make_reading(batch=batch)
    services.raise_signals(batch.pk)
    accept_proposal(Proposal.objects.get(), by=factories.make_user("qc"), reason="两次水分超标")
    assert Batch.objects.get(pk=batch.pk).status == "held"
