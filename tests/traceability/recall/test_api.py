"""Recalls over HTTP: G1 to G6 of the product's capabilities, and what must be refused."""

import hashlib
import json
from datetime import timedelta
from decimal import Decimal

import pytest

from backend.core import clock
from backend.core.ids import uuid7
from tests import factories
from tests.jobs import run_jobs
from tests.recalling import (
    PLAN,
    announced,
    approved,
    contact,
    make_goods,
    make_house,
    notices,
    proposed,
    recall_body,
    report,
    told_and_checked,
)
from traceability.batch.models import Batch, BatchDecision
from traceability.recall.models import GoodsReport, Recall, RecallBatch, RecallNotice, RecallStep


@pytest.fixture
def house(sign_in):
    return make_house(sign_in)


def statuses(batches):
    return [Batch.objects.get(pk=batch.pk).status for batch in batches]


# G1: from batches, class, clocks, scope preview


def test_preview_counts_before_anything_is_created(house):
    goods = make_goods()
    known = (clock.now() - timedelta(hours=2)).isoformat().replace("+", "%2B")
    ids = ",".join(str(batch.pk) for batch in goods.packed)
    found = house.qc.get(f"recalls/preview?batches={ids}&level=1&risk_known_at={known}").json
    assert (found["batches"], found["consignee_count"]) == (2, 2)
    assert (found["produced_kg"], found["shipped_kg"]) == ("2000.000", "2000.000")
    assert [row["kg"] for row in found["consignees"]] == ["1600.000", "400.000"]
    assert Decimal("21.9") < Decimal(found["start_left_h"]) <= Decimal(22)
    assert found["finish_working_days"] == 10
    assert not Recall.objects.exists() and statuses(goods.packed) == ["released", "released"]


def test_preview_from_a_scanned_code_follows_what_was_made(house):
    goods = make_goods()
    found = house.qc.get(f"recalls/preview?code={goods.silo.code}").json
    assert found["batches"] == 3 and found["by_kind"] == {"packed": 2, "silo": 1}
    assert house.qc.get("recalls/preview?code=YS-NOBODY").code == "code_names_no_batch"
    assert house.qc.get("recalls/preview").code == "invalid_input"


def test_preview_from_a_scanned_pallet_takes_every_batch_on_it(house):
    one, other = factories.make_batch(), factories.make_batch()
    pallet = factories.make_unit((one, "500"), (other, "500"))
    found = house.qc.get(f"recalls/preview?code=00{pallet.sscc}").json
    assert {row["id"] for row in found["starts"]} == {str(one.pk), str(other.pk)}


def test_recall_of_two_batches_class_1_stops_them(house):
    goods = make_goods()
    preview = house.qc.get(f"recalls/preview?batches={','.join(str(b.pk) for b in goods.packed)}").json
    recall = proposed(house, goods.packed, level=1)
    assert recall["state"] == "proposed" and recall["scope"] is None
    assert {row["code"] for row in recall["starts"]} == {batch.code for batch in goods.packed}
    assert statuses(goods.packed) == ["released", "released"]
    [start] = recall["clocks"]
    due = clock.read_moment(start["due_at"]) - clock.read_moment(recall["risk_known_at"])
    assert (start["clock"], due) == ("start", timedelta(hours=24))
    done = house.qc.post(f"recalls/{recall['id']}/approve", {"reason": "确认"}).json
    assert done["state"] == "approved" and done["number"].startswith("R-")
    assert statuses(goods.packed) == ["recalled", "recalled"] and statuses([goods.silo]) == ["released"]
    ids = sorted(str(batch.pk) for batch in goods.packed)
    digest = hashlib.sha256("\n".join(ids).encode()).hexdigest()
    assert done["scope"]["sha256"] == digest == preview["sha256"]
    assert BatchDecision.objects.filter(action="recall").count() == 2


def test_scope_follows_every_batch_made_from_the_start_and_stops_shipping(house):
    goods = make_goods()
    waiting = factories.make_batch(goods.packed[0].product, status="quarantine")
    factories.make_link(goods.packed[0], waiting)
    recall = approved(house, [goods.silo])
    assert recall["scope"]["batch_count"] == 4
    assert statuses([*goods.batches, waiting]) == ["recalled"] * 4
    steps = list(BatchDecision.objects.filter(batch=waiting).order_by("id").values_list("action", flat=True))
    assert steps == ["hold", "recall"]
    body = {
        "customer": goods.customers[0].pk,
        "shipped_on": clock.today().isoformat(),
        "lines": [{"batch": goods.packed[0].pk, "qty_kg": "1"}],
    }
    refused = house.logistics.post("shipments", body)
    assert refused.code == "shipment_lines_refused" and refused.json["errors"][0]["code"] == "batch_recalled"


