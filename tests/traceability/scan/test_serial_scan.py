"""What the scan of a single bag's code answers."""

from datetime import timedelta

import pytest
from django_q.models import OrmQ

from backend.core import clock
from tests import factories
from tests.traceability.scan.conftest import GTIN, HOST
from traceability.scan.models import Scan, SightingPolicy, UnknownCode
from traceability.serial.models import SerialRange
from traceability.serial.rules import Span
from traceability.serial.services import codes_of
from traceability.serial.token import ALPHABET, grouped

NANJING = {"latitude": 32.0601, "longitude": 118.7901, "datum": "WGS-84"}
GUANGZHOU = {"latitude": 23.1301, "longitude": 113.2601, "datum": "WGS-84"}


def code_of(made: SerialRange, number: int) -> str:
    [(_number, code)] = codes_of(made, Span(number, number))
    return code


@pytest.fixture
def numbers(salt, label_profile) -> SerialRange:
    """1,000 numbers on the bags of the batch `salt`."""
    return factories.make_serial_range(salt)


@pytest.fixture(autouse=True)
def policy(db):
    """24 hours, 300 km; three places 80 km apart; three regions."""
    SightingPolicy.objects.all().delete()
    return factories.make_sighting_policy()


def why(answer):
    return [reason["code"] for reason in answer.json["why"]]


def link(code, *, gtin=GTIN, lot="YS20240315A01"):
    return f"https://{HOST}/01/{gtin}/10/{lot}/21/{code}"


@pytest.mark.parametrize(
    "spelled",
    [
        lambda code: code,
        grouped,
        lambda code: grouped(code).lower().replace("-", " "),
        lambda code: f"https://{HOST}/s/{code}",
        link,
        lambda code: f"]C101{GTIN}21{code}",
    ],
)
def test_a_serial_code_names_its_batch_however_it_is_read(sign_in, scan, salt, numbers, spelled):
    code = code_of(numbers, 7)
    answer = sign_in("technician").post("scans", scan(spelled(code)))
    assert (answer.status, answer.json["outcome"], why(answer)) == (200, "ok", ["released"])
    assert answer.json["batch"]["id"] == str(salt.pk)
    assert answer.json["label"]["serial"].upper().replace("-", "").replace(" ", "") == code
    row = Scan.objects.get()
    assert (row.serial, row.batch_id) == (code, salt.pk)
    assert not UnknownCode.objects.exists()


def test_a_serial_code_of_a_held_batch_is_held(sign_in, scan, salt, numbers):
    type(salt).objects.filter(pk=salt.pk).update(status="held")
    assert sign_in("technician").post("scans", scan(code_of(numbers, 7))).json["outcome"] == "held"


def test_a_code_that_was_never_issued_is_suspicious(sign_in, scan, numbers):
    answer = sign_in("technician").post("scans", scan(code_of(numbers, 5000)))
    assert (answer.json["outcome"], why(answer)) == ("suspicious", ["serial_not_issued"])
    assert answer.json["batch"] is None
    assert not UnknownCode.objects.exists()


def test_beside_a_real_batch_number_it_is_suspicious_too(sign_in, scan, salt, numbers):
    answer = sign_in("technician").post("scans", scan(link(code_of(numbers, 5000))))
    assert (answer.json["outcome"], why(answer)) == ("suspicious", ["serial_not_issued", "released"])
    assert answer.json["batch"]["id"] == str(salt.pk)


def test_where_bags_carry_our_codes_any_other_serial_number_is_suspicious(sign_in, scan, salt, numbers):
    technician = sign_in("technician")
    assert why(technician.post("scans", scan(link("X77")))) == ["serial_not_issued", "released"]
    SerialRange.objects.update(withdrawn_at=clock.now(), withdrawn_by=numbers.made_by, withdrawn_reason="x")
    assert why(technician.post("scans", scan(link("X77")))) == ["released"]


