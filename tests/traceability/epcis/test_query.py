"""Events are found by what, when, where and why; answers are valid EPCIS and shown as the role may see them."""

from decimal import Decimal
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from backend.core import clock
from tests import factories
from tests.client import ApiClient
from tests.traceability.epcis.samples import BAG, LOT, document, event
from traceability.batch.models import Batch
from traceability.epcis.document import is_valid
from traceability.epcis.models import EventDue, TraceEvent
from traceability.epcis.naming import batch_uri

pytestmark = pytest.mark.django_db


@pytest.fixture
def qc(sign_in) -> ApiClient:
    return sign_in("qc")


def packed_batch(**fields: Any) -> Batch:
    item = factories.make_trade_item()
    return factories.make_batch(item.product, trade_item=item, **fields)


def ids(answer: Any) -> list[str]:
    assert answer.status == 200, answer
    assert is_valid(answer.json), answer.json
    return [each["eventID"] for each in answer.json["epcisBody"]["queryResults"]["resultsBody"]["eventList"]]


def id_of(number: int) -> str:
    return event(number)["eventID"]


@pytest.fixture
def captured(qc) -> ApiClient:
    """Three events of others: received, transformed, packed."""
    other = "https://id.gs1.org/01/06901234567892/10/YS2"
    received = event(1, eventTime="2026-03-01T08:00:00+08:00")
    transformed = {
        "type": "TransformationEvent", "eventID": id_of(2), "eventTime": "2026-03-02T08:00:00+08:00",
        "eventTimeZoneOffset": "+08:00", "inputQuantityList": [{"epcClass": LOT, "quantity": 1, "uom": "KGM"}],
        "outputQuantityList": [{"epcClass": other}], "transformationID": "urn:example:run:7",
        "bizStep": "creating_class_instance",
    }  # fmt: skip
    packed = {
        "type": "AggregationEvent", "eventID": id_of(3), "eventTime": "2026-03-03T08:00:00+08:00",
        "eventTimeZoneOffset": "+08:00", "action": "ADD", "parentID": "https://id.gs1.org/00/106141412345678908",
        "childQuantityList": [{"epcClass": other, "quantity": 1, "uom": "KGM"}], "bizStep": "packing",
        "bizLocation": {"id": "urn:example:hall"},
    }  # fmt: skip
    assert qc.post("epcis/capture", document(received, transformed, packed)).status == 202
    return qc


OTHER = quote("https://id.gs1.org/01/06901234567892/10/YS2", safe="")
QUERIES = [
    ("", [3, 2, 1]),
    ("orderDirection=ASC", [1, 2, 3]),
    ("orderBy=recordTime&orderDirection=ASC", [1, 2, 3]),
    ("eventType=ObjectEvent", [1]),
    ("eventType=ObjectEvent|AggregationEvent", [3, 1]),
    ("GE_eventTime=2026-03-02T00:00:00Z", [3, 2]),
    ("LT_eventTime=2026-03-02T00:00:00Z", [1]),
    ("GE_eventTime=2026-03-02T08:00:00%2B08:00&LT_eventTime=2026-03-03T08:00:00%2B08:00", [2]),
    ("GE_recordTime=2099-01-01T00:00:00Z", []),
    ("EQ_action=ADD", [3]),
    ("EQ_bizStep=receiving", [1]),
    ("EQ_bizStep=urn:epcglobal:cbv:bizstep:receiving", [1]),
    ("EQ_bizStep=https://ref.gs1.org/cbv/BizStep-receiving|packing", [3, 1]),
    ("EQ_disposition=in_progress", [1]),
    ("EQ_readPoint=https://id.gs1.org/414/4012345000115", [1]),
    ("EQ_bizLocation=urn:example:hall", [3]),
    ("EQ_transformationID=urn:example:run:7", [2]),
    (f"EQ_eventID={id_of(2)}", [2]),
    (f"MATCH_anyEPC={BAG}", [1]),
    ("MATCH_anyEPC=https://id.gs1.org/00/106141412345678908", [3]),
    (f"MATCH_anyEPCClass={LOT}", [2, 1]),
    (f"MATCH_inputEPCClass={LOT}", [2]),
    (f"MATCH_outputEPCClass={LOT}", []),
    (f"MATCH_outputEPCClass={OTHER}", [2]),
    (f"MATCH_anyEPCClass={LOT}|{OTHER}&eventType=AggregationEvent", [3]),
    ("EXISTS_errorDeclaration=true", []),
    ("perPage=2", [3, 2]),
]


