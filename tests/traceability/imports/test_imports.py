"""Files of every kind over HTTP: what is taken, what is refused and where, and that nothing doubles."""

import io
import zipfile
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django_q.models import OrmQ

from backend.core import clock
from tests import factories
from tests.jobs import run_jobs, run_jobs_twice
from tests.traceability.imports.sheets import csv_file, faults, imported, send, xlsx_file
from traceability.batch.models import Batch, ReleaseCertificate
from traceability.customer.models import Customer, Site
from traceability.dispatch.models import Shipment, ShipmentLine
from traceability.dispatch.services import cancel_shipment
from traceability.genealogy.models import MadeFrom
from traceability.genealogy.services import reverse_link
from traceability.imports import batch_rows, link_rows, services, shipment_rows
from traceability.imports.kinds import KINDS, records_of
from traceability.imports.models import FileImport, ImportFault
from traceability.imports.rules import ImportKind, TableRefused
from traceability.imports.services import run_import
from traceability.imports.table import read_table
from traceability.product.models import Product

pytestmark = pytest.mark.django_db
D = Decimal
COUNTS = ("created", "updated", "unchanged", "bad")


def counts(made: Any) -> tuple[int, ...]:
    return tuple(made[name] for name in COUNTS)


def product_row(**cells: str) -> dict[str, str]:
    names = {"sku": "YS-500", "name_zh": "精制食用盐", "name_en": "refined salt", "family": "edible"}
    return names | {"shelf_life_days": "1095", "vat_rate": "0.09"} | cells


def batch_row(code: str, **cells: str) -> dict[str, str]:
    return {
        "code": code,
        "product": "YS-500",
        "plant": "P1",
        "produced_on": "2026-03-01",
        "qty_kg": "60000",
    } | cells


def salt(sku: str = "YS-500", **fields: Any) -> Product:
    return factories.make_product(sku=sku, **fields)


def test_products_are_made_then_unchanged_then_updated(sign_in: Any):
    qc = sign_in("qc")
    rows = [product_row(), product_row(sku="YS-1000")]
    first = imported(qc, "products", rows)
    assert (first["state"], first["rows_total"], first["progress_pct"]) == ("done", 2, 100)
    assert counts(first) == (2, 0, 0, 0)
    assert counts(imported(qc, "products", rows)) == (0, 0, 2, 0)
    rows[1] = product_row(sku="YS-1000", name_zh="新名")
    assert counts(imported(qc, "products", rows)) == (0, 1, 1, 0)
    assert Product.objects.get(sku="YS-1000").name_zh == "新名"
    assert Product.objects.count() == 2


def test_family_of_a_product_stays(sign_in: Any):
    salt()
    qc = sign_in("qc")
    made = imported(qc, "products", [product_row(family="industrial")])
    assert (made["state"], faults(qc, made)) == ("refused", [(2, "family", "differs")])
    assert Product.objects.get().family == "edible"


def test_columns_the_file_lacks_stay_as_they_are(sign_in: Any):
    salt(limit_key="edible_refined", shelf_life_days=500)
    row = product_row()
    del row["shelf_life_days"]
    imported(sign_in("qc"), "products", [row])
    product = Product.objects.get()
    assert (product.limit_key, product.shelf_life_days, product.name_zh) == (
        "edible_refined",
        500,
        "精制食用盐",
    )


def customer_row(code: str = "K-1", **cells: str) -> dict[str, str]:
    row = {"code": code, "name": "南京盐业", "kind": "retailer", "region": "east", "province": "江苏"}
    return row | {"site_name": "一号仓库", "site_address": "测试路1号"} | cells


def test_customers_come_with_their_sites(sign_in: Any):
    clerk = sign_in("clerk")
    rows = [
        customer_row(),
        customer_row(site_name="二号仓库"),
        customer_row("K-2", site_name="", site_address=""),
    ]
    assert counts(imported(clerk, "customers", rows)) == (3, 0, 0, 0)
    assert (Customer.objects.count(), Site.objects.count()) == (2, 2)
    assert counts(imported(clerk, "customers", rows)) == (0, 0, 3, 0)
    rows[1]["site_address"] = "新路2号"
    assert counts(imported(clerk, "customers", rows)) == (0, 2, 1, 0)
    assert Site.objects.get(name="二号仓库").address == "新路2号"


