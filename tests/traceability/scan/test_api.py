"""Scans over HTTP: one code, the log, roles, idempotency."""

from base64 import b64encode
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from backend.core import clock
from backend.core.ids import uuid7
from tests import factories
from tests.traceability.scan.conftest import GTIN, HOST
from traceability.scan.models import Scan, UnknownCode

FULL = f"]C101{GTIN}10YS20240315A01\x1d17401231"


def codes(entries):
    return [entry["code"] for entry in entries]


def test_known_batch_answers_verdict_batch_and_what_to_do(sign_in, salt, scan):
    factories.make_batch(salt.product)
    answer = sign_in("technician").post("scans", scan("YS20240315A01"))
    assert answer.status == 200
    body = answer.json
    assert (body["outcome"], body["verdict"]["word"], codes(body["why"])) == ("ok", "Released", ["released"])
    assert body["batch"]["id"] == str(salt.pk) and body["batch"]["status"] == "released"
    assert body["product"]["sku"] == salt.product.sku and body["candidates"] == []
    assert (body["open_cases"], body["open_proposals"], body["report_id"]) == (0, 0, None)
    assert codes(body["next_actions"]) == ["record_reading", "start_visit"]


def test_after_recall_the_same_code_answers_recalled(sign_in, salt, scan):
    phone = sign_in("technician")
    assert phone.post("scans", scan(FULL)).json["outcome"] == "ok"
    type(salt).objects.filter(pk=salt.pk).update(status="recalled")
    body = phone.post("scans", scan(FULL)).json
    assert (body["outcome"], body["batch"]["is_recalled"]) == ("recalled", True)
    assert "quarantine_goods" in codes(body["next_actions"])


@pytest.mark.parametrize(
    ("raw", "extra"),
    [
        ("6901234567892", {"batch_number": "ys20240315a01"}),
        (FULL, {}),
        (f"01{GTIN}10YS20240315A01\x1d17401231", {"aim": "]C1"}),
        (f"(01){GTIN}(10)YS20240315A01(17)401231", {}),
        (f"https://{HOST}/01/{GTIN}/10/YS20240315A01?17=401231", {}),
        ("YS20240315A01", {}),
        (" ys20240315a01\r\n", {"source": "typed"}),
    ],
)
def test_every_notation_leads_to_one_batch(sign_in, salt, scan, label_profile, raw, extra):
    body = sign_in("technician").post("scans", scan(raw, **extra)).json
    assert (body["outcome"], body["batch"]["id"]) == ("ok", str(salt.pk))


def test_batch_named_like_an_element_string_is_itself(sign_in, salt, scan):
    named = factories.make_batch(salt.product, code="10D9T")
    factories.make_batch(salt.product, code="D9T")
    body = sign_in("technician").post("scans", scan("10D9T")).json
    assert (body["outcome"], body["batch"]["id"]) == ("ok", str(named.pk))


def test_number_of_two_products_gives_ranked_candidates(sign_in, salt, scan):
    here = factories.make_batch(code="YS20240315A01", produced_on=clock.today() - timedelta(days=400))
    factories.make_shipment(here, factories.make_customer(region_code="east"))
    body = sign_in("technician", regions=["east"]).post("scans", scan("YS20240315A01")).json
    assert (body["outcome"], body["batch"], codes(body["why"])) == ("ambiguous", None, ["several_batches"])
    assert [candidate["batch"]["id"] for candidate in body["candidates"]] == [str(here.pk), str(salt.pk)]
    assert codes(body["candidates"][0]["reasons"]) == ["same_number", "shipped_to_your_region"]
    assert "choose_candidate" in codes(body["next_actions"])


def test_product_code_alone_offers_its_newest_batches(sign_in, salt, scan):
    newer = factories.make_batch(salt.product, produced_on=clock.today())
    body = sign_in("technician").post("scans", scan("6901234567892")).json
    assert (body["outcome"], codes(body["why"])) == ("ambiguous", ["batch_number_missing"])
    assert body["product"]["id"] == str(salt.product_id)
    assert [item["batch"]["id"] for item in body["candidates"]] == [str(newer.pk), str(salt.pk)]


def test_unknown_code_is_reported_once_and_counted(sign_in, salt, scan):
    phone = sign_in("technician")
    first = phone.post("scans", scan("ZZ-unknown-7")).json
    second = phone.post("scans", scan("]C0ZZ-unknown-7")).json
    assert first["outcome"] == second["outcome"] == "unknown"
    assert first["report_id"] == second["report_id"]
    [entry] = sign_in("qc").get("unknown-codes?state=open").json["items"]
    assert (entry["id"], entry["raw"], entry["times_seen"]) == (first["report_id"], "ZZ-unknown-7", 2)