def test_scope_is_frozen_and_what_is_made_later_is_shown(house):
    goods = make_goods()
    recall = approved(house, [goods.silo])
    check = house.qc.get(f"recalls/{recall['id']}/scope/check").json
    assert check["is_intact"] and check["sha256"] == check["sha256_now"] and check["added"] == []
    later = factories.make_batch()
    factories.make_link(goods.silo, later)
    check = house.qc.get(f"recalls/{recall['id']}/scope/check").json
    assert check["is_intact"] and check["added"] == [str(later.pk)]
    listed = house.qc.get(f"recalls/{recall['id']}/scope").json["items"]
    assert {row["batch"]["id"] for row in listed} == {str(batch.pk) for batch in goods.batches}


def test_one_person_does_not_propose_and_approve(house):
    goods = make_goods()
    made = house.qc.post("recalls", recall_body(goods.packed)).json
    refused = house.qc.post(f"recalls/{made['id']}/approve", {"reason": "确认"})
    assert (refused.status, refused.code) == (403, "same_person")
    assert statuses(goods.packed) == ["released", "released"] and not RecallBatch.objects.exists()


def test_second_approval_is_refused(house):
    goods = make_goods()
    recall = approved(house, goods.packed)
    assert house.other.post(f"recalls/{recall['id']}/approve", {"reason": "再批"}).code == "illegal_step"
    assert RecallBatch.objects.count() == 2


def test_dismissed_recall_changes_nothing(house):
    goods = make_goods()
    recall = proposed(house, goods.packed)
    assert house.qc.post(f"recalls/{recall['id']}/dismiss", {"reason": "误报"}).json["state"] == "dismissed"
    assert statuses(goods.packed) == ["released", "released"]
    assert house.other.post(f"recalls/{recall['id']}/approve", {"reason": "x"}).code == "illegal_step"


def test_recall_grown_out_of_a_proposal_accepts_it(house):
    goods = make_goods()
    body = {"batch": str(goods.packed[0].pk), "action": "recall", "reason": "两次超标"}
    proposal = house.director.post("proposals", body).json
    recall = proposed(house, goods.packed, proposal=proposal["id"])
    house.qc.post(f"recalls/{recall['id']}/approve", {"reason": "确认"})
    assert house.qc.get(f"proposals/{proposal['id']}").json["state"] == "accepted"
    assert statuses(goods.packed) == ["recalled", "recalled"]
    stranger = house.director.post("recalls", recall_body([goods.silo], proposal=proposal["id"]))
    assert stranger.code == "invalid_input"


def test_risk_in_the_future_and_unknown_batches_are_refused(house):
    goods = make_goods()
    future = (clock.now() + timedelta(hours=1)).isoformat()
    assert (
        house.qc.post("recalls", recall_body(goods.packed, risk_known_at=future)).code
        == "risk_known_in_future"
    )
    unknown = {**recall_body([]), "batches": [str(uuid7())]}
    assert house.qc.post("recalls", unknown).code == "invalid_input"
    assert not Recall.objects.exists()


# the announcement, two clocks


def test_announcement_needs_the_whole_plan_and_starts_the_second_clock(house):
    goods = make_goods()
    recall = approved(house, goods.packed)
    refused = house.qc.post(f"recalls/{recall['id']}/announce", {"reason": "公告"})
    assert refused.code == "recall_plan_incomplete" and len(refused.json["missing"]) == 8
    plan = house.qc.get(f"recalls/{recall['id']}/plan").json
    assert "2000 kg" in plan["suggested"]["goods"] and "48 小时" in plan["suggested"]["level_and_flow"]
    house.director.patch(f"recalls/{recall['id']}/plan", PLAN)
    done = house.qc.post(f"recalls/{recall['id']}/announce", {"reason": "公告"}).json
    start, finish = done["clocks"]
    assert (start["is_late"], start["left_h"]) == (False, None)
    assert finish["answered_at"] is None and finish["is_late"] is False
    assert house.director.patch(f"recalls/{recall['id']}/plan", PLAN).code == "recall_plan_sealed"


def test_late_announcement_is_late(house):
    goods = make_goods()
    known = (clock.now() - timedelta(hours=49)).isoformat()
    recall = announced(house, goods.packed, risk_known_at=known)
    assert recall["clocks"][0]["is_late"] is True


# G2: consignees, contacts, acknowledgement


def test_consignees_are_those_of_the_trace_and_the_uncontacted_come_first(house):
    goods = make_goods()
    recall = announced(house, [goods.silo])
    first, second = notices(house.clerk, recall)
    assert [row["shipped_kg"] for row in (first, second)] == ["1600.000", "400.000"]
    assert contact(house.clerk, first, on_hand_kg="30").status == 201
    rows = notices(house.clerk, recall)
    assert [(row["id"], row["state"]) for row in rows] == [
        (second["id"], "uncontacted"),
        (first["id"], "contacted"),
    ]
    assert rows[1]["on_hand_kg"] == "30.000"
    [logged] = house.clerk.get(f"recall-notices/{first['id']}/contacts").json["items"]
    assert (logged["channel"], logged["outcome"], logged["person"]) == ("phone", "reached", "李经理")
    assert house.qc.get(f"recall-notices/{first['id']}/contacts").json["items"][0]["person"] == "李**"