def test_clerk_imports_customers_of_the_own_regions_only(sign_in: Any):
    factories.make_region("north")
    clerk = sign_in("clerk", regions=["east"])
    made = imported(clerk, "customers", [customer_row(region="north")])
    assert faults(clerk, made) == [(2, "region", "outside_region")]
    assert not Customer.objects.exists()


def test_rows_of_one_customer_say_the_same(sign_in: Any):
    clerk = sign_in("clerk")
    made = imported(clerk, "customers", [customer_row(), customer_row(name="别名", site_name="二号仓库")])
    assert faults(clerk, made) == [(3, "name", "rows_differ")]
    assert not Customer.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_batches_come_from_every_encoding_of_chinese_excel(sign_in: Any, encoding: str):
    salt(shelf_life_days=1095)
    data = csv_file([batch_row("井矿盐20260301-1", plant="一厂")], encoding=encoding, end="\r\n")
    assert counts(imported(sign_in("qc"), "batches", data)) == (1, 0, 0, 0)
    batch = Batch.objects.get()
    assert (batch.code, batch.plant, batch.status, str(batch.expires_on)) == (
        "井矿盐20260301-1",
        "一厂",
        "quarantine",
        "2029-02-28",
    )


def test_workbook_gives_the_same_as_csv(sign_in: Any):
    salt()
    day = clock.today() - timedelta(days=9)
    row = batch_row("YS-X1") | {"produced_on": day, "qty_kg": 1000.5}
    qc = sign_in("qc")
    assert counts(imported(qc, "batches", xlsx_file([row]))) == (1, 0, 0, 0)
    batch = Batch.objects.get()
    assert (batch.qty_kg, batch.produced_on) == (D("1000.5"), day)
    same = [batch_row("YS-X1", produced_on=day.isoformat(), qty_kg="1000.500")]
    assert counts(imported(qc, "batches", same)) == (0, 0, 1, 0)


def test_every_fault_is_told_by_line_and_column_and_nothing_is_written(sign_in: Any):
    salt()
    qc = sign_in("qc")
    rows = [
        batch_row("YS-1", kind="packed"),
        batch_row("YS-2", qty_kg="1,000"),
        batch_row("YS 3"),
        batch_row("YS-4", product="NOBODY"),
        batch_row("YS-5", produced_on="2099-01-01"),
        batch_row("YS-6", plant="", kind="delivery"),
        batch_row("YS-1", qty_kg="5"),
        batch_row("YS-1"),
    ]
    made = imported(qc, "batches", rows)
    assert made["state"] == "refused"
    assert faults(qc, made) == [
        (3, "qty_kg", "not_decimal"),
        (4, "code", "bad_batch_code"),
        (5, "product", "unknown_product"),
        (6, "produced_on", "invalid_input"),
        (7, "kind", "invalid_choice"),
        (7, "plant", "required"),
        (8, "qty_kg", "differs"),
    ]
    assert not Batch.objects.exists()
    text = qc.get(f"imports/{made['id']}/errors.csv").content.decode("utf-8-sig")
    assert text.startswith("line,column,code,text\r\n3,qty_kg,not_decimal,")


def test_bad_rows_are_skipped_where_that_is_wanted(sign_in: Any):
    salt()
    qc = sign_in("qc")
    made = imported(qc, "batches", [batch_row("YS-1"), batch_row("YS-2", qty_kg="x")], mode="skip_bad")
    assert (made["state"], counts(made)) == ("done", (1, 0, 0, 1))
    assert [batch.code for batch in Batch.objects.all()] == ["YS-1"]


