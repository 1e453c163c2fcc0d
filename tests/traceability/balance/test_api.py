"""Stock counts, balances, bands and findings over HTTP."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from backend.core import clock
from tests import factories
from tests.jobs import run_jobs_twice
from traceability.balance.models import Finding, StockCount, YieldBand
from traceability.balance.services import refresh_findings

pytestmark = pytest.mark.django_db
D = Decimal


def count(**fields: Any) -> dict[str, Any]:
    return {"counted_at": clock.now().isoformat(), "on_hand_kg": "390", "scrap_kg": "6", **fields}


def test_count_is_entered_and_its_finding_follows(sign_in: Any):
    batch = factories.make_batch(qty_kg=D(1000))
    factories.make_shipment(batch, qty_kg="600")
    made = sign_in("logistics").post(f"batches/{batch.pk}/stock-counts", count(retained_kg="1.5"))
    assert (made.status, made.json["on_hand_kg"], made.json["retained_kg"]) == (201, "390.000", "1.500")
    run_jobs_twice()
    [finding] = sign_in("qc").get("findings").json["items"]
    assert (finding["rule"], finding["residual_kg"], finding["batch"]["id"]) == (
        "unaccounted",
        "2.500",
        str(batch.pk),
    )
    assert finding["evidence"]["shipped_kg"] == "600.000"
    again = sign_in("qc").post(f"batches/{batch.pk}/stock-counts", count(on_hand_kg="394"))
    assert again.status == 201
    run_jobs_twice()
    assert sign_in("qc").get("findings?state=open").json["items"] == []
    assert sign_in("qc").get("findings?state=cleared").json["items"][0]["cleared_at"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"counted_at": "2099-01-01T00:00:00Z"}, "counted_at"),
        ({"counted_at": "2001-01-01T00:00:00Z"}, "counted_at"),
        ({"on_hand_kg": "1001.001", "scrap_kg": "0"}, "on_hand_kg"),
        ({"on_hand_kg": "-1"}, "on_hand_kg"),
    ],
)
def test_impossible_count_is_refused(sign_in: Any, changes: dict[str, str], field: str):
    batch = factories.make_batch(qty_kg=D(1000))
    answer = sign_in("qc").post(f"batches/{batch.pk}/stock-counts", count(**changes))
    assert answer.status == 400
    assert [fault["pointer"] for fault in answer.json["errors"]] == [f"/{field}"]
    assert not StockCount.objects.exists()


def test_counts_are_listed_newest_first(sign_in: Any, django_assert_num_queries: Any):
    batch = factories.make_batch()
    qc = sign_in("qc")
    for rows, days in ((1, [3]), (3, [9, 1])):
        for ago in days:
            factories.make_stock_count(batch, counted_at=clock.now() - timedelta(days=ago))
        with django_assert_num_queries(3):
            items = qc.get(f"batches/{batch.pk}/stock-counts").json["items"]
        assert len(items) == rows
        assert items == sorted(items, key=lambda item: item["counted_at"], reverse=True)


def test_balance_opens_to_its_rows(sign_in: Any):
    batch = factories.make_batch(qty_kg=D(1000), code="YS-1")
    factories.make_shipment(batch, qty_kg="600")
    factories.make_shipment(batch, qty_kg="50", shipped_on=clock.today())
    factories.make_link(batch, factories.make_batch(), qty_kg="200")
    factories.make_stock_count(
        batch, on_hand_kg=D(190), scrap_kg=D(4), counted_at=clock.now() - timedelta(days=5)
    )
    qc = sign_in("qc")
    sheet = qc.get(f"batches/{batch.pk}/balance").json
    assert sheet["produced_kg"] == "1000.000"
    assert (sheet["used"]["kg"], sheet["shipped"]["kg"], sheet["shipped"]["later_kg"]) == (
        "200.000",
        "600.000",
        "50.000",
    )
    assert (sheet["on_hand_kg"], sheet["scrap_kg"], sheet["retained_kg"]) == ("190.000", "4.000", "0.000")
    assert (sheet["residual_kg"], sheet["tolerance_kg"], sheet["verdict"]) == (
        "6.000",
        "1.000",
        "unaccounted",
    )
    for address in (sheet["used"]["rows"], sheet["shipped"]["rows"], sheet["counts"]):
        assert qc.get(address).json["items"]


def test_balance_of_an_uncounted_batch_says_so(sign_in: Any):
    sheet = sign_in("auditor").get(f"batches/{factories.make_batch().pk}/balance").json
    assert (sheet["verdict"], sheet["on_hand_kg"], sheet["counted_at"]) == ("not_counted", None, None)


def band(**fields: Any) -> dict[str, Any]:
    return {
        "stage": "refined",
        "low_pct": "95",
        "high_pct": "101",
        "valid_from": "2026-01-01",
        "source": "YS-07",
    } | fields


def test_band_judges_from_its_confirmation_on(sign_in: Any):
    qc = sign_in("qc")
    made = qc.post("yield-bands", band())
    assert (made.status, made.json["needs_confirmation"]) == (201, True)
    document = {"document": "YS-07 第3页"}
    confirmed = qc.post(f"yield-bands/{made.json['id']}/confirm", document).json
    assert (confirmed["needs_confirmation"], confirmed["confirmed_document"]) == (False, "YS-07 第3页")
    again = qc.post(f"yield-bands/{made.json['id']}/confirm", document)
    assert (again.status, again.code) == (409, "yield_band_already_confirmed")
    twin = qc.post("yield-bands", band(low_pct="90")).json["id"]
    refused = qc.post(f"yield-bands/{twin}/confirm", document)
    assert (refused.status, refused.code) == (409, "yield_band_date_taken")
    assert YieldBand.objects.get(pk=twin).needs_confirmation
    assert len(qc.get("yield-bands?needs_confirmation=true&stage=refined").json["items"]) == 1


def test_band_upside_down_is_refused(sign_in: Any):
    answer = sign_in("qc").post("yield-bands", band(low_pct="101.1"))
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, "/low_pct")
    assert not YieldBand.objects.exists()


def test_findings_are_filtered_and_paged(sign_in: Any, django_assert_num_queries: Any):
    wet = factories.make_finding(factories.make_batch(plant="P9", kind="silo"), rule="over_issued")
    auditor = sign_in("auditor")
    with django_assert_num_queries(2):
        assert len(auditor.get("findings").json["items"]) == 1
    for _ in range(2):
        factories.make_finding(factories.make_batch())
    with django_assert_num_queries(2):
        assert len(auditor.get("findings").json["items"]) == 3
    later = (clock.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for query in (
        "rule=over_issued",
        "plant=P9",
        "kind=silo",
        f"batch={wet.batch_id}",
        f"first_seen_to={later}&rule=over_issued",
    ):
        assert [item["id"] for item in auditor.get(f"findings?{query}").json["items"]] == [str(wet.pk)]
    assert auditor.get(f"findings?first_seen_from={later}").json["items"] == []
    assert len(auditor.get("findings?limit=2").json["items"]) == 2
    assert auditor.get("findings?rule=nothing").status == 400


def test_settled_with_a_reason_once(sign_in: Any):
    finding = factories.make_finding(factories.make_batch())
    qc = sign_in("qc")
    assert qc.post(f"findings/{finding.pk}/settle", {}).status == 400
    settled = qc.post(f"findings/{finding.pk}/settle", {"reason": "过磅误差"}).json
    assert (settled["state"], settled["settle_reason"], settled["settled_by"]) == (
        "settled",
        "过磅误差",
        qc.user.display_name,
    )
    again = qc.post(f"findings/{finding.pk}/settle", {"reason": "再次"})
    assert (again.status, again.code) == (409, "finding_not_open")
    finding.refresh_from_db()
    assert finding.settle_reason == "过磅误差"


def test_file_of_findings_is_inert_and_leaves_out_the_cleared(sign_in: Any):
    factories.make_finding(factories.make_batch(code="-SHORT"), residual_kg=D("-12.5"), rule="over_issued")
    gone = factories.make_finding(factories.make_batch(code="GONE"))
    Finding.objects.filter(pk=gone.pk).update(state="cleared", cleared_at=clock.now())
    text = sign_in("director").get("findings.csv").content.decode("utf-8-sig")
    assert "over_issued,'-SHORT,packed" in text and ",-12.500,1.000," in text
    assert "GONE" not in text


def test_auditor_sees_that_all_was_looked_over(sign_in: Any):
    factories.make_batch()
    refresh_findings()
    [row] = sign_in("auditor").get("finding-refreshes").json["items"]
    assert (row["batches"], row["found"]) == (1, 0)
