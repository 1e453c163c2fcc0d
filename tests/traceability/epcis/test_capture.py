"""Documents of others: stored once, refused with the JSON path, and never believed by our own tables."""

from typing import Any

import orjson
import pytest

from backend.core.strict import MAX_BODY_BYTES
from tests import factories
from tests.client import Answer, ApiClient
from tests.traceability.epcis.samples import BAG, LOT, document, event
from traceability.batch.models import Batch
from traceability.epcis.models import CaptureJob, TraceEvent
from traceability.epcis.services import append_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def qc(sign_in) -> ApiClient:
    return sign_in("qc")


def capture(client: ApiClient, body: Any, **headers: str) -> Answer:
    return client.post("epcis/capture", body, **headers)


def stored() -> int:
    return TraceEvent.objects.count() + CaptureJob.objects.count()


def test_a_document_is_captured_and_its_job_tells_so(qc):
    answer = capture(qc, document(event(1), event(2)))
    assert answer.status == 202
    assert answer.headers["GS1-EPCIS-Version"] == "2.0.0"
    assert answer.headers["GS1-CBV-Version"] == "2.0.0"
    assert answer.headers["GS1-EPCIS-Capture-Limit"] == "500"
    assert answer.headers["GS1-EPCIS-Capture-File-Size-Limit"] == str(MAX_BODY_BYTES)
    assert answer.headers["GS1-Capture-Error-Behaviour"] == "rollback"
    job = qc.get(answer.headers["Location"])
    assert job.status == 200
    assert (job.json["success"], job.json["running"], job.json["stored_count"], job.json["errors"]) == (
        True, False, 2, [],
    )  # fmt: skip
    assert TraceEvent.objects.filter(source="captured").count() == 2


def test_the_same_document_again_stores_nothing_twice(qc):
    capture(qc, document(event(1), event(2, eventID=None)))
    again = capture(qc, document(event(1), event(2, eventID=None)))
    assert (again.status, again.json["stored_count"], again.json["repeated_count"]) == (202, 0, 2)
    assert TraceEvent.objects.count() == 2


def test_an_event_without_id_gets_one_of_its_content(qc):
    capture(qc, document(event(1, eventID=None)))
    one = TraceEvent.objects.get()
    assert one.event_id.startswith("urn:uuid:") and one.body["eventID"] == one.event_id


def test_an_event_id_with_other_content_is_refused(qc):
    capture(qc, document(event(1)))
    before = stored()
    answer = capture(qc, document(event(2), event(1, bizStep="shipping")))
    assert (answer.status, answer.code) == (409, "event_id_reuse")
    assert answer.json["errors"][0]["pointer"] == "/epcisBody/eventList/1/eventID"
    assert stored() == before


def test_proceed_stores_the_good_ones_and_names_the_others(qc):
    body = document(event(1), event(2, bizStep="cooking"), event(3), event(4, quantityList=[
        {"epcClass": LOT, "quantity": -1, "uom": "KGM"}]))  # fmt: skip
    answer = capture(qc, body, GS1_Capture_Error_Behaviour="proceed")
    assert (answer.status, answer.headers["GS1-Capture-Error-Behaviour"]) == (202, "proceed")
    assert (answer.json["success"], answer.json["stored_count"]) == (False, 2)
    assert [(each["path"], each["code"]) for each in answer.json["errors"]] == [
        ("/epcisBody/eventList/1/bizStep", "schema"),
        ("/epcisBody/eventList/3/quantityList/0/quantity", "negative_quantity"),
    ]


def test_unknown_error_behaviour_is_refused(qc):
    answer = capture(qc, document(), GS1_Capture_Error_Behaviour="perhaps")
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, "/GS1-Capture-Error-Behaviour")
    assert stored() == 0


def broken(path: str, **changes: Any) -> Any:
    return pytest.param(
        document(event(1), event(2, **changes)), f"/epcisBody/eventList/1{path}", id=path + str(changes)[:60]
    )


