"""A drill does everything, timed, and leaves no trace outside its own tables."""

import pytest

from tests.house.fingerprint import fingerprint
from tests.recalling import (
    announced,
    make_goods,
    make_house,
    notices,
    report,
    told_and_checked,
)
from traceability.batch.models import Batch

# Its own tables, the bookkeeping of requests (keys, history, numbers, waiting jobs), and what events make of them.
OWN = (
    "traceability_recall",
    "traceability_contact",
    "traceability_goodsreport",
    "traceability_effectiveness",
)
OWN += ("traceability_factorystock", "traceability_disposition", "traceability_latenessanswer")
KEPT = ("core_idempotencykey", "core_counter", "pghistory_context", "django_q_ormq", "traceability_eventdue")


@pytest.fixture
def house(sign_in):
    return make_house(sign_in)


def others() -> dict:
    return {
        name: rows
        for name, rows in fingerprint().items()
        if not name.startswith(OWN) and name not in (*KEPT, "traceability_scan")
    }


def test_drill_runs_through_and_leaves_no_trace(house, anonymous):
    goods = make_goods(sent=(("600", "400"),))
    batch = goods.packed[0]
    before = others()
    recall = announced(house, [goods.silo], is_drill=True)
    assert recall["number"].startswith("RD-") and recall["scope"]["batch_count"] == 2
    first, second = notices(house.clerk, recall)
    message = house.clerk.get(f"recall-notices/{first['id']}/message").json
    assert message["text_zh"].splitlines()[0] != message["text_en"].splitlines()[0]
    assert "drill" in message["text_en"].splitlines()[0]
    token = message["link"].rsplit("/", 1)[1]
    page = anonymous.get(f"recall-links/{token}").json
    assert page["is_drill"] is True and "drill" in page["drill_note"]
    assert (
        anonymous.post(f"recall-links/{token}/acknowledge", {"name": "演练", "on_hand_kg": "0"}).status == 200
    )
    told_and_checked(house, recall)
    for row, kg in ((first, "600"), (second, "380")):
        customer = next(each for each in goods.customers if str(each.pk) == row["customer"]["id"])
        assert report(house.technician, recall, batch, customer, consumed_kg=kg).status == 201
    notice = second
    waiver = {"qty_kg": "20", "reason": "演练"}
    made = house.director.post(f"recall-notices/{notice['id']}/waivers", waiver).json
    house.qc.post(f"recall-waivers/{made['id']}/approve", {"reason": "演练"})
    path = f"recalls/{recall['id']}"
    assert house.qc.post(f"{path}/finish", {"reason": "演练结束"}).status == 200
    assert house.other.post(f"{path}/close", {"reason": "演练结束"}).json["state"] == "closed"
    found = house.qc.get(f"{path}/drill-report").json
    assert found["accounted_pct"] == "98.00" and found["is_scope_in_time"] is True
    assert found["consignees"] == found["consignees_told"] == 2
    assert found["to_all_contacted_min"] is not None and found["to_all_acknowledged_min"] is None
    assert house.technician.get("recalls/list").json["items"] == []
    assert Batch.objects.get(pk=batch.pk).status == "released"
    assert others() == before


def test_contacts_stay_masked_for_quality_in_a_drill(house):
    goods = make_goods()
    recall = announced(house, [goods.silo], is_drill=True)
    assert notices(house.qc, recall)[0]["customer"]["contact_phone"] == "138****5678"


def test_goods_of_a_drill_go_on_being_shipped(house):
    goods = make_goods()
    Batch.objects.filter(pk=goods.packed[0].pk).update(qty_kg=5000)
    announced(house, [goods.silo], is_drill=True)
    row = Batch.objects.get(pk=goods.packed[0].pk)
    assert (row.status, row.status_reason) == ("released", "")