def test_failed_call_after_a_good_one_undoes_nothing(house):
    recall = announced(house, [make_goods().silo])
    notice = notices(house.clerk, recall)[0]
    for outcome, state in (("no_answer", "not_reached"), ("sent", "contacted"), ("no_answer", "contacted")):
        contact(house.clerk, notice, outcome=outcome)
        assert house.clerk.get(f"recall-notices/{notice['id']}").json["state"] == state
    assert house.clerk.get(f"recall-notices/{notice['id']}").json["sent_at"] is not None


def test_consignee_acknowledges_by_link_once(house, anonymous):
    goods = make_goods()
    recall = announced(house, [goods.silo])
    notice = notices(house.clerk, recall)[0]
    message = house.clerk.get(f"recall-notices/{notice['id']}/message").json
    token = message["link"].rsplit("/", 1)[1]
    assert message["link"] in message["text_zh"] and goods.packed[0].code in message["text_en"]
    page = anonymous.get(f"recall-links/{token}").json
    assert page["notice_zh"] == PLAN["notice_zh"] and page["is_drill"] is False
    assert sorted(row["shipped_kg"] for row in page["goods"]) == ["1000.000", "600.000"]
    assert "水分超标" not in json.dumps(page["what_to_do"], ensure_ascii=False)
    done = anonymous.post(f"recall-links/{token}/acknowledge", {"name": "王老板", "on_hand_kg": "120.5"})
    assert done.status == 200 and done.json["acknowledged_at"]
    row = house.clerk.get(f"recall-notices/{notice['id']}").json
    assert (row["state"], row["acknowledged_by_name"], row["on_hand_kg"]) == (
        "acknowledged",
        "王老板",
        "120.500",
    )
    again = anonymous.post(f"recall-links/{token}/acknowledge", {"name": "别人", "on_hand_kg": "0"})
    assert (again.status, again.code) == (409, "notice_acknowledged")
    assert RecallNotice.objects.get(pk=notice["id"]).acknowledged_by_name == "王老板"


def test_unknown_renewed_and_expired_links_look_alike(house, anonymous):
    recall = announced(house, [make_goods().silo])
    notice = notices(house.clerk, recall)[0]
    old = house.clerk.get(f"recall-notices/{notice['id']}/message").json["link"].rsplit("/", 1)[1]
    made = house.clerk.post(f"recall-notices/{notice['id']}/renew-link", {"reason": "发错号码"}).json
    new = made["link"].rsplit("/", 1)[1]
    assert anonymous.get(f"recall-links/{new}").status == 200
    RecallNotice.objects.filter(pk=notice["id"]).update(link_expires_at=clock.now())
    answers = [anonymous.get(f"recall-links/{token}") for token in (old, new, "x" * 43, old[:-1] + "A")]
    bodies = [{k: v for k, v in a.json.items() if k != "request_id"} for a in answers]
    assert [answer.status for answer in answers] == [404] * 4 and all(body == bodies[0] for body in bodies)


def test_contact_before_the_announcement_or_in_the_future_is_refused(house):
    goods = make_goods()
    recall = approved(house, [goods.silo])
    notice = notices(house.clerk, recall)[0]
    assert notice["state"] == "waiting"
    assert contact(house.clerk, notice).code == "recall_not_running"
    assert house.clerk.get(f"recall-notices/{notice['id']}/message").code == "recall_not_running"
    running = announced(house, [make_goods().silo])
    notice = notices(house.clerk, running)[0]
    future = (clock.now() + timedelta(hours=1)).isoformat()
    assert contact(house.clerk, notice, at=future).code == "invalid_input"
    past = (clock.now() - timedelta(days=1)).isoformat()
    assert contact(house.clerk, notice, at=past).code == "invalid_input"


def test_who_sees_which_consignee_and_how_much_of_it(house, sign_in):
    goods = make_goods(sent=(("600",),))
    north = factories.make_customer(region_code="north")
    factories.make_shipment(goods.packed[0], north, qty_kg="1")
    recall = announced(house, [goods.silo])
    assert len(notices(house.qc, recall)) == len(notices(sign_in("finance"), recall)) == 2
    assert len(notices(house.clerk, recall)) == len(notices(house.technician, recall)) == 1
    assert sign_in("production").get("recall-notices").status == 403
    totals = sign_in("production").get(f"recalls/{recall['id']}/reconciliation").json
    assert (totals["consignees"], totals["outside"]["shipped_kg"]) == ([], "601.000")
    phones = {
        role: notices(sign_in(role), recall)[0]["customer"].get("contact_phone")
        for role in ("clerk", "director", "qc", "logistics", "technician", "auditor", "finance")
    }
    clear, masked = "13812345678", "138****5678"
    clear_to = {"clerk", "director", "qc", "logistics"}
    hidden = {"technician": masked, "auditor": masked, "finance": None}
    assert phones == dict.fromkeys(clear_to, clear) | hidden
    assert sign_in("dealer").get("recalls").status == 403


