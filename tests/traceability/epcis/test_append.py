"""Every business row enters the log once, as valid EPCIS; what is corrected is declared wrong and followed."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from backend.core import clock
from backend.event_sources import EVENT_SOURCES
from tests import factories
from traceability.batch.models import Batch, BatchDecision
from traceability.epcis.document import context, is_valid
from traceability.epcis.models import EventDue, TraceEvent
from traceability.epcis.services import append_all, append_due
from traceability.genealogy.models import LinkReversal, Transformation

pytestmark = pytest.mark.django_db


def packed_batch(**fields: Any) -> Batch:
    item = factories.make_trade_item()
    return factories.make_batch(item.product, trade_item=item, **fields)


def decide(batch: Batch, action: str, *, before: str, after: str) -> BatchDecision:
    return BatchDecision.objects.create(
        batch=batch, action=action, from_status=before, to_status=after,
        reason="检验合格", by=factories.make_user("qc"), at=clock.now(),
    )  # fmt: skip


def make_run(*, parents: list[Batch], child: Batch) -> Transformation:
    at = clock.now() - timedelta(days=3)
    run = Transformation.objects.create(
        number=f"T-{next(factories.numbers)}", stage="packed", plant="P1", started_at=at - timedelta(hours=4),
        finished_at=at, loss_kg=Decimal("1.5"), recorded_by=factories.make_user("qc"),
    )  # fmt: skip
    run.outputs.create(batch=child, qty_kg=Decimal("59000.250"))
    for parent in parents:
        run.links.create(
            parent=parent, child=child, qty_kg=Decimal("30000"), made_at=at, recorded_by=run.recorded_by
        )
    return run


def all_rows() -> dict[str, Any]:
    """Source → one row of it."""
    batch, parent = packed_batch(), factories.make_batch(kind="raw")
    shipment = factories.make_shipment(batch, site=None)
    case, pallet = factories.make_unit((batch, "500"), level="case"), factories.make_unit(level="pallet")
    containment = factories.make_containment(case, pallet)
    return {
        "batch": batch,
        "batch_decision": decide(batch, "release", before="quarantine", after="released"),
        "certificate": factories.make_certificate(batch),
        "transformation": make_run(parents=[parent, factories.make_batch()], child=batch),
        "link": factories.make_link(parent, factories.make_batch()),
        "unit": case,
        "containment": containment,
        "shipment": shipment,
        "receipt": factories.make_receipt(shipment),
        "scan": factories.make_scan(factories.make_user(), batch=batch),
        "reading": factories.make_reading(
            batch=batch,
            instrument=(meter := factories.make_instrument()),
            calibration=meter.calibrations.first(),
        ),
    }


def event_of(source: str, row: Any) -> TraceEvent:
    return TraceEvent.objects.get(source=source, source_id=row.pk, is_declaration=False)


@pytest.mark.parametrize("source", [
    "batch", "batch_decision", "certificate", "transformation", "link", "unit", "containment", "shipment", "receipt",
    "scan", "reading",
])  # fmt: skip
def test_every_kind_of_row_becomes_one_valid_event(source):
    row = all_rows()[source]
    append_all()
    event = event_of(source, row)
    assert is_valid({"@context": context(), **event.body}), event.body
    assert event.event_id == event.body["eventID"]
    assert not EventDue.objects.exists()


def test_running_twice_adds_nothing():
    all_rows()
    append_all()
    before = list(TraceEvent.objects.order_by("id").values_list("event_id", "hash"))
    EventDue.objects.bulk_create(
        EventDue(source=source, row_id=row_id)
        for source, row_id in TraceEvent.objects.values_list("source", "source_id")
    )
    assert append_all() == 0
    assert list(TraceEvent.objects.order_by("id").values_list("event_id", "hash")) == before


def test_sources_and_triggers_know_the_same_names():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE 'event_due_%'")
        triggers = {name.removeprefix("event_due_") for (name,) in cursor.fetchall()}
    plain = {name for name in triggers if not name.startswith(("again_", "superseded_"))}
    assert plain | {"unloading"} == set(EVENT_SOURCES)


def test_a_rollback_takes_the_due_row_with_it():
    with pytest.raises(RuntimeError), transaction.atomic():
        factories.make_batch()
        raise RuntimeError
    assert not EventDue.objects.exists()


def test_bulk_and_sql_are_seen_as_well():
    batch = factories.make_batch()
    EventDue.objects.all().delete()
    Batch.objects.bulk_create(
        [Batch(product=batch.product, code=f"B{n}", code_norm=f"B{n}", plant="P1", produced_on=batch.produced_on,
               qty_kg=1, status_at=clock.now()) for n in range(3)]
    )  # fmt: skip
    assert EventDue.objects.filter(source="batch").count() == 3


def test_history_leaves_no_event():
    parent, child = factories.make_batch(is_history=True), factories.make_batch(is_history=True)
    child.parent_links.create(parent=parent, qty_kg=1, made_at=clock.now(), is_history=True, recorded_by=None)
    assert not EventDue.objects.exists()


def test_a_batch_with_a_gtin_is_a_digital_link_and_one_without_is_named_by_us():
    ours, plain = packed_batch(code="YS/1-A"), factories.make_batch(code="井矿盐2024", kind="raw")
    append_all()
    gtin = ours.trade_item.gtin
    assert event_of("batch", ours).epc_classes == [f"https://id.gs1.org/01/{gtin}/10/YS%2F1-A"]
    (own,) = event_of("batch", plain).epc_classes
    assert own == f"urn:saltline:batch:{plain.product.sku}:%E4%BA%95%E7%9F%BF%E7%9B%902024"


def test_a_reversed_link_is_declared_not_to_have_occurred():
    link = factories.make_link(factories.make_batch(), factories.make_batch())
    append_all()
    LinkReversal.objects.create(link=link, reason="误录", at=clock.now(), by=link.recorded_by)
    type(link).objects.filter(pk=link.pk).update(is_live=False)
    append_all()
    event = event_of("link", link)
    declared = event.declaration
    assert declared.event_id == event.event_id and declared.hash == event.hash
    assert declared.body["errorDeclaration"]["reason"] == "did_not_occur"
    assert is_valid({"@context": context(), **declared.body})


def test_a_reversal_before_the_job_ran_leaves_the_same_log():
    link = factories.make_link(factories.make_batch(), factories.make_batch())
    LinkReversal.objects.create(link=link, reason="误录", at=clock.now(), by=link.recorded_by)
    type(link).objects.filter(pk=link.pk).update(is_live=False)
    append_all()
    assert event_of("link", link).declaration.body["errorDeclaration"]["reason"] == "did_not_occur"


def test_a_cancelled_shipment_is_declared_wrong():
    shipment = factories.make_shipment(packed_batch())
    append_all()
    shipment.cancelled_at, shipment.cancelled_by, shipment.cancel_reason = (
        clock.now(),
        shipment.recorded_by,
        "x",
    )
    shipment.save()
    append_all()
    assert event_of("shipment", shipment).declaration.body["errorDeclaration"]["reason"] == "did_not_occur"


def test_a_corrected_batch_is_declared_wrong_and_followed_with_all_that_names_it():
    batch = packed_batch(code="OLD1", status="quarantine")
    link = factories.make_link(factories.make_batch(), batch)
    append_all()
    old = event_of("batch", batch)
    Batch.objects.filter(pk=batch.pk).update(code="NEW1", code_norm="NEW1")
    append_all()
    new = TraceEvent.objects.get(source="batch", source_id=batch.pk, revision=1)
    assert old.declaration.body["errorDeclaration"]["correctiveEventIDs"] == [new.event_id]
    assert "NEW1" in new.epc_classes[0]
    links = TraceEvent.objects.filter(source="link", source_id=link.pk)
    assert [(row.revision, row.is_declaration) for row in links.order_by("revision", "is_declaration")] == [
        (0, False), (0, True), (1, False),
    ]  # fmt: skip
    assert not EventDue.objects.exists()


def test_a_superseded_reading_names_the_one_that_stands():
    first = factories.make_reading()
    append_all()
    second = factories.make_reading(
        visit=first.visit, batch=first.batch, supersedes=first, correction_reason="读错", mean=Decimal("0.21")
    )
    append_all()
    declared = event_of("reading", first).declaration.body["errorDeclaration"]
    assert declared["correctiveEventIDs"] == [event_of("reading", second).event_id]


def test_unloading_is_an_event_of_its_own():
    case, pallet = (
        factories.make_unit((packed_batch(), "5"), level="case"),
        factories.make_unit(level="pallet"),
    )
    stay = factories.make_containment(case, pallet)
    append_all()
    stay.valid_to, stay.unloaded_by = clock.now(), stay.loaded_by
    stay.save()
    append_all()
    assert event_of("containment", stay).action == "ADD"
    assert event_of("unloading", stay).action == "DELETE"
    assert event_of("unloading", stay).epcs == [
        f"https://id.gs1.org/00/{case.sscc}", f"https://id.gs1.org/00/{pallet.sscc}",
    ]  # fmt: skip


def test_a_scan_that_named_nothing_is_no_event():
    factories.make_scan(factories.make_user())
    assert append_all() == 0
    assert not EventDue.objects.exists()


def test_a_scan_carries_its_place_in_wgs84():
    scan = factories.make_scan(
        factories.make_user(), batch=packed_batch(), latitude=Decimal("32.06"), longitude=Decimal("118.79"),
        datum="WGS-84", accuracy_m=Decimal("12.0"),
    )  # fmt: skip
    append_all()
    assert event_of("scan", scan).read_point == "geo:32.060000,118.790000;u=12"


def test_a_reading_carries_type_unit_instrument_and_method():
    meter = factories.make_instrument()
    reading = factories.make_reading(instrument=meter, calibration=meter.calibrations.first())
    append_all()
    (element,) = event_of("reading", reading).body["sensorElementList"]
    (report,) = element["sensorReport"]
    assert (report["type"], report["uom"], report["value"], report["salt:property"]) == (
        "Dimensionless", "P1", 0.55, "moisture",
    )  # fmt: skip
    assert element["sensorMetadata"]["deviceID"] == f"urn:saltline:instrument:{meter.serial_no}"
    assert element["sensorMetadata"]["dataProcessingMethod"] == "urn:saltline:method:GB%2FT%2013025.3"


def test_events_hold_no_name_phone_reason_or_person():
    rows = all_rows()
    append_all()
    text = str(list(TraceEvent.objects.values_list("body", flat=True)))
    customer = rows["shipment"].customer
    for secret in (
        customer.name,
        customer.contact_name,
        customer.contact_phone,
        "检验合格",
        "员工",
        "仓管员",
    ):
        assert secret not in text


def test_a_broken_row_waits_with_its_fault_and_the_others_go_on(settings):
    settings.EVENT_SOURCES = "tests.traceability.epcis.broken_builder.SOURCES"
    broken, good = factories.make_batch(code="BROKEN"), factories.make_batch(code="GOOD")
    append_all()
    assert TraceEvent.objects.filter(source_id=good.pk).exists()
    (due,) = EventDue.objects.all()
    assert due.row_id == broken.pk and "ValueError" in due.fault
    assert append_all() == 0


def test_a_long_chinese_code_gets_its_events_under_a_short_name_of_ours(sign_in):
    long = factories.make_batch(code="盐" * 64, kind="raw")
    other = factories.make_batch(code="盐" * 63 + "井", kind="raw")
    link = factories.make_link(long, factories.make_batch())
    answer = sign_in("qc").get("epcis/events")
    assert answer.status == 200 and not EventDue.objects.exists()
    (uri,) = event_of("batch", long).epc_classes
    assert uri == event_of("batch", long).body["quantityList"][0]["epcClass"]
    assert re.fullmatch(r"urn:saltline:batch:~[0-9a-f]{64}", uri)
    assert event_of("batch", long).body["ilmd"]["cbvmda:lotNumber"] == long.code
    assert event_of("link", link).input_classes == [uri]
    assert event_of("batch", other).epc_classes != [uri]


def test_an_unknown_lot_no_label_may_carry_is_named_by_us():
    item = factories.make_trade_item()
    short = factories.make_scan(factories.make_user(), gtin=item.gtin, lot="井盐1", serial="井1")
    long = factories.make_scan(factories.make_user(), gtin=item.gtin, lot="盐" * 64)
    append_all()
    assert event_of("scan", short).epc_classes == [f"urn:saltline:lot:{item.gtin}:%E4%BA%95%E7%9B%901"]
    assert event_of("scan", short).epcs == [f"urn:saltline:item:{item.gtin}:%E4%BA%951"]
    assert len(event_of("scan", long).epc_classes[0]) < 100
    assert not EventDue.objects.exists()


@pytest.mark.parametrize(
    ("code", "fault"),
    [("LONG-CLASS", "quantityList/0/epcClass"), ("LONG-PLACE", "bizLocation/id")],
)
def test_a_draft_too_long_for_the_log_waits_alone_and_is_never_cut(sign_in, settings, code, fault):
    settings.EVENT_SOURCES = "tests.traceability.epcis.broken_builder.LONG"
    broken, good = factories.make_batch(code=code), factories.make_batch(code="GOOD")
    assert sign_in("qc").get("epcis/events").status == 200
    assert TraceEvent.objects.filter(source_id=good.pk).exists()
    assert not TraceEvent.objects.filter(source_id=broken.pk).exists()
    (due,) = EventDue.objects.all()
    assert due.row_id == broken.pk and due.fault == f"/{fault}: too_long"


def test_loading_and_unloading_belong_to_every_batch_in_the_unit(sign_in):
    batch, second, elsewhere = packed_batch(), packed_batch(), packed_batch()
    case = factories.make_unit((batch, "5"), (second, "5"), level="case")
    pallet, container = factories.make_unit((elsewhere, "9")), factories.make_unit(level="container")
    stay, way = factories.make_containment(case, pallet), factories.make_containment(pallet, container)
    stay.valid_to, stay.unloaded_by = clock.now(), stay.loaded_by
    stay.save()
    append_all()
    assert set(event_of("containment", stay).batches) == {batch.pk, second.pk}
    assert set(event_of("unloading", stay).batches) == {batch.pk, second.pk}
    assert set(event_of("containment", way).batches) == {batch.pk, second.pk, elsewhere.pk}


def test_many_rows_cost_no_more_queries_than_one():
    def cost(rows: int) -> int:
        for _ in range(rows):
            all_rows()
        with CaptureQueriesContext(connection) as captured:
            append_due(500)
        return len(captured)

    assert cost(1) == cost(4)


def test_the_log_cannot_be_changed():
    factories.make_batch()
    append_all()
    with pytest.raises(Exception, match="Cannot update or delete"), transaction.atomic():
        TraceEvent.objects.update(hash="x")
