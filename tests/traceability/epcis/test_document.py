"""The official schema with formats on sees shapes; our rules see sense; together they see every planted fault."""

import hashlib
import json
import re
from typing import Any

import jsonschema
import pytest

from tests.traceability.epcis.samples import BAG, LOT, document, event
from traceability.epcis.document import SCHEMA, document_faults, is_valid, validator
from traceability.epcis.identifier import identifier_fault, spelled
from traceability.epcis.sensor import measure_of, unit_fault

PLANTED = {
    # what the schema sees without formats
    "unknown step": (event(bizStep="cooking"), True),
    "unknown action": (event(action="PUT"), True),
    "offset of one digit": (event(eventTimeZoneOffset="8:00"), True),
    "unknown measurement": (event(sensorElementList=[{"sensorReport": [{"type": "Salinity"}]}]), True),
    "no goods at all": (event(epcList=None, quantityList=None, sensorElementList=None), True),
    # what it sees with formats only
    "no URI": (event(readPoint={"id": "the yard"}), True),
    "no such day": (event(eventTime="2026-02-30T08:00:00+08:00"), True),
    "time without zone": (event(eventTime="2026-03-01T08:00:00"), True),
    "a blank in a lot": (event(quantityList=[{"epcClass": LOT + " 1"}]), True),
    "unknown member": (event(weather="rain"), True),
    "raw Chinese in a URI": (event(epcList=[LOT.replace("YS1", "盐1")]), True),
    # what only our rules see
    "check digit": (event(epcList=[BAG.replace("67892", "67891")]), False),
    "negative quantity": (event(quantityList=[{"epcClass": LOT, "quantity": -1, "uom": "KGM"}]), False),
    "zone against time": (event(eventTimeZoneOffset="+02:00"), False),
    "temperature in g/L": (
        event(sensorElementList=[{"sensorReport": [{"type": "Temperature", "value": 1, "uom": "GL"}]}]), False,
    ),
    "fraction without unit": (event(quantityList=[{"epcClass": LOT, "quantity": 1.5}]), False),
    "SSCC of 17 digits in a URN": (event(epcList=["urn:epc:id:sscc:0614141.123456789"]), False),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_every_planted_fault_is_found(name):
    broken, by_schema = PLANTED[name]
    assert is_valid(document(broken)) is not by_schema
    assert document_faults(document(broken))


def test_a_document_without_a_fault_has_none():
    assert document_faults(document(event(1), event(2))) == {}


@pytest.mark.parametrize("name", PLANTED)
def test_the_quick_validator_and_the_usual_one_agree(name):
    slow = jsonschema.Draft7Validator(
        json.loads(SCHEMA.read_text(encoding="utf-8")),
        format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER,
    )
    body = document(PLANTED[name][0])
    assert slow.is_valid(body) == validator().is_valid(body)


def test_the_schema_is_the_published_one_and_its_licence_lies_beside_it():
    notice = SCHEMA.with_name("NOTICE").read_text(encoding="utf-8")
    digest = re.search(r"sha256 ([0-9a-f]{64})", notice)
    assert digest and hashlib.sha256(SCHEMA.read_bytes()).hexdigest() == digest[1]
    assert "Apache License" in SCHEMA.with_name("LICENSE").read_text(encoding="utf-8")


@pytest.mark.parametrize(("uri", "fault"), [
    (LOT, None), (BAG, None), ("https://id.gs1.org/414/4012345000115", None),
    ("https://id.gs1.org/00/106141412345678908", None),
    ("https://id.gs1.org/00/106141412345678907", "bad_check_digit"), ("https://id.gs1.org/hello", "bad_identifier"),
    ("https://example.com/01/06901234567890/10/A", "bad_check_digit"), ("https://example.com/01/7", None),
    ("urn:epc:id:sgtin:0614141.107346.2017", None), ("urn:epc:id:sgtin:0614141.10734.2017", "bad_identifier"),
    ("urn:epc:class:lgtin:4012345.012345.998877", None), ("urn:epc:id:sgln:0614141.07346.0", None),
    ("urn:epc:id:sscc:061414.112345678", "bad_identifier"), ("urn:epc:id:giai:anything", None), ("urn:uuid:x", None),
    ("geo:1,2", None),
])  # fmt: skip
def test_keys_are_checked_and_other_names_left_alone(uri, fault):
    assert identifier_fault(uri) == fault


def test_two_spellings_of_one_address_are_one():
    assert (
        spelled("HTTPS://ID.gs1.ORG/01/06901234567892/10/A%2db%2f1")
        == "https://id.gs1.org/01/06901234567892/10/A-b%2F1"
    )


@pytest.mark.parametrize(("parameter", "unit", "type", "uom"), [
    ("salinity", "g/L", "MassConcentration", "GL"), ("salinity", "mg/L", "MassConcentration", "M1"),
    ("salinity", "kg/m³", "MassConcentration", "KMQ"), ("salinity", "‰", "Dimensionless", "NX"),
    ("salinity", "g/kg", "Dimensionless", "GK"), ("nacl", "%", "Dimensionless", "P1"),
    ("moisture", "%", "Dimensionless", "P1"), ("moisture", "g/100g", "Dimensionless", "P1"),
    ("iodine", "mg/kg", "Dimensionless", "NA"), ("temperature", "°C", "Temperature", "CEL"),
    ("conductivity", "mS/cm", "Conductivity", "H61"), ("conductivity", "S/m", "Conductivity", "D10"),
    ("relative_humidity", "%RH", "RelativeHumidity", "P1"),
])  # fmt: skip
def test_a_measure_has_a_type_and_a_unit_that_belong_together(parameter, unit, type, uom):
    measure = measure_of(parameter, unit=unit)
    assert measure is not None and (measure.type, measure.uom) == (type, uom)
    assert unit_fault(type, uom) is None


@pytest.mark.parametrize(("type", "uom", "fault"), [
    ("Temperature", "GL", "unit_of_other_quantity"), ("Temperature", "KGM", "unit_of_other_quantity"),
    ("MassConcentration", "CEL", "unit_of_other_quantity"), ("Dimensionless", "D10", "unit_of_other_quantity"),
    ("Temperature", "XYZ", "unit_of_other_quantity"), ("Torque", "NU", None), ("Temperature", "kelvin", "unit_unknown"),
    ("https://example.com/Salinity", "anything", None),
])  # fmt: skip
def test_a_unit_of_another_quantity_is_a_fault(type, uom, fault):
    assert unit_fault(type, uom) == fault


def test_everything_is_checked_whatever_stands_in_an_extension():
    body: Any = document(event(**{"ex:list": [{"deep": [1, 2, {"x": None}]}]}))
    assert document_faults(body) == {}