def test_shipment_entered_late_brings_its_consignee(house):
    goods = make_goods()
    recall = announced(house, [goods.silo])
    late = factories.make_customer()
    factories.make_shipment(goods.packed[0], late, qty_kg="5")
    found = house.qc.get(f"recalls/{recall['id']}/reconciliation").json
    assert "consignee_unlisted" in {row["code"] for row in found["findings"]}
    house.clerk.post(f"recalls/{recall['id']}/refresh-consignees", {"reason": "补录"})
    rows = {row["customer"]["id"]: row for row in notices(house.qc, recall)}
    assert rows[str(late.pk)]["shipped_kg"] == "5.000" and rows[str(late.pk)]["state"] == "uncontacted"
    assert house.clerk.get(f"recall-notices/{rows[str(late.pk)]['id']}/message").status == 200


def test_recall_does_not_close_while_a_consignee_has_no_line(house):
    goods = make_goods(sent=(("1000",),))
    batch = goods.packed[0]
    recall = announced(house, [batch])
    path = f"recalls/{recall['id']}"
    told_and_checked(house, recall)
    report(house.logistics, recall, batch, goods.customers[0], destroyed_kg="1000")
    assert house.qc.post(f"{path}/finish", {"reason": "完成"}).status == 200
    Batch.objects.filter(pk=batch.pk).update(qty_kg=1005)
    late = factories.make_customer()
    factories.make_shipment(batch, late, qty_kg="5")
    [blocker] = house.qc.get(f"{path}/readiness").json["blockers"]
    assert blocker == {
        "code": "consignees_unlisted",
        "count": 1,
        "qty_kg": "5.000",
        "subjects": [batch.code],
    }
    refused = house.other.post(f"{path}/close", {"reason": "结案"})
    assert refused.code == "recall_not_ready" and refused.json["blockers"] == ["consignees_unlisted"]
    assert Recall.objects.get(pk=recall["id"]).state == "closing"
    house.clerk.post(f"{path}/refresh-consignees", {"reason": "补录"})
    assert "consignees_uncontacted" in {
        row["code"] for row in house.qc.get(f"{path}/readiness").json["blockers"]
    }


def test_late_shipment_through_the_gate_tells_the_recall(house):
    goods = make_goods(sent=(("1000",),))
    batch = goods.packed[0]
    Batch.objects.filter(pk=batch.pk).update(qty_kg=2000)
    recall = announced(house, [batch])
    late = factories.make_customer(kind="designated_wholesaler")
    body = {
        "customer": str(late.pk),
        "shipped_on": (clock.today() - timedelta(days=1)).isoformat(),
        "lines": [{"batch": str(batch.pk), "qty_kg": "5"}],
    }
    booked = house.logistics.post("shipments", body)
    assert booked.status == 201, booked
    assert "traceability.recall.jobs.take_in_late_shipment" in run_jobs()
    rows = {row["customer"]["id"]: row for row in notices(house.qc, recall)}
    assert (rows[str(late.pk)]["shipped_kg"], rows[str(late.pk)]["state"]) == ("5.000", "uncontacted")
    assert RecallNotice.objects.get(recall=recall["id"], customer=late).token_digest is not None
    last = RecallStep.objects.filter(recall=recall["id"], kind="consignees_updated").get()
    assert last.by == house.logistics.user


def test_readiness_counts_all_consignees_and_names_the_own(house, sign_in):
    batch = factories.make_batch()
    east, north = factories.make_customer(), factories.make_customer(region_code="north")
    for customer in (east, north):
        factories.make_shipment(batch, customer, qty_kg="10")
    recall = announced(house, [batch])
    clients = {"qc": house.qc, "production": sign_in("production"), "technician": house.technician}
    own = {"qc": [east.code, north.code], "production": [], "technician": [east.code]}
    for role, client in clients.items():
        found = client.get(f"recalls/{recall['id']}/readiness").json["blockers"]
        untold = next(row for row in found if row["code"] == "consignees_uncontacted")
        assert (role, untold["count"], untold["subjects"]) == (role, 2, sorted(own[role]))
        assert north.code not in str(found) or role == "qc"
        missing = client.get(f"recalls/{recall['id']}/effectiveness").json["missing"]
        assert len(missing) == len(own[role])


# G3: scan-confirm