@pytest.mark.parametrize("mode", ["all_or_nothing", "skip_bad"])
def test_dry_run_counts_and_writes_nothing(sign_in: Any, mode: str):
    salt()
    qc = sign_in("qc")
    rows = [batch_row("YS-1"), batch_row("YS-2", qty_kg="x")]
    made = imported(qc, "batches", rows, dry_run="true", mode=mode)
    assert (made["state"], made["dry_run"], counts(made)) == ("done", True, (1, 0, 0, 1))
    assert faults(qc, made) == [(3, "qty_kg", "not_decimal")]
    assert not Batch.objects.exists()


def test_text_that_looks_like_a_formula_is_a_text(sign_in: Any):
    salt()
    rows = [batch_row("YS-1", plant="=1+1", line="@x", shift="+1", supplier_lot="-cmd|' /C calc'!A0")]
    imported(sign_in("qc"), "batches", rows)
    batch = Batch.objects.get()
    assert (batch.plant, batch.line, batch.shift) == ("=1+1", "@x", "+1")


def test_formula_of_a_workbook_is_not_worked_out(sign_in: Any):
    salt()
    qc = sign_in("qc")
    made = imported(qc, "batches", xlsx_file([batch_row("YS-1") | {"qty_kg": "=1+1"}]))
    assert faults(qc, made) == [(2, "qty_kg", "required")]  # no spreadsheet has shown a value yet


def goods(**fields: Any) -> Batch:
    return factories.make_batch(factories.make_product(), **{"qty_kg": D(1000)} | fields)


def link_row(parent: Batch, child: Batch, *, qty_kg: str = "100", **cells: str) -> dict[str, str]:
    day = (clock.today() - timedelta(days=10)).isoformat()
    return {"parent": parent.code, "child": child.code, "qty_kg": qty_kg, "made_at": day} | cells


def test_links_are_made_once(sign_in: Any):
    raw, refined, packed = goods(), goods(), goods()
    qc = sign_in("qc")
    rows = [link_row(raw, refined), link_row(refined, packed)]
    assert counts(imported(qc, "links", rows)) == (2, 0, 0, 0)
    assert counts(imported(qc, "links", rows)) == (0, 0, 2, 0)
    rows[0]["qty_kg"] = "101"
    made = imported(qc, "links", rows)
    assert faults(qc, made) == [(2, "qty_kg", "differs")]
    assert MadeFrom.objects.count() == 2


@pytest.mark.parametrize("mode", ["all_or_nothing", "skip_bad"])
def test_links_pass_every_rule_of_a_link_made_by_hand(sign_in: Any, mode: str):
    a, b, c = goods(), goods(), goods()
    industrial = factories.make_batch(factories.make_product(family="industrial"), qty_kg=D(1000))
    qc = sign_in("qc")
    rows = [
        link_row(a, b),
        link_row(b, c),
        link_row(c, a),
        link_row(industrial, c),
        link_row(a, a),
        link_row(a, c, qty_kg="901.1"),
        link_row(b, goods(), made_at="2099-01-01"),
        link_row(b, goods()) | {"child": "NOBODY"},
    ]
    made = imported(qc, "links", rows, mode=mode)
    assert [(line, code) for line, _column, code in faults(qc, made)] == [
        (4, "genealogy_circle"),
        (5, "industrial_into_edible"),
        (6, "made_from_itself"),
        (7, "more_than_left"),
        (8, "invalid_input"),
        (9, "batch_unknown"),
    ]
    assert MadeFrom.objects.count() == (2 if mode == "skip_bad" else 0)


def test_circle_closed_by_good_looking_rows_of_one_file_is_refused(sign_in: Any):
    a, b = goods(), goods()
    qc = sign_in("qc")
    made = imported(qc, "links", [link_row(a, b), link_row(b, a)])
    assert faults(qc, made) == [(3, "", "genealogy_circle")]
    assert not MadeFrom.objects.exists()


def test_code_of_several_products_needs_the_article_number(sign_in: Any):
    one, two = goods(code="SAME"), goods(code="SAME")
    child = goods()
    qc = sign_in("qc")
    made = imported(qc, "links", [link_row(one, child)])
    assert faults(qc, made) == [(2, "parent_product", "ambiguous_batch_code")]
    imported(qc, "links", [link_row(one, child, parent_product=two.product.sku)])
    assert MadeFrom.objects.get().parent == two


