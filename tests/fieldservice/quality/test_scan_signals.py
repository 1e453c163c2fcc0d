"""Signals from scans: a unit code in far places, and goods at a customer they never went to; they propose nothing."""

from datetime import timedelta

import pytest

from backend.core import clock
from backend.core.ids import uuid7
from fieldservice.quality.models import Signal
from fieldservice.quality.scan_signals import signal_diversion, signal_far_places
from fieldservice.quality.services import raise_signals
from tests import factories
from tests.jobs import run_jobs, run_jobs_twice
from traceability.batch.models import Batch, Proposal
from traceability.scan.models import SightingPolicy
from traceability.serial.rules import Span
from traceability.serial.services import codes_of

pytestmark = pytest.mark.django_db
NANJING, GUANGZHOU, CHENGDU = ("32.06", "118.79"), ("23.13", "113.26"), ("30.57", "104.07")


def seen(batch, place, *, serial="S7-0001", hours_ago=0, by=None, **fields):
    """A scan of a unit code at a place."""
    by = by or factories.make_user()
    at = clock.now() - timedelta(hours=hours_ago)
    made = {"device_at": at, "corrected_at": at, "received_at": at}
    latitude, longitude = place
    return factories.make_scan(
        by,
        **made,
        batch=batch,
        serial=serial,
        latitude=latitude,
        longitude=longitude,
        datum="WGS-84",
        **({"outcome": "ok"} | fields),
    )


def scanned_on_visit(sign_in, batch, customer, **fields):
    """A technician scans at a customer and says so."""
    phone = sign_in("technician")
    visit = factories.make_visit(phone.user, customer)
    scan = factories.make_scan(phone.user, batch=batch, **fields)
    answer = phone.post(f"visits/{visit.pk}/scans", {"scan": str(scan.pk)})
    assert answer.status == 201, answer.json
    return scan


def test_one_unit_code_in_three_places_within_a_day_is_one_signal():
    batch = factories.make_batch()
    first, second = seen(batch, NANJING, hours_ago=20), seen(batch, GUANGZHOU, hours_ago=10)
    third = seen(batch, CHENGDU, outcome="suspicious")
    seen(batch, NANJING, hours_ago=30)  # before the window
    seen(batch, NANJING, serial="S7-0002")
    signal = signal_far_places(third.pk)
    assert (signal.rule, signal.subject, signal.batch) == ("far_places", "S7-0001", batch)
    assert set(signal.scans.all()) == {first, second, third}
    assert signal.proposal is None and not Proposal.objects.exists()


def test_one_code_scanned_in_three_provinces_within_a_day_is_suspicious_and_one_signal(sign_in):
    SightingPolicy.objects.all().delete()
    factories.make_sighting_policy()
    numbers = factories.make_serial_range(factories.make_batch())
    [(_number, code)] = codes_of(numbers, Span(numbers.first, numbers.first))
    outcomes = []
    for latitude, longitude in (NANJING, GUANGZHOU, CHENGDU):
        place = {"latitude": float(latitude), "longitude": float(longitude), "datum": "WGS-84"}
        body = {"id": str(uuid7()), "raw": code, "made_at": clock.now().isoformat(), "place": place}
        outcomes.append(sign_in("technician").post("scans", body).json["outcome"])
    run_jobs_twice()
    signal = Signal.objects.get()
    assert outcomes == ["ok", "suspicious", "suspicious"]
    assert (signal.rule, signal.batch, signal.scans.count()) == ("far_places", numbers.batch, 3)


def test_the_next_sighting_of_the_day_joins_the_signal():
    batch = factories.make_batch()
    seen(batch, NANJING, hours_ago=0.2)
    first = signal_far_places(seen(batch, GUANGZHOU, hours_ago=0.1, outcome="suspicious").pk)
    again = signal_far_places(seen(batch, CHENGDU, outcome="suspicious").pk)
    assert first == again and first.scans.count() == 3


def test_the_same_job_twice_changes_nothing():
    batch = factories.make_batch()
    scan = seen(batch, NANJING, outcome="suspicious")
    signal_far_places(scan.pk), signal_far_places(scan.pk)
    assert Signal.objects.count() == 1 and Signal.objects.get().scans.count() == 1


def test_a_suspicious_scan_without_a_unit_code_is_no_matter_of_places():
    assert (
        signal_far_places(seen(factories.make_batch(), NANJING, serial="", outcome="suspicious").pk) is None
    )


def test_goods_at_a_customer_they_never_went_to_raise_a_signal(sign_in):
    batch, customer = factories.make_batch(), factories.make_customer()
    factories.make_shipment(batch)  # to somebody else
    scan = scanned_on_visit(sign_in, batch, customer)
    run_jobs_twice()
    signal = Signal.objects.get()
    assert (signal.rule, signal.batch, signal.customer) == ("diverted", batch, customer)
    assert list(signal.scans.all()) == [scan] and customer.code in signal.subject
    assert signal.proposal is None and not Proposal.objects.exists()
    assert Batch.objects.get(pk=batch.pk).status == "released"


def test_goods_where_they_were_sent_raise_none(sign_in):
    batch, customer = factories.make_batch(), factories.make_customer()
    factories.make_shipment(batch, customer)
    scanned_on_visit(sign_in, batch, customer)
    run_jobs()
    assert not Signal.objects.exists()


def test_what_was_made_of_it_and_sent_there_counts(sign_in):
    batch, repacked, customer = factories.make_batch(), factories.make_batch(), factories.make_customer()
    factories.make_link(batch, repacked)
    factories.make_shipment(repacked, customer)
    scanned_on_visit(sign_in, batch, customer)
    run_jobs()
    assert not Signal.objects.exists()


