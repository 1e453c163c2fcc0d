"""Readings over HTTP: judged by the limit of their day, corrected by a new row, waived by QC."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django_q.models import OrmQ

from backend.core import clock
from backend.core.ids import uuid7
from fieldservice.instrument.models import Calibration
from fieldservice.reading.models import Reading, Waiver
from tests import factories
from tests.fieldwork import moisture, walk

MAY = datetime(2026, 5, 1, 0, 30, tzinfo=clock.FACTORY_ZONE)


class Site:
    """A technician on a visit, a batch with a limit, an instrument in calibration."""

    def __init__(self, sign_in, **meter):
        self.phone = sign_in("technician")
        self.limit = factories.make_limit()
        self.batch = factories.make_batch()
        self.visit = factories.make_visit(self.phone.user)
        self.meter = factories.make_instrument(**meter)

    def body(self, *values, **fields):
        read = {"replicates": list(values) or ["0.20"]}
        return moisture(self.visit, batch=self.batch, instrument=self.meter) | read | fields

    def measure(self, *values, **fields):
        answer = self.phone.post("readings", self.body(*values, **fields))
        assert answer.status == 201, answer.json
        return answer.json

    def measure_then(self, *values, at, **headers):
        """Measured at `at`, sent now by a phone that says its clock."""
        sent_at = {"X_Sent_At": clock.now().isoformat()} | headers
        answer = self.phone.post("readings", self.body(*values, made_at=at.isoformat()), **sent_at)
        assert answer.status == 201, answer.json
        return answer.json

    def plan_back(self, *, to):
        """The visit of an earlier day, about a batch of the day before."""
        self.visit.planned_on, self.batch.produced_on = to, to - timedelta(days=1)
        self.visit.save()
        self.batch.save()

    def correct(self, client, reading, *values, **fields):
        body = self.body(*values, **fields) | {"reason": "抄错"}
        for name in ("made_at", "visit"):
            body.pop(name)
        return client.post(f"readings/{reading['id']}/supersede", body)


@pytest.fixture
def site(sign_in):
    return Site(sign_in)


def events():
    return [row.task["kwargs"] for row in OrmQ.objects.all() if "case" in row.task["func"]]


# --- recording


def test_answer_shows_all_a_verdict_rests_on(site):
    shown = site.measure("2.0", "2.1", "2.1", unit="g/kg")
    assert shown["replicates"] == ["2", "2.1", "2.1"] and shown["unit"] == "g/kg"
    assert shown["mean"] == "2.066667"
    assert (shown["value"], shown["value_unit"]) == ("0.206667", "g/100g")
    assert shown["verdict"] == "pass" and shown["verdict_text"].startswith("Conforms")
    assert shown["limit"]["id"] == str(site.limit.pk)
    assert (shown["limit"]["standard"], shown["limit"]["edition"]) == ("GB/T 5461", "2016")
    assert (shown["limit"]["high"], shown["limit"]["basis"]) == ("0.3", "wet")
    assert shown["k"] == 2 and Decimal(shown["expanded_u"]) > 0 and shown["p_conform"] == "1.0000"
    assert shown["decision_rule"] == "ILAC-G8:09/2019 4.2.3" and shown["reasons"] == []
    assert shown["is_evidence"] and shown["is_current"] and not shown["late"]
    assert shown["instrument"]["serial_no"] == site.meter.serial_no and shown["calibration"]["due_on"]


def test_words_follow_the_language_and_codes_do_not(site):
    reading = site.measure("0.20", drying_temp_c=None)
    chinese = site.phone.get(f"readings/{reading['id']}", Accept_Language="zh-CN").json
    english = site.phone.get(f"readings/{reading['id']}", Accept_Language="en").json
    assert chinese["reasons"][0]["code"] == english["reasons"][0]["code"] == "drying_temperature_missing"
    assert english["reasons"][0]["text"] == "The drying temperature was not stated."
    assert english["next_steps"][0]["code"] == "dry_at_method_temperature"


@pytest.mark.parametrize(
    "replicates", [[], [""], ["dry"], ["NaN"], [None], [True], ["0,20"], ["0.2"] * 21, "0.2"]
)
def test_empty_or_text_values_are_refused_and_never_pass(site, replicates):
    answer = site.phone.post("readings", site.body() | {"replicates": replicates})
    assert answer.status == 400 and answer.json["errors"][0]["pointer"].startswith("/replicates")
    assert not Reading.objects.exists()


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"replicates": ["0.20", "100.01"]}, "outside_range", "/replicates/1"),
        ({"replicates": ["-0.01"]}, "outside_range", "/replicates/0"),
        ({"replicates": ["0.205"]}, "finer_than_resolution", "/replicates/0"),
        ({"unit": "PSU"}, "incompatible_unit", "/unit"),
        ({"unit": "bushel"}, "unknown_unit", "/unit"),
        ({"basis": "solution"}, "invalid_input", "/basis"),
        ({"batch": str(uuid7())}, "invalid_input", "/batch"),
        ({"visit": str(uuid7())}, "invalid_input", "/visit"),
        ({"instrument": str(uuid7())}, "invalid_input", "/instrument"),
        ({"verdict": "pass"}, "invalid_input", "/verdict"),
        ({"moisture_pct": "100"}, "invalid_input", "/moisture_pct"),
        ({"sample_g": "10"}, "invalid_input", "/solution_g"),
    ],
)
def test_what_cannot_have_been_read_is_refused(site, change, code, pointer):
    answer = site.phone.post("readings", site.body() | change)
    assert answer.status == 400 and answer.code == code
    assert answer.json["errors"][0]["pointer"] == pointer
    assert not Reading.objects.exists() and not events()


def test_limit_of_the_day_judges_and_its_version_is_kept(site):
    factories.make_limit(high=Decimal("0.15"), valid_from=date(2026, 5, 1))
    site.limit.valid_to = date(2026, 5, 1)
    site.limit.save()
    Calibration.objects.create(
        instrument=site.meter, kind="calibration", done_on=date(2026, 1, 1), due_on=date(2027, 1, 1),
        certificate_no="C", expanded_u=Decimal("0.02"), result="pass",
        recorded_by=site.phone.user, recorded_at=clock.now(),
    )  # fmt: skip
    # 30 April in Shanghai is still 30 April, whatever UTC says.
    site.plan_back(to=MAY.date() - timedelta(days=1))
    before = site.measure_then("0.20", at=MAY - timedelta(hours=1))
    after = site.measure_then("0.20", at=MAY)
    assert (before["verdict"], before["limit"]["id"]) == ("pass", str(site.limit.pk))
    assert after["verdict"] == "fail" and after["limit"]["high"] == "0.15"


def test_only_unconfirmed_limits_decide_nothing(site):
    site.limit.needs_confirmation = True
    site.limit.save()
    shown = site.measure("0.20")
    assert shown["verdict"] == "inconclusive" and shown["limit"] is None
    assert [reason["code"] for reason in shown["reasons"]] == ["limit_unconfirmed"]
    other = factories.make_batch(factories.make_product(limit_key="", limit_grade=""))
    assert site.measure("0.20", batch=other.pk)["reasons"][0]["code"] == "no_limit"


@pytest.mark.parametrize(
    ("meter", "reason"),
    [
        ({"due_in_days": -1}, "instrument_out_of_calibration"),
        ({"due_in_days": None}, "instrument_not_calibrated"),
        ({"is_active": False}, "instrument_inactive"),
        ({"kind": "nir_moisture_meter"}, "product_curve_missing"),
        ({"kind": "salinity_meter", "parameter": "nacl"}, "instrument_wrong_parameter"),
    ],
)
def test_reading_of_an_unfit_instrument_is_kept_and_decides_nothing(sign_in, meter, reason):
    site = Site(sign_in, **meter)
    shown = site.measure("0.90")
    assert shown["verdict"] == "inconclusive" and shown["is_evidential"] is False
    assert reason in [each["code"] for each in shown["reasons"]] and shown["p_conform"] is None
    assert not events()


def test_reading_without_an_instrument_is_kept_and_decides_nothing(site):
    shown = site.measure("0.20", instrument=None)
    assert shown["verdict"] == "inconclusive" and shown["reasons"][0]["code"] == "no_instrument"


def test_replicates_that_disagree_decide_nothing_and_are_all_kept(site):
    shown = site.measure("0.20", "0.35")
    assert shown["verdict"] == "inconclusive" and shown["replicates"] == ["0.2", "0.35"]
    assert shown["next_steps"][0]["code"] == "repeat_measurement"


def test_field_salinity_screens_and_sets_nothing_off(sign_in):
    site = Site(
        sign_in, kind="salinity_meter", parameter="nacl", range_high=Decimal(10), resolution=Decimal("0.001"),
        accuracy_abs=Decimal(0), accuracy_pct=Decimal(2),
    )  # fmt: skip
    factories.make_limit(parameter="nacl", kind="min", low=Decimal("99.1"), high=None)
    read = {"parameter": "nacl", "drying_temp_c": None, "sample_g": "10", "solution_g": "1000"}
    assert site.measure("0.995", **read)["verdict"] == "consistent"
    suspicious = site.measure("0.985", **read)
    assert suspicious["verdict"] == "suspicious" and suspicious["value"] == "98.5"
    assert [step["code"] for step in suspicious["next_steps"]] == ["seal_sample_for_lab"]
    gross = site.measure("0.900", **read)
    assert gross["verdict"] == "gross_deviation" and gross["is_evidence"] is False
    assert not events()


@pytest.mark.parametrize(("value", "verdict", "count"), [("0.20", "pass", 0), ("0.32", "conditional_fail", 1),
                                                         ("0.55", "fail", 1)])  # fmt: skip
def test_reading_out_of_spec_is_told_in_its_own_transaction(site, value, verdict, count):
    shown = site.measure(value)
    assert shown["verdict"] == verdict
    assert events() == [{"reading_id": shown["id"]}] * count


def test_same_reading_sent_again_is_one(site):
    body = site.body("0.55")
    first, again = site.phone.post("readings", body), site.phone.post("readings", body)
    assert first.json == again.json and Reading.objects.count() == 1 and len(events()) == 1
    other = site.phone.post("readings", body | {"replicates": ["0.10"]})
    assert other.code == "id_reuse" and Reading.objects.count() == 1


def test_reading_hangs_its_batch_on_the_visit(site, sign_in):
    qc = sign_in("qc")
    assert qc.get(f"visits/{site.visit.pk}").status == 404
    site.measure()
    assert [row["id"] for row in qc.get(f"visits/{site.visit.pk}").json["batches"]] == [str(site.batch.pk)]


# --- late and out of order


def test_reading_may_arrive_before_the_check_in_and_after_the_end(site):
    early = site.measure()
    assert early["late"] is False
    made_at = clock.now().isoformat()
    walk(site.phone, site.visit)
    late = site.measure("0.21", made_at=made_at)
    assert late["late"] is True and late["is_evidence"] is True
    answer = site.phone.post("readings", site.body())
    assert answer.status == 409 and answer.code == "visit_ended"
    assert Reading.objects.count() == 2


def test_reading_made_before_the_visit_was_called_off_is_kept(site, sign_in):
    made_at = clock.now().isoformat()
    sign_in("clerk").post(f"visits/{site.visit.pk}/cancel", {"reason": "改期"})
    assert site.measure(made_at=made_at)["late"] is True


# --- a time that cannot be, or that nothing proves


def decides_nothing(shown, reason):
    codes = [each["code"] for each in shown["reasons"]]
    assert shown["verdict"] == "inconclusive" and codes == [reason] and shown["reasons"][0]["text"]
    assert shown["is_evidential"] is False and shown["is_evidence"] is False and shown["p_conform"] is None
    assert shown["next_steps"][0]["code"] == "repeat_measurement" and not events()
    return True


def test_reading_dated_before_the_batch_was_produced_is_kept_and_decides_nothing(site):
    site.plan_back(to=clock.today() - timedelta(days=9))
    site.batch.produced_on = clock.today() - timedelta(days=3)
    site.batch.save()
    shown = site.measure_then("0.55", at=clock.now() - timedelta(days=4))
    assert decides_nothing(shown, "before_production")
    assert site.measure_then("0.20", at=clock.now() - timedelta(days=3))["verdict"] == "pass"


def test_reading_dated_before_the_check_in_is_kept_and_decides_nothing(site):
    site.plan_back(to=clock.today() - timedelta(days=2))
    walk(site.phone, site.visit, upto="checked_in")
    assert site.measure_then("0.20", at=clock.now() - timedelta(minutes=14))["verdict"] == "pass"
    assert decides_nothing(site.measure_then("0.20", at=clock.now() - timedelta(minutes=17)), "before_visit")


def test_reading_dated_before_the_planned_day_without_a_check_in_decides_nothing(site):
    shown = site.measure_then("0.20", at=clock.now() - timedelta(days=1))
    assert decides_nothing(shown, "before_visit")
    assert Reading.objects.get().replicates.count() == 1


def test_old_reading_of_a_phone_that_does_not_say_its_clock_decides_nothing(site):
    site.plan_back(to=clock.today() - timedelta(days=2))
    shown = site.measure("0.20", made_at=(clock.now() - timedelta(hours=2)).isoformat())
    assert decides_nothing(shown, "time_unproven") and shown["clock_suspect"] is True
    assert (
        site.measure("0.20", made_at=(clock.now() - timedelta(minutes=50)).isoformat())["verdict"] == "pass"
    )
    assert site.measure_then("0.20", at=clock.now() - timedelta(hours=2))["verdict"] == "pass"


def test_neither_a_correction_nor_qc_heals_a_time_nothing_proves(sign_in):
    site, qc = Site(sign_in, due_in_days=-1), sign_in("qc")
    site.plan_back(to=clock.today() - timedelta(days=2))
    wrong = site.measure("0.20", made_at=(clock.now() - timedelta(hours=2)).isoformat())
    answer = qc.post(f"readings/{wrong['id']}/waive", {"reason": "x"})
    assert (answer.status, answer.code) == (409, "not_waivable") and not Waiver.objects.exists()
    right = site.correct(site.phone, wrong, "0.21", instrument=factories.make_instrument().pk)
    assert right.status == 201 and decides_nothing(right.json, "time_unproven")


@pytest.mark.parametrize(
    ("value", "verdict", "warns"),
    [("0.20", "pass", False), ("0.28", "conditional_pass", True), ("0.32", "conditional_fail", True),
     ("0.55", "fail", False)],
)  # fmt: skip
def test_value_nearer_to_the_limit_than_its_uncertainty_warns(site, value, verdict, warns):
    shown = site.measure(value)
    assert (shown["verdict"], shown["in_warn_band"]) == (verdict, warns)


def test_another_technician_records_nothing_on_the_visit(site, sign_in):
    other = sign_in("technician")
    factories.make_visit(other.user, site.visit.customer)
    answer = other.post("readings", site.body())
    assert answer.status == 403 and answer.code == "not_your_visit"
    assert not Reading.objects.exists()


# --- correcting


def test_correction_is_a_new_row_and_both_stay_visible(site, sign_in):
    wrong = site.measure("0.55")
    right = site.correct(site.phone, wrong, "0.20").json
    assert right["verdict"] == "pass" and right["supersedes"] == wrong["id"]
    assert right["correction_reason"] == "抄错" and right["corrected_at"] == wrong["corrected_at"]
    old = sign_in("qc").get(f"readings/{wrong['id']}").json
    assert old["superseded_by"] == right["id"] and old["replicates"] == ["0.55"]
    assert old["is_current"] is False and old["is_evidence"] is False
    listed = sign_in("qc").get(f"readings?batch={site.batch.pk}").json["items"]
    assert {row["id"] for row in listed} == {wrong["id"], right["id"]}
    current = sign_in("qc").get(f"readings?batch={site.batch.pk}&superseded=false").json["items"]
    assert [row["id"] for row in current] == [right["id"]]


def test_reading_is_corrected_once_and_then_its_correction(site, sign_in):
    wrong = site.measure("0.55")
    right = site.correct(site.phone, wrong, "0.20").json
    again = site.correct(sign_in("qc"), wrong, "0.21")
    assert again.status == 409 and again.code == "reading_corrected"
    assert again.json["superseded_by"] == right["id"]
    assert site.correct(sign_in("qc"), right, "0.21").status == 201
    assert Reading.objects.count() == 3


def test_correction_needs_a_reason_and_the_right_person(site, sign_in):
    wrong = site.measure("0.55")
    body = {"id": uuid7(), "reason": ""}
    assert site.phone.post(f"readings/{wrong['id']}/supersede", body).status == 400
    assert site.correct(sign_in("technician"), wrong, "0.20").status == 404
    for role in ("clerk", "director", "finance"):
        assert site.correct(sign_in(role), wrong, "0.20").status == 403
    assert Reading.objects.count() == 1


# --- QC's validity


def test_qc_waives_an_overdue_calibration_and_the_verdict_stands_in_the_waiver(sign_in):
    site, qc = Site(sign_in, due_in_days=-1), sign_in("qc")
    reading = site.measure("0.55")
    waived = qc.post(f"readings/{reading['id']}/waive", {"reason": "事后校准合格"})
    assert waived.status == 200 and waived.json["verdict"] == "fail"
    assert waived.json["recorded_verdict"] == "inconclusive" and waived.json["is_evidence"] is True
    assert waived.json["waiver"]["reason"] == "事后校准合格" and waived.json["limit"]["high"] == "0.3"
    assert events() == [{"reading_id": reading["id"]}]
    assert [row["id"] for row in qc.get("readings?verdict=fail").json["items"]] == [reading["id"]]
    again = qc.post(f"readings/{reading['id']}/waive", {"reason": "x"})
    assert again.code == "reading_waived" and Waiver.objects.count() == 1


@pytest.mark.parametrize(
    ("meter", "fields"),
    [
        ({}, {}),
        ({"due_in_days": None}, {}),
        ({"due_in_days": -1}, {"drying_temp_c": None}),
        ({"due_in_days": -1}, {"drying_temp_c": "105"}),
        ({"kind": "salinity_meter", "parameter": "nacl", "due_in_days": -1}, {}),
    ],
)
def test_what_no_reason_heals_is_not_waived(sign_in, meter, fields):
    site = Site(sign_in, **meter)
    reading = site.measure("0.20", **fields)
    answer = sign_in("qc").post(f"readings/{reading['id']}/waive", {"reason": "x"})
    assert answer.status == 409 and answer.code == "not_waivable"
    assert not Waiver.objects.exists()


def test_corrected_or_own_reading_is_not_waived(sign_in):
    site, qc = Site(sign_in, due_in_days=-1), sign_in("qc")
    wrong = site.measure("0.20")
    right = site.correct(qc, wrong, "0.21").json
    assert qc.post(f"readings/{wrong['id']}/waive", {"reason": "x"}).code == "reading_corrected"
    assert qc.post(f"readings/{right['id']}/waive", {"reason": "x"}).code == "same_person"
    assert sign_in("qc").post(f"readings/{right['id']}/waive", {"reason": "x"}).status == 200
    assert site.phone.post(f"readings/{right['id']}/waive", {"reason": "x"}).status == 403


def test_verdict_does_not_outlive_the_instrument_s_failed_check(site, sign_in):
    reading, qc = site.measure("0.20"), sign_in("qc")
    body = {
        "kind": "calibration", "done_on": clock.today(), "due_on": clock.today() + timedelta(days=365),
        "certificate_no": "F-1", "expanded_u": "0.02", "result": "fail",
    }  # fmt: skip
    assert qc.post(f"instruments/{site.meter.pk}/calibrations", body).status == 201
    shown = qc.get(f"readings/{reading['id']}").json
    assert shown["verdict"] == "inconclusive" and shown["recorded_verdict"] == "pass"
    assert shown["in_doubt"] is True and shown["is_evidence"] is False
    assert shown["reasons"][-1]["code"] == "instrument_calibration_failed"
    affected = qc.get(f"readings?in_doubt=true&instrument={site.meter.pk}").json["items"]
    assert [row["id"] for row in affected] == [reading["id"]]
    # Entered by mistake: the right entry of the same day clears the readings.
    qc.post(f"instruments/{site.meter.pk}/calibrations", body | {"result": "pass", "certificate_no": "F-2"})
    assert qc.get(f"readings/{reading['id']}").json["verdict"] == "pass"


# --- who sees what


@pytest.mark.parametrize(
    ("role", "regions", "status"),
    [("clerk", ["east"], 200), ("clerk", ["west"], 404), ("director", [], 200), ("qc", [], 200),
     ("production", [], 200), ("auditor", [], 200), ("technician", ["east"], 404), ("finance", [], 403),
     ("logistics", [], 403), ("admin", [], 403)],
)  # fmt: skip
def test_each_role_reads_its_part(site, sign_in, role, regions, status):
    reading = site.measure()
    client = sign_in(role, regions=regions)
    assert client.get(f"readings/{reading['id']}").status == status
    if status != 403:
        assert len(client.get("readings").json["items"]) == (status == 200)


def test_production_reads_by_batch_without_the_customer(site, sign_in):
    reading = site.measure(note="客户王老板说…")
    shown = sign_in("production").get(f"readings/{reading['id']}").json
    assert shown["batch"]["code"] == site.batch.code and shown["verdict"] == "pass"
    assert not {"visit", "visit_number", "note", "photo", "recorded_by"} & set(shown)


def test_production_cannot_ask_by_visit_what_it_is_not_shown(site, sign_in):
    site.measure()
    production = sign_in("production")
    answer = production.get(f"readings?visit={site.visit.pk}")
    assert answer.status == 400 and answer.json["errors"][0]["pointer"] == "/visit"
    assert len(production.get(f"readings?batch={site.batch.pk}").json["items"]) == 1
    assert len(sign_in("qc").get(f"readings?visit={site.visit.pk}").json["items"]) == 1


def test_dealer_reads_the_own_result_only(site, sign_in):
    reading = site.measure(note="内部")
    own = sign_in(factories.make_dealer(site.visit.customer))
    assert "note" not in own.get(f"readings/{reading['id']}").json
    other = sign_in(factories.make_dealer())
    assert other.get(f"readings/{reading['id']}").status == 404
    assert other.get("readings").json["items"] == []


@pytest.mark.parametrize("count", [1, 3])
def test_list_costs_the_same_queries_for_one_and_three(site, sign_in, django_assert_num_queries, count):
    qc = sign_in("qc")
    for _ in range(count):
        site.measure("0.20", "0.21")
    with django_assert_num_queries(3):
        assert len(qc.get("readings").json["items"]) == count


def test_nobody_edits_a_stored_reading(site):
    site.measure()
    reading = Reading.objects.get()
    reading.verdict = "fail"
    with pytest.raises(Exception, match="Cannot update"):
        reading.save()
