"""Batches of another system's history tell what was; nothing is done with them here."""

from datetime import timedelta

import pytest

from backend.core import clock
from backend.core.ids import uuid7
from tests.factories import make_batch, make_certificate, make_customer, make_product, make_trade_item
from traceability.batch.models import Batch, BatchDecision, ReleaseCertificate
from traceability.dispatch.models import Shipment
from traceability.genealogy.models import GoodsReturn, MadeFrom


@pytest.fixture
def old():
    return make_batch(code="H-1", is_history=True, status="held")


def test_history_batch_is_not_certified(sign_in, old):
    tester, reviewer = sign_in("qc").user, sign_in("qc")
    body = {
        "report_no": "COA-1",
        "inspection_basis": "GB/T 5461-2016",
        "conclusion": "conforming",
        "tested_by": str(tester.pk),
        "reviewed_by": str(reviewer.user.pk),
        "issued_on": clock.today().isoformat(),
        "values": [{"parameter": "moisture", "value": "0.20", "unit": "g/100g", "method": "GB 5009.42-2016"}],
    }
    refused = reviewer.post(f"batches/{old.pk}/certificates", body)
    assert (refused.status, refused.code, refused.json["batch"]) == (409, "history_batch", "H-1")
    assert not ReleaseCertificate.objects.exists()


def test_history_batch_is_not_released(sign_in, old):
    make_certificate(old)
    refused = sign_in("qc").post(f"batches/{old.pk}/release", {"reason": "合格"})
    assert (refused.status, refused.code) == (409, "history_batch")
    assert Batch.objects.get().status == "held" and not BatchDecision.objects.exists()


@pytest.mark.parametrize(
    ("status", "code"),
    [("held", "history_batch"), ("released", "history_batch"), ("recalled", "batch_recalled")],
)
def test_history_batch_refuses_dispatch(sign_in, status, code):
    old = make_batch(is_history=True, status=status)
    line = {"batch": str(old.pk), "qty_kg": "10"}
    body = {"customer": str(make_customer().pk), "shipped_on": clock.today().isoformat(), "lines": [line]}
    refused = sign_in("logistics").post("shipments", body)
    assert refused.code == "shipment_lines_refused"
    assert [error["code"] for error in refused.json["errors"]] == [code]
    assert not Shipment.objects.exists()


def test_history_batch_is_no_parent_no_child_and_comes_back_from_nobody(sign_in, old):
    qc, own, at = sign_in("qc"), make_batch(), (clock.now() - timedelta(days=1)).isoformat()
    for parent, child in ((old, own), (own, old)):
        body = {"parent": str(parent.pk), "qty_kg": "1", "made_at": at}
        assert qc.post(f"batches/{child.pk}/parents", body).code == "history_batch"
    run = {"stage": "packed", "plant": "P1", "started_at": at, "finished_at": at}
    for parent, child in ((old, own), (own, old)):
        portions = {
            "inputs": [{"batch": str(parent.pk), "qty_kg": "1"}],
            "outputs": [{"batch": str(child.pk), "qty_kg": "1"}],
        }
        assert qc.post("transformations", run | portions).code == "history_batch"
    body = {"qty_kg": "1", "customer": str(make_customer().pk), "returned_at": at, "reason": "结块"}
    assert qc.post(f"batches/{old.pk}/returns", body).code == "history_batch"
    assert not MadeFrom.objects.exists() and not GoodsReturn.objects.exists()


def test_scan_of_a_history_batch_does_not_say_that_somebody_holds_it(sign_in):
    item = make_trade_item(make_product())
    make_batch(item.product, code="H1", is_history=True, status="held", trade_item=item)
    scan = {"id": str(uuid7()), "raw": f"(01){item.gtin}(10)H1", "made_at": clock.now().isoformat()}
    answer = sign_in("qc").post("scans", scan).json
    assert (answer["outcome"], [why["code"] for why in answer["why"]]) == ("held", ["from_other_system"])
    assert "release_batch" not in {action["code"] for action in answer["next_actions"]}
