"""QC's inbox of unknown codes, and registered codes."""

import pytest

from tests import factories
from traceability.scan.models import CodeAlias, UnknownCode


@pytest.fixture
def report(sign_in, scan, db):
    """The id of a reported unknown code, ZZ-7."""
    return sign_in("technician").post("scans", scan("ZZ-7")).json["report_id"]


def test_settled_code_means_the_batch_from_then_on(sign_in, scan, salt, report):
    qc = sign_in("qc")
    answer = qc.post(f"unknown-codes/{report}/settle", {"batch": str(salt.pk), "note": "旧标签"})
    assert (answer.status, answer.json["state"]) == (200, "settled")
    assert answer.json["settled_by"] == str(qc.user.pk)
    assert CodeAlias.objects.get().batch == salt
    body = sign_in("technician").post("scans", scan("ZZ-7")).json
    assert (body["outcome"], body["batch"]["id"]) == ("ok", str(salt.pk))
    assert qc.get("unknown-codes?state=open").json["items"] == []


def test_settled_code_of_a_pack_names_the_product(sign_in, scan, salt, report):
    qc = sign_in("qc")
    answer = qc.post(f"unknown-codes/{report}/settle", {"trade_item": str(salt.trade_item_id), "note": "袋"})
    assert answer.status == 200
    body = qc.post("scans", scan("ZZ-7")).json
    assert (body["outcome"], body["product"]["id"]) == ("ambiguous", str(salt.product_id))


def test_dismissed_code_is_counted_and_stays_dismissed(sign_in, scan, report):
    qc = sign_in("qc")
    assert qc.post(f"unknown-codes/{report}/dismiss", {"note": "广告"}).json["state"] == "dismissed"
    assert sign_in("technician").post("scans", scan("ZZ-7")).json["report_id"] == report
    entry = UnknownCode.objects.get()
    assert (entry.times_seen, entry.state) == (2, "dismissed")


def test_second_decision_on_a_code_is_refused(sign_in, salt, report):
    qc = sign_in("qc")
    qc.post(f"unknown-codes/{report}/dismiss", {"note": "广告"})
    late = qc.post(f"unknown-codes/{report}/settle", {"batch": str(salt.pk), "note": "x"})
    assert (late.status, late.code) == (409, "illegal_step") and not CodeAlias.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"note": "x"},
        {"note": "x", "batch": "018f0000-0000-7000-8000-000000000001"},
        {"batch": None, "note": "x"},
    ],
)
def test_settling_needs_an_existing_target(sign_in, report, body):
    answer = sign_in("qc").post(f"unknown-codes/{report}/settle", body)
    assert answer.status == 400 and UnknownCode.objects.get().state == "open"


@pytest.mark.parametrize("role", ["technician", "director", "auditor", "admin"])
def test_only_qc_decides(sign_in, salt, report, role):
    client = sign_in(role)
    body = {"batch": str(salt.pk), "note": "x"}
    assert client.post(f"unknown-codes/{report}/settle", body).status == 403
    assert client.post("aliases", {"code": "A", "batch": str(salt.pk)}).status == 403
    assert UnknownCode.objects.get().state == "open" and not CodeAlias.objects.exists()


def test_code_is_registered_once(sign_in, salt):
    qc = sign_in("qc")
    assert qc.post("aliases", {"code": "A-1", "batch": str(salt.pk)}).status == 201
    again = qc.post("aliases", {"code": "A-1", "batch": str(factories.make_batch().pk)})
    assert (again.status, again.code) == (409, "alias_taken")
    assert CodeAlias.objects.get().batch == salt


def test_report_and_decision_are_kept_in_history_with_who(sign_in, salt, report):
    qc = sign_in("qc")
    qc.post(f"unknown-codes/{report}/dismiss", {"note": "广告"})
    lines = sign_in("auditor").get(f"history/unknowncode/{report}").json["items"]
    assert [line["what"] for line in lines] == ["update", "insert"]
    assert lines[0]["user"] == str(qc.user.pk) and lines[1]["user"] != lines[0]["user"]


def test_withdrawn_alias_no_longer_resolves_and_its_report_is_open_again(sign_in, scan, salt, report):
    qc, phone = sign_in("qc"), sign_in("technician")
    qc.post(f"unknown-codes/{report}/settle", {"batch": str(salt.pk), "note": "旧标签"})
    assert phone.post("scans", scan("ZZ-7")).json["outcome"] == "ok"
    alias = CodeAlias.objects.get()
    gone = qc.post(f"aliases/{alias.pk}/withdraw", {"note": "别的批次"})
    assert (gone.status, gone.json["code"], gone.json["note"]) == (200, "ZZ-7", "别的批次")
    assert not CodeAlias.objects.exists()
    body = phone.post("scans", scan("ZZ-7")).json
    assert (body["outcome"], body["report_id"]) == ("unknown", report)
    (entry,) = qc.get("unknown-codes?state=open").json["items"]
    assert (entry["id"], entry["alias"], entry["settled_by"], entry["settled_note"]) == (
        report,
        None,
        None,
        "",
    )
    other = factories.make_batch()
    qc.post(f"unknown-codes/{report}/settle", {"batch": str(other.pk), "note": "正确批次"})
    assert phone.post("scans", scan("ZZ-7")).json["batch"]["id"] == str(other.pk)
    lines = sign_in("auditor").get(f"history/codealias/{alias.pk}").json["items"]
    assert [line["what"] for line in lines] == ["delete", "update", "insert"]
    assert lines[0]["user"] == str(qc.user.pk) and lines[1]["changed"]["note"] == ["旧标签", "别的批次"]


def test_alias_is_withdrawn_once_by_qc_and_with_a_reason(sign_in, salt):
    qc, alias = sign_in("qc"), factories.make_alias("A-1", batch=salt)
    address = f"aliases/{alias.pk}/withdraw"
    assert qc.post(address, {}).status == 400
    for role in ("technician", "director", "auditor", "admin"):
        assert sign_in(role).post(address, {"note": "x"}).status == 403
    assert CodeAlias.objects.get() == alias
    assert qc.post(address, {"note": "x"}).status == 200
    assert qc.post(address, {"note": "x"}).status == 404


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("address", ["unknown-codes", "aliases", "label-profiles"])
def test_lists_take_two_queries_however_long(
    sign_in, salt, scan, label_profile, django_assert_num_queries, address, count
):
    qc = sign_in("qc")
    for number in range(count):
        qc.post("scans", scan(f"ZZ-{number}"))
        factories.make_alias(f"A-{number}", batch=salt)
    with django_assert_num_queries(2):
        assert qc.get(address).json["items"]