def shipment_row(number: str, batch: Batch, customer: Customer, **cells: str) -> dict[str, str]:
    day = (clock.today() - timedelta(days=5)).isoformat()
    row = {"number": number, "customer": customer.code, "shipped_on": day}
    return row | {"batch": batch.code, "qty_kg": "100"} | cells


def buyer() -> Customer:
    return factories.make_customer(
        kind="designated_wholesaler", licence_no="SP1", licence_valid_to=clock.today() + timedelta(days=90)
    )


def test_held_batch_refuses_its_line_of_a_shipment(sign_in: Any):
    good, held, customer = goods(), goods(status="held"), buyer()
    logistics = sign_in("logistics")
    rows = [
        shipment_row("S-1", good, customer),
        shipment_row("S-1", held, customer),
        shipment_row("S-2", good, customer),
    ]
    refused = imported(logistics, "shipments", rows)
    assert (refused["state"], faults(logistics, refused)) == ("refused", [(3, "batch", "batch_on_hold")])
    assert not Shipment.objects.exists()
    booked = imported(logistics, "shipments", rows, mode="skip_bad")
    assert (booked["state"], counts(booked)) == ("done", (2, 0, 0, 1))
    assert sorted(ShipmentLine.objects.values_list("shipment__number", "batch__code")) == sorted(
        [("S-1", good.code), ("S-2", good.code)]
    )
    again = imported(logistics, "shipments", rows, mode="skip_bad")
    assert counts(again) == (0, 0, 2, 1)
    assert faults(logistics, again) == [(3, "batch", "not_booked")]
    assert ShipmentLine.objects.count() == 2


def test_shipments_of_one_file_share_what_is_left(sign_in: Any):
    batch, customer = goods(), buyer()
    logistics = sign_in("logistics")
    rows = [shipment_row(f"S-{n}", batch, customer, qty_kg="600") for n in range(2)]
    made = imported(logistics, "shipments", rows, dry_run="true")
    assert faults(logistics, made) == [(3, "batch", "more_than_left")]
    assert not Shipment.objects.exists()


def test_shipment_that_was_cancelled_is_told_and_not_booked_again(sign_in: Any):
    batch, customer = goods(), buyer()
    logistics = sign_in("logistics")
    rows = [shipment_row("S-1", batch, customer), shipment_row("S-2", batch, customer)]
    assert counts(imported(logistics, "shipments", rows)) == (2, 0, 0, 0)
    cancel_shipment(Shipment.objects.get(number="S-1"), by=factories.make_user("logistics"), reason="录错")
    again = imported(logistics, "shipments", rows, mode="skip_bad")
    assert counts(again) == (0, 0, 1, 1)
    assert faults(logistics, again) == [(2, "number", "shipment_cancelled")]
    assert Shipment.objects.filter(cancelled_at=None).get().number == "S-2"
    rows[0]["qty_kg"] = "90"  # the corrected one
    assert counts(imported(logistics, "shipments", rows)) == (1, 0, 1, 0)


def test_link_that_was_reversed_is_told_and_not_made_again(sign_in: Any):
    raw, refined, packed = goods(), goods(), goods()
    qc = sign_in("qc")
    rows = [link_row(raw, refined), link_row(refined, packed)]
    assert counts(imported(qc, "links", rows)) == (2, 0, 0, 0)
    reverse_link(MadeFrom.objects.get(parent=raw), by=factories.make_user("qc"), reason="录错")
    again = imported(qc, "links", rows, mode="skip_bad")
    assert counts(again) == (0, 0, 1, 1)
    assert faults(qc, again) == [(2, "child", "link_reversed")]
    assert MadeFrom.objects.get(is_live=True).parent == refined
    rows[0]["qty_kg"] = "90"  # the corrected one
    assert counts(imported(qc, "links", rows)) == (1, 0, 1, 0)