def test_a_wrong_character_asks_for_another_scan(sign_in, scan, numbers):
    code = code_of(numbers, 7)
    wrong = code[:5] + ALPHABET[ALPHABET.index(code[5]) - 1] + code[6:]
    answer = sign_in("technician").post("scans", scan(grouped(wrong), source="typed"))
    assert (answer.json["outcome"], why(answer)) == ("invalid", ["serial_misread"])
    assert "scan_again" in [action["code"] for action in answer.json["next_actions"]]
    assert not UnknownCode.objects.exists()


def test_a_code_with_a_prefix_of_nobody_is_simply_unknown(sign_in, scan, numbers):
    assert sign_in("technician").post("scans", scan("B2ZGV9PEVZWN")).json["outcome"] == "unknown"


def test_a_withdrawn_code_is_suspicious_and_names_its_batch(sign_in, scan, salt, numbers):
    code = code_of(numbers, 7)
    SerialRange.objects.update(withdrawn_at=clock.now(), withdrawn_by=numbers.made_by, withdrawn_reason="x")
    answer = sign_in("technician").post("scans", scan(code))
    assert (answer.json["outcome"], why(answer)) == ("suspicious", ["serial_withdrawn", "released"])
    assert answer.json["batch"]["id"] == str(salt.pk)


def test_a_label_that_names_another_batch_or_product_is_suspicious(sign_in, scan, salt, numbers):
    code = code_of(numbers, 7)
    factories.make_batch(salt.product, code="YS20240316A02")
    other = factories.make_trade_item()
    technician = sign_in("technician")
    for text in (link(code, lot="YS20240316A02"), link(code, gtin=other.gtin), link(code, lot="ZZ99")):
        answer = technician.post("scans", scan(text))
        assert (answer.json["outcome"], why(answer)) == ("suspicious", ["serial_differs", "released"]), text
        assert answer.json["batch"]["id"] == str(salt.pk)


def test_a_recall_stays_graver_than_a_suspicion(sign_in, scan, salt, numbers):
    type(salt).objects.filter(pk=salt.pk).update(status="recalled")
    answer = sign_in("technician").post("scans", scan(link(code_of(numbers, 7), lot="ZZ99")))
    assert (answer.json["outcome"], why(answer)) == ("recalled", ["recalled", "serial_differs"])


def test_another_number_typed_beside_the_code_settles_nothing(sign_in, scan, salt, numbers):
    other = factories.make_batch(salt.product, code="YS20240316A02")
    answer = sign_in("technician").post("scans", scan(code_of(numbers, 7), batch_number=other.code))
    assert (answer.json["outcome"], why(answer)) == ("ambiguous", ["numbers_differ"])
    assert {candidate["code"] for candidate in answer.json["candidates"]} == {salt.code, other.code}


def test_a_batch_number_that_looks_like_a_serial_code_stays_a_batch_number(sign_in, scan, salt, numbers):
    looks = code_of(numbers, 5000)
    batch = factories.make_batch(salt.product, code=looks)
    answer = sign_in("technician").post("scans", scan(looks))
    assert (answer.json["outcome"], answer.json["batch"]["id"]) == ("ok", str(batch.pk))


def test_a_registered_code_stays_what_it_is_registered_as(sign_in, scan, salt, numbers):
    code = code_of(numbers, 5000)
    factories.make_alias(code=code, batch=salt)
    assert sign_in("technician").post("scans", scan(code)).json["outcome"] == "ok"


def test_a_serial_code_costs_one_statement_more(sign_in, scan, numbers, django_assert_num_queries):
    technician = sign_in("technician")
    plain, code = link("").removesuffix("/21/"), code_of(numbers, 7)
    technician.post("scans", scan(plain))
    with django_assert_num_queries(3):  # token, look-up, insert
        technician.post("scans", scan(plain))
    with django_assert_num_queries(4):
        technician.post("scans", scan(code))


def test_the_same_bag_in_far_places_is_suspicious(sign_in, scan, salt, numbers):
    code = code_of(numbers, 7)
    here = sign_in("technician").post("scans", scan(code, place=NANJING))
    there = sign_in("technician").post("scans", scan(link(code), place=GUANGZHOU))
    assert here.json["outcome"] == "ok"
    assert (there.json["outcome"], why(there)) == ("suspicious", ["seen_far_away", "released"])
    assert there.json["batch"]["id"] == str(salt.pk)
    assert Scan.objects.get(pk=here.json["id"]).outcome == "ok"
    again = sign_in("technician").post("scans", scan(code_of(numbers, 8), place=GUANGZHOU))
    assert again.json["outcome"] == "ok"