def test_slip_of_the_finger_offers_the_number_meant(sign_in, salt, scan):
    body = sign_in("technician").post("scans", scan("YS2024O315A01")).json
    assert (body["outcome"], body["batch"]) == ("unknown", None)
    assert [(c["code"], codes(c["reasons"])[0]) for c in body["candidates"]] == [
        ("YS20240315A01", "looks_alike")
    ]


def test_broken_code_is_invalid_and_stored(sign_in, salt, scan):
    body = sign_in("technician").post("scans", scan("6901234567893")).json
    assert (body["outcome"], body["report_id"]) == ("invalid", None)
    assert codes(body["label"]["warnings"]) == ["check_digit"]
    assert Scan.objects.get().outcome == "invalid" and not UnknownCode.objects.exists()


def test_other_date_on_the_label_is_suspicious(sign_in, salt, scan):
    body = sign_in("technician").post("scans", scan(FULL.replace("401231", "281231"))).json
    assert (body["outcome"], codes(body["why"])) == ("suspicious", ["label_expiry_differs", "released"])


def test_registered_code_beats_its_looks(sign_in, salt, scan):
    qc = sign_in("qc")
    assert qc.post("aliases", {"code": "6901234567892", "batch": str(salt.pk)}).status == 201
    body = qc.post("scans", scan("6901234567892")).json
    assert (body["outcome"], body["batch"]["id"]) == ("ok", str(salt.pk))


def test_new_label_profile_holds_for_the_next_scan(sign_in, salt, scan):
    qc = sign_in("qc")
    url = f"{HOST}/s/8Z3K7M2P9QRT"
    assert qc.post("scans", scan(url)).json["label"]["kind"] != "own_token"
    profile = {
        "own_hosts": [HOST],
        "own_url_rules": [{"path": "/s/{token}"}],
        "valid_from": clock.today().isoformat(),
    }
    assert qc.post("label-profiles", profile).status == 201
    body = qc.post("scans", scan(url)).json
    assert (body["label"]["kind"], body["label"]["serial"]) == ("own_token", "8Z3K7M2P9QRT")


def test_pattern_that_cannot_work_is_refused(sign_in, db):
    qc = sign_in("qc")
    answer = qc.post("label-profiles", {"batch_patterns": ["("], "valid_from": "2026-01-01"})
    assert (answer.status, answer.code) == (400, "invalid_label_config")
    assert qc.get("label-profiles").json["items"] == []


@pytest.mark.parametrize("has_clock", [True, False])
def test_scan_of_an_expired_batch_says_so_whatever_day_the_phone_claims(sign_in, salt, scan, has_clock):
    salt.expires_on = clock.today() - timedelta(days=1)
    salt.save()
    sent = scan(salt.code, made_at=(clock.now() - timedelta(days=30)).isoformat())
    headers = {"X_Sent_At": clock.now().isoformat()} if has_clock else {}
    answer = sign_in("technician").post("scans", sent, **headers)
    assert (answer.status, answer.json["outcome"]) == (200, "expired")
    assert Scan.objects.get().outcome == "expired"


def test_scan_is_one_row_with_who_device_times_place_bytes_and_result(sign_in, salt, scan):
    phone = sign_in("technician")
    made_at = clock.now() - timedelta(hours=2)
    place = {"latitude": "32.060300", "longitude": "118.796900", "datum": "GCJ-02", "accuracy_m": "12.5"}
    sent = scan(FULL, place=place, made_at=made_at.isoformat())
    body = phone.post("scans", sent, X_Sent_At=(clock.now() - timedelta(hours=1)).isoformat()).json
    row = Scan.objects.get()
    assert str(row.pk) == sent["id"] and row.recorded_by == phone.user
    assert row.device_id == phone.user.devices.get().pk
    assert row.device_at == made_at and row.clock_suspect
    assert timedelta(minutes=59) < row.corrected_at - row.device_at < timedelta(minutes=61)
    assert row.received_at >= row.corrected_at
    assert bytes(row.raw_bytes) == FULL.encode() and row.aim == "]C1"
    assert (str(row.latitude), str(row.longitude), row.datum) == ("32.060300", "118.796900", "GCJ-02")
    assert (row.outcome, row.batch_id, row.lot, row.gtin) == ("ok", salt.pk, "YS20240315A01", GTIN)
    assert row.answer == body
    detail = sign_in("auditor").get(f"scans/{row.pk}").json
    assert detail["answer"] == body and detail["raw_b64"] == b64encode(FULL.encode()).decode()


