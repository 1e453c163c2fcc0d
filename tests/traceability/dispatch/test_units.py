"""Packed units over HTTP: numbers, contents, what stands in what, and shipping by unit."""

from datetime import timedelta
from decimal import Decimal

import pytest

from backend.core import clock
from tests.factories import (
    make_batch,
    make_containment,
    make_customer,
    make_link,
    make_shipment,
    make_trade_item,
    make_unit,
)
from traceability.dispatch.models import Containment, LogisticUnit, Shipment, ShipmentLine, UnitContent
from traceability.dispatch.rules import sscc_of

SSCC = "369012340000000017"
NOBODY = "018f0000-0000-7000-8000-00000000dead"


def packed(*contents, **fields):
    lines = [{"batch": str(batch.pk), "qty_kg": kg} for batch, kg in contents]
    return {"sscc": SSCC, "level": "pallet", "contents": lines} | fields


def by_unit(*units, customer=None, **fields):
    return {
        "customer": str((customer or make_customer()).pk),
        "shipped_on": clock.today().isoformat(),
        "lines": [{"sscc": unit.sscc} for unit in units],
    } | fields


def nothing_booked():
    return not Shipment.objects.exists() and not ShipmentLine.objects.exists()


def codes_of(refused):
    return [(error["pointer"], error["code"]) for error in refused.json["errors"]]


def test_mixed_pallet_is_registered_under_its_number(sign_in):
    one, two = make_batch(code="YS-1"), make_batch(code="YS-2")
    made = sign_in("logistics").post("logistic-units", packed((one, "600"), (two, "400.5")))
    assert made.status == 201 and made.json["sscc"] == SSCC and made.json["state"] == "standing"
    assert [(line["batch"]["code"], line["qty_kg"]) for line in made.json["total"]] == [
        ("YS-1", "600.000"),
        ("YS-2", "400.500"),
    ]
    again = sign_in("logistics").post("logistic-units", packed((one, "1")))
    assert (again.status, again.code) == (409, "sscc_taken")
    assert LogisticUnit.objects.count() == 1 and UnitContent.objects.count() == 2


def test_house_draws_numbers_from_the_own_prefix_and_passes_over_those_in_use(sign_in, settings):
    settings.GS1_COMPANY_PREFIX = "6901234"
    logistics = sign_in("logistics")
    make_unit(sscc=sscc_of(2, prefix="6901234"))
    body = packed()
    del body["sscc"]
    drawn = [logistics.post("logistic-units", body).json["sscc"] for _ in range(2)]
    assert drawn == [sscc_of(1, prefix="6901234"), sscc_of(3, prefix="6901234")]


def test_no_number_is_drawn_without_a_prefix(sign_in, settings):
    settings.GS1_COMPANY_PREFIX = ""
    body = packed()
    del body["sscc"]
    refused = sign_in("logistics").post("logistic-units", body)
    assert (refused.status, refused.code) == (409, "no_company_prefix")
    assert not LogisticUnit.objects.exists()


@pytest.mark.parametrize(
    "bad",
    [
        {"sscc": SSCC[:-1] + "8"},
        {"sscc": SSCC[:-1]},
        {"sscc": ""},
        {"sscc": "０" * 18},
        {"level": "lorry"},
        {"trade_item": NOBODY},
        {"packed_at": "2099-01-01T00:00:00+08:00"},
        {"contents": [{"batch": NOBODY, "qty_kg": "1"}]},
        {"contents": [{"batch": NOBODY, "qty_kg": "0"}]},
        {"contents": [{"batch": NOBODY, "qty_kg": "1"}] * 201},
    ],
)
def test_bad_unit_is_refused(sign_in, bad):
    assert sign_in("logistics").post("logistic-units", packed() | bad).status == 400
    assert not LogisticUnit.objects.exists()


def test_batch_stands_in_a_unit_once_and_in_a_pack_of_its_product_only(sign_in):
    logistics, batch = sign_in("logistics"), make_batch()
    assert logistics.post("logistic-units", packed((batch, "1"), (batch, "1"))).status == 400
    foreign = str(make_trade_item().pk)
    assert logistics.post("logistic-units", packed((batch, "1"), trade_item=foreign)).status == 400
    assert not LogisticUnit.objects.exists()


