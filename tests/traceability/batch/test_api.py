"""Batches, certificates and proposals over HTTP."""

from datetime import timedelta
from decimal import Decimal

import pytest

from backend.core import clock
from tests.factories import (
    make_batch,
    make_certificate,
    make_limit,
    make_product,
    make_trade_item,
    make_user,
)
from traceability.batch.models import Batch, BatchDecision, Proposal, ReleaseCertificate

NOBODY = "018f0000-0000-7000-8000-00000000dead"


def new_batch(product, **fields):
    return {
        "product": str(product.pk),
        "code": "YS20260501A01",
        "plant": "P1",
        "line": "L2",
        "shift": "night",
        "produced_on": clock.today().isoformat(),
        "qty_kg": "60000",
    } | fields


def new_certificate(tester, reviewer, **fields):
    value = {
        "parameter": "moisture",
        "value": "0.20",
        "unit": "g/100g",
        "basis": "wet",
        "method": "GB 5009.42-2016",
        "expanded_u": "0.02",
    }
    return {
        "report_no": "COA-1",
        "inspection_basis": "GB/T 5461-2016",
        "conclusion": "conforming",
        "tested_by": str(tester.pk),
        "reviewed_by": str(reviewer.pk),
        "issued_on": clock.today().isoformat(),
        "values": [value],
    } | fields


def unchanged(batch, *, status="released"):
    batch.refresh_from_db()
    return batch.status == status and not BatchDecision.objects.filter(batch=batch).exists()


def test_new_batch_is_in_quarantine_and_takes_the_shelf_life(sign_in):
    qc, product = sign_in("qc"), make_product(shelf_life_days=365)
    item = make_trade_item(product)
    made = qc.post("batches", new_batch(product, trade_item=item.pk))
    assert made.status == 201 and made.json["status"] == "quarantine"
    assert made.json["expires_on"] == (clock.today() + timedelta(days=365)).isoformat()
    assert (made.json["gtin"], made.json["product"]["sku"]) == (item.gtin, product.sku)
    assert qc.get(f"batches/{made.json['id']}").json == made.json
    salt = qc.post("batches", new_batch(make_product(shelf_life_days=None)))
    assert salt.json["expires_on"] is None


def test_one_spelling_of_a_code_per_product(sign_in):
    qc, product = sign_in("qc"), make_product()
    assert qc.post("batches", new_batch(product, code="井矿盐20240315-1")).status == 201
    again = qc.post("batches", new_batch(product, code="井矿盐２０２４０３１５－１"))
    assert again.code == "batch_code_taken"
    assert qc.post("batches", new_batch(make_product(), code="井矿盐20240315-1")).status == 201
    assert set(Batch.objects.values_list("code_norm", flat=True)) == {"井矿盐20240315-1"}


@pytest.mark.parametrize(
    "bad",
    [
        {"code": "A B"},
        {"code": "②"},
        {"code": "a" * 65},
        {"product": NOBODY},
        {"trade_item": NOBODY},
        {"qty_kg": "0"},
        {"qty_kg": "-1"},
        {"qty_kg": "0.0001"},
        {"produced_on": "2099-01-01"},
        {"expires_on": "2020-01-01"},
        {"kind": "soup"},
        {"kind": "pallet"},
        {"kind": "shipment"},
        {"kind": "delivery"},
        {"status": "released"},
        {"plant": ""},
    ],
)
def test_bad_batch_is_refused(sign_in, bad):
    assert sign_in("qc").post("batches", new_batch(make_product()) | bad).status == 400
    assert not Batch.objects.exists()


def test_pack_of_another_product_is_refused(sign_in):
    body = new_batch(make_product(), trade_item=make_trade_item().pk)
    assert sign_in("qc").post("batches", body).status == 400
    assert not Batch.objects.exists()