def lock_refused(statement: str, id: Any) -> bool:
    """Whether another connection would have to wait for this lock."""
    line = connection.copy()
    try:
        with line.cursor() as cursor:
            cursor.execute(f"{statement} NOWAIT", [id])
    except OperationalError:
        return True
    finally:
        line.close()
    return False


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_dry_run", [True, False])
def test_shipments_being_imported_let_scans_of_their_batches_in_and_a_dry_run_everybody(is_dry_run: bool):
    batch, customer = goods(), buyer()
    records = records_of(
        KINDS[ImportKind.SHIPMENTS], read_table(csv_file([shipment_row("S-1", batch, customer)]))
    )
    row = "SELECT FROM traceability_batch WHERE id = %s FOR"
    with transaction.atomic():
        by = factories.make_user("logistics")
        [verdict] = shipment_rows.apply(records, by=by, skip_bad=True, is_dry_run=is_dry_run)
        assert verdict.outcome == "created"
        assert not lock_refused(f"{row} KEY SHARE", batch.pk)  # what the row of a scan takes
        assert lock_refused(f"{row} NO KEY UPDATE", batch.pk) != is_dry_run  # what a hold takes


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_dry_run", [True, False])
def test_dry_run_of_links_keeps_nobody_else_from_entering_one(is_dry_run: bool):
    records = records_of(KINDS[ImportKind.LINKS], read_table(csv_file([link_row(goods(), goods())])))
    with transaction.atomic():
        link_rows.apply(records, by=factories.make_user("qc"), skip_bad=True, is_dry_run=is_dry_run)
        line = connection.copy()
        with line.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('genealogy.links'))")
            assert cursor.fetchone()[0] == is_dry_run
        line.close()


def test_certificates_come_with_their_values(sign_in: Any):
    batch = goods(status="quarantine")
    tester, reviewer = factories.make_user("qc"), factories.make_user("qc")
    qc = sign_in("qc")
    row = {
        "report_no": "COA-1",
        "batch": batch.code,
        "inspection_basis": "GB/T 5461-2016",
        "conclusion": "conforming",
        "tested_by": tester.username,
        "reviewed_by": reviewer.username,
        "issued_on": clock.today().isoformat(),
        "parameter": "moisture",
        "value": "0.21",
        "unit": "g/100g",
        "basis": "wet",
        "method": "GB 5009.42-2016",
        "expanded_u": "0.02",
    }
    rows = [row, row | {"parameter": "nacl", "value": "99.3"}]
    assert counts(imported(qc, "certificates", rows)) == (2, 0, 0, 0)
    assert ReleaseCertificate.objects.get().values.count() == 2
    assert counts(imported(qc, "certificates", rows)) == (0, 0, 2, 0)
    alone = [row | {"report_no": "COA-2", "reviewed_by": tester.username}]
    made = imported(qc, "certificates", alone)
    assert faults(qc, made) == [(2, "", "same_person")]
    assert ReleaseCertificate.objects.count() == 1


def test_job_run_twice_and_a_killed_worker_double_nothing(sign_in: Any, monkeypatch: Any):
    salt()
    qc = sign_in("qc")
    rows = [batch_row(f"YS-{n}") for n in range(25)]
    made = send(qc, "batches", csv_file(rows), mode="skip_bad").json
    monkeypatch.setattr("traceability.imports.services.LONGEST_RUN_S", -1)
    monkeypatch.setitem(KINDS, ImportKind.BATCHES, replace(KINDS[ImportKind.BATCHES], chunk=10))
    row = FileImport.objects.get(pk=made["id"])
    run_jobs(limit=1)
    assert Batch.objects.count() == 0  # its time was over before the first chunk; the next job goes on
    monkeypatch.setattr("traceability.imports.services.LONGEST_RUN_S", 150)
    run_jobs_twice()
    row.refresh_from_db()
    assert (row.state, row.created, row.rows_done, Batch.objects.count()) == ("done", 25, 25, 25)