def test_bytes_of_a_gb18030_code_are_read_and_kept(sign_in, salt, scan):
    raw = "批号：YS20240315A01".encode("gb18030")
    sent = scan("") | {"raw_b64": b64encode(raw).decode()}
    del sent["raw"]
    body = sign_in("technician").post("scans", sent).json
    assert body["batch"]["id"] == str(salt.pk)
    assert bytes(Scan.objects.get().raw_bytes) == raw


def test_code_with_nul_bytes_is_invalid_and_kept(sign_in, scan):
    sent = scan("") | {"raw_b64": b64encode(b"\0YS20240315A01").decode()}
    del sent["raw"]
    body = sign_in("technician").post("scans", sent).json
    row = Scan.objects.get()
    assert body["outcome"] == "invalid" and bytes(row.raw_bytes) == b"\0YS20240315A01" and "\0" not in row.raw


@pytest.mark.parametrize("raw", [" ", "\t\n", " ]Q3 ", "\u200b", "\u3000"])
def test_code_of_nothing_but_blanks_is_invalid_and_kept(sign_in, scan, raw):
    answer = sign_in("technician").post("scans", scan(raw))
    assert answer.status == 200 and answer.json["outcome"] == "invalid"
    assert Scan.objects.get().raw == raw


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_no_method_changes_or_deletes_a_scan(sign_in, salt, scan, method):
    phone = sign_in("technician")
    sent = scan(FULL)
    phone.post("scans", sent)
    before = Scan.objects.values().get()
    for role in ("technician", "qc", "director", "admin"):
        assert sign_in(role).request(method, f"scans/{sent['id']}", body=b"{}").status == 405
    assert Scan.objects.values().get() == before


@pytest.mark.parametrize(
    "sql", ["UPDATE traceability_scan SET outcome = 'ok'", "DELETE FROM traceability_scan"]
)
def test_sql_cannot_change_the_log_either(sign_in, salt, scan, sql):
    sign_in("technician").post("scans", scan("6901234567893"))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert Scan.objects.get().outcome == "invalid"


def test_same_scan_again_gives_the_stored_answer_and_no_row(sign_in, salt, scan):
    phone = sign_in("technician")
    for raw in (FULL, "ZZ-unknown-7"):
        sent = scan(raw)
        first = phone.post("scans", sent)
        type(salt).objects.filter(pk=salt.pk).update(status="held")
        again = phone.post("scans", sent)
        assert (again.status, again.json) == (200, first.json)
    assert Scan.objects.count() == 2 and UnknownCode.objects.get().times_seen == 1


def test_same_id_with_other_content_is_refused(sign_in, salt, scan):
    phone = sign_in("technician")
    sent = scan(FULL)
    phone.post("scans", sent)
    for other in ({**sent, "raw": "YS20240315A01"}, {**sent, "raw": "ZZ-unknown"}):
        answer = phone.post("scans", other)
        assert (answer.status, answer.code) == (409, "id_reuse")
    assert Scan.objects.count() == 1 and not UnknownCode.objects.exists()


def test_id_of_somebody_elses_scan_is_refused(sign_in, salt, scan):
    sent = scan(FULL)
    sign_in("technician").post("scans", sent)
    assert sign_in("technician").post("scans", sent).code == "id_reuse"


def test_dealer_gets_the_public_part(sign_in, salt, scan):
    factories.make_batch(code="YS20240315A01")
    dealer = sign_in("dealer")
    body = dealer.post("scans", scan(FULL)).json
    assert set(body["batch"]) == {"code", "product", "produced_on", "expires_on", "is_recalled"}
    assert "open_cases" not in body and "open_proposals" not in body
    assert codes(body["next_actions"]) == ["open_case"]
    assert dealer.post("scans", scan("YS20240315A01")).json["candidates"] == []
    type(salt).objects.filter(pk=salt.pk).update(status="held", status_reason="苦味")
    held = dealer.post("scans", scan(FULL)).json
    assert (held["outcome"], held["why"]) == ("held", []) and "苦味" not in str(held)


@pytest.mark.parametrize("role", ["finance", "admin"])
def test_roles_without_the_right_resolve_nothing(sign_in, salt, scan, role):
    assert sign_in(role).post("scans", scan(FULL)).status == 403
    assert not Scan.objects.exists()


