"""A trace as a table: one row per tracking event, codes as text, nothing that runs as a formula."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from tests.factories import make_batch, make_customer, make_link, make_product, make_shipment
from traceability.dispatch.models import ReceiptLine, ShipmentReceipt
from traceability.genealogy.models import MadeFrom
from traceability.trace import tracking

FORWARD = "?direction=forward"


@pytest.fixture
def works(db):
    salt = make_product(sku="0012", name_zh="=食盐")
    raw = make_batch(
        salt, code="000123", kind="raw", supplier_lot="+V-8", produced_on=date(2026, 3, 1), plant="P1"
    )
    packed = make_batch(salt, code="1E5", produced_on=date(2026, 3, 5), qty_kg=Decimal("60000.5"), plant="P1")
    link = make_link(raw, packed, qty_kg="1200.125")
    at = datetime(2026, 3, 4, 20, 30, tzinfo=UTC)  # the 5th in China
    again = MadeFrom(parent=raw, child=packed, qty_kg=0, made_at=at, recorded_by=link.recorded_by)
    MadeFrom.objects.filter(pk=link.pk).update(is_live=False)
    again.qty_kg = Decimal("1200.125")
    again.save(force_insert=True)
    sent = make_shipment(
        packed, make_customer(name="-商贸"), qty_kg="20", shipped_on=date(2026, 3, 6), number="S-0007"
    )
    receipt = ShipmentReceipt.objects.create(
        shipment=sent,
        received_at=at + timedelta(days=4),
        received_by_name="王",
        recorded_by=sent.recorded_by,
        recorded_at=at + timedelta(days=4),
    )
    ReceiptLine.objects.create(receipt=receipt, batch=packed, qty_kg=Decimal("19.5"))
    return raw


def csv_rows(answer):
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_csv_holds_one_row_per_event_in_order_of_time(sign_in, works):
    answer = sign_in("qc").get(f"batches/000123/trace.csv{FORWARD}")
    assert answer.status == 200
    assert 'filename="trace-000123-forward.csv"' in answer.headers["Content-Disposition"]
    header, *rows = csv_rows(answer)
    assert len(header) == 11
    name = "'=食盐"
    assert rows == [
        ["made", "2026-03-01", "000123", "0012", name, "raw", "60000.000", "", "P1", "", "'+V-8"],
        ["made", "2026-03-05", "1E5", "0012", name, "packed", "60000.500", "", "P1", "", ""],
        [
            "transformed",
            "2026-03-05 04:30:00",
            "1E5",
            "0012",
            name,
            "packed",
            "1200.125",
            "000123",
            "1E5",
            "",
            "'+V-8",
        ],
        ["shipped", "2026-03-06", "1E5", "0012", name, "packed", "20.000", "P1", "'-商贸", "S-0007", ""],
        [
            "received",
            "2026-03-09 04:30:00",
            "1E5",
            "0012",
            name,
            "packed",
            "19.500",
            "P1",
            "'-商贸",
            "S-0007",
            "",
        ],
    ]


def test_workbook_reads_back_with_codes_as_text_and_kg_as_numbers(sign_in, works):
    answer = sign_in("qc").get(f"batches/000123/trace.xlsx{FORWARD}")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 6 and sheet.freeze_panes == "A2" and sheet.auto_filter.ref == "A1:K6"
    assert rows[2][2] == "1E5" and rows[1][2] == "000123" and rows[1][3] == "0012"
    assert (rows[1][4], rows[1][10], rows[4][8]) == ("=食盐", "+V-8", "-商贸")
    assert {cell.data_type for row in sheet.iter_rows(min_row=2) for cell in row if cell.value} == {"s", "n"}
    assert (rows[3][6], rows[2][6]) == (1200.125, 60000.5)


def test_backward_table_tells_no_customers(sign_in, works):
    rows = csv_rows(sign_in("qc").get("batches/1E5/trace.csv?direction=backward"))[1:]
    assert [row[0] for row in rows] == ["made", "made", "transformed"]


def test_customers_stand_in_it_as_far_as_a_role_may_read_them(sign_in, works):
    def events(role, **fields):
        rows = csv_rows(sign_in(role, **fields).get(f"batches/000123/trace.csv{FORWARD}"))[1:]
        return [row[0] for row in rows]

    assert events("production") == ["made", "made", "transformed"]
    assert events("clerk", regions=["west"]) == ["made", "made", "transformed"]
    assert events("clerk", regions=["east"])[3:] == ["shipped", "received"]
    assert sign_in("technician").get("batches/000123/trace.csv").status == 403


def test_delivery_of_history_is_shipped_and_not_made(sign_in, works):
    delivery = make_batch(
        code="D-1", kind="delivery", is_history=True, consignee="南京盐业", produced_on=date(2026, 3, 2)
    )
    make_link(works, delivery, qty_kg="3")
    rows = csv_rows(sign_in("qc").get(f"batches/000123/trace.csv{FORWARD}"))[1:]
    (sent,) = [row for row in rows if row[2] == "D-1" and row[0] != "transformed"]
    assert (sent[0], sent[8], sent[9]) == ("shipped", "南京盐业", "D-1")


def test_table_that_was_cut_off_says_so_in_its_last_row(sign_in, works, monkeypatch):
    monkeypatch.setattr(tracking, "CAP", 1)
    rows = csv_rows(sign_in("qc").get(f"batches/000123/trace.csv{FORWARD}"))
    assert rows[-1][0] == "truncated"


def test_table_costs_the_same_however_many_events(sign_in, works, django_assert_num_queries):
    client = sign_in("qc")
    client.get("batches/000123/trace")
    for code in ("1E5", "000123"):
        with django_assert_num_queries(8):
            assert client.get(f"batches/{code}/trace.csv{FORWARD}").status == 200
