"""The batch dossier: one answer of counts, sums and addresses; parts by right; never more queries for more rows."""

from datetime import timedelta
from decimal import Decimal

import pytest

from backend.accounts.rules import TABLE, Can, Role
from backend.core import clock
from backend.core.ids import uuid7
from fieldservice.quality.models import Signal
from tests import factories
from tests.recalls import make_recall
from traceability.genealogy.models import MadeFrom
from traceability.recall.models import RecallBatch, RecallNotice
from traceability.scan.models import Scan

pytestmark = pytest.mark.django_db
PARTS = {
    "lab": Can.READ_BATCH_TESTS,
    "ship": Can.READ_RECEIVERS,
    "balance": Can.READ_BALANCE,
    "scans": Can.READ_SCANS,
    "readings": Can.READ_READINGS,
    "cases": Can.READ_CASES,
    "signals": Can.READ_SIGNALS,
    "cost": Can.READ_COSTS,
    "recall": Can.READ_RECALLS,
}


def dossier_of(client, batch):
    answer = client.get(f"batches/{batch.pk}/dossier")
    assert answer.status == 200, answer.json
    return answer.json


def scan_often(batch, *, times, by):
    """`times` scans of the batch, every tenth held, a second apart."""
    at = clock.now() - timedelta(seconds=times)
    Scan.objects.bulk_create(
        Scan(
            id=uuid7(),
            recorded_by=by,
            device_at=at + timedelta(seconds=n),
            corrected_at=at + timedelta(seconds=n),
            received_at=at + timedelta(seconds=n),
            source="typed",
            raw=batch.code,
            raw_bytes=batch.code.encode(),
            label_kind="batch_number",
            outcome="held" if n % 10 == 0 else "ok",
            batch=batch,
            digest="0" * 64,
            answer={},
        )
        for n in range(times)
    )


def full_batch(times=1):
    """A batch with `times` rows of everything the dossier speaks about."""
    batch = factories.make_batch()
    customer = factories.make_customer()
    for _ in range(times):
        factories.make_link(factories.make_batch(kind="refined"), batch)
        factories.make_link(factories.make_batch(kind="additive", supplier_lot="KIO-7"), batch)
        factories.make_certificate(batch)
        factories.make_shipment(batch, customer)
        factories.make_reading(batch=batch)
        factories.make_case(customer, batch=batch)
        factories.make_cost(batch=batch)
    return batch


def test_the_dossier_is_one_answer_about_everything(sign_in):
    batch, director = full_batch(), sign_in("director")
    scan_often(batch, times=20, by=factories.make_user())
    body = dossier_of(director, batch)
    assert body["make"]["batch"]["code"] == batch.code
    assert (body["make"]["parents"], body["make"]["children"], body["make"]["supplier_lots"]) == (2, 0, 1)
    assert body["lab"]["certificates"] == 1 and len(body["lab"]["newest"]["values"]) > 0
    assert body["ship"]["receivers"] == 1 and Decimal(body["ship"]["qty_kg"]) == 1000
    assert body["balance"]["verdict"] == "not_counted"
    assert body["scans"]["by_outcome"] == [{"outcome": "held", "count": 2}, {"outcome": "ok", "count": 18}]
    assert body["scans"]["count"] == 20 and body["scans"]["last_at"]
    assert body["readings"]["by_verdict"] == [{"verdict": "fail", "count": 1}]
    assert body["readings"]["latest"]["parameter"] == "moisture"
    assert (body["cases"]["count"], body["cases"]["open"]) == (1, 1)
    assert Decimal(body["cost"]["total"]["gross_cny"]) == Decimal("48.90")
    assert body["recall"] == {
        "links": {"list": f"/api/v1/recalls?batch={batch.pk}"},
        "count": 0,
        "recall": None,
        "accounted_pct": None,
        "recovered_pct": None,
    }


def test_every_address_in_it_answers(sign_in):
    batch, director = full_batch(), sign_in("director")
    links = [
        address
        for part in dossier_of(director, batch).values()
        if isinstance(part, dict)
        for address in part["links"].values()
    ]
    assert len(links) == 15
    for address in links:
        assert director.get(address).status == 200, address


@pytest.mark.parametrize("role", [role for role in Role if role in TABLE[Can.READ_BATCHES]])
def test_a_part_without_its_right_is_absent(role, sign_in):
    body = dossier_of(sign_in(role.value), full_batch())
    assert set(body) - {"id", "make", "decisions"} == {
        part for part, can in PARTS.items() if role in TABLE[can]
    }
    assert ("line" in body["make"]["batch"]) == (role in TABLE[Can.READ_BATCH_TESTS])


