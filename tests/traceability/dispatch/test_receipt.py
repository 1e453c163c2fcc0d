"""What the customer counted, and the orders that are watched until then."""

from datetime import timedelta

import pytest

from backend.core import clock
from tests.factories import make_batch, make_customer, make_receipt, make_shipment, make_unit
from traceability.dispatch.models import ReceiptLine, Shipment, ShipmentReceipt

NOBODY = "018f0000-0000-7000-8000-00000000dead"


def came(**fields):
    return {"received_at": clock.now().isoformat(), "received_by_name": "仓管员"} | fields


def test_count_stands_beside_what_was_sent(sign_in):
    logistics, batch, other = sign_in("logistics"), make_batch(code="YS-1"), make_batch(code="YS-2")
    shipment = make_shipment(batch, qty_kg="1000")
    shipment.lines.create(batch=batch, qty_kg="500", unit=make_unit((batch, "500")))
    address = f"shipments/{shipment.pk}/receipt"
    assert logistics.get(address).status == 404
    lines = [{"batch": batch.pk, "qty_kg": "1480.5"}, {"batch": other.pk, "qty_kg": "20"}]
    made = logistics.post(address, came(lines=lines, note="破损一袋"))
    assert made.status == 201
    shown = [
        (line["batch"]["code"], line["sent_kg"], line["received_kg"], line["difference_kg"])
        for line in made.json["lines"]
    ]
    assert shown == [("YS-1", "1500.000", "1480.500", "-19.500"), ("YS-2", "0.000", "20.000", "20.000")]
    assert made.json["difference_kg"] == "0.500"
    assert logistics.get(address).json == made.json
    again = logistics.post(address, came())
    assert (again.status, again.code) == (409, "shipment_received")
    assert ShipmentReceipt.objects.count() == 1 and ReceiptLine.objects.count() == 2


def test_without_lines_all_came_as_it_was_sent(sign_in):
    shipment = make_shipment(make_batch(), qty_kg="1000")
    made = sign_in("logistics").post(f"shipments/{shipment.pk}/receipt", came())
    assert made.json["lines"][0]["received_kg"] == "1000.000" and made.json["difference_kg"] == "0.000"


@pytest.mark.parametrize(
    "bad",
    [
        {"received_at": "2099-01-01T00:00:00Z"},
        {"received_at": "2001-01-01T00:00:00Z"},
        {"received_by_name": ""},
        {"lines": []},
        {"lines": [{"batch": NOBODY, "qty_kg": "1"}]},
        {"lines": [{"batch": NOBODY, "qty_kg": "-1"}]},
    ],
)
def test_bad_receipt_is_refused(sign_in, bad):
    shipment = make_shipment(make_batch())
    assert sign_in("logistics").post(f"shipments/{shipment.pk}/receipt", came() | bad).status == 400
    assert not ShipmentReceipt.objects.exists()


def test_every_batch_sent_needs_its_count_once(sign_in):
    logistics, batch, other = sign_in("logistics"), make_batch(), make_batch()
    shipment = make_shipment(batch)
    for counted in ([other], [batch, batch]):
        lines = [{"batch": each.pk, "qty_kg": "1"} for each in counted]
        assert logistics.post(f"shipments/{shipment.pk}/receipt", came(lines=lines)).status == 400
    assert not ShipmentReceipt.objects.exists()


def test_cancelled_shipment_is_not_received_and_a_received_one_not_cancelled(sign_in):
    logistics, shipment = sign_in("logistics"), make_shipment(make_batch())
    make_receipt(shipment)
    refused = logistics.post(f"shipments/{shipment.pk}/cancel", {"reason": "x"})
    assert (refused.status, refused.code) == (409, "shipment_received")
    assert Shipment.objects.get().cancelled_at is None
    wrong = make_shipment(make_batch())
    assert logistics.post(f"shipments/{wrong.pk}/cancel", {"reason": "x"}).status == 200
    assert logistics.post(f"shipments/{wrong.pk}/receipt", came()).code == "shipment_cancelled"
    assert ShipmentReceipt.objects.count() == 1


def test_high_value_orders_are_watched_until_they_are_received(sign_in):
    director = sign_in("director")
    plain, watched = make_shipment(make_batch()), make_shipment(make_batch(), is_monitored=True)
    there = make_shipment(make_batch(), is_monitored=True)
    make_receipt(there, received_at=clock.now() - timedelta(hours=1))
    off = make_shipment(
        make_batch(), cancelled_at=clock.now(), cancelled_by=plain.recorded_by, cancel_reason="x"
    )
    found = {
        "is_monitored=true&status=shipped": {watched},
        "is_monitored=true": {watched, there},
        "status=shipped": {plain, watched},
        "status=received": {there},
        "status=cancelled": {off},
    }
    for query, rows in found.items():
        items = director.get(f"shipments?{query}").json["items"]
        assert {row["id"] for row in items} == {str(row.pk) for row in rows}, query
    shown = director.get(f"shipments/{there.pk}").json
    assert shown["status"] == "received" and shown["received_at"]


def test_clerk_reads_receipts_of_the_own_regions_and_enters_none(sign_in):
    clerk = sign_in("clerk", regions=["east"])
    near, far = make_shipment(make_batch()), make_shipment(make_batch(), make_customer(region_code="north"))
    for shipment in (near, far):
        make_receipt(shipment)
    assert clerk.get(f"shipments/{near.pk}/receipt").status == 200
    assert clerk.get(f"shipments/{far.pk}/receipt").status == 404
    assert clerk.post(f"shipments/{make_shipment(make_batch()).pk}/receipt", came()).status == 403