def test_cancelled_import_writes_nothing(sign_in: Any):
    salt()
    qc = sign_in("qc")
    made = send(qc, "batches", csv_file([batch_row("YS-1")])).json
    assert qc.post(f"imports/{made['id']}/cancel").json["state"] == "cancelled"
    run_jobs()
    assert not Batch.objects.exists()
    again = qc.post(f"imports/{made['id']}/cancel")
    assert (again.status, again.code) == (409, "import_ended")


@pytest.mark.parametrize(
    ("data", "column", "code"),
    [
        (b"", "", "table_refused"),
        (b"code;product\n", "", "table_refused"),
        (
            b"code,product,plant,produced_on,qty_kg,colour\nA,B,C,2026-01-01,1,red\n",
            "colour",
            "unknown_column",
        ),
        (b"code,product,plant,produced_on\nA,B,C,2026-01-01\n", "qty_kg", "missing_column"),
        (b"code,code\n1,2\n", "", "table_refused"),
        (b"\xff\xfe\x00\x00,\x81\n", "", "table_refused"),
        (b'code,product\n"open', "", "table_refused"),
        (b"code,product\nA\x00,B\n", "", "table_refused"),
        (b"PK\x03\x04 no workbook at all", "", "table_refused"),
        (b"\xd0\xcf\x11\xe0 old excel", "", "table_refused"),
    ],
)
def test_file_that_is_no_table_of_its_kind_is_refused_as_a_whole(
    sign_in: Any, data: bytes, column: str, code: str
):
    qc = sign_in("qc")
    made = imported(qc, "batches", data)
    assert made["state"] == "refused" and made["refusal"]
    assert faults(qc, made)[0] == (1, column, code)


def test_workbook_that_unfolds_to_too_much_is_refused_unopened(sign_in: Any):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 5_000_000)
    made = imported(sign_in("qc"), "products", file.getvalue())
    assert (made["state"], made["rows_total"]) == ("refused", None)
    assert "unfolds" in made["refusal"]


def test_import_cancelled_while_it_runs_writes_nothing(sign_in: Any, monkeypatch: Any):
    salt()
    qc = sign_in("qc")
    made = send(qc, "batches", csv_file([batch_row("YS-1")])).json

    def cancelled_then(records: Any, **given: Any) -> Any:
        verdicts = batch_rows.apply(records, **given)
        FileImport.objects.update(state="cancelled", finished_at=clock.now())
        return verdicts

    monkeypatch.setitem(KINDS, ImportKind.BATCHES, replace(KINDS[ImportKind.BATCHES], apply=cancelled_then))
    run_jobs()
    assert not Batch.objects.exists()
    assert made["state"] == "queued"


