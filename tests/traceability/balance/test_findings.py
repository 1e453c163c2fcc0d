"""What a look over all batches finds: exactly what is wrong, and nothing else."""

import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
import pytest
from django.core.management import call_command

from backend.core import clock
from backend.core.history import changes
from tests import factories
from tests.traceability.balance.planted import make_works, store
from traceability.balance.models import Finding, FindingRefresh
from traceability.balance.services import refresh_balance, refresh_findings
from traceability.dispatch.models import Shipment
from traceability.genealogy.models import MadeFrom

pytestmark = pytest.mark.django_db
D = Decimal


def standing() -> list[tuple[str, str, Decimal | None]]:
    rows = Finding.objects.exclude(state="cleared").order_by("batch__code", "rule")
    return list(rows.values_list("batch__code", "rule", "residual_kg"))


def history_link(parent: Any, child: Any, *, qty_kg: str = "10") -> MadeFrom:
    return MadeFrom.objects.create(
        parent=parent, child=child, qty_kg=D(qty_kg), made_at=clock.now(), is_history=True
    )


def test_exactly_the_five_planted_faults_come_out():
    works = make_works()
    tolerance = D(1)
    small = {"RETURN-000", "RETURN-001", "RETURN-002", "RETURN-003"}
    for code in small:  # 500 kg each, all of it used: their tolerance is 1 kg
        lot = next(lot for lot in works.lots["return"] if lot.code == code)
        works.use(lot, works.lots["return"][9])
        works.gone[lot.pk] = works.links[-1].qty_kg = D(500)
    residuals = {
        "PACKED-050": D("-40"),  # over-issued
        "SILO-010": D("37.5"),  # more than the tolerance is missing
        "RETURN-000": tolerance,  # just inside
        "RETURN-001": -tolerance,
        "RETURN-002": tolerance + D("0.001"),  # just outside
        "RETURN-003": -tolerance - D("0.001"),
    }
    store(works, residuals=residuals)
    scrapped = next(lot for lot in works.lots["refined"] if lot.code == "REFINED-005")
    count = scrapped.planted_count | {"scrap_kg": D(0)}
    missing = scrapped.planted_count["scrap_kg"]
    assert missing > max(1, scrapped.qty_kg / 1000)
    factories.make_stock_count(scrapped, by=works.by["qc"], **count)  # the scrap is forgotten

    refresh_findings()

    assert standing() == [
        ("PACKED-050", "over_issued", D("-40")),
        ("REFINED-005", "unaccounted", missing),
        ("RETURN-002", "unaccounted", D("1.001")),
        ("RETURN-003", "over_issued", D("-1.001")),
        ("SILO-010", "unaccounted", D("37.5")),
    ]
    assert FindingRefresh.objects.get().batches == 300


def test_cancelled_shipment_reversed_link_and_goods_that_came_back_take_nothing():
    batch = factories.make_batch(qty_kg=D(1000))
    factories.make_shipment(batch, qty_kg="600")
    Shipment.objects.filter(pk=factories.make_shipment(batch, qty_kg="400").pk).update(
        cancelled_at=clock.now(), cancel_reason="错", cancelled_by=factories.make_user("logistics")
    )
    reversed_link = factories.make_link(batch, factories.make_batch(), qty_kg="400")
    MadeFrom.objects.filter(pk=reversed_link.pk).update(is_live=False)
    came_back = factories.make_batch(kind="return", qty_kg=D(100))
    MadeFrom.objects.create(
        parent=batch,
        child=came_back,
        qty_kg=D(100),
        kind="returned",
        made_at=clock.now(),
        recorded_by=factories.make_user("qc"),
    )
    factories.make_stock_count(batch, on_hand_kg=D(400))
    refresh_findings()
    assert standing() == []


def test_only_what_moved_up_to_the_count_counts():
    batch = factories.make_batch(qty_kg=D(1000))
    factories.make_shipment(batch, qty_kg="600")  # 30 days ago
    factories.make_stock_count(batch, on_hand_kg=D(400), counted_at=clock.now() - timedelta(days=10))
    factories.make_shipment(batch, qty_kg="400", shipped_on=clock.today())
    refresh_findings()
    assert standing() == []


