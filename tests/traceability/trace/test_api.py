"""Tracing over HTTP: every batch, every customer, every kg; and what each role is told."""

from decimal import Decimal

import pytest

from tests.factories import (
    make_alias,
    make_batch,
    make_containment,
    make_customer,
    make_link,
    make_product,
    make_shipment,
    make_trade_item,
    make_unit,
)
from traceability.genealogy.models import MadeFrom
from traceability.scan.models import Scan
from traceability.trace import answer, queries, reach
from traceability.trace.rules import Direction

NOBODY = "018f0000-0000-7000-8000-00000000dead"


def codes(answer):
    return {lot["code"]: lot["depth"] for lot in answer.json["lots"]}


@pytest.fixture
def works(db):
    """Raw, additive and film into a finished batch over refining and a silo; part of it repacked and blended."""
    made = {
        "raw": make_batch(code="RAW-1", kind="raw", supplier_lot="V-88"),
        "iodate": make_batch(code="ADD-1", kind="additive", supplier_lot="KIO3-7"),
        "film": make_batch(code="FIL-1", kind="packaging", supplier_lot="PE-3"),
        "refined": make_batch(code="REF-1", kind="refined"),
        "silo": make_batch(code="SIL-1", kind="silo"),
        "packed": make_batch(code="YS-1"),
        "blend": make_batch(code="YS-2"),
        "repack": make_batch(code="YS-3", kind="rework"),
        "clean": make_batch(code="RAW-2", kind="raw"),
    }
    for parent, child, kg in (
        ("raw", "refined", "900"),
        ("iodate", "refined", "0.5"),
        ("refined", "silo", "800"),
        ("silo", "packed", "500"),
        ("film", "packed", "3"),
        ("silo", "blend", "200"),
        ("clean", "blend", "600"),
        ("packed", "repack", "100"),
    ):
        make_link(made[parent], made[child], qty_kg=kg)
    return made


def test_finished_batch_names_every_raw_additive_and_packaging_lot_behind_it(sign_in, works):
    found = sign_in("qc").get("batches/ys-1/trace?direction=backward")
    assert found.status == 200
    assert codes(found) == {"YS-1": 0, "SIL-1": 1, "FIL-1": 1, "REF-1": 2, "RAW-1": 3, "ADD-1": 3}
    lots = {lot["code"]: lot for lot in found.json["lots"]}
    assert {lot["supplier_lot"] for lot in lots.values() if lot["supplier_lot"]} == {"V-88", "KIO3-7", "PE-3"}
    assert (lots["ADD-1"]["kind"], lots["YS-1"]["kind"]) == ("additive", "packed")
    edges = {(edge["parent"], edge["child"]): edge["qty_kg"] for edge in found.json["edges"]}
    assert edges[lots["RAW-1"]["id"], lots["REF-1"]["id"]] == "900.000" and len(edges) == 5
    assert found.json["totals"]["by_kind"] == {
        "additive": 1,
        "packaging": 1,
        "packed": 1,
        "raw": 1,
        "refined": 1,
        "silo": 1,
    }
    assert "consignees" not in found.json and "shipped_kg" not in found.json["totals"]
    assert not found.json["truncated"] and not found.json["has_circle"]


def test_bad_raw_lot_leads_to_every_customer_through_blends_and_repacks(sign_in, works):
    one, two = make_customer(code="K-1", region_code="east"), make_customer(code="K-2", region_code="west")
    sent = [
        make_shipment(works["packed"], one, qty_kg="200.5"),
        make_shipment(works["repack"], one, qty_kg="90"),
        make_shipment(works["blend"], two, qty_kg="700"),
    ]
    cancelled = make_shipment(works["packed"], two, qty_kg="11")
    type(cancelled).objects.filter(pk=cancelled.pk).update(
        cancelled_at=cancelled.shipped_on.isoformat() + "T00:00Z",
        cancelled_by=cancelled.recorded_by,
        cancel_reason="错单",
    )
    make_shipment(works["clean"], two, qty_kg="5")  # never touched by the bad lot
    found = sign_in("qc").get(f"batches/{works['raw'].pk}/trace?direction=forward")
    assert codes(found) == {"RAW-1": 0, "REF-1": 1, "SIL-1": 2, "YS-1": 3, "YS-2": 3, "YS-3": 4}
    by_code = {one["customer_code"]: one for one in found.json["consignees"]}
    assert {code: row["qty_kg"] for code, row in by_code.items()} == {"K-1": "290.500", "K-2": "700.000"}
    parts = [part for row in by_code.values() for part in row["shipments"]]
    assert {part["number"]: part["qty_kg"] for part in parts} == {
        sent[0].number: "200.500",
        sent[1].number: "90.000",
        sent[2].number: "700.000",
    }
    assert found.json["totals"]["shipped_kg"] == "990.500"
    assert sum(Decimal(part["qty_kg"]) for part in parts) == Decimal("990.5")