def test_import_whose_job_fails_ends_and_says_so(sign_in: Any, monkeypatch: Any):
    salt()
    qc = sign_in("qc")
    made = send(qc, "batches", csv_file([batch_row("YS-1")])).json
    kind = replace(KINDS[ImportKind.BATCHES], apply=lambda records, **given: 1 // 0)
    monkeypatch.setitem(KINDS, ImportKind.BATCHES, kind)
    with pytest.raises(ZeroDivisionError):
        run_jobs()
    told = qc.get(f"imports/{made['id']}").json
    assert (told["state"], told["refusal"]) == ("refused", "Something went wrong on our side")
    assert told["finished_at"] and not Batch.objects.exists()


def test_busy_database_is_tried_again_until_the_last_attempt(sign_in: Any, monkeypatch: Any):
    salt()
    qc = sign_in("qc")
    made = send(qc, "batches", csv_file([batch_row("YS-1")])).json

    def busy(records: Any, **given: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '5ms'; SELECT pg_sleep(1)")

    monkeypatch.setitem(KINDS, ImportKind.BATCHES, replace(KINDS[ImportKind.BATCHES], apply=busy))
    row = FileImport.objects.get(pk=made["id"])
    with pytest.raises(OperationalError):
        run_import(row.pk)
    row.refresh_from_db()
    assert row.state == "running"
    FileImport.objects.update(started_at=clock.now() - timedelta(minutes=31))
    with pytest.raises(OperationalError):
        run_import(row.pk)
    row.refresh_from_db()
    assert row.state == "refused"


def test_import_whose_worker_was_killed_at_every_attempt_is_ended_by_the_next(sign_in: Any):
    salt()
    qc = sign_in("qc")
    lost = send(qc, "batches", csv_file([batch_row("YS-1")])).json
    OrmQ.objects.all().delete()
    FileImport.objects.update(state="running", started_at=clock.now() - timedelta(hours=4))
    imported(qc, "batches", [batch_row("YS-2")])
    assert qc.get(f"imports/{lost['id']}").json["state"] == "refused"
    assert Batch.objects.get().code == "YS-2"


def test_whole_file_that_takes_too_long_is_refused_and_writes_nothing(sign_in: Any, monkeypatch: Any):
    salt()
    qc = sign_in("qc")
    monkeypatch.setattr("traceability.imports.services.LONGEST_WHOLE_S", -1)
    made = imported(qc, "batches", [batch_row("YS-1")])
    assert (made["state"], "split" in made["refusal"]) == ("refused", True)
    assert not Batch.objects.exists()


def test_faults_of_a_file_are_stored_once_when_its_job_comes_twice(sign_in: Any):
    qc = sign_in("qc")
    made = send(qc, "batches", b"code,product\n").json
    row = FileImport.objects.get(pk=made["id"])
    refused = TableRefused(reason="The file holds no rows.")
    FileImport.objects.update(state="running")
    for _time in range(2):  # both had found it running
        services._refuse(row, refused)
    assert ImportFault.objects.count() == 1


def test_kind_needs_the_right_of_its_rows(sign_in: Any):
    refused = send(sign_in("logistics"), "batches", csv_file([batch_row("YS-1")]))
    assert (refused.status, refused.code) == (403, "forbidden")
    assert not FileImport.objects.exists()


def test_imports_are_listed_own_or_all(sign_in: Any, django_assert_num_queries: Any):
    logistics, qc = sign_in("logistics"), sign_in("qc")
    for rows, who in ((1, [qc]), (3, [qc, qc])):
        for client in who:
            send(client, "products", csv_file([product_row()]))
        with django_assert_num_queries(2):
            assert len(qc.get("imports").json["items"]) == rows
    assert logistics.get("imports").json["items"] == []
    assert len(sign_in("director").get("imports?kind=products&state=queued&dry_run=false").json["items"]) == 3
    made = qc.get("imports").json["items"][0]
    assert logistics.get(f"imports/{made['id']}").status == 404


def test_kinds_tell_their_columns_and_give_templates_that_import(sign_in: Any):
    qc = sign_in("qc")
    kinds = {kind["name"]: kind for kind in qc.get("imports/kinds").json["items"]}
    assert set(kinds) == {"products", "customers", "batches", "links", "shipments", "certificates"}
    assert (kinds["batches"]["allowed"], kinds["shipments"]["allowed"]) == (True, False)
    for form in ("csv", "xlsx"):
        template = qc.get(f"imports/kinds/products/template.{form}").content
        assert counts(imported(qc, "products", template, dry_run="true")) == (1, 0, 0, 0)
    assert qc.get("imports/kinds/nothing/template.csv").status == 404


def test_ten_thousand_rows_are_checked_and_told(sign_in: Any):
    """K3."""
    salt()
    qc = sign_in("qc")
    rows = [batch_row(f"YS-{n:05d}", qty_kg="-1" if n % 1000 == 7 else "60000") for n in range(10_000)]
    made = imported(qc, "batches", rows, dry_run="true")
    assert (made["rows_total"], counts(made)) == (10_000, (9_990, 0, 0, 10))
    assert [line for line, _column, _code in faults(qc, made)] == [n + 2 for n in range(7, 10_000, 1000)]
    assert not Batch.objects.exists()
    good = [row for row in rows if row["qty_kg"] != "-1"]
    assert counts(imported(qc, "batches", good)) == (9_990, 0, 0, 0)
    assert counts(imported(qc, "batches", good)) == (0, 0, 9_990, 0)
    assert Batch.objects.count() == 9_990
    assert ImportFault.objects.count() == 10