def lot(**changes: Any) -> list[dict[str, Any]]:
    return [{"epcClass": LOT, "quantity": 1, "uom": "KGM"} | changes]


def sensor(**changes: Any) -> list[dict[str, Any]]:
    return [{"sensorReport": [{"type": "Temperature", "value": 1, "uom": "CEL"} | changes]}]


INVALID = [
    pytest.param(document(schemaVersion=None), "", id="no schema version"),
    pytest.param(document(creationDate="yesterday"), "/creationDate", id="creation date"),
    pytest.param(document(epcisBody=None), "", id="no body"),
    pytest.param(document(type="EPCISQueryDocument", epcisBody={"queryResults": {
        "queryName": "x", "resultsBody": {"eventList": []}}}), "/type", id="a query document"),
    broken("", eventTime=None),
    broken("/eventTime", eventTime="2026-02-30T08:00:00+08:00"),
    broken("/eventTime", eventTime="2026-03-01T08:00:00"),
    broken("/eventTimeZoneOffset", eventTimeZoneOffset="8"),
    broken("/eventTimeZoneOffset", eventTimeZoneOffset="+02:00"),
    broken("/action", action="PUT"),
    broken("/bizStep", bizStep="cooking"),
    broken("/disposition", disposition="tasty"),
    broken("/weather", weather="rain"),
    broken("/quantityList/0/epcClass", quantityList=lot(epcClass="no uri at all")),
    broken("/quantityList/0/epcClass", quantityList=lot(epcClass=LOT.replace("7892", "7890"))),
    broken("/quantityList/0/quantity", quantityList=lot(quantity="12")),
    broken("/quantityList/0/quantity", quantityList=lot(quantity=-1)),
    broken("/quantityList/0/uom", quantityList=lot(uom="kilogram")),
    broken("/epcList/0", epcList=["https://id.gs1.org/00/106141412345678907"]),
    broken("/epcList/0", epcList=["urn:epc:id:sgtin:0614141.1.2017"]),
    broken("/sensorElementList/0/sensorReport/0/type", sensorElementList=sensor(type="Salinity")),
    broken("/sensorElementList/0/sensorReport/0/uom", sensorElementList=sensor(uom="GL")),
    broken("/readPoint/id", readPoint={"id": "somewhere"}),
]  # fmt: skip


@pytest.mark.parametrize(("body", "path"), INVALID)
def test_an_invalid_document_is_400_with_the_json_path_and_nothing_is_stored(qc, body, path):
    answer = capture(qc, body)
    assert (answer.status, answer.code) == (400, "invalid_epcis")
    assert path in [error["pointer"] for error in answer.json["errors"]]
    assert stored() == 0


def test_too_large_a_body_and_too_many_events_are_413(qc):
    large = document(event(1, **{"ex:note": "x" * MAX_BODY_BYTES}))
    assert capture(qc, large).status == 413
    many = document(*(event(number) for number in range(501)))
    answer = capture(qc, many)
    assert (answer.status, answer.code, answer.json["limit"]) == (413, "too_many_events", 500)
    assert stored() == 0


def test_extensions_and_their_context_are_kept(qc):
    capture(qc, document(event(1, **{"ex:driver": {"ex:badge": 7}})))
    body = qc.get("epcis/events").json["epcisBody"]["queryResults"]["resultsBody"]["eventList"][0]
    assert body["ex:driver"] == {"ex:badge": 7}
    assert body["@context"] == [{"ex": "https://example.com/ns/"}]


def test_an_event_type_of_their_own_is_taken_whatever_its_members_hold(qc):
    strange = event(1, type="ex:Tasting", epcList=7, quantityList="x", readPoint=[1])
    strange = {"type": "ex:Tasting", **{k: strange[k] for k in ("eventTime", "eventTimeZoneOffset")}}
    answer = capture(qc, document(strange | {"ex:epcList": 7}))
    assert answer.status == 202, answer.json


def test_json_ld_is_taken_as_json(qc):
    answer = qc.request(
        "POST", "epcis/capture", body=orjson.dumps(document()), content_type="application/ld+json"
    )
    assert answer.status == 202


