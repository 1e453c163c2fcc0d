"""Many scans in one call, and scans that arrive twice at the same time."""

import threading

import pytest
from django.db import connections

from backend.core.ids import uuid7
from tests.traceability.scan.conftest import GTIN
from traceability.scan.models import Scan, UnknownCode

FULL = f"]C101{GTIN}10YS20240315A01\x1d17401231"


def test_200_scans_3_of_them_bad_store_197_and_a_resend_none(sign_in, salt, scan):
    phone = sign_in("technician")
    sent = [scan(FULL if n % 2 else f"ZZ-{n}") for n in range(200)]
    sent[7]["made_at"] = "yesterday"
    del sent[50]["raw"]
    sent[199] = "not a scan"
    first = phone.post("scans", {"scans": sent}).json
    assert (first["stored"], first["repeated"], first["refused"]) == (197, 0, 3)
    assert [line["index"] for line in first["results"] if line["problem"]] == [7, 50, 199]
    assert first["results"][7]["problem"]["errors"][0]["pointer"] == "/made_at"
    assert first["results"][7]["id"] == sent[7]["id"] and first["results"][199]["id"] is None
    assert Scan.objects.count() == 197 and UnknownCode.objects.count() == 99
    again = phone.post("scans", {"scans": sent}).json
    assert (again["stored"], again["repeated"], again["refused"]) == (0, 197, 3)
    assert [line["scan"] for line in again["results"]] == [line["scan"] for line in first["results"]]
    assert Scan.objects.count() == 197
    assert set(UnknownCode.objects.values_list("times_seen", flat=True)) == {1}


def test_more_than_200_are_refused(sign_in, salt, scan):
    phone = sign_in("technician")
    answer = phone.post("scans", {"scans": [scan(FULL) for _ in range(201)]})
    assert answer.status == 400 and not Scan.objects.exists()


def test_scan_with_the_id_of_another_content_is_refused_alone(sign_in, salt, scan):
    phone = sign_in("technician")
    stored = scan(FULL)
    phone.post("scans", stored)
    fresh = scan("YS20240315A01")
    answer = phone.post(
        "scans", {"scans": [{**stored, "raw": "X"}, fresh, {**fresh, "raw": "Y"}, fresh]}
    ).json
    assert [line["receipt"] for line in answer["results"]] == ["refused", "stored", "refused", "repeated"]
    assert [line["problem"]["code"] for line in answer["results"] if line["problem"]] == ["id_reuse"] * 2
    assert Scan.objects.count() == 2


def test_same_unknown_code_many_times_in_one_call_is_one_report(sign_in, scan):
    phone = sign_in("technician")
    answer = phone.post("scans", {"scans": [scan("ZZ-1") for _ in range(5)]}).json
    reports = {line["scan"]["report_id"] for line in answer["results"]}
    assert reports == {str(UnknownCode.objects.get().pk)} and UnknownCode.objects.get().times_seen == 5


def test_photo_of_another_is_refused_alone(sign_in, salt, scan):
    phone = sign_in("technician")
    answer = phone.post("scans", {"scans": [scan(FULL, photo="0" * 64), scan(FULL)]}).json
    assert [line["receipt"] for line in answer["results"]] == ["refused", "stored"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("raw", [FULL, "ZZ-unknown"])
def test_the_same_scan_sent_four_times_at_once_is_stored_once(sign_in, salt, scan, raw):
    clients = [sign_in("technician")]
    clients += [sign_in(clients[0].user) for _ in range(3)]
    sent = scan(raw)
    answers = []
    start = threading.Barrier(4)

    def send(client):
        start.wait()
        answers.append(client.post("scans", sent))
        connections.close_all()

    threads = [threading.Thread(target=send, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in answers} == {200}
    assert all(answer.json == answers[0].json for answer in answers)
    assert Scan.objects.count() == 1
    assert UnknownCode.objects.count() == (raw == "ZZ-unknown")
    assert all(report.times_seen == 1 for report in UnknownCode.objects.all())


def test_a_very_long_unknown_code_is_reported_by_its_beginning(sign_in, scan):
    phone = sign_in("technician")
    one = phone.post("scans", scan("长" * 4000)).json["report_id"]
    other = phone.post("scans", scan("长" * 4001)).json["report_id"]
    assert one != other and str(uuid7()) != one
    answer = sign_in("qc").post(f"unknown-codes/{one}/dismiss", {"note": "广告"})
    assert answer.status == 200 and answer.json["state"] == "dismissed"
