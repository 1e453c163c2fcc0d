"""The register over HTTP."""

from datetime import timedelta

import pytest

from backend.core import clock
from fieldservice.instrument.models import Calibration, Instrument
from tests import factories

METER = {
    "serial_no": "SM-001",
    "kind": "salinity_meter",
    "model_name": "SX-2",
    "parameter": "nacl",
    "unit": "%",
    "range_low": "0",
    "range_high": "10",
    "resolution": "0.01",
    "accuracy_pct": "2",
}


def certificate(**changes: object) -> dict[str, object]:
    today = clock.today()
    return {
        "kind": "calibration",
        "done_on": today - timedelta(days=3),
        "due_on": today + timedelta(days=362),
        "certificate_no": "C-1",
        "expanded_u": "0.02",
        "result": "pass",
        **changes,
    }


def test_registered_instrument_has_no_calibration_until_one_is_recorded(sign_in):
    qc = sign_in("qc")
    made = qc.post("instruments", METER)
    assert made.status == 201 and made.json["calibration_state"] == "none"
    address = f"instruments/{made.json['id']}"
    assert qc.post(f"{address}/calibrations", certificate()).status == 201
    shown = sign_in("technician").get(address).json
    assert shown["calibration_state"] == "in_date"
    assert shown["calibration_due_on"] == str(clock.today() + timedelta(days=362))
    assert shown["resolution"] == "0.01"


def test_failed_calibration_shows_as_failed(sign_in):
    qc = sign_in("qc")
    instrument = factories.make_instrument()
    qc.post(f"instruments/{instrument.pk}/calibrations", certificate(result="fail", done_on=clock.today()))
    assert qc.get(f"instruments/{instrument.pk}").json["calibration_state"] == "failed"


def test_calibrations_are_listed_newest_first(sign_in):
    qc = sign_in("qc")
    instrument = factories.make_instrument(due_in_days=10)
    qc.post(f"instruments/{instrument.pk}/calibrations", certificate(certificate_no="C-2"))
    rows = qc.get(f"instruments/{instrument.pk}/calibrations").json["items"]
    assert rows[0]["certificate_no"] == "C-2" and len(rows) == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"unit": "PSU"}, "incompatible_unit"),
        ({"unit": "bushel"}, "unknown_unit"),
        ({"unit": "mS/cm"}, "incompatible_unit"),
        ({"parameter": "moisture"}, "invalid_input"),
        ({"range_high": "0"}, "invalid_input"),
        ({"resolution": "0"}, "invalid_input"),
        ({"accuracy_pct": "0"}, "invalid_input"),
        ({"accuracy_pct": "101"}, "invalid_input"),
        ({"holder": "018f0000-0000-7000-8000-000000000009"}, "invalid_input"),
    ],
)
def test_wrong_instrument_is_refused_and_nothing_is_kept(sign_in, change, code):
    answer = sign_in("qc").post("instruments", METER | change)
    assert answer.status == 400 and answer.code == code and answer.json["errors"][0]["pointer"]
    assert not Instrument.objects.exists()


def test_serial_number_is_taken_once(sign_in):
    qc = sign_in("qc")
    qc.post("instruments", METER)
    assert qc.post("instruments", METER).code == "serial_no_taken"
    assert Instrument.objects.count() == 1


@pytest.mark.parametrize("days", [(1, 300), (-3, -3)])
def test_calibration_with_impossible_dates_is_refused(sign_in, days):
    instrument = factories.make_instrument(due_in_days=None)
    done, due = (clock.today() + timedelta(days=number) for number in days)
    body = certificate(done_on=done, due_on=due)
    assert sign_in("qc").post(f"instruments/{instrument.pk}/calibrations", body).status == 400
    assert not Calibration.objects.exists()


def test_certificate_wider_than_the_range_is_refused(sign_in):
    instrument = factories.make_instrument(due_in_days=None)
    body = certificate(expanded_u="100.01")
    assert sign_in("qc").post(f"instruments/{instrument.pk}/calibrations", body).status == 400
    assert not Calibration.objects.exists()


def test_instrument_is_handed_over_and_taken_out_of_use(sign_in):
    qc, technician = sign_in("qc"), sign_in("technician")
    instrument = factories.make_instrument()
    answer = qc.patch(f"instruments/{instrument.pk}", {"holder": technician.user.pk, "is_active": False})
    assert answer.status == 200 and answer.json["holder"]["id"] == str(technician.user.pk)
    assert not qc.get("instruments?is_active=true").json["items"]
    assert len(qc.get(f"instruments?holder={technician.user.pk}").json["items"]) == 1


def test_fit_instruments_are_in_use_and_in_calibration_today(sign_in):
    fit = factories.make_instrument()
    factories.make_instrument(due_in_days=-1)
    factories.make_instrument(due_in_days=None)
    factories.make_instrument(is_active=False)
    technician = sign_in("technician")
    assert [row["id"] for row in technician.get("instruments?fit=true").json["items"]] == [str(fit.pk)]
    assert len(technician.get("instruments?fit=false").json["items"]) == 3


def test_only_qc_manages_instruments(sign_in):
    technician = sign_in("technician")
    instrument = factories.make_instrument()
    assert technician.post("instruments", METER).status == 403
    assert technician.patch(f"instruments/{instrument.pk}", {"is_active": False}).status == 403
    assert technician.post(f"instruments/{instrument.pk}/calibrations", certificate()).status == 403
    instrument.refresh_from_db()
    assert instrument.is_active and Instrument.objects.count() == 1 and Calibration.objects.count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_list_costs_the_same_queries_for_one_and_three(sign_in, django_assert_num_queries, count):
    qc = sign_in("qc")
    for _ in range(count):
        factories.make_instrument(holder=qc.user)
    with django_assert_num_queries(3):
        assert len(qc.get("instruments").json["items"]) == count
    instrument = Instrument.objects.get() if count == 1 else Instrument.objects.first()
    with django_assert_num_queries(4):
        qc.get(f"instruments/{instrument.pk}/calibrations")
