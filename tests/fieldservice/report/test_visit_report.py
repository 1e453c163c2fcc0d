"""The visit report: what it holds as JSON and as PDF, in both languages, and for whom."""

import shutil
import subprocess
from datetime import timedelta
from decimal import Decimal

import pytest

from backend.core import clock
from fieldservice.reading.rules import Verdict
from fieldservice.report import words
from fieldservice.report.visit_report import with_uncertainty
from fieldservice.visit.rules import VisitKind, VisitStatus
from tests import factories
from tests.fieldwork import AT_SITE, check, moisture, upload

FINDINGS = "仓库潮湿，内袋破损。\n#strong[不是标记] *不是标记* $x$ `code`"


def words_of(pdf: bytes) -> str:
    """The text of the PDF as a reader copies it."""
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


needs_poppler = pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler-utils is not installed")


@pytest.fixture
def visit(sign_in):
    """A closed visit with two checks, two batches, five readings, two photos and a signature."""
    phone = sign_in("technician", display_name="李国强")
    customer = factories.make_customer(name="南京金陵调味品有限公司", tier="key")
    row = factories.make_visit(phone.user, customer, purpose="客户反映返潮结块")
    factories.make_limit()
    factories.make_limit(parameter="nacl", kind="min", low=Decimal("99.1"), high=None, decimals=1)
    one, two = factories.make_batch(), factories.make_batch()
    meter, overdue = factories.make_instrument(), factories.make_instrument(due_in_days=-3)
    salinity = factories.make_instrument(
        kind="salinity_meter", parameter="nacl", range_high=Decimal(10), resolution=Decimal("0.001"),
        accuracy_abs=Decimal(0), accuracy_pct=Decimal(2),
    )  # fmt: skip
    address = f"visits/{row.pk}"
    far = AT_SITE | {"latitude": "32.105000"}
    sent = [phone.post(f"{address}/check-in", check(far, reason="客户改在码头仓库"))]
    shot = check(attachment=upload(phone, "steelblue"), caption="二号仓库外墙渗水")
    shot.pop("place")
    later = check()
    late = shot | {
        "id": later["id"],
        "made_at": later["made_at"],
        "attachment": upload(phone, "darkred"),
        "caption": "破损内袋",
    }
    late_reading = moisture(row, batch=two, instrument=meter, replicates=["0.29"])
    readings = [
        moisture(row, batch=one, instrument=meter, replicates=["0.55", "0.57", "0.56"]),
        moisture(row, batch=one, instrument=meter, replicates=["0.27"]),
        moisture(row, batch=two, instrument=overdue, replicates=["0.20"]),
        moisture(row, batch=two, instrument=salinity, parameter="nacl", replicates=["0.985"], drying_temp_c=None,
                 sample_g="10", solution_g="1000"),
    ]  # fmt: skip
    sent += [phone.post("readings", body) for body in readings]
    wrong = {k: v for k, v in readings[1].items() if k not in ("visit", "made_at")}
    corrected = wrong | {"id": check()["id"], "replicates": ["0.21"], "reason": "看错一行"}
    sent.append(phone.post(f"readings/{readings[1]['id']}/supersede", corrected))
    sent += [phone.post(f"{address}/photos", shot), phone.post(f"{address}/check-out", check())]
    report = {"findings": FINDINGS, "signed_by_name": "王小明", "signature": upload(phone, "white")}
    sent += [phone.post(f"{address}/close", report)]
    sent += [phone.post(f"{address}/photos", late), phone.post("readings", late_reading)]
    assert {answer.status for answer in sent} <= {200, 201}, [answer.json for answer in sent]
    row.refresh_from_db()
    return row


def test_report_has_batches_readings_photos_and_the_signature_s_hash(visit, sign_in):
    report = sign_in("clerk").get(f"visits/{visit.pk}/report").json
    assert report["is_final"] is True and report["visit"]["findings"] == FINDINGS
    assert len(report["visit"]["batches"]) == 2 and len(report["visit"]["photos"]) == 2
    assert [row["verdict"] for row in report["readings"]] == ["fail", "conditional_pass", "pass", "inconclusive",
                                                              "suspicious"]  # fmt: skip
    assert [row["is_current"] for row in report["readings"]] == [True, False, True, True, True]
    assert report["signature"]["sha256"] == visit.signature_id
    assert report["signature"]["signed_by_name"] == "王小明"


