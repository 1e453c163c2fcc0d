"""Signals and policies over HTTP; the main job from the second bad reading to the hold."""

import pytest

from backend.core import clock
from backend.core.ids import uuid7
from fieldservice.quality.services import raise_signals
from tests import factories
from tests.jobs import run_jobs
from traceability.batch.models import Batch

pytestmark = pytest.mark.django_db


@pytest.fixture
def signal():
    factories.make_signal_policies()
    batch = factories.make_batch()
    for _ in range(2):
        factories.make_reading(batch=batch)
    return raise_signals(batch.pk)[0]


def test_qc_sees_the_signal_with_its_evidence_and_policy(sign_in, signal):
    (row,) = sign_in("qc").get(f"signals?batch={signal.batch_id}").json["items"]
    assert row["rule"] == "repeated_readings" and row["batch_code"] == signal.batch.code
    assert row["policy"]["count"] == 2 and row["policy"]["window_days"] == 30
    assert [reading["value"] for reading in row["readings"]] == ["0.55", "0.55"]
    assert row["proposal"] == str(signal.proposal_id) and row["proposal_state"] == "open"


def test_qc_accepts_the_proposal_and_the_batch_is_held(sign_in, signal):
    qc = sign_in("qc")
    accepted = qc.post(f"proposals/{signal.proposal_id}/accept", {"reason": "两次水分超标"})
    assert accepted.status == 200
    assert Batch.objects.get(pk=signal.batch_id).status == "held"
    assert qc.get("signals?proposal_state=open").json["items"] == []


def test_only_quality_director_and_auditor_see_signals(sign_in, signal):
    for role in ("director", "auditor"):
        assert len(sign_in(role).get("signals").json["items"]) == 1
    for role in ("technician", "clerk", "finance", "dealer"):
        assert sign_in(role).get("signals").status == 403


def test_the_dated_policies_are_listed_newest_first(sign_in):
    factories.make_signal_policies()
    rows = sign_in("qc").get("signal-policies").json["items"]
    assert {(row["rule"], row["count"], row["window_days"]) for row in rows} >= {
        ("repeated_readings", 2, 30),
        ("repeated_complaints", 3, 30),
    }
    assert all(row["source"] for row in rows)


@pytest.mark.parametrize("signals", [1, 3])
def test_the_list_needs_five_queries_for_any_number_of_signals(sign_in, django_assert_num_queries, signals):
    factories.make_signal_policies()
    for _ in range(signals):
        batch = factories.make_batch()
        for _ in range(2):
            factories.make_reading(batch=batch)
        raise_signals(batch.pk)
    director = sign_in("director")
    with django_assert_num_queries(5):
        assert len(director.get("signals").json["items"]) == signals


def test_the_third_complaint_a_dealer_makes_by_scan_proposes_a_hold(sign_in):
    factories.make_signal_policies()
    customer, batch = factories.make_customer(), factories.make_batch(code="YS20260301A01")
    factories.make_shipment(batch, customer)
    dealer, qc = sign_in(factories.make_dealer(customer)), sign_in("qc")
    for number in (1, 2, 3):
        assert qc.get(f"signals?batch={batch.pk}").json["items"] == []
        sent = {"id": str(uuid7()), "raw": batch.code, "made_at": clock.now().isoformat()}
        scan = dealer.post("scans", sent).json
        told = {"complaint_code": "CAK", "customer": str(customer.pk), "scan": scan["id"]}
        assert dealer.post("cases", told | {"description": f"第{number}袋结块"}).status == 201
        run_jobs()
    (signal,) = qc.get(f"signals?batch={batch.pk}").json["items"]
    assert signal["rule"] == "repeated_complaints" and len(signal["cases"]) == 3
    assert signal["proposal_state"] == "open" and Batch.objects.get(pk=batch.pk).status == "released"
    assert qc.post(f"proposals/{signal['proposal']}/accept", {"reason": "三起投诉"}).status == 200
    assert dealer.post("scans", sent | {"id": str(uuid7())}).json["outcome"] == "held"