def test_technician_confirms_by_scan_and_the_line_moves(house):
    goods = make_goods()
    recall = announced(house, [goods.silo])
    made = report(
        house.technician, recall, goods.packed[0], goods.customers[0], found_kg="30", blocked_kg="30"
    )
    assert made.status == 201 and made.json["is_current"] is True
    [line] = [row for row in notices(house.qc, recall) if row["customer"]["id"] == str(goods.customers[0].pk)]
    assert (line["quarantined_kg"], line["open_kg"]) == ("30.000", "1570.000")


def test_scan_of_another_batch_is_refused(house):
    goods = make_goods()
    recall = announced(house, goods.packed[:1])
    other = report(house.technician, recall, goods.packed[1], goods.customers[0], found_kg="30")
    assert (other.status, other.code) == (409, "batch_not_recalled")
    stranger = report(house.technician, recall, goods.packed[0], factories.make_customer(), found_kg="1")
    assert (stranger.status, stranger.code) == (404, "not_found")
    assert not GoodsReport.objects.exists()


def test_scan_that_found_no_batch_is_no_confirmation(house):
    goods = make_goods()
    recall = announced(house, goods.packed)
    scan = factories.make_scan(house.technician.user)
    body = {"id": str(uuid7()), "made_at": clock.now().isoformat(), "customer": str(goods.customers[0].pk)}
    path = f"recalls/{recall['id']}/goods-reports"
    assert house.technician.post(path, {**body, "scan": str(scan.pk)}).code == "scan_names_no_batch"
    others = factories.make_scan(factories.make_user(), batch=goods.packed[0])
    assert house.technician.post(path, {**body, "scan": str(others.pk)}).code == "invalid_input"
    assert house.technician.post(path, body).code == "invalid_input"


def test_same_report_twice_is_one(house):
    goods = make_goods()
    recall = announced(house, goods.packed)
    scan = factories.make_scan(house.technician.user, batch=goods.packed[0])
    body = {
        "id": str(uuid7()),
        "made_at": clock.now().isoformat(),
        "customer": str(goods.customers[0].pk),
        "scan": str(scan.pk),
        "returned_kg": "10",
    }
    path = f"recalls/{recall['id']}/goods-reports"
    first, second = house.technician.post(path, body), house.technician.post(path, body)
    assert first.json == second.json and second.headers["Idempotent-Replayed"] == "true"
    assert GoodsReport.objects.count() == 1
    assert house.technician.post(path, {**body, "returned_kg": "11"}).code == "id_reuse"


def test_correction_replaces_and_happens_once(house):
    goods = make_goods()
    recall = announced(house, goods.packed)
    batch, customer = goods.packed[0], goods.customers[0]
    wrong = report(house.technician, recall, batch, customer, blocked_kg="500").json
    later = report(house.technician, recall, batch, customer, returned_kg="100", blocked_kg="20").json
    fixed = report(house.technician, recall, batch, customer, blocked_kg="50", supersedes=wrong["id"])
    assert fixed.status == 201
    [line] = [row for row in notices(house.qc, recall) if row["customer"]["id"] == str(customer.pk)]
    assert (line["returned_kg"], line["quarantined_kg"]) == ("100.000", "20.000")  # the last count holds
    again = report(house.technician, recall, batch, customer, blocked_kg="60", supersedes=wrong["id"])
    assert again.code == "goods_report_corrected"
    shown = house.qc.get(f"recall-goods-reports?recall={recall['id']}&is_current=true").json["items"]
    assert {row["id"] for row in shown} == {later["id"], fixed.json["id"]}


# G4: reconciliation


def test_reconciliation_of_a_thousand_kg(house):
    goods = make_goods(sent=(("1000",),))
    batch, customer = goods.packed[0], goods.customers[0]
    recall = announced(house, [batch])
    report(
        house.technician, recall, batch, customer, returned_kg="700", destroyed_kg="100", consumed_kg="150"
    )
    found = house.qc.get(f"recalls/{recall['id']}/reconciliation").json
    assert found["outside"]["unaccounted_kg"] == "50.000"
    assert (found["outside"]["accounted_pct"], found["outside"]["recovered_pct"]) == ("95.00", "80.00")
    over = report(house.technician, recall, batch, customer, returned_kg="52")
    assert (over.status, over.code) == (400, "more_than_shipped")
    assert report(house.technician, recall, batch, customer, returned_kg="51").status == 201  # weighing slack


