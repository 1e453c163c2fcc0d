"""A shipment and a hold at the same moment; the last kg sold twice."""

from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import connection

from backend.core import clock
from backend.core.errors import DomainError
from tests.factories import make_batch, make_customer, make_shipment, make_unit, make_user
from traceability.batch.models import Batch
from traceability.batch.services import hold_batch
from traceability.dispatch.gate import LineData
from traceability.dispatch.models import Containment, Shipment, ShipmentLine, ShipmentReceipt, UnitContent
from traceability.dispatch.packing import (
    ContentData,
    MorePackedThanLeft,
    UnitData,
    UnitLoaded,
    load_unit,
    pack_unit,
)
from traceability.dispatch.receipt import ReceiptData, record_receipt
from traceability.dispatch.rules import UnitLevel, sscc_of
from traceability.dispatch.services import (
    LinesRefused,
    ShipmentCancelled,
    ShipmentData,
    ShipmentReceived,
    cancel_shipment,
    record_shipment,
)


def order(customer, *batches, kg="1000"):
    lines = tuple(LineData(batch.pk, Decimal(kg)) for batch in batches)
    return ShipmentData(customer_id=customer.pk, shipped_on=clock.today(), lines=lines)


def at_once(*calls):
    start, refused = Barrier(len(calls)), []

    def run(call):
        start.wait()
        try:
            call()
        except DomainError as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


@pytest.mark.django_db(transaction=True)
def test_last_kg_are_sold_once():
    batch, customer, by = make_batch(qty_kg=Decimal(1000)), make_customer(), make_user("logistics")
    book = [lambda: record_shipment(order(customer, batch), by=by)] * 2
    (refused,) = at_once(*book)
    assert isinstance(refused, LinesRefused) and ShipmentLine.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_orders_of_the_same_batches_in_other_order_do_not_lock_each_other_out():
    one, two = make_batch(), make_batch()
    customer, by = make_customer(), make_user("logistics")
    refused = at_once(
        lambda: record_shipment(order(customer, one, two), by=by),
        lambda: record_shipment(order(customer, two, one), by=by),
    )
    assert refused == [] and ShipmentLine.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_case_loaded_on_two_pallets_at_once_stands_on_one():
    case, by = make_unit(level="case"), make_user("logistics")
    pallets = [make_unit(), make_unit()]
    (refused,) = at_once(
        *[lambda pallet=pallet: load_unit(case, parent=pallet, at=None, by=by) for pallet in pallets]
    )
    assert isinstance(refused, UnitLoaded)
    assert Containment.objects.get(child=case, valid_to=None).parent in pallets


@pytest.mark.django_db(transaction=True)
def test_pallet_shipped_while_it_is_loaded_leaves_with_the_case_or_the_case_stays():
    batch, customer, by = make_batch(), make_customer(), make_user("logistics")
    pallet, case = make_unit((batch, "90")), make_unit((batch, "10"), level="case")
    whole = ShipmentData(
        customer_id=customer.pk, shipped_on=clock.today(), lines=(LineData(sscc=pallet.sscc),)
    )
    refused = at_once(
        lambda: record_shipment(whole, by=by),
        lambda: load_unit(case, parent=pallet, at=None, by=by),
    )
    kg = ShipmentLine.objects.get().qty_kg
    assert (kg, len(refused)) in [(Decimal(100), 0), (Decimal(90), 1)]


@pytest.mark.django_db(transaction=True)
def test_shipment_is_received_or_cancelled_never_both():
    shipment, by = make_shipment(make_batch()), make_user("logistics")
    data = ReceiptData(received_at=clock.now(), received_by_name="仓管员")
    (refused,) = at_once(
        lambda: record_receipt(shipment, data, by=by),
        lambda: cancel_shipment(shipment, by=by, reason="typed twice"),
    )
    shipment.refresh_from_db()
    is_received = ShipmentReceipt.objects.exists()
    assert is_received == (shipment.cancelled_at is None)
    assert isinstance(refused, ShipmentReceived if is_received else ShipmentCancelled)


@pytest.mark.django_db(transaction=True)
def test_last_kg_are_packed_once():
    batch, by = make_batch(qty_kg=Decimal(1000)), make_user("logistics")
    data = [
        UnitData(UnitLevel.PALLET, sscc=sscc_of(n, prefix="6901234"), contents=(ContentData(batch.pk, kg),))
        for n, kg in ((1, Decimal(1000)), (2, Decimal(999)))
    ]
    (refused,) = at_once(*[lambda one=one: pack_unit(one, by=by) for one in data])
    assert isinstance(refused, MorePackedThanLeft) and UnitContent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_shipment_and_hold_at_once_end_in_one_of_the_two_orders():
    batch, customer = make_batch(), make_customer()
    by, qc = make_user("logistics"), make_user("qc")
    refused = at_once(
        lambda: record_shipment(order(customer, batch), by=by),
        lambda: hold_batch(Batch.objects.get(), by=qc, reason="moist"),
    )
    assert Batch.objects.get().status == "held"
    assert Shipment.objects.count() == 1 - len(refused)