def test_share_ranks_and_removes_nothing(sign_in, works):
    back = sign_in("qc").get("batches/YS-2/trace?direction=backward").json["lots"]
    shares = {lot["code"]: lot["share"] for lot in back}
    assert shares["YS-2"] == 1 and shares["RAW-2"] == 0.75 and shares["SIL-1"] == 0.25
    assert shares["RAW-1"] == pytest.approx(0.25 * 900 / 900.5, abs=1e-5)
    assert 0 < shares["ADD-1"] < 0.001  # a pinch, and in the list all the same
    small = make_batch(code="TINY", qty_kg="50000")
    make_link(works["iodate"], small, qty_kg="0.001")
    forward = sign_in("qc").get("batches/ADD-1/trace?direction=forward").json["lots"]
    assert {lot["code"]: lot["share"] for lot in forward}["TINY"] == 0  # rounded
    assert len(forward) == 7


def test_reversed_link_is_no_way(sign_in, works):
    MadeFrom.objects.filter(parent=works["silo"], child=works["packed"]).update(is_live=False)
    assert codes(sign_in("qc").get("batches/YS-1/trace")) == {"YS-1": 0, "FIL-1": 1}
    assert "YS-1" not in codes(sign_in("qc").get("batches/RAW-1/trace?direction=forward"))


def test_circle_in_the_data_is_named_and_the_call_ends(sign_in):
    a, b, c, below = (
        make_batch(code=code, is_history=True, product=make_product()) for code in ("A", "B", "C", "BELOW")
    )
    make_link(a, b), make_link(b, c), make_link(c, a), make_link(c, below)
    for direction, start in (("forward", "A"), ("backward", "BELOW")):
        found = sign_in("qc").get(f"batches/{start}/trace?direction={direction}").json
        assert found["has_circle"] and len(found["lots"]) == 4
        circle = found["circle"]
        assert circle[0] == circle[-1] and "".join(circle[:-1]) in ("ABC", "BCA", "CAB")
    assert {lot["code"]: lot["share"] for lot in found["lots"]} == {
        "BELOW": 1.0,
        "A": None,
        "B": None,
        "C": None,
    }


@pytest.mark.parametrize("steps", [200, 2000])
def test_silo_ladder_is_complete(sign_in, steps):
    product = make_product()
    silos = [make_batch(product, code=f"LAD-{n}", kind="silo") for n in range(3)]
    rows = silos[0].__class__.objects.bulk_create(
        silos[0].__class__(
            product=product,
            code=f"LAD-{n}",
            code_norm=f"LAD-{n}",
            kind="silo",
            plant="P1",
            produced_on=silos[0].produced_on,
            qty_kg=1000,
            status_at=silos[0].status_at,
        )
        for n in range(3, steps)
    )
    ladder = [*silos, *rows]
    by = make_link(ladder[0], ladder[1]).recorded_by
    MadeFrom.objects.bulk_create(
        MadeFrom(parent=ladder[m], child=ladder[n], qty_kg=10, made_at=silos[0].status_at, recorded_by=by)
        for n in range(2, steps)
        for m in (n - 2, n - 1)
    )
    found = sign_in("qc").get("batches/LAD-0/trace?direction=forward").json
    assert (len(found["lots"]), len(found["edges"])) == (steps, 2 * steps - 3)
    assert max(lot["depth"] for lot in found["lots"]) == steps // 2
    assert not found["truncated"] and not found["has_circle"]


def test_cut_off_trace_says_so(sign_in, works):
    user = sign_in("qc").user
    cut = answer.answer([works["raw"]], direction=Direction.FORWARD, user=user, cap=3)
    assert cut["truncated"] and len(cut["lots"]) == 3
    ids = {lot["id"] for lot in cut["lots"]}
    assert all({edge["parent"], edge["child"]} <= ids for edge in cut["edges"])
    assert {lot["share"] for lot in cut["lots"]} == {None}
    walked = queries.walk([works["raw"].pk], direction=Direction.FORWARD, cap=3)
    assert walked.truncated and len(walked.lots) == 3 and len(walked.edges) == 2
    whole = queries.walk([works["raw"].pk], direction=Direction.FORWARD, cap=6)
    assert not whole.truncated and len(whole.lots) == 6


def test_trace_that_takes_too_long_is_refused_clearly(sign_in, works, monkeypatch):
    monkeypatch.setattr(reach, "LIMIT_S", 0.01)
    slow = reach._SEEN.replace("%(ids)s::uuid[]", "(SELECT %(ids)s::uuid[] FROM pg_sleep(2))")
    monkeypatch.setattr(reach, "_SEEN", slow)
    client = sign_in("qc")
    for name in ("trace", "trace.csv", "trace.xlsx"):
        refused = client.get(f"batches/RAW-1/{name}?direction=forward")
        assert (refused.status, refused.code) == (409, "trace_too_large")