def test_what_arrived_after_the_signature_stands_apart(visit, sign_in):
    report = sign_in("director").get(f"visits/{visit.pk}/report").json
    assert [row["replicates"] for row in report["late_readings"]] == [["0.29"]]
    assert [photo["late"] for photo in report["visit"]["photos"]] == [False, True]


@needs_poppler
def test_pdf_speaks_english_and_prints_markup_as_text(visit, sign_in):
    answer = sign_in("clerk").get(f"visits/{visit.pk}/report.pdf", Accept_Language="en")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{visit.number}.pdf"'
    text = words_of(answer.content)
    for word in ("Service visit report", visit.number, "南京金陵调味品有限公司", "GB/T 5461-2016", "≤ 0.30 g/100g",
                 "Suspicious", "far from the site", "#strong[不是标记] *不是标记* $x$ `code`", "王小明"):  # fmt: skip
        assert word in text, word
    assert visit.signature_id[:32] in text and visit.signature_id[32:] in text
    assert "DRAFT" not in text


@needs_poppler
def test_pdf_speaks_chinese(visit, sign_in):
    answer = sign_in("clerk").get(f"visits/{visit.pk}/report.pdf", Accept_Language="zh-CN")
    text = words_of(answer.content)
    for word in ("现场服务报告", "客户签字", "不合格", "可疑", "精制食用盐(加碘)", "第"):
        assert word in text, word


def test_signed_report_is_the_same_file_every_time(visit, sign_in):
    clerk = sign_in("clerk")
    address = f"visits/{visit.pk}/report.pdf"
    assert clerk.get(address).content == clerk.get(address).content


@needs_poppler
def test_report_of_an_open_visit_is_a_draft(sign_in):
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user)
    report = phone.get(f"visits/{visit.pk}/report").json
    assert report["is_final"] is False and report["signature"] is None
    assert "DRAFT" in words_of(phone.get(f"visits/{visit.pk}/report.pdf").content)


@needs_poppler
def test_dealer_gets_results_without_notes_photos_or_signature(visit, sign_in):
    dealer = sign_in(factories.make_dealer(visit.customer))
    report = dealer.get(f"visits/{visit.pk}/report").json
    assert report["readings"] and report["signature"] is None
    assert not {"findings", "photos", "checks"} & set(report["visit"])
    text = words_of(dealer.get(f"visits/{visit.pk}/report.pdf").content)
    assert "仓库潮湿" not in text and "看错一行" not in text and visit.signature_id[:32] not in text


def test_those_who_check_read_it_masked(visit, sign_in):
    report = sign_in("auditor").get(f"visits/{visit.pk}/report").json
    assert report["visit"]["contact"]["phone"] == "138****5678"


@pytest.mark.parametrize(
    ("role", "regions", "status"),
    [("clerk", ["west"], 404), ("technician", ["east"], 404), ("production", [], 404), ("finance", [], 403),
     ("logistics", [], 403), ("admin", [], 403)],
)  # fmt: skip
def test_others_get_no_report(visit, sign_in, role, regions, status):
    client = sign_in(role, regions=regions)
    for name in ("report", "report.pdf"):
        assert client.get(f"visits/{visit.pk}/{name}").status == status


def test_colleague_who_may_read_the_visit_gets_no_report_without_its_readings(visit, sign_in):
    colleague = sign_in("technician")
    factories.make_visit(colleague.user, visit.customer, planned_on=clock.today() - timedelta(days=9))
    assert colleague.get(f"visits/{visit.pk}").status == 200
    assert colleague.get(f"visits/{visit.pk}/report").status == 404


@pytest.mark.parametrize(
    ("value", "u", "shown"),
    [("0.206667", "0.031269", "0.207 ± 0.031"), ("98.5", "2.2748", "98.5 ± 2.3"), ("12.3456", "14.2", "12 ± 14"),
     ("0.25", None, "0.25"), ("0.125", "0.25", "0.12 ± 0.25")],
)  # fmt: skip
def test_value_is_printed_to_the_digits_its_uncertainty_allows(value, u, shown):
    assert with_uncertainty(Decimal(value), expanded_u=Decimal(u) if u else None) == shown


def test_every_code_on_the_paper_has_a_word():
    tables = ((words.KINDS, VisitKind), (words.STATUSES, VisitStatus), (words.VERDICTS, Verdict))
    for table, codes in tables:
        assert set(table) == set(codes)