def test_entry_is_corrected_in_quarantine_only(sign_in):
    qc, batch = sign_in("qc"), make_batch(status="quarantine", code="YS1")
    done = qc.patch(f"batches/{batch.pk}", {"code": "ys2", "qty_kg": "59000", "line": "L9"})
    assert (done.json["code"], done.json["qty_kg"], done.json["line"]) == ("ys2", "59000.000", "L9")
    assert Batch.objects.get().code_norm == "YS2"
    assert qc.patch(f"batches/{batch.pk}", {"product": str(make_product().pk)}).status == 400
    Batch.objects.update(status="released")
    refused = qc.patch(f"batches/{batch.pk}", {"code": "YS3"})
    assert (refused.status, refused.code) == (409, "batch_not_in_quarantine")
    assert Batch.objects.get().code == "ys2"


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        ("technician", False),
        ("clerk", False),
        ("logistics", False),
        ("qc", True),
        ("director", True),
        ("production", True),
        ("auditor", True),
    ],
)
def test_line_and_shift_are_absent_without_the_right(sign_in, role, sees):
    client, batch = sign_in(role), make_batch(line="L1", shift="night")
    shown = client.get(f"batches/{batch.pk}").json
    assert {"line", "shift"} & set(shown) == ({"line", "shift"} if sees else set())
    assert client.get("batches").json["items"] == [shown]
    assert client.get(f"batches/{batch.pk}/certificates").status == (200 if sees else 403)


def test_batches_are_filtered_and_come_latest_first(sign_in, django_assert_num_queries):
    client = sign_in("technician")
    old = make_batch(code="A-1", produced_on="2026-01-01", plant="P1", status="held")
    with django_assert_num_queries(2):
        client.get("batches")
    new = make_batch(make_product(family="industrial"), code="B-2", produced_on="2026-02-01", plant="P2")
    raw = make_batch(code="C-3", produced_on="2026-01-15", kind="raw", supplier_lot="S-77")
    with django_assert_num_queries(2):
        ids = [row["id"] for row in client.get("batches").json["items"]]
    assert ids == [str(new.pk), str(raw.pk), str(old.pk)]
    found = {
        "code=a-": {old},
        f"product={new.product_id}": {new},
        "family=industrial": {new},
        "status=held": {old},
        "kind=raw": {raw},
        "plant=P2": {new},
        "supplier_lot=S-77": {raw},
        "produced_from=2026-01-15": {new, raw},
        "produced_to=2026-01-15": {old, raw},
        "produced_from=2026-01-02&produced_to=2026-01-31": {raw},
    }
    for query, rows in found.items():
        shown = {row["id"] for row in client.get(f"batches?{query}").json["items"]}
        assert shown == {str(row.pk) for row in rows}, query
    paged, cursor = [], ""
    for _ in range(3):
        page = client.get(f"batches?limit=1{cursor}").json
        paged += [row["id"] for row in page["items"]]
        cursor = f"&cursor={page['next']}"
    assert paged == ids and page["next"] is None
    assert client.get("batches?product=7").status == 400
    assert client.get("batches?produced_from=monday").status == 400


def test_hold_needs_qc_and_a_reason(sign_in):
    qc, batch = sign_in("qc"), make_batch()
    address = f"batches/{batch.pk}/hold"
    for body in ({}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 501}, {"reason": 5}):
        assert qc.post(address, body).status == 400
    for role in ("technician", "clerk", "director", "production", "logistics", "auditor", "finance"):
        assert sign_in(role).post(address, {"reason": "moist"}).status == 403
    assert unchanged(batch)
    held = qc.post(address, {"reason": "moist"})
    assert (held.status, held.json["status"], held.json["status_reason"]) == (200, "held", "moist")
    (line,) = qc.get(f"batches/{batch.pk}/decisions").json["items"]
    assert (line["action"], line["from_status"], line["to_status"], line["reason"], line["by"]) == (
        "hold",
        "released",
        "held",
        "moist",
        qc.user.display_name,
    )
    again = qc.post(address, {"reason": "again"})
    assert (again.status, again.code, again.json["state"]) == (409, "illegal_step", "held")
    history = sign_in("auditor").get(f"history/batch/{batch.pk}").json["items"]
    assert history[0]["changed"]["status"] == ["released", "held"]
    assert history[0]["user"] == str(qc.user.pk)