def test_newest_count_counts():
    batch = factories.make_batch(qty_kg=D(1000))
    factories.make_stock_count(batch, on_hand_kg=D(1000))
    factories.make_stock_count(
        batch, on_hand_kg=D(300), counted_at=clock.now() - timedelta(days=2), note="算错"
    )
    refresh_findings()
    assert standing() == []


def test_native_batch_without_count_is_not_unaccounted_but_may_be_over_issued():
    factories.make_batch(code="QUIET")
    greedy = factories.make_batch(code="GREEDY", qty_kg=D(100))
    factories.make_shipment(greedy, qty_kg="150")
    refresh_findings()
    assert standing() == [("GREEDY", "over_issued", D("-50"))]


def test_history_counts_as_the_file_says_and_deliveries_are_with_the_customer():
    product = factories.make_product()
    lots = {
        kind: factories.make_batch(product, code=f"H-{kind}", kind=kind, qty_kg=D(1000), is_history=True)
        for kind in ("packed", "shipment", "delivery")
    }
    history_link(lots["packed"], lots["shipment"], qty_kg="900")
    history_link(lots["shipment"], lots["delivery"], qty_kg="1000")
    factories.make_stock_count(lots["packed"], on_hand_kg=D(50), scrap_kg=D(20), is_history=True)
    refresh_findings()
    assert standing() == [("H-packed", "unaccounted", D(30))]


def test_industrial_ancestor_is_found_however_far_and_its_path_told():
    industrial = factories.make_batch(factories.make_product(family="industrial"), code="IND", kind="raw")
    raw = factories.make_batch(factories.make_product(family="raw_material"), code="RAW", kind="raw")
    edible = factories.make_product()
    refined = factories.make_batch(edible, code="REF", kind="refined")
    packed = factories.make_batch(edible, code="PACK")
    clean = factories.make_batch(edible, code="CLEAN")
    for parent, child in ((industrial, raw), (raw, refined), (refined, packed)):
        history_link(parent, child)
    history_link(raw, factories.make_batch(factories.make_product(family="industrial"), code="IND2"))
    refresh_findings()
    assert [line[:2] for line in standing()] == [
        ("PACK", "industrial_ancestor"),
        ("REF", "industrial_ancestor"),
    ]
    evidence = Finding.objects.get(batch=packed).evidence
    assert evidence == {"industrial": "IND", "steps": 3, "path": ["IND", "RAW", "REF", "PACK"]}
    assert not clean.findings.exists()


def test_circle_and_self_link_of_history_are_found():
    a, b, c, alone = (factories.make_batch(code=code, is_history=True) for code in "ABCD")
    for parent, child in ((a, b), (b, c), (c, a), (alone, alone)):
        history_link(parent, child, qty_kg="0")
    refresh_findings()
    rules = [line[:2] for line in standing() if line[1] in ("circle", "self_link")]
    assert rules == [("A", "circle"), ("B", "circle"), ("C", "circle"), ("D", "self_link")]
    found = Finding.objects.get(batch=b, rule="circle")
    assert found.evidence == {"batches": 3, "path": ["B", "C", "A", "B"]}


def test_finding_is_seen_again_cleared_and_opened_anew():
    batch = factories.make_batch(qty_kg=D(1000))
    factories.make_stock_count(batch, on_hand_kg=D(900), counted_at=clock.now() - timedelta(hours=3))
    refresh_findings()
    refresh_findings()
    first = Finding.objects.get()
    assert (first.state, first.first_seen_at < first.last_seen_at) == ("open", True)
    factories.make_stock_count(batch, on_hand_kg=D(1000), counted_at=clock.now() - timedelta(hours=2))
    refresh_findings()
    first.refresh_from_db()
    assert (first.state, first.cleared_at is not None) == ("cleared", True)
    factories.make_stock_count(batch, on_hand_kg=D(900))
    refresh_findings()
    assert set(Finding.objects.values_list("state", flat=True)) == {"cleared", "open"}