def test_unit_is_not_packed_before_its_batch_is_made(sign_in):
    logistics, batch = sign_in("logistics"), make_batch(produced_on=clock.today())
    yesterday = (clock.now() - timedelta(days=1)).isoformat()
    assert logistics.post("logistic-units", packed((batch, "1"), packed_at=yesterday)).status == 400
    assert not LogisticUnit.objects.exists()
    assert logistics.post("logistic-units", packed((batch, "1"))).status == 201


def test_no_more_is_packed_than_is_left_of_the_batch(sign_in):
    """Packed elsewhere, used in others and shipped by weight: all of it is gone; what left in a unit counts once."""
    logistics, batch = sign_in("logistics"), make_batch(qty_kg=Decimal(1000))
    make_unit((batch, "300"))
    make_link(batch, make_batch(), qty_kg="200")
    make_shipment(batch, qty_kg="100")
    refused = logistics.post("logistic-units", packed((batch, "402")))
    assert (refused.status, refused.code) == (409, "more_packed_than_left")
    assert refused.json["errors"][0]["pointer"] == "/contents/0/qty_kg"
    assert LogisticUnit.objects.count() == 1
    assert logistics.post("logistic-units", packed((batch, "401"))).status == 201  # 1 kg is weighing


def test_cancelled_unit_gives_its_kg_back_and_keeps_its_number(sign_in):
    logistics, batch = sign_in("logistics"), make_batch(qty_kg=Decimal(1000))
    unit = make_unit((batch, "1000"))
    gone = logistics.post(f"logistic-units/{unit.sscc}/cancel", {"reason": "typed twice"})
    assert gone.status == 200 and gone.json["state"] == "cancelled"
    assert logistics.post(f"logistic-units/{unit.sscc}/cancel", {"reason": "x"}).code == "unit_cancelled"
    assert logistics.post("logistic-units", packed((batch, "1000"), sscc=unit.sscc)).code == "sscc_taken"
    assert logistics.post("logistic-units", packed((batch, "1000"))).status == 201
    refused = logistics.post("shipments", by_unit(unit))
    assert codes_of(refused) == [("/lines/0", "unit_cancelled")] and nothing_booked()


def test_unit_rises_through_the_levels_and_its_history_stays(sign_in):
    logistics, batch = sign_in("logistics"), make_batch(code="YS-1")
    case, pallet = make_unit((batch, "10"), level="case"), make_unit((batch, "90"))
    container = make_unit(level="container")
    start = clock.now() - timedelta(minutes=20)
    times = [(start + timedelta(minutes=minutes)).isoformat() for minutes in range(4)]

    def load(unit, parent, at):
        return logistics.post(f"logistic-units/{unit.sscc}/load", {"parent": parent.sscc, "at": at})

    assert load(case, pallet, times[0]).json["parent"] == pallet.sscc
    assert load(pallet, container, times[1]).json["state"] == "loaded"
    whole = logistics.get(f"logistic-units/{container.sscc}").json
    assert [(line["batch"]["code"], line["qty_kg"]) for line in whole["total"]] == [("YS-1", "100.000")]
    assert {(unit["sscc"], unit["parent"]) for unit in whole["units"]} == {
        (case.sscc, pallet.sscc),
        (pallet.sscc, container.sscc),
    }
    assert load(case, container, times[2]).code == "unit_loaded"
    out = logistics.post(f"logistic-units/{case.sscc}/unload", {"at": times[2]})
    assert out.json["parent"] is None and out.json["state"] == "standing"
    assert logistics.post(f"logistic-units/{case.sscc}/unload", {}).code == "unit_not_loaded"
    assert load(case, container, times[1]).status == 400  # before it was unloaded
    assert load(case, container, times[3]).status == 200
    stays = logistics.get(f"logistic-units/{case.sscc}/containments").json["items"]
    assert [(stay["parent"], stay["valid_to"] is None) for stay in stays] == [
        (container.sscc, True),
        (pallet.sscc, False),
    ]
    assert logistics.get(f"logistic-units/{container.sscc}").json["total"][0]["qty_kg"] == "100.000"