def test_release_needs_a_conforming_certificate_and_a_second_person(sign_in):
    qc, batch = sign_in("qc"), make_batch(status="quarantine")
    address, body = f"batches/{batch.pk}/release", {"reason": "tested"}
    assert qc.post(address, body).code == "no_conforming_certificate"
    make_certificate(batch, tested_by=qc.user, issued_on=clock.today() - timedelta(days=1))
    refused = qc.post(address, body)
    assert (refused.status, refused.code) == (403, "same_person")
    make_certificate(batch, conclusion="nonconforming")
    assert qc.post(address, body).code == "no_conforming_certificate"
    assert unchanged(batch, status="quarantine")
    make_certificate(batch)
    done = qc.post(address, body)
    assert (done.status, done.json["status"]) == (200, "released")


def test_holder_does_not_release(sign_in):
    one, two, batch = sign_in("qc"), sign_in("qc"), make_batch()
    one.post(f"batches/{batch.pk}/hold", {"reason": "moist"})
    refused = one.post(f"batches/{batch.pk}/release", {"reason": "dry"})
    assert (refused.status, refused.code) == (403, "same_person")
    assert one.get(f"batches/{batch.pk}").json["status"] == "held"
    assert two.post(f"batches/{batch.pk}/release", {"reason": "dry"}).json["status"] == "released"
    actions = [line["action"] for line in one.get(f"batches/{batch.pk}/decisions").json["items"]]
    assert actions == ["release", "hold"]


def test_recall_and_destruction_have_no_address_of_their_own(sign_in):
    qc, batch = sign_in("qc"), make_batch()
    for action in ("recall", "destroy"):
        assert qc.post(f"batches/{batch.pk}/{action}", {"reason": "bad"}).status == 404
    assert unchanged(batch)


def test_recall_takes_two_people(sign_in):
    director, qc, batch = sign_in("director"), sign_in("qc"), make_batch()
    made = director.post("proposals", {"batch": batch.pk, "action": "recall", "reason": "foreign matter"})
    assert made.status == 201 and made.json["state"] == "open" and made.json["decided_at"] is None
    address = f"proposals/{made.json['id']}"
    assert director.post(f"{address}/accept", {"reason": "self"}).status == 403
    assert qc.post(f"{address}/accept", {}).status == 400
    assert unchanged(batch)
    done = qc.post(f"{address}/accept", {"reason": "confirmed"})
    assert (done.status, done.json["state"], done.json["batch"]["status"]) == (200, "accepted", "recalled")
    assert done.json["decided_by_name"] == qc.user.display_name
    for verb in ("accept", "dismiss"):
        assert qc.post(f"{address}/{verb}", {"reason": "again"}).code == "proposal_decided"
    assert BatchDecision.objects.count() == 1
    assert qc.get(address).json == done.json


def test_qc_does_not_accept_the_own_proposal(sign_in):
    qc, batch = sign_in("qc"), make_batch(status="held")
    made = qc.post("proposals", {"batch": batch.pk, "action": "destroy", "reason": "spoilt"}).json
    for verb in ("accept", "dismiss"):
        assert qc.post(f"proposals/{made['id']}/{verb}", {"reason": "x"}).code == "same_person"
    assert unchanged(batch, status="held") and Proposal.objects.get().state == "open"
    assert sign_in("qc").post(f"proposals/{made['id']}/accept", {"reason": "x"}).status == 200
    batch.refresh_from_db()
    assert batch.status == "destroyed"