def test_house_of_a_batch_must_add_up(house):
    goods = make_goods(sent=(("900",),))
    batch = goods.packed[0]
    Batch.objects.filter(pk=batch.pk).update(qty_kg=Decimal("1000"))
    recall = announced(house, [batch])

    def codes():
        found = house.qc.get(f"recalls/{recall['id']}/reconciliation").json["findings"]
        return [(row["code"], row["qty_kg"]) for row in found]

    assert codes() == [("stock_undeclared", "100.000")]
    line = {"batch": str(batch.pk), "stock_kg": "50", "retained_kg": "2", "scrapped_kg": "8"}
    assert house.logistics.post(f"recalls/{recall['id']}/stock", {"lines": [line]}).status == 201
    assert codes() == [("production_unbalanced", "40.000")]
    house.qc.post(f"recalls/{recall['id']}/stock", {"lines": [{**line, "stock_kg": "90"}]})
    assert codes() == []
    other = {"lines": [{**line, "batch": str(goods.silo.pk)}]}
    assert house.qc.post(f"recalls/{recall['id']}/stock", other).code == "batch_not_recalled"


# G5: tests and disposition


def returned(house, **fields):
    """A running recall of one batch whose 1000 kg came back."""
    goods = make_goods(sent=(("1000",),))
    batch = goods.packed[0]
    recall = announced(house, [batch], **fields)
    assert report(house.logistics, recall, batch, goods.customers[0], returned_kg="1000").status == 201
    return recall, batch


def destroying(batch, **fields):
    planned = (clock.now() + timedelta(days=1)).isoformat()
    return {
        "batch": str(batch.pk),
        "kind": "destroy",
        "qty_kg": "1000",
        "reason": "不可再用",
        "planned_at": planned,
        "place": "淮安市处置中心",
    } | fields


def test_one_person_does_not_decide_twice(house):
    recall, batch = returned(house)
    made = house.qc.post(f"recalls/{recall['id']}/dispositions", destroying(batch)).json
    approve = f"recall-dispositions/{made['id']}/approve"
    own = house.qc.post(approve, {"reason": "同意"})
    assert (own.status, own.code) == (403, "same_person")
    assert house.other.post(approve, {"reason": "同意"}).json["state"] == "approved"
    twice = house.other.post(approve, {"reason": "同意"})
    assert (twice.status, twice.code) == (403, "same_person")


def test_goods_are_destroyed_after_the_regulator_was_told(house):
    recall, batch = returned(house)
    made = house.qc.post(f"recalls/{recall['id']}/dispositions", destroying(batch)).json
    path = f"recall-dispositions/{made['id']}"
    done = {"at": clock.now().isoformat(), "witness": "县局李科员"}
    assert house.qc.post(f"{path}/carry-out", done).code == "illegal_step"
    house.other.post(f"{path}/approve", {"reason": "同意"})
    assert house.qc.post(f"{path}/carry-out", done).code == "regulator_not_told"
    told = {"at": (clock.now() - timedelta(minutes=1)).isoformat(), "reference": "淮市监函〔2026〕12号"}
    assert house.qc.post(f"{path}/report", told).status == 200
    assert house.qc.post(f"{path}/carry-out", {**done, "at": clock.now().isoformat()}).json["state"] == "done"


def test_only_label_faults_are_relabelled_and_only_after_a_good_test(house):
    recall, batch = returned(house)
    body = {"batch": str(batch.pk), "kind": "relabel", "qty_kg": "1000", "reason": "换标签"}
    assert house.qc.post(f"recalls/{recall['id']}/dispositions", body).code == "relabel_not_allowed"
    recall, batch = returned(house, is_label_only=True, level=3)
    body["batch"] = str(batch.pk)
    path = f"recalls/{recall['id']}/dispositions"
    assert house.qc.post(path, body).code == "safety_not_assured"
    test = {
        "batch": str(batch.pk),
        "parameter": "iodine",
        "value": "25.1",
        "unit": "mg/kg",
        "method": "GB 5009.42-2016",
        "is_conforming": False,
        "tested_on": clock.today().isoformat(),
    }
    assert house.qc.post(f"recalls/{recall['id']}/tests", test).status == 201
    assert house.qc.post(path, body).code == "safety_not_assured"
    house.qc.post(f"recalls/{recall['id']}/tests", {**test, "is_conforming": True})
    assert house.qc.post(path, body).status == 201
    assert statuses([batch]) == ["recalled"]


def test_downgrade_goes_one_way(house):
    recall, batch = returned(house)
    industrial = factories.make_product(family="industrial")
    body = {
        "batch": str(batch.pk),
        "kind": "downgrade",
        "qty_kg": "1000",
        "reason": "改作工业盐",
        "target_product": str(industrial.pk),
        "document": "监管部门同意函 8 号",
    }
    path = f"recalls/{recall['id']}/dispositions"
    assert house.qc.post(path, {**body, "target_product": str(batch.product_id)}).code == "downgrade_one_way"
    assert house.qc.post(path, {**body, "document": ""}).code == "invalid_input"
    assert house.qc.post(path, body).status == 201
    assert house.qc.post(path, body).code == "more_than_in_hand"