@pytest.mark.parametrize(("query", "numbers"), QUERIES)
def test_a_filter_finds_its_events(captured, query, numbers):
    assert ids(captured.get(f"epcis/events?{query}")) == [id_of(number) for number in numbers]


@pytest.mark.parametrize("query", [
    "eventType=", "GE_eventTime=yesterday", "EQ_action=PUT", "MATCH_anyEPC=urn:epc:idpat:sgtin:1.*.*", "orderBy=name",
    "orderDirection=UP", "perPage=0", "perPage=501", "perPage=%EF%BC%91", "nextPageToken=x",
    "EXISTS_errorDeclaration=1",     "EQ_surprise=1", "limit=1",
])  # fmt: skip
def test_a_query_that_cannot_be_read_is_400_and_names_the_parameter(captured, query):
    answer = captured.get(f"epcis/events?{query}")
    assert answer.status == 400
    assert answer.json["errors"][0]["pointer"] == f"/{query.partition('=')[0]}"


def test_pages_follow_the_link_until_the_end_and_show_each_event_once(captured):
    seen, url = [], "epcis/events?perPage=1&orderDirection=ASC"
    while url:
        answer = captured.get(url)
        seen += ids(answer)
        link = answer.headers.get("Link", "")
        url = link[1 : link.index(">")].removeprefix("http://testserver") if link else ""
    assert seen == [id_of(1), id_of(2), id_of(3)]


def test_events_of_one_thing_are_found_by_its_encoded_uri(captured):
    assert ids(captured.get(f"epcis/epcs/{quote(LOT, safe='')}/events")) == [id_of(2), id_of(1)]
    assert ids(captured.get(f"epcis/epcs/{quote(BAG, safe='')}/events?eventType=ObjectEvent")) == [id_of(1)]


def test_a_lot_is_found_under_the_gtin_of_any_of_its_packs(qc):
    batch = packed_batch(code="PACK9")
    case = factories.make_trade_item(batch.product, level="case", net_kg=Decimal(10))
    for item in (batch.trade_item, case):
        uri = quote(f"https://id.example.cn/01/{item.gtin}/10/pack9", safe="")
        assert len(ids(qc.get(f"epcis/epcs/{uri}/events"))) == 1


def test_events_of_a_step_and_of_a_type(captured):
    assert ids(captured.get("epcis/bizSteps/packing/events")) == [id_of(3)]
    assert ids(captured.get("epcis/eventTypes/TransformationEvent/events")) == [id_of(2)]
    assert captured.get("epcis/eventTypes/Party/events").status == 404


def test_one_event_comes_with_its_context_and_is_valid(captured):
    answer = captured.get(f"epcis/events/{id_of(1)}")
    assert answer.json["eventID"] == id_of(1)
    assert is_valid(answer.json)
    assert answer.headers["GS1-EPCIS-Version"] == "2.0.0"
    assert captured.get("epcis/events/urn:uuid:none").status == 404


def test_a_reader_sees_what_was_done_just_now(qc):
    batch = packed_batch()
    assert EventDue.objects.exists()
    answer = qc.get(f"epcis/events?MATCH_anyEPCClass={quote(batch_uri(batch), safe='')}")
    assert len(ids(answer)) == 1
    assert not EventDue.objects.exists()