@pytest.mark.parametrize(
    ("child", "parent"), [("pallet", "case"), ("pallet", "pallet"), ("container", "unit"), ("case", "case")]
)
def test_levels_rise(sign_in, child, parent):
    one, other = make_unit(level=child), make_unit(level=parent)
    refused = sign_in("logistics").post(f"logistic-units/{one.sscc}/load", {"parent": other.sscc})
    assert (refused.status, refused.code) == (409, "unit_level_too_low")
    assert not Containment.objects.exists()


@pytest.mark.parametrize(
    "bad",
    [{"parent": "000000000000000000"}, {}, {"at": "2099-01-01T00:00:00Z"}, {"at": "2001-01-01T00:00:00Z"}],
)
def test_bad_loading_is_refused(sign_in, bad):
    case, pallet = make_unit(level="case"), make_unit()
    body = ({"parent": pallet.sscc} if "at" in bad else {}) | bad
    assert sign_in("logistics").post(f"logistic-units/{case.sscc}/load", body).status == 400
    assert not Containment.objects.exists()


def test_pallet_ships_with_all_that_stands_in_it(sign_in):
    logistics, one, two = sign_in("logistics"), make_batch(code="YS-1"), make_batch(code="YS-2")
    pallet = make_unit((one, "100"), (two, "50"))
    make_containment(make_unit((one, "10"), level="case"), pallet)
    made = logistics.post("shipments", by_unit(pallet, is_monitored=True))
    assert made.status == 201, made.json
    lines = [(line["batch"]["code"], line["qty_kg"], line["sscc"]) for line in made.json["lines"]]
    assert sorted(lines) == [("YS-1", "110.000", pallet.sscc), ("YS-2", "50.000", pallet.sscc)]
    shown = logistics.get(f"logistic-units/{pallet.sscc}").json
    assert shown["state"] == "shipped" and shown["shipment"]["number"] == made.json["number"]
    receivers = logistics.get(f"batches/{one.pk}/receivers").json["items"]
    assert [row["qty_kg"] for row in receivers] == ["110.000"]


def test_shipped_unit_is_not_shipped_loaded_or_unloaded_again_until_the_shipment_is_cancelled(sign_in):
    logistics, batch = sign_in("logistics"), make_batch()
    case, pallet, container = make_unit((batch, "5"), level="case"), make_unit(), make_unit(level="container")
    make_containment(case, pallet)
    shipment = logistics.post("shipments", by_unit(pallet)).json
    refused = logistics.post("shipments", by_unit(pallet))
    assert codes_of(refused) == [("/lines/0", "unit_shipped")]
    assert codes_of(logistics.post("shipments", by_unit(case))) == [("/lines/0", "unit_shipped")]
    for unit, verb, body in (
        (pallet, "load", {"parent": container.sscc}),
        (case, "unload", {}),
        (pallet, "cancel", {"reason": "x"}),
    ):
        assert logistics.post(f"logistic-units/{unit.sscc}/{verb}", body).code == "unit_shipped"
    assert ShipmentLine.objects.count() == 1 and Containment.objects.get().valid_to is None
    assert logistics.post(f"shipments/{shipment['id']}/cancel", {"reason": "wrong customer"}).status == 200
    assert logistics.post("shipments", by_unit(pallet)).status == 201


def test_batch_on_hold_inside_keeps_the_whole_unit(sign_in):
    good, held = make_batch(), make_batch(status="held")
    mixed, pure = make_unit((good, "5"), (held, "5")), make_unit((good, "7"))
    logistics = sign_in("logistics")
    refused = logistics.post("shipments", by_unit(mixed, pure))
    assert codes_of(refused) == [("/lines/0", "batch_on_hold")] and nothing_booked()
    made = logistics.post("shipments", by_unit(mixed, pure, skip_refused=True))
    (left_out,) = made.json["refused"]
    assert (left_out["sscc"], left_out["batch"]) == (mixed.sscc, str(held.pk))
    assert ShipmentLine.objects.get().unit == pure


