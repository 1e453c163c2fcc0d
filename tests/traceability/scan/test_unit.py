"""Scanning a pallet: its number stands for what lies in it, the gravest batch first."""

from datetime import date

import pytest

from backend.core import clock
from tests import factories
from tests.traceability.scan.conftest import HOST
from tests.traceability.scan.test_queries import HOT_PATH


@pytest.fixture
def phone(sign_in, label_profile, salt):
    return sign_in("technician")


def spellings(sscc):
    return (f"]C100{sscc}", sscc, f"00{sscc}", f"(00){sscc}", f"https://{HOST}/00/{sscc}")


def codes(answer):
    return [candidate["batch"]["code"] for candidate in answer["candidates"]]


def test_pallet_of_one_batch_is_that_batch_however_it_is_scanned(phone, salt, scan):
    pallet = factories.make_unit((salt, "500"))
    for raw in spellings(pallet.sscc):
        answer = phone.post("scans", scan(raw)).json
        assert (answer["outcome"], answer["batch"]["code"]) == ("ok", salt.code), raw
        assert answer["label"]["sscc"] == pallet.sscc and answer["candidates"] == []


def test_container_is_what_stands_in_it_at_any_depth(phone, salt, scan):
    pallet, container = factories.make_unit(), factories.make_unit(level="container")
    factories.make_containment(factories.make_unit((salt, "5"), level="case"), pallet)
    stay = factories.make_containment(pallet, container)
    assert phone.post("scans", scan(f"]C100{container.sscc}")).json["batch"]["code"] == salt.code
    stay.valid_to = stay.valid_from
    stay.save()
    emptied = phone.post("scans", scan(f"]C100{container.sscc}")).json
    assert (emptied["outcome"], emptied["why"][0]["code"]) == ("ambiguous", "unit_empty")


def test_mixed_pallet_of_good_batches_asks_which(phone, salt, scan):
    other = factories.make_batch(code="YS20240315A02")
    pallet = factories.make_unit((other, "5"), (salt, "5"))
    answer = phone.post("scans", scan(f"]C100{pallet.sscc}")).json
    assert (answer["outcome"], answer["batch"]) == ("ambiguous", None)
    assert [why["code"] for why in answer["why"]] == ["several_in_unit"]
    assert codes(answer) == ["YS20240315A01", "YS20240315A02"]
    assert answer["candidates"][0]["reasons"][0]["code"] == "in_same_unit"
    assert "choose_candidate" in {action["code"] for action in answer["next_actions"]}


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"status": "recalled"}, "recalled"),
        ({"status": "held"}, "held"),
        ({"status": "quarantine"}, "held"),
        ({"status": "destroyed"}, "suspicious"),
        ({"expires_on": date(2024, 12, 31), "produced_on": date(2023, 1, 1)}, "expired"),
    ],
)
def test_one_bad_batch_makes_the_verdict_of_a_mixed_pallet(phone, salt, scan, fields, outcome):
    bad = factories.make_batch(code="YS20240315A09", **fields)
    pallet = factories.make_unit((salt, "500"), (bad, "5"))
    answer = phone.post("scans", scan(f"]C100{pallet.sscc}")).json
    assert (answer["outcome"], answer["batch"]["code"]) == (outcome, bad.code)
    assert answer["why"][-1]["code"] == "several_in_unit"
    assert codes(answer) == [bad.code, salt.code]
    assert "quarantine_goods" in {action["code"] for action in answer["next_actions"]}


def test_recalled_goods_are_named_before_held_ones(phone, salt, scan):
    held, recalled = factories.make_batch(status="held"), factories.make_batch(status="recalled")
    pallet = factories.make_unit((salt, "5"), (held, "5"), (recalled, "5"))
    answer = phone.post("scans", scan(f"]C100{pallet.sscc}")).json
    assert (answer["outcome"], codes(answer)) == ("recalled", [recalled.code, held.code, salt.code])


def test_number_typed_from_the_bag_settles_which_of_a_mixed_pallet(phone, salt, scan):
    other = factories.make_batch(code="YS20240315A02")
    pallet = factories.make_unit((other, "5"), (salt, "5"))
    answer = phone.post("scans", scan(f"]C100{pallet.sscc}", batch_number="ys20240315a02")).json
    assert (answer["outcome"], answer["batch"]["code"]) == ("ok", other.code)
    wrong = phone.post("scans", scan(f"]C100{pallet.sscc}", batch_number="YS20240315A99")).json
    assert (wrong["outcome"], wrong["why"][0]["code"]) == ("ambiguous", "numbers_differ")


def test_cancelled_or_unknown_pallet_stays_unknown(phone, scan):
    by = factories.make_user("logistics")
    gone = factories.make_unit(
        (factories.make_batch(), "5"), cancelled_at=clock.now(), cancelled_by=by, cancel_reason="x"
    )
    for sscc in (gone.sscc, "369012340000000017"):
        answer = phone.post("scans", scan(f"]C100{sscc}")).json
        assert (answer["outcome"], answer["why"][0]["code"]) == ("unknown", "pallet_not_registered")


def test_pallet_takes_no_statement_more(phone, salt, scan, django_assert_num_queries):
    pallet = factories.make_unit((salt, "500"))
    phone.post("scans", scan("YS20240315A01"))
    with django_assert_num_queries(HOT_PATH):
        assert phone.post("scans", scan(f"]C100{pallet.sscc}")).json["outcome"] == "ok"


def test_scan_names_the_batch_of_the_pallet_in_the_log(phone, salt, scan, sign_in):
    pallet = factories.make_unit((salt, "500"))
    made = phone.post("scans", scan(f"]C100{pallet.sscc}")).json
    logged = sign_in("qc").get(f"scans/{made['id']}").json
    assert logged["sscc"] == pallet.sscc and logged["batch"]