def shipped_trace() -> tuple[Batch, Batch]:
    """(raw, packed): made from it and shipped to a site; and a batch that has nothing to do with them."""
    raw, packed = factories.make_batch(kind="raw", code="RAW1"), packed_batch(code="PACK1")
    factories.make_link(raw, packed)
    customer = factories.make_customer()
    factories.make_shipment(packed, customer, site=factories.make_site(customer))
    factories.make_scan(
        factories.make_user(),
        batch=packed,
        latitude=Decimal("32.06"),
        longitude=Decimal("118.79"),
        datum="WGS-84",
    )
    packed_batch(code="OTHER1")
    return raw, packed


def trace_of(client: ApiClient, code: str, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"epcis/batches/{code}/events{query}")
    assert answer.status == 200
    found = orjson.loads(answer.content)
    assert is_valid(found), found
    return found["epcisBody"]["eventList"]


def test_the_trace_of_a_batch_holds_all_events_of_what_it_reaches_and_no_other(qc):
    raw, packed = shipped_trace()
    events = trace_of(qc, "RAW1", "?direction=forward")
    assert [each["bizStep"] for each in events if "bizStep" in each].count("shipping") == 1
    assert {each["type"] for each in events} == {"ObjectEvent", "TransformationEvent"}
    assert "OTHER1" not in str(events)
    assert len(trace_of(qc, str(packed.pk))) == len(events)
    backward = trace_of(qc, "RAW1", "?direction=backward")
    assert "PACK1" not in str([each for each in backward if each["type"] == "ObjectEvent"])
    assert raw.code in str(backward)


def test_the_trace_asks_for_a_direction_it_knows(qc):
    shipped_trace()
    assert qc.get("epcis/batches/RAW1/events?direction=up").status == 400
    assert qc.get("epcis/batches/NOBODY/events").status == 404


def test_a_trace_tells_how_the_unit_of_the_batch_was_loaded_and_unloaded(qc):
    batch = packed_batch(code="CASE1")
    case, pallet = factories.make_unit((batch, "5"), level="case"), factories.make_unit(level="pallet")
    stay = factories.make_containment(case, pallet)
    stay.valid_to, stay.unloaded_by = clock.now(), stay.loaded_by
    stay.save()
    factories.make_containment(factories.make_unit((packed_batch(), "5"), level="case"), pallet)
    steps = [(each["bizStep"], each["action"]) for each in trace_of(qc, "CASE1")]
    assert steps.count(("packing", "ADD")) == 2 and steps.count(("unpacking", "DELETE")) == 1


def test_who_sees_customers_masked_sees_no_coordinates(qc, sign_in):
    shipped_trace()
    assert "geo:" in str(trace_of(sign_in("director"), "RAW1"))
    for client in (qc, sign_in("auditor")):
        assert "geo:" not in str(trace_of(client, "RAW1"))
        assert client.get("epcis/events?EQ_readPoint=geo:32.060000,118.790000").status == 400


def test_production_sees_events_without_customers_and_places(sign_in):
    _raw, packed = shipped_trace()
    production = sign_in("production")
    everybody = trace_of(sign_in("director"), "RAW1")
    mine = trace_of(production, "RAW1")
    assert len(mine) == len(everybody)
    assert "destinationList" in str(everybody) and "geo:" in str(everybody)
    for secret in ("destinationList", "sourceList", "party", "site", "geo:"):
        assert secret not in str(mine)
    assert production.get("epcis/events?EQ_readPoint=geo:32.060000,118.790000").status == 400
    shown = production.get(f"epcis/epcs/{quote(batch_uri(packed), safe='')}/events")
    assert "destinationList" not in shown.content.decode() and ids(shown)


def test_everything_we_emit_is_valid_with_formats_on(qc):
    shipped_trace()
    factories.make_reading(batch=Batch.objects.get(code="PACK1"))
    events = trace_of(qc, "PACK1")
    assert any("sensorElementList" in each for each in events)
    page = qc.get("epcis/events?perPage=500")
    assert {each["eventID"] for each in events} <= set(ids(page))
    assert TraceEvent.objects.count() == len(ids(page))