@pytest.mark.parametrize("role", [role.value for role in Role if role not in TABLE[Can.READ_BATCHES]])
def test_who_reads_no_batches_reads_no_dossier(role, sign_in):
    assert sign_in(role).get(f"batches/{factories.make_batch().pk}/dossier").status == 403


def test_no_such_batch(sign_in):
    assert sign_in("qc").get(f"batches/{uuid7()}/dossier").status == 404


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("role", ["director", "qc", "auditor"])
def test_a_thousand_scans_cost_twenty_queries_at_most(role, times, sign_in, django_assert_max_num_queries):
    batch, client = full_batch(times), sign_in(role)
    scan_often(batch, times=1000 * times, by=factories.make_user())
    with django_assert_max_num_queries(20):
        assert dossier_of(client, batch)["scans"]["count"] == 1000 * times


def test_more_rows_cost_no_more_queries(sign_in, django_assert_num_queries):
    client, batches = sign_in("director"), (full_batch(1), full_batch(3))
    scan_often(batches[1], times=50, by=factories.make_user())
    for batch in batches:
        with django_assert_num_queries(16):
            dossier_of(client, batch)


def test_a_technician_counts_the_own_scans_only(sign_in):
    batch, phone = factories.make_batch(), sign_in("technician")
    scan_often(batch, times=3, by=phone.user)
    scan_often(batch, times=5, by=factories.make_user())
    assert dossier_of(phone, batch)["scans"]["count"] == 3


def test_a_clerk_counts_the_own_regions_only(sign_in):
    batch = factories.make_batch()
    factories.make_shipment(batch, factories.make_customer(region_code="north"))
    factories.make_shipment(batch, factories.make_customer(region_code="east"))
    factories.make_case(factories.make_customer(region_code="north"), batch=batch)
    body = dossier_of(sign_in("clerk", regions=["east"]), batch)
    assert body["ship"]["receivers"] == 1 and body["cases"]["count"] == 0


def test_a_reversed_link_and_a_corrected_reading_do_not_count(sign_in):
    batch = factories.make_batch()
    MadeFrom.objects.create(
        parent=factories.make_batch(kind="refined"),
        child=batch,
        qty_kg=1,
        made_at=clock.now(),
        recorded_by=factories.make_user("qc"),
        is_live=False,
    )
    wrong = factories.make_reading(batch=batch)
    factories.make_reading(batch=batch, supersedes=wrong, verdict="pass", correction_reason="抄错")
    body = dossier_of(sign_in("qc"), batch)
    assert body["make"]["parents"] == 0
    assert body["readings"]["by_verdict"] == [{"verdict": "pass", "count": 1}]


def test_a_waiver_gives_the_verdict(sign_in):
    batch = factories.make_batch()
    factories.make_waiver(factories.make_reading(batch=batch, is_evidential=False, verdict="inconclusive"))
    readings = dossier_of(sign_in("qc"), batch)["readings"]
    assert readings["by_verdict"] == [{"verdict": "fail", "count": 1}]
    assert readings["latest"]["verdict"] == "fail"


def in_recall(batch, **fields):
    recall = make_recall(**fields)
    RecallBatch.objects.create(
        recall=recall, batch=batch, depth=0, status_before="released", was_recalled=not recall.is_drill
    )
    return recall


def test_the_running_recall_stands_before_the_drill_and_says_how_much_is_accounted(sign_in):
    batch = factories.make_batch()
    real = in_recall(batch, level=2)
    in_recall(batch, level=1, is_drill=True)
    for kg, back in ((1000, 700), (600, 100)):
        RecallNotice.objects.create(
            recall=real,
            customer=factories.make_customer(),
            shipped_kg=kg,
            shipment_count=1,
            returned_kg=back,
            consumed_kg=100,
        )
    found = dossier_of(sign_in("qc"), batch)["recall"]
    assert found["count"] == 2 and found["recall"]["number"] == real.number
    assert found["recall"]["level"] == 2 and not found["recall"]["is_drill"]
    assert (found["accounted_pct"], found["recovered_pct"]) == ("62.50", "50.00")


def test_signals_without_a_proposal_are_counted_and_ask_nothing(sign_in):
    batch = factories.make_batch()
    Signal.objects.create(
        batch=batch, rule="diverted", subject=batch.code, day=clock.today(), raised_at=clock.now()
    )
    signals = dossier_of(sign_in("qc"), batch)["signals"]
    assert (signals["count"], signals["open"]) == (1, 0)