def test_history_of_a_finding_says_when_it_was_opened_changed_and_cleared():
    batch = factories.make_batch(qty_kg=D(1000))
    factories.make_stock_count(batch, on_hand_kg=D(900), counted_at=clock.now() - timedelta(hours=3))
    refresh_findings()
    found = Finding.objects.get()
    refresh_findings()  # seen again: nothing to tell
    factories.make_stock_count(batch, on_hand_kg=D(800), counted_at=clock.now() - timedelta(hours=2))
    refresh_findings()
    factories.make_stock_count(batch, on_hand_kg=D(1000))
    refresh_findings()
    told = [
        (line["what"], line["changed"].get("residual_kg")) for line in changes("finding", row_id=found.pk)
    ]
    assert told == [
        ("update", None),
        ("update", ["100.000", "200.000"]),
        ("insert", [None, "100.000"]),
    ]
    assert Finding.objects.get().state == "cleared"


def test_explanation_holds_while_the_numbers_do():
    batch = factories.make_batch(qty_kg=D(1000))
    factories.make_stock_count(batch, on_hand_kg=D(900), counted_at=clock.now() - timedelta(hours=3))
    refresh_findings()
    Finding.objects.update(
        state="settled", settled_by=factories.make_user("qc"), settled_at=clock.now(), settle_reason="散落"
    )
    refresh_findings()
    assert Finding.objects.get().state == "settled"
    factories.make_stock_count(batch, on_hand_kg=D(800))
    refresh_findings()
    assert list(Finding.objects.order_by("id").values_list("state", "residual_kg")) == [
        ("cleared", D(100)),
        ("open", D(200)),
    ]


def test_look_at_some_batches_leaves_the_others_findings_alone():
    batch = factories.make_batch(qty_kg=D(1000))
    other = factories.make_finding(factories.make_batch())
    factories.make_stock_count(batch, on_hand_kg=D(900))
    refresh_balance([batch.pk])
    other.refresh_from_db()
    assert other.state == "open"
    assert Finding.objects.filter(batch=batch, rule="unaccounted").exists()


def run_of(*, in_kg: str, out_kg: str, loss_kg: str = "0") -> Any:
    by = factories.make_user("qc")
    made = factories.make_batch(kind="refined", qty_kg=D(out_kg))
    at = clock.now() - timedelta(days=1)
    run = made.transformation_outputs.model.transformation.field.related_model.objects.create(
        number=f"T-{next(factories.numbers)}",
        stage="refined",
        plant="P1",
        started_at=at,
        finished_at=at,
        loss_kg=D(loss_kg),
        recorded_by=by,
    )
    made.transformation_outputs.create(transformation=run, qty_kg=D(out_kg))
    for kind, qty_kg in (("raw", in_kg), ("packaging", "500")):
        parent = factories.make_batch(kind=kind, qty_kg=D(100_000))
        MadeFrom.objects.create(
            parent=parent, child=made, qty_kg=D(qty_kg), transformation=run, made_at=at, recorded_by=by
        )
    return run


def test_yield_outside_the_confirmed_band_is_found_and_packaging_is_no_mass():
    factories.make_yield_band()
    factories.make_yield_band(low_pct=D(0), high_pct=D(1), valid_from=clock.today(), needs_confirmation=True)
    low, high = run_of(in_kg="1000", out_kg="940", loss_kg="5"), run_of(in_kg="1000", out_kg="1006")
    run_of(in_kg="1000", out_kg="900", loss_kg="50")
    refresh_findings()
    rows = Finding.objects.order_by("rule").values_list("rule", "subject", "residual_kg")
    assert list(rows) == [("yield_high", high.pk, D("-6")), ("yield_low", low.pk, D("55"))]


def test_unconfirmed_band_judges_nothing():
    factories.make_yield_band(needs_confirmation=True)
    run_of(in_kg="1000", out_kg="10")
    refresh_findings()
    assert not Finding.objects.exists()


def test_command_prints_only_the_faults_with_exact_numbers():
    batch = factories.make_batch(code="YS-SHORT", qty_kg=D(1000))
    factories.make_stock_count(batch, on_hand_kg=D("899.9"))
    a = factories.make_batch(code="YS-SELF", is_history=True)
    history_link(a, a, qty_kg="0")
    factories.make_stock_count(a, on_hand_kg=a.qty_kg, is_history=True)
    out = io.StringIO()
    call_command("findings", "--json", stdout=out, stderr=io.StringIO())
    assert out.getvalue().strip() == (
        '[{"lot":"YS-SELF","rule":"self_link"},{"lot":"YS-SHORT","rule":"unaccounted","residual_kg":100.1}]'
    )
    assert orjson.loads(out.getvalue())