def test_a_declaration_of_a_captured_event_is_linked_to_it(qc):
    capture(qc, document(event(1)))
    wrong = {"declarationTime": "2026-03-02T08:00:00Z", "reason": "incorrect_data",
             "correctiveEventIDs": ["urn:uuid:018f0000-0000-7000-8000-000000000002"]}  # fmt: skip
    capture(qc, document(event(1, errorDeclaration=wrong), event(2)))
    first = TraceEvent.objects.get(event_id=event(1)["eventID"], is_declaration=False)
    assert first.declaration.body["errorDeclaration"] == wrong
    shown = qc.get(f"epcis/events/{event(1)['eventID']}")
    assert shown.json["errorDeclaration"]["reason"] == "incorrect_data"


def test_nobody_else_declares_an_event_of_ours_wrong(qc):
    batch = factories.make_batch(status="quarantine")
    append_all()
    ours = TraceEvent.objects.get(source="batch", source_id=batch.pk)
    body = {name: value for name, value in ours.body.items() if name != "recordTime"}
    body["errorDeclaration"] = {"declarationTime": "2026-03-02T08:00:00Z", "reason": "did_not_occur"}
    before = stored()
    answer = capture(qc, document(body))
    assert (answer.status, answer.code) == (409, "event_id_reuse")
    assert stored() == before


def test_facts_of_others_change_nothing_of_ours(qc):
    item = factories.make_trade_item()
    batch = factories.make_batch(item.product, trade_item=item, code="YS9")
    before = Batch.objects.values().get(pk=batch.pk)
    destroyed = event(1, action="DELETE", bizStep="destroying", disposition="destroyed", epcList=None,
                      quantityList=lot(epcClass=f"https://id.gs1.org/01/{item.gtin}/10/YS9"))  # fmt: skip
    assert capture(qc, document(destroyed)).status == 202
    append_all()
    assert Batch.objects.values().get(pk=batch.pk) == before


def test_one_event_comes_alone_and_twice_is_once(qc):
    body = {"@context": document()["@context"], **event(1)}
    first, again = qc.post("epcis/events", body), qc.post("epcis/events", body)
    assert (first.status, again.status) == (201, 201)
    assert qc.get(first.headers["Location"]).json["eventID"] == event(1)["eventID"]
    assert TraceEvent.objects.count() == 1


def test_one_event_that_is_wrong_names_the_path(qc):
    answer = qc.post("epcis/events", {"@context": document()["@context"], **event(1, bizStep="cooking")})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (400, "/bizStep")
    assert stored() == 0


@pytest.mark.parametrize("number", [b"0.12345678901234567890123", b"1e40", b"-1e30"])
def test_numbers_a_double_cannot_keep_are_refused(qc, number):
    body = orjson.dumps(document(event(1))).replace(b"12.5", number)
    answer = qc.request("POST", "epcis/capture", body=body)
    assert answer.status == 400
    assert {"pointer": "/epcisBody/eventList/0/quantityList/0/quantity", "code": "too_precise",
            "detail": "The number has more digits than a JSON number keeps."} in answer.json["errors"]  # fmt: skip
    assert stored() == 0


@pytest.mark.parametrize("number", [b"1e16", b"1e-30", b"9007199254740993", b"0.1"])
def test_other_numbers_come_back_as_they_were(qc, number):
    body = orjson.dumps(document(event(1))).replace(b"12.5", number)
    assert qc.request("POST", "epcis/capture", body=body).status == 202
    shown = qc.get("epcis/events").json["epcisBody"]["queryResults"]["resultsBody"]["eventList"][0]
    assert shown["quantityList"][0]["quantity"] == orjson.loads(number)


def test_production_sees_no_captured_event(qc, sign_in):
    capture(qc, document(event(1)))
    production = sign_in("production")
    assert production.get(f"epcis/events/{event(1)['eventID']}").status == 404
    assert BAG not in production.get("epcis/events").content.decode()
