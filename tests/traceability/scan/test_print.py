"""What we print is read back by the photo scan: returns, pallets, single bags."""

import csv
import io

import pytest

from backend.core import clock, pdf
from backend.core.ids import uuid7
from tests import factories
from tests.traceability.scan.conftest import GTIN, HOST
from traceability.dispatch.queries import whole_of
from traceability.scan import label_paper, serial_paper, unit_paper
from traceability.serial.models import SerialRange

COLUMNS = ["number", "code", "token", "link", "gtin", "batch"]


@pytest.fixture
def numbers(salt, label_profile) -> SerialRange:
    return factories.make_serial_range(salt, first=100)


def photographed(client, photo):
    sent = {"id": str(uuid7()), "made_at": clock.now().isoformat()}
    answer = client.upload("scans/photo", photo=photo, **sent)
    assert answer.status == 200
    return answer.json["scans"]


def table(answer):
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_codes_for_the_printer_are_a_table_of_the_numbers_asked_for(sign_in, salt, numbers):
    client = sign_in("production")
    answer = client.get(f"batches/{salt.pk}/serial-codes?from=150&count=3")
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/csv")
    rows = table(answer)
    assert [row["number"] for row in rows] == ["150", "151", "152"]
    for row in rows:
        assert list(row) == COLUMNS
        assert row["link"] == f"https://{HOST}/01/{GTIN}/10/YS20240315A01/21/{row['token']}"
        assert row["code"].replace("-", "") == row["token"]
        found = client.get(f"serial-codes/{row['token']}").json
        assert (found["number"], found["batch"]["code"]) == (int(row["number"]), "YS20240315A01")


def test_every_printed_link_and_code_scans_to_its_batch(sign_in, scan, salt, numbers):
    rows = table(sign_in("qc").get(f"batches/{salt.pk}/serial-codes?count=10"))
    sent = [scan(row[name]) for row in rows for name in ("link", "code", "token")]
    results = sign_in("technician").post("scans", {"scans": sent}).json["results"]
    assert {result["scan"]["outcome"] for result in results} == {"ok"}
    assert {result["scan"]["batch"]["id"] for result in results} == {str(salt.pk)}


def test_a_range_ends_with_its_last_number(sign_in, salt, numbers):
    client = sign_in("qc")
    assert len(table(client.get(f"batches/{salt.pk}/serial-codes?from=1098&count=10000"))) == 2
    assert [
        row["number"] for row in table(client.get(f"batches/{salt.pk}/serial-codes?from=98&count=4"))
    ] == [
        "100",
        "101",
    ]
    answer = client.get(f"batches/{salt.pk}/serial-codes?from=1100")
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, "/from")


@pytest.mark.parametrize(
    "query", ["count=10001", "count=0", "count=-1", "count=x", "from=-1", "range=1", "from=%E4%B8%80"]
)
def test_what_is_no_number_is_refused(sign_in, salt, numbers, query):
    assert sign_in("qc").get(f"batches/{salt.pk}/serial-codes?{query}").status == 400


def test_codes_come_of_the_range_named_and_of_none_that_is_withdrawn(sign_in, salt, numbers):
    client = sign_in("qc")
    newer = factories.make_serial_range(salt, prefix="B2")
    other = factories.make_serial_range(prefix="C2")
    address = f"batches/{salt.pk}/serial-codes?count=1"
    assert table(client.get(address))[0]["token"].startswith("B2")
    assert table(client.get(f"{address}&range={numbers.pk}"))[0]["token"].startswith("A2")
    assert client.get(f"{address}&range={other.pk}").status == 404
    client.post(f"serial-ranges/{newer.pk}/withdraw", {"reason": "标签卷被盗"})
    assert table(client.get(address))[0]["token"].startswith("A2")
    answer = client.get(f"{address}&range={newer.pk}")
    assert (answer.status, answer.code) == (409, "serial_range_withdrawn")