def test_second_proposal_of_another_person_names_the_open_one(sign_in):
    director, qc, batch = sign_in("director"), sign_in("qc"), make_batch()
    body = {"batch": batch.pk, "action": "hold", "reason": "caking"}
    made = director.post("proposals", body)
    assert director.post("proposals", body).json == made.json
    refused = qc.post("proposals", body)
    assert (refused.status, refused.code, refused.json["proposal"]) == (409, "proposal_open", made.json["id"])
    assert Proposal.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "release"}, 400),
        ({"reason": ""}, 400),
        ({"batch": NOBODY}, 404),
        ({"batch": "7"}, 400),
        ({"action": "destroy"}, 409),
    ],
)
def test_bad_proposal_is_refused(sign_in, body, status):
    good = {"batch": make_batch().pk, "action": "hold", "reason": "caking"}
    assert sign_in("qc").post("proposals", good | body).status == status
    assert not Proposal.objects.exists()


def test_who_may_not_propose_or_decide_is_refused(sign_in):
    batch = make_batch()
    proposal = Proposal.objects.create(
        batch=batch, action="hold", reason="signal", proposed_at=clock.now(), proposed_by=None
    )
    for role in ("technician", "clerk", "production", "logistics", "auditor", "finance"):
        client = sign_in(role)
        assert client.get("proposals").json["items"][0]["proposed_by"] is None
        body = {"batch": batch.pk, "action": "recall", "reason": "x"}
        assert client.post("proposals", body).status == 403
        assert client.post(f"proposals/{proposal.pk}/accept", {"reason": "x"}).status == 403
    assert sign_in("director").post(f"proposals/{proposal.pk}/accept", {"reason": "x"}).status == 403
    assert sign_in("dealer").get("proposals").status == 403
    assert unchanged(batch) and Proposal.objects.get().state == "open"


def test_proposals_are_filtered_at_one_query_count(sign_in, django_assert_num_queries):
    qc, batch = sign_in("qc"), make_batch()
    one = Proposal.objects.create(batch=batch, action="hold", reason="a", proposed_at=clock.now())
    with django_assert_num_queries(2):
        qc.get("proposals")
    two = Proposal.objects.create(batch=batch, action="recall", reason="a", proposed_at=clock.now())
    done = Proposal.objects.create(
        batch=make_batch(),
        action="hold",
        reason="a",
        proposed_at=clock.now(),
        proposed_by=make_user("director"),
        state="dismissed",
        decided_by=make_user("qc"),
        decided_at=clock.now(),
    )
    with django_assert_num_queries(2):
        assert len(qc.get("proposals").json["items"]) == 3
    found = {f"batch={batch.pk}": {one, two}, "action=recall": {two}, "state=dismissed": {done}}
    for query, rows in found.items():
        shown = {row["id"] for row in qc.get(f"proposals?{query}").json["items"]}
        assert shown == {str(row.pk) for row in rows}, query


def test_certificate_keeps_every_value_with_unit_and_method(sign_in):
    qc, reviewer, batch = sign_in("qc"), make_user("qc"), make_batch(produced_on=clock.today())
    made = qc.post(f"batches/{batch.pk}/certificates", new_certificate(qc.user, reviewer))
    assert made.status == 201 and made.json["tested_by_name"] == qc.user.display_name
    (value,) = made.json["values"]
    assert (value["value"], value["unit"], value["expanded_u"]) == ("0.200000", "g/100g", "0.020000")
    assert qc.get(f"batches/{batch.pk}/certificates").json["items"] == [made.json]
    taken = qc.post(f"batches/{batch.pk}/certificates", new_certificate(qc.user, reviewer))
    assert taken.code == "report_no_taken" and ReleaseCertificate.objects.count() == 1


def test_tester_does_not_review(sign_in):
    qc, batch = sign_in("qc"), make_batch(produced_on=clock.today())
    body = new_certificate(qc.user, qc.user)
    refused = qc.post(f"batches/{batch.pk}/certificates", body)
    assert (refused.status, refused.code) == (403, "same_person")
    assert not ReleaseCertificate.objects.exists()