@pytest.mark.parametrize("kind", ["retailer", "food_maker"])
@pytest.mark.parametrize(
    "where", [{"region_code": "east", "province": "安徽"}, {"region_code": "south", "province": "江苏"}]
)
def test_a_shop_has_its_salt_from_a_wholesaler_near_it(sign_in, kind, where):
    factories.make_sales_rules()
    batch, repacked = factories.make_batch(), factories.make_batch()
    factories.make_link(batch, repacked)
    factories.make_shipment(repacked, factories.make_customer(**where))
    scanned_on_visit(sign_in, batch, factories.make_customer(kind=kind))
    run_jobs()
    assert not Signal.objects.exists()


def test_a_shop_far_from_every_wholesaler_of_the_batch_raises_one(sign_in):
    factories.make_sales_rules()
    batch, shop = factories.make_batch(), factories.make_customer(kind="retailer")
    factories.make_shipment(batch, factories.make_customer(region_code="south", province="广东"))
    factories.make_shipment(batch, factories.make_customer(kind="industrial"))  # near, but sells no salt on
    scanned_on_visit(sign_in, batch, shop)
    run_jobs()
    assert Signal.objects.get().customer == shop


def test_whom_the_works_supplies_itself_has_nothing_from_a_wholesaler_near_it(sign_in):
    factories.make_sales_rules()
    batch, other = factories.make_batch(), factories.make_customer()
    factories.make_shipment(batch, factories.make_customer())
    scanned_on_visit(sign_in, batch, other)
    run_jobs()
    assert Signal.objects.get().customer == other


def test_a_cancelled_shipment_brought_nothing_there(sign_in):
    batch, customer = factories.make_batch(), factories.make_customer()
    factories.make_shipment(
        batch,
        customer,
        cancelled_at=clock.now(),
        cancel_reason="误录",
        cancelled_by=factories.make_user("logistics"),
    )
    scanned_on_visit(sign_in, batch, customer)
    run_jobs()
    assert Signal.objects.get().rule == "diverted"


def test_a_dealers_own_scan_tells_where_the_goods_are():
    customer, batch = factories.make_customer(), factories.make_batch()
    scan = factories.make_scan(factories.make_dealer(customer), batch=batch)
    assert signal_diversion(scan.pk).customer == customer
    factories.make_shipment(batch, customer)
    later = factories.make_scan(factories.make_dealer(customer), batch=batch)
    assert signal_diversion(later.pk) is None


def test_a_dealer_who_scans_diverted_goods_raises_it_at_once(sign_in):
    customer, batch = factories.make_customer(), factories.make_batch(code="YS20260301A01")
    dealer = sign_in(factories.make_dealer(customer))
    body = {"id": str(uuid7()), "raw": batch.code, "made_at": clock.now().isoformat(), "source": "typed"}
    assert dealer.post("scans", body).json["outcome"] == "ok"
    run_jobs_twice()
    assert Signal.objects.get().customer == customer


def test_a_technicians_scan_in_passing_asks_nothing(sign_in):
    batch = factories.make_batch(code="YS20260301A01")
    body = {"id": str(uuid7()), "raw": batch.code, "made_at": clock.now().isoformat(), "source": "typed"}
    sign_in("technician").post("scans", body)
    assert run_jobs() == []


def test_a_scan_that_is_nowhere_tells_nothing():
    scan = factories.make_scan(factories.make_user("logistics"), batch=factories.make_batch())
    assert signal_diversion(scan.pk) is None


def test_one_signal_per_unit_code_and_day_one_per_customer_without(sign_in):
    batch, customers = factories.make_batch(), [factories.make_customer() for _ in range(2)]
    for customer in customers:
        for _ in range(2):
            scanned_on_visit(sign_in, batch, customer)
            scanned_on_visit(sign_in, batch, customer, serial="S7-0003")
    run_jobs()
    subjects = sorted(Signal.objects.values_list("subject", flat=True))
    assert subjects == sorted(["S7-0003", *(f"{batch.code} @ {customer.code}" for customer in customers)])
    assert [signal.scans.count() for signal in Signal.objects.order_by("subject")].count(2) == 2


def test_a_scan_of_no_batch_asks_nothing(sign_in):
    scanned_on_visit(sign_in, None, factories.make_customer())
    assert run_jobs() == []


def test_qc_reads_them_with_scans_and_without_a_proposal(sign_in):
    batch, customer = factories.make_batch(), factories.make_customer()
    scan = scanned_on_visit(sign_in, batch, customer)
    run_jobs()
    qc = sign_in("qc")
    (row,) = qc.get(f"signals?rule=diverted&batch={batch.pk}&customer={customer.pk}").json["items"]
    assert row["proposal"] is None and row["proposal_state"] is None and row["policy"] is None
    assert row["scans"] == [
        {
            "id": str(scan.pk),
            "outcome": "ok",
            "serial": "",
            "received_at": row["scans"][0]["received_at"],
        }
    ]
    assert row["customer"]["code"] == customer.code and row["batch_code"] == batch.code
    assert qc.get("signals?rule=far_places").json["items"] == []


def test_repeated_readings_still_propose_a_hold(sign_in):
    factories.make_signal_policies()
    batch = factories.make_batch()
    scanned_on_visit(sign_in, batch, factories.make_customer())
    run_jobs()
    for _ in range(2):
        factories.make_reading(batch=batch)
    (raised,) = raise_signals(batch.pk)
    assert raised.rule == "repeated_readings" and raised.proposal.action == "hold"
    assert Signal.objects.filter(batch=batch).count() == 2