def test_no_disposition_leads_back_to_edible_stock(house):
    recall, batch = returned(house)
    for kind in ("release", "resell", "restock", "upgrade"):
        body = destroying(batch, kind=kind)
        assert house.qc.post(f"recalls/{recall['id']}/dispositions", body).code == "invalid_input"
    assert house.qc.post(f"batches/{batch.pk}/release", {"reason": "x"}).code == "illegal_step"


# the close


def destroyed(house, recall, batch, *, qty_kg="1000"):
    made = house.qc.post(f"recalls/{recall['id']}/dispositions", destroying(batch, qty_kg=qty_kg)).json
    path = f"recall-dispositions/{made['id']}"
    house.other.post(f"{path}/approve", {"reason": "同意"})
    told = {"at": (clock.now() - timedelta(minutes=1)).isoformat(), "reference": "已电话报告"}
    house.qc.post(f"{path}/report", told)
    done = house.qc.post(f"{path}/carry-out", {"at": clock.now().isoformat(), "witness": "李科员"})
    assert done.json["state"] == "done", done


def blockers(house, recall):
    return [row["code"] for row in house.qc.get(f"recalls/{recall['id']}/readiness").json["blockers"]]


def test_recall_closes_only_when_nothing_is_open(house):
    goods = make_goods(sent=(("1000",),))
    batch = goods.packed[0]
    known = (clock.now() - timedelta(hours=60)).isoformat()
    recall = announced(house, [batch], risk_known_at=known)
    path = f"recalls/{recall['id']}"
    assert blockers(house, recall) == [
        "consignees_uncontacted",
        "goods_unaccounted",
        "checks_missing",
        "clock_unanswered",
    ]
    refused = house.qc.post(f"{path}/finish", {"reason": "完成"})
    assert refused.code == "recall_not_ready" and "goods_unaccounted" in refused.json["blockers"]
    told_and_checked(house, recall)
    report(house.logistics, recall, batch, goods.customers[0], returned_kg="900")
    assert house.director.post(f"{path}/lateness", {"clock": "start", "reason": "检验复核"}).status == 201
    assert blockers(house, recall) == ["goods_unaccounted", "goods_undisposed"]
    destroyed(house, recall, batch, qty_kg="900")
    notice = notices(house.qc, recall)[0]
    waiver = {"qty_kg": "100", "reason": "客户已售完,无法追回"}
    made = house.director.post(f"recall-notices/{notice['id']}/waivers", waiver).json
    assert blockers(house, recall) == ["goods_unaccounted", "waivers_open"]
    assert (
        house.qc.post(f"recall-waivers/{made['id']}/approve", {"reason": "同意"}).json["state"] == "approved"
    )
    assert blockers(house, recall) == []
    assert house.qc.post(f"{path}/finish", {"reason": "完成"}).json["state"] == "closing"
    own = house.qc.post(f"{path}/close", {"reason": "结案"})
    assert (own.status, own.code) == (403, "same_person")
    assert house.other.get(f"{path}/dossier").code == "recall_not_closed"
    closed = house.other.post(f"{path}/close", {"reason": "结案"})
    assert closed.json["state"] == "closed"
    dossier = house.other.get(f"{path}/dossier").json
    assert hashlib.sha256(dossier["content"].encode()).hexdigest() == dossier["sha256"]
    content = json.loads(dossier["content"])
    assert content["reconciliation"]["outside"]["accounted_pct"] == "90.00"
    assert content["contacts"][0]["person"] == "李**" and content["steps"][-1]["kind"] == "closed"
    paper = house.other.get(f"{path}/dossier.pdf")
    assert paper.content.startswith(b"%PDF")
    assert hashlib.sha256(paper.content).hexdigest() == dossier["paper_sha256"]
    check = house.other.get(f"{path}/dossier/check").json
    assert check["is_content_intact"] and check["is_paper_intact"] and check["is_scope_intact"]
    late = report(house.logistics, recall, batch, goods.customers[0], returned_kg="1")
    assert late.code == "recall_not_running"


def test_waiver_explains_no_more_than_is_missing_and_needs_two(house):
    goods = make_goods(sent=(("1000",),))
    recall = announced(house, goods.packed)
    notice = notices(house.qc, recall)[0]
    path = f"recall-notices/{notice['id']}/waivers"
    assert house.qc.post(path, {"qty_kg": "1001", "reason": "x"}).code == "more_than_open"
    made = house.qc.post(path, {"qty_kg": "10", "reason": "破包"}).json
    assert house.qc.post(f"recall-waivers/{made['id']}/approve", {"reason": "x"}).code == "same_person"
    assert (
        house.other.post(f"recall-waivers/{made['id']}/reject", {"reason": "x"}).json["state"] == "rejected"
    )