def test_a_batch_without_a_trade_number_has_the_code_alone(sign_in, scan, label_profile):
    made = factories.make_serial_range()
    [row] = table(sign_in("qc").get(f"batches/{made.batch_id}/serial-codes?count=1"))
    assert row["link"] == row["token"]
    assert sign_in("technician").post("scans", scan(row["link"])).json["batch"]["id"] == str(made.batch_id)


def test_ten_thousand_codes_are_ten_thousand_codes(sign_in, salt):
    factories.make_serial_range(salt, count=20_000)
    rows = table(sign_in("qc").get(f"batches/{salt.pk}/serial-codes?count=10000"))
    assert len({row["token"] for row in rows}) == 10_000


def test_a_sheet_has_a_label_a_page_and_each_scans_back(sign_in, salt, numbers):
    answer = sign_in("qc").get(f"batches/{salt.pk}/serial-labels?count=3")
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/pdf"
    run = serial_paper.print_run(salt, numbers, start=None, count=2)
    pages = pdf.pages_png(serial_paper.labels_sheet(run), dots_per_inch=300)
    assert len(pages) == 2
    [scan] = photographed(sign_in("technician"), pages[1])
    assert (scan["outcome"], scan["batch"]["id"]) == ("ok", str(salt.pk))
    assert sign_in("qc").get(f"serial-codes/{scan['label']['serial']}").json["number"] == 101


def test_the_label_of_a_return_scans_back_to_the_return(sign_in, salt, label_profile):
    back = factories.make_batch(
        salt.product, code="YS20240315A01-R1", trade_item=salt.trade_item, kind="return", status="quarantine"
    )
    [scan] = photographed(sign_in("technician"), sign_in("qc").get(f"batches/{back.pk}/label").content)
    assert (scan["outcome"], scan["batch"]["id"]) == ("held", str(back.pk))
    content = label_paper.content_of(back, pack=None)
    assert content.is_return
    [page] = pdf.pages_png(label_paper.label_sheet(content))
    [scan] = photographed(sign_in("technician"), page)
    assert scan["batch"]["id"] == str(back.pk)


def test_the_label_of_a_pallet_scans_back_to_what_lies_on_it(sign_in, salt, label_profile):
    unit = factories.make_unit((salt, "500"))
    client = sign_in("logistics")
    code = client.get(f"logistic-units/{unit.sscc}/label?format=png")
    assert code.status == 200 and code.headers["Content-Type"] == "image/png"
    [scan] = photographed(sign_in("technician"), code.content)
    assert (scan["outcome"], scan["batch"]["id"]) == ("ok", str(salt.pk))
    assert scan["label"]["sscc"] == unit.sscc
    assert client.get(f"logistic-units/{unit.sscc}/label?format=pdf").status == 200
    [page] = pdf.pages_png(unit_paper.unit_sheet(whole_of(unit)), dots_per_inch=200)
    scans = photographed(sign_in("technician"), page)
    assert {scan["label"]["sscc"] for scan in scans} == {unit.sscc}
    assert {scan["photo_code"]["format"] for scan in scans} == {"QR", "CODE128"}


def test_the_label_of_a_pallet_with_many_batches_is_one_page(salt, label_profile):
    unit = factories.make_unit(*((factories.make_batch(salt.product), "10") for _ in range(12)))
    assert len(pdf.pages_png(unit_paper.unit_sheet(whole_of(unit)))) == 1
    assert (
        factories.make_unit()
        and len(pdf.pages_png(unit_paper.unit_sheet(whole_of(factories.make_unit())))) == 1
    )


@pytest.mark.parametrize("query", ["format=svg", "format=", "pack=bag"])
def test_another_kind_of_pallet_label_is_refused(sign_in, salt, query):
    unit = factories.make_unit((salt, "500"))
    assert sign_in("logistics").get(f"logistic-units/{unit.sscc}/label?{query}").status == 400