@pytest.mark.parametrize(
    "bad",
    [
        {"values": []},
        {"values": "none"},
        {"values": [{"parameter": "moisture", "value": "dry", "unit": "%", "method": "m"}]},
        {"values": [{"parameter": "moisture", "value": "0.2", "unit": "", "method": "m"}]},
        {"values": [{"parameter": "moisture", "value": "0.2", "unit": "%", "method": "m"}] * 2},
        {"conclusion": "fine"},
        {"tested_by": NOBODY},
        {"issued_on": "2099-01-01"},
        {"issued_on": "2020-01-01"},
        {"report_no": ""},
    ],
)
def test_bad_certificate_is_refused(sign_in, bad):
    qc, batch = sign_in("qc"), make_batch()
    body = new_certificate(qc.user, make_user("qc")) | bad
    assert qc.post(f"batches/{batch.pk}/certificates", body).status == 400
    assert not ReleaseCertificate.objects.exists()


@pytest.mark.parametrize("role", ["technician", "production", "admin"])
def test_only_qc_tests_and_reviews(sign_in, role):
    qc, batch = sign_in("qc"), make_batch()
    for people in ((make_user(role), qc.user), (qc.user, make_user(role))):
        assert qc.post(f"batches/{batch.pk}/certificates", new_certificate(*people)).status == 400
    idle = make_user("qc", is_active=False)
    assert qc.post(f"batches/{batch.pk}/certificates", new_certificate(qc.user, idle)).status == 400
    assert not ReleaseCertificate.objects.exists()


def test_conforming_certificate_with_a_value_outside_the_limit_is_refused(sign_in):
    limit = make_limit()
    qc, reviewer, batch = sign_in("qc"), make_user("qc"), make_batch()
    body = new_certificate(qc.user, reviewer)
    body["values"][0]["value"] = "0.301"
    refused = qc.post(f"batches/{batch.pk}/certificates", body)
    assert (refused.status, refused.code) == (409, "certificate_contradicts_limit")
    assert (refused.json["parameter"], refused.json["value"]) == ("moisture", "0.301")
    assert refused.json["limit"] == str(limit.pk) and not ReleaseCertificate.objects.exists()
    honest = body | {"conclusion": "nonconforming"}
    assert qc.post(f"batches/{batch.pk}/certificates", honest).status == 201
    other = body | {"report_no": "COA-2", "values": [body["values"][0] | {"basis": "dry"}]}
    assert qc.post(f"batches/{batch.pk}/certificates", other).status == 201


def test_certificates_and_decisions_are_listed_at_one_query_count(sign_in, django_assert_num_queries):
    qc, batch = sign_in("qc"), make_batch()
    make_certificate(batch)
    with django_assert_num_queries(4):
        qc.get(f"batches/{batch.pk}/certificates")
    make_certificate(batch), make_certificate(batch), make_certificate(make_batch())
    with django_assert_num_queries(4):
        assert len(qc.get(f"batches/{batch.pk}/certificates").json["items"]) == 3
    decide(batch, 1)
    with django_assert_num_queries(3):
        qc.get(f"batches/{batch.pk}/decisions")
    decide(batch, 2)
    with django_assert_num_queries(3):
        assert len(qc.get(f"batches/{batch.pk}/decisions").json["items"]) == 3


def decide(batch, times):
    for _ in range(times):
        BatchDecision.objects.create(
            batch=batch,
            action="hold",
            from_status="released",
            to_status="held",
            reason="r",
            by=make_user("qc"),
            at=clock.now(),
        )


def test_rows_of_no_batch_are_404(sign_in):
    qc = sign_in("qc")
    for path in ("", "/decisions", "/certificates"):
        assert qc.get(f"batches/{NOBODY}{path}").status == 404
    assert qc.post(f"batches/{NOBODY}/hold", {"reason": "x"}).status == 404
    assert qc.get("proposals/7").status == 404


def test_kg_keep_their_digits(sign_in):
    batch = make_batch(qty_kg=Decimal("59999.999"))
    assert sign_in("qc").get(f"batches/{batch.pk}").json["qty_kg"] == "59999.999"