@pytest.mark.parametrize(
    ("role", "fields"), [("logistics", {"open_proposals"}), ("qc", {"open_cases", "open_proposals"})]
)
def test_open_matters_are_absent_for_who_may_not_read_them(sign_in, salt, scan, role, fields):
    body = sign_in(role).post("scans", scan(FULL)).json
    assert {"open_cases", "open_proposals"} & set(body) == fields


def test_log_shows_own_scans_to_technicians_regional_ones_to_clerks_all_to_qc(sign_in, salt, scan):
    mine, other = sign_in("technician", regions=["east"]), sign_in("technician", regions=["west"])
    first = mine.post("scans", scan(FULL)).json["id"]
    second = other.post("scans", scan(FULL)).json["id"]

    def seen(client):
        return {item["id"] for item in client.get("scans").json["items"]}

    assert seen(mine) == {first} and seen(other) == {second}
    assert seen(sign_in("clerk", regions=["east"])) == {first}
    assert seen(sign_in("qc")) == seen(sign_in("auditor")) == {first, second}
    assert mine.get(f"scans/{second}").status == 404
    assert sign_in("dealer").get("scans").status == 403


def test_log_is_filtered_by_batch_outcome_and_time(sign_in, salt, scan):
    phone = sign_in("technician")
    good = phone.post("scans", scan(FULL)).json["id"]
    bad = phone.post("scans", scan("6901234567893")).json["id"]

    def seen(query):
        return [item["id"] for item in phone.get(f"scans?{query}").json["items"]]

    assert seen(f"batch={salt.pk}") == [good] and seen("outcome=invalid") == [bad]
    later = (clock.now() + timedelta(minutes=1)).isoformat().replace("+", "%2B")
    assert seen(f"received_from={later}") == [] and seen(f"received_to={later}") == [bad, good]
    assert phone.get("scans?outcome=fine").status == 400


@pytest.mark.parametrize("count", [1, 3])
def test_log_takes_two_queries_however_long(sign_in, salt, scan, django_assert_num_queries, count):
    phone = sign_in("technician")
    for _ in range(count):
        phone.post("scans", scan(FULL))
    with django_assert_num_queries(2):
        assert len(phone.get("scans").json["items"]) == count


@pytest.mark.parametrize(
    "change",
    [
        {"raw": ""},
        {"raw": 5},
        {"raw": None},
        {"raw": "x" * 4297},
        {"raw": "a\u202eb"},
        {"raw_b64": "QQ=="},
        {"id": 7},
        {"made_at": "yesterday"},
        {"made_at": "2026-01-01T00:00:00"},
        {"source": "photo"},
        {"aim": "]C1]C1]C1"},
        {"place": {"latitude": 91, "longitude": 0, "datum": "WGS-84"}},
        {"place": {"latitude": 32, "longitude": 118}},
        {"photo": "0" * 64},
        {"batch_number": "x" * 65},
        {"scans": []},
        {"surprise": 1},
    ],
)
def test_wrong_input_is_refused_and_stores_nothing(sign_in, salt, scan, change):
    answer = sign_in("technician").post("scans", scan(FULL) | change)
    assert answer.status == 400 and not Scan.objects.exists()


def test_texts_follow_the_language_and_codes_do_not(sign_in, salt, scan):
    phone = sign_in("technician")
    english = phone.post("scans", scan(FULL)).json
    chinese = phone.post("scans", scan(FULL), Accept_Language="zh-CN").json
    assert codes(english["why"]) == codes(chinese["why"])
    assert english["verdict"]["word"] == "Released"


def test_scans_are_throttled_at_their_own_limit(sign_in, salt, scan, settings):
    settings.RATES = {**settings.RATES, "scan": "3/min"}
    phone = sign_in("technician")
    assert [phone.post("scans", scan(FULL)).status for _ in range(4)] == [200, 200, 200, 429]
    assert Scan.objects.count() == 3 and phone.get("me").status == 200


def test_uploaded_photo_of_the_label_is_kept_with_the_scan(sign_in, salt, scan):
    phone = sign_in("technician")
    mine = factories.make_attachment(phone.user)
    others = factories.make_attachment(sign_in("technician").user)
    assert phone.post("scans", scan(FULL, photo=others.pk)).status == 400
    assert phone.post("scans", scan(FULL, photo=mine.pk)).status == 200
    assert Scan.objects.get().photo_id == mine.pk


def test_unknown_id_in_the_log_is_not_found(sign_in):
    assert sign_in("qc").get(f"scans/{uuid7()}").status == 404