def test_unit_in_another_and_an_empty_or_unknown_one_do_not_leave(sign_in):
    batch, pallet = make_batch(), make_unit()
    case, empty = make_unit((batch, "5"), level="case"), make_unit()
    make_containment(case, pallet)
    body = by_unit(case, empty)
    body["lines"] += [{"sscc": SSCC}, {"sscc": pallet.sscc}, {"sscc": pallet.sscc}]
    refused = sign_in("logistics").post("shipments", body)
    assert codes_of(refused) == [
        ("/lines/0", "unit_loaded"),
        ("/lines/1", "unit_empty"),
        ("/lines/2", "unit_unknown"),
        ("/lines/4", "unit_twice"),
    ]
    assert nothing_booked()


def test_lines_of_one_batch_together_take_no_more_than_is_left(sign_in):
    batch = make_batch(qty_kg=Decimal(1000))
    pallets = [make_unit((batch, "400")), make_unit((batch, "400"))]
    body = by_unit(*pallets)
    body["lines"].append({"batch": str(batch.pk), "qty_kg": "300"})
    logistics = sign_in("logistics")
    refused = logistics.post("shipments", body)
    assert codes_of(refused) == [("/lines/2", "more_than_left")] and nothing_booked()
    body["lines"][2]["qty_kg"] = "200"
    assert logistics.post("shipments", body).status == 201
    assert ShipmentLine.objects.count() == 3


@pytest.mark.parametrize(
    "line",
    [
        {"sscc": SSCC, "qty_kg": "1"},
        {"sscc": SSCC, "batch": NOBODY, "qty_kg": "1"},
        {"sscc": ""},
        {"batch": NOBODY},
        {"qty_kg": "1"},
        {},
    ],
)
def test_line_names_a_batch_with_its_kg_or_a_unit_alone(sign_in, line):
    body = by_unit() | {"lines": [line]}
    assert sign_in("logistics").post("shipments", body).status == 400 and nothing_booked()


def test_units_are_filtered_at_one_query_count(sign_in, django_assert_num_queries):
    director, batch = sign_in("director"), make_batch()
    one = make_unit((batch, "5"))
    with django_assert_num_queries(4):
        director.get("logistic-units")
    case = make_unit(level="case")
    make_containment(case, one)
    gone = make_unit((batch, "5"))
    sign_in("logistics").post("shipments", by_unit(gone))
    off = make_unit(cancelled_at=clock.now(), cancelled_by=one.packed_by, cancel_reason="x")
    with django_assert_num_queries(4):
        assert len(director.get("logistic-units").json["items"]) == 4
    found = {
        f"sscc={one.sscc}": {one},
        "level=case": {case},
        f"batch={batch.pk}": {one, gone},
        f"parent={one.sscc}": {case},
        "state=standing": {one},
        "state=loaded": {case},
        "state=shipped": {gone},
        "state=cancelled": {off},
        "packed_to=2001-01-01T00:00:00Z": set(),
    }
    for query, rows in found.items():
        shown = {row["sscc"] for row in director.get(f"logistic-units?{query}").json["items"]}
        assert shown == {row.sscc for row in rows}, query


def test_clerk_of_another_region_learns_that_a_unit_left_not_to_whom(sign_in):
    unit = make_unit((make_batch(), "5"))
    sign_in("logistics").post("shipments", by_unit(unit, customer=make_customer(region_code="north")))
    clerk, director = sign_in("clerk", regions=["east"]), sign_in("director")
    assert director.get(f"logistic-units/{unit.sscc}").json["shipment"]["customer"]
    shown = clerk.get(f"logistic-units/{unit.sscc}").json
    assert shown["state"] == "shipped" and shown["shipment"]["customer"] is None


@pytest.mark.parametrize("role", ["technician", "clerk", "qc", "production", "auditor", "dealer"])
def test_only_logistics_packs_and_loads(sign_in, role):
    client, case, pallet = sign_in(role), make_unit(level="case"), make_unit()
    assert client.post("logistic-units", packed()).status == 403
    assert client.post(f"logistic-units/{case.sscc}/load", {"parent": pallet.sscc}).status == 403
    assert LogisticUnit.objects.count() == 2 and not Containment.objects.exists()