def test_finish_can_be_taken_back(house):
    goods = make_goods(sent=(("1000",),))
    recall = announced(house, goods.packed)
    told_and_checked(house, recall)
    report(house.logistics, recall, goods.packed[0], goods.customers[0], destroyed_kg="1000")
    assert house.qc.post(f"recalls/{recall['id']}/finish", {"reason": "完成"}).json["state"] == "closing"
    again = house.qc.post(f"recalls/{recall['id']}/reopen", {"reason": "又有发现"}).json
    assert (again["state"], again["finished_at"]) == ("announced", None)


def test_clock_that_was_not_missed_needs_no_excuse(house):
    recall = announced(house, make_goods().packed)
    body = {"clock": "start", "reason": "x"}
    assert house.qc.post(f"recalls/{recall['id']}/lateness", body).code == "clock_not_missed"


def test_diary_names_every_step(house):
    recall = announced(house, make_goods().packed)
    rows = house.qc.get(f"recalls/{recall['id']}/steps").json["items"]
    assert [row["kind"] for row in reversed(rows)] == [
        "proposed",
        "scope_frozen",
        "approved",
        "plan_changed",
        "announced",
    ]
    assert rows[0]["by"] == house.qc.user.display_name
    assert RecallStep.objects.count() == 5


# G7: the phones' list


def test_phone_list_changes_its_tag_with_the_list(house):
    empty = house.technician.get("recalls/list")
    assert empty.json["items"] == []
    goods = make_goods()
    recall = approved(house, goods.packed, level=1)
    found = house.technician.get("recalls/list")
    assert found.headers["ETag"] != empty.headers["ETag"]
    assert {row["code"] for row in found.json["items"]} == {batch.code for batch in goods.packed}
    assert {(row["level"], row["number"]) for row in found.json["items"]} == {(1, recall["number"])}
    same = house.technician.get("recalls/list", If_None_Match=found.headers["ETag"])
    assert (same.status, same.content) == (304, b"")


# rules, tables, reports


def test_unconfirmed_edition_counts_only_after_confirmation(house):
    rows = house.qc.get("recall-level-rules").json["items"]
    known = [row for row in rows if not row["needs_confirmation"]]
    hours = [(row["level"], row["start_h"], row["complete_working_days"]) for row in known]
    assert hours == [(1, 24, 10), (2, 48, 20), (3, 72, 30)]
    [new] = [row for row in rows if row["needs_confirmation"] and row["level"] == 2]
    body = {
        "document": "SAMR 令第 122 号 第 20 条",
        "start_h": 36,
        "complete_working_days": 15,
        "valid_from": (clock.today() - timedelta(days=5)).isoformat(),
    }
    path = f"recall-level-rules/{new['id']}/confirm"
    assert house.director.post(path, body).status == 403
    assert house.qc.post(path, body).json["needs_confirmation"] is False
    assert house.qc.post(path, body).code == "recall_rule_confirmed"
    recall = proposed(house, make_goods().packed)
    assert recall["rule"]["start_h"] == 36


def test_effectiveness_checks_all_until_a_policy_is_confirmed(house):
    goods = make_goods(sent=(tuple("100" for _ in range(12)),))
    [policy] = [row for row in house.qc.get("recall-check-policies").json["items"] if row["level"] == 2]
    recall = announced(house, goods.packed)
    path = f"recalls/{recall['id']}/effectiveness"
    found = house.qc.get(path).json
    assert (found["sampled"], found["is_by_policy"], len(found["missing"])) == (12, False, 12)
    body = {"document": "质量手册 8.3", "share_pct": "10", "valid_from": clock.today().isoformat()}
    assert house.qc.post(f"recall-check-policies/{policy['id']}/confirm", body).status == 200
    found = house.qc.get(path).json
    assert (found["sampled"], found["is_by_policy"]) == (2, True)
    check = {"channel": "visit", "is_effective": False}
    house.qc.post(f"recall-notices/{found['missing'][0]}/checks", check)
    found = house.qc.get(path).json
    assert (found["checked"], found["effective_pct"]) == (1, "0.00")


def test_consignees_as_csv_and_workbook(house):
    goods = make_goods()
    recall = announced(house, [goods.silo])
    text = house.clerk.get(f"recalls/{recall['id']}/consignees.csv", Accept_Language="en").content.decode()
    assert text.startswith("\ufeffCustomer code") and goods.customers[0].code in text
    book = house.clerk.get(f"recalls/{recall['id']}/consignees.xlsx")
    assert book.content.startswith(b"PK")


def test_regulator_report_has_the_eight_items_and_the_goods(house):
    goods = make_goods()
    recall = announced(house, [goods.silo])
    found = house.director.get(f"recalls/{recall['id']}/regulator-report").json
    assert found["plan"]["producer"] == PLAN["producer"] and found["plan"]["missing"] == []
    assert {row["batch"] for row in found["goods"]} == {batch.code for batch in goods.packed}
    assert found["regions"] == ["江苏"] and found["totals"]["shipped_kg"] == "2000.000"
    assert house.technician.get(f"recalls/{recall['id']}/regulator-report").status == 403