def test_one_code_in_three_provinces_within_a_day_is_suspicious(sign_in, scan, numbers):
    code = code_of(numbers, 7)
    capitals = [(39.90, 116.40), (39.09, 117.20), (38.04, 114.51)]
    outcomes = []
    for latitude, longitude in capitals:
        place = {"latitude": latitude, "longitude": longitude, "datum": "GCJ-02"}
        outcomes.append(sign_in("technician").post("scans", scan(code, place=place)).json["outcome"])
    assert outcomes == ["ok", "ok", "suspicious"]


def test_the_same_scan_sent_again_counts_once_and_gets_the_same_answer(sign_in, scan, numbers):
    code = code_of(numbers, 7)
    sign_in("technician").post("scans", scan(code, place=NANJING))
    technician, sent = sign_in("technician"), scan(code, place=GUANGZHOU)
    first, again = technician.post("scans", sent), technician.post("scans", sent)
    assert first.json == again.json
    assert first.json["outcome"] == "suspicious"
    assert Scan.objects.count() == 2


def test_a_day_later_it_is_a_journey(sign_in, scan, numbers):
    code = code_of(numbers, 7)
    before = (clock.now() - timedelta(hours=25)).isoformat()
    technician = sign_in("technician")
    technician.post("scans", scan(code, place=NANJING, made_at=before))
    assert technician.post("scans", scan(code, place=GUANGZHOU)).json["outcome"] == "ok"


def test_a_scan_that_comes_late_completes_the_pattern(sign_in, scan, numbers):
    """Made offline before the other one, sent after it."""
    code = code_of(numbers, 7)
    sign_in("technician").post("scans", scan(code, place=NANJING))
    before = (clock.now() - timedelta(hours=20)).isoformat()
    late = sign_in("technician").post("scans", scan(code, place=GUANGZHOU, made_at=before))
    assert late.json["outcome"] == "suspicious"


def test_scans_of_one_upload_are_held_against_each_other(sign_in, scan, numbers):
    codes = [code_of(numbers, number) for number in range(20)]
    sent = [scan(code, place=NANJING) for code in codes]
    sent.append(scan(codes[3], place=GUANGZHOU, made_at=(clock.now() - timedelta(hours=2)).isoformat()))
    technician = sign_in("technician")
    results = technician.post("scans", {"scans": sent}).json["results"]
    outcomes = [result["scan"]["outcome"] for result in results]
    assert outcomes[3] == "suspicious"
    assert [outcome for index, outcome in enumerate(outcomes) if index != 3] == ["ok"] * 20


def test_a_foreign_serial_number_counts_per_product(sign_in, scan, salt):
    other = factories.make_trade_item()
    factories.make_batch(other.product, code="YS20240315A01", trade_item=other)
    sign_in("technician").post("scans", scan(link("S1"), place=NANJING))
    elsewhere = sign_in("technician").post("scans", scan(link("S1", gtin=other.gtin), place=GUANGZHOU))
    assert elsewhere.json["outcome"] == "ok"
    same = sign_in("technician").post("scans", scan(link("S1"), place=GUANGZHOU))
    assert (same.json["outcome"], why(same)[0]) == ("suspicious", "seen_far_away")


def test_what_was_seen_far_away_is_told_to_the_jobs(sign_in, scan, numbers):
    def told():
        tasks = [row.task for row in OrmQ.objects.all()]
        return [task["kwargs"]["scan_id"] for task in tasks if "far_places" in task["func"]]

    code = code_of(numbers, 7)
    sign_in("technician").post("scans", scan(code, place=NANJING))
    assert told() == []
    answer = sign_in("technician").post("scans", scan(code, place=GUANGZHOU))
    assert told() == [answer.json["id"]]