def test_code_of_several_products_asks_which(sign_in):
    for sku in ("SKU-A", "SKU-B"):
        make_batch(make_product(sku=sku), code="SAME-1")
    client = sign_in("qc")
    refused = client.get("batches/same-1/trace")
    assert (refused.status, refused.code) == (409, "ambiguous_batch_code")
    assert [candidate["product"] for candidate in refused.json["candidates"]] == ["SKU-A", "SKU-B"]
    assert client.get("batches/SAME-1/trace?product=SKU-B").json["starts"][0]["product"] == "SKU-B"
    assert client.get("batches/SAME-1/trace?product=SKU-C").status == 404


@pytest.mark.parametrize("address", [f"batches/{NOBODY}/trace", "batches/NO-1/trace", "batches/S%23/trace"])
def test_unknown_batch_is_not_found(sign_in, address):
    assert sign_in("qc").get(address).status == 404


@pytest.mark.parametrize("query", ["direction=sideways", "direction=", "depth=3", "product="])
def test_bad_query_is_refused(sign_in, works, query):
    assert sign_in("qc").get(f"batches/RAW-1/trace?{query}").code == "invalid_input"


def test_each_role_is_told_what_it_may_read(sign_in, works):
    east, west = make_customer(region_code="east"), make_customer(region_code="west")
    private = make_customer(kind="other", name="李小龙", region_code="east")
    make_shipment(works["packed"], east, qty_kg="1"), make_shipment(works["packed"], west, qty_kg="2")
    make_shipment(works["packed"], private, qty_kg="4")
    address = "batches/RAW-1/trace?direction=forward"
    clerk = sign_in("clerk", regions=["east"]).get(address).json
    assert {row["customer_code"] for row in clerk["consignees"]} == {east.code, private.code}
    assert clerk["totals"]["shipped_kg"] == "5.000"
    assert "李小龙" in {row["customer_name"] for row in clerk["consignees"]}
    qc = sign_in("qc").get(address).json
    assert len(qc["consignees"]) == 3 and "李**" in {row["customer_name"] for row in qc["consignees"]}
    production = sign_in("production").get(address).json
    assert "consignees" not in production and "shipped_kg" not in production["totals"]
    for role in ("technician", "finance", "admin", "dealer"):
        assert sign_in(role).get(address).status == 403


def test_delivery_of_history_counts_as_sent(sign_in, works):
    delivery = make_batch(
        code="DEL-1", kind="delivery", is_history=True, consignee="南京盐业", qty_kg=Decimal(40)
    )
    make_link(works["packed"], delivery, qty_kg="40")
    found = sign_in("qc").get("batches/RAW-1/trace?direction=forward").json
    (consignee,) = found["consignees"]
    assert (consignee["customer"], consignee["customer_name"], consignee["qty_kg"]) == (
        None,
        "南京盐业",
        "40.000",
    )
    assert consignee["shipments"][0]["number"] == "DEL-1"


def test_trace_costs_the_same_however_many_batches(sign_in, works, django_assert_num_queries):
    client = sign_in("qc")
    make_shipment(works["packed"])
    client.get("batches/RAW-2/trace")  # the token is known
    for code in ("FIL-1", "RAW-1"):
        with django_assert_num_queries(10):
            assert client.get(f"batches/{code}/trace?direction=forward").status == 200


def test_scanned_code_is_traced_and_no_scan_is_stored(sign_in, works):
    client = sign_in("qc")
    item = make_trade_item(works["packed"].product)
    make_alias("OLD-TAG", batch=works["packed"])
    for code in ("YS-1", "OLD-TAG", f"]C101{item.gtin}10YS-1"):
        found = client.get(f"trace?direction=backward&code={code}")
        assert codes(found)["RAW-1"] == 3, code
    found = client.get(f"trace?code=01{item.gtin}10YS-1&aim=%5DC1")
    assert found.json["starts"][0]["code"] == "YS-1"
    assert not Scan.objects.exists()


def test_unit_is_traced_with_all_batches_in_it(sign_in, works):
    pallet = make_unit((works["blend"], "10"))
    make_containment(make_unit((works["packed"], "10"), level="case"), pallet)
    found = sign_in("qc").get(f"trace?code=00{pallet.sscc}&aim=%5DC1&direction=backward")
    assert [start["code"] for start in found.json["starts"]] == ["YS-1", "YS-2"], found.json
    assert {"RAW-1", "RAW-2", "ADD-1", "FIL-1"} <= set(codes(found))


def test_code_that_names_no_single_batch_is_refused_clearly(sign_in, works):
    client = sign_in("qc")
    unknown = client.get("trace?code=NOBODY-KNOWS-1")
    assert (unknown.status, unknown.code) == (404, "code_unresolved")
    item = make_trade_item(works["packed"].product)
    several = client.get(f"trace?code=%5DC101{item.gtin}")
    assert (several.status, several.code) == (409, "code_ambiguous")
    assert [candidate["code"] for candidate in several.json["candidates"]] == ["YS-1"]
    assert client.get("trace").code == client.get("trace?code=").code == "invalid_input"
