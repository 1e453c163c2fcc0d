"""Silos: each batch contains the heel of the one before, until the silo is cleaned."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from backend.core import clock
from tests.factories import make_batch, make_product, make_silo, make_silo_cleaning, make_silo_fill
from traceability.genealogy.models import MadeFrom, Silo, SiloCleaning, SiloFill


def days_ago(days):
    return (clock.now() - timedelta(days=days)).isoformat()


def fill(batch, days, heel_kg=None):
    return {"batch": str(batch.pk), "filled_at": days_ago(days), "heel_kg": heel_kg}


def clean(days):
    return {"cleaned_at": days_ago(days), "method": "清扫"}


def test_first_fill_has_no_heel_and_the_next_has_the_one_below(sign_in):
    qc, silo = sign_in("qc"), make_silo(code="A1")
    first, second = make_batch(code="F1", kind="silo"), make_batch(code="F2", kind="silo")
    made = qc.post("silos/A1/fills", fill(first, 9))
    assert (made.status, made.json["heel"]) == (201, None)
    made = qc.post("silos/A1/fills", fill(second, 8, "750.5"))
    assert made.status == 201
    heel = made.json["heel"]
    assert (heel["batch"]["code"], heel["qty_kg"], heel["is_reversed"]) == ("F1", "750.500", False)
    (parent,) = qc.get(f"batches/{second.pk}/parents").json["items"]
    assert (parent["id"], parent["kind"], parent["batch"]["code"]) == (heel["link"], "heel", "F1")
    shown = sign_in("technician").get(f"silos/{silo.pk}").json
    assert shown == qc.get("silos/A1").json
    assert (shown["code"], shown["fill"]["batch"]["code"], shown["last_cleaned_at"]) == ("A1", "F2", None)
    assert [row["batch"]["code"] for row in qc.get("silos/A1/fills").json["items"]] == ["F2", "F1"]


def test_heel_must_be_told(sign_in):
    qc, silo = sign_in("qc"), make_silo(code="A1")
    make_silo_fill(silo, make_batch(code="F1"))
    refused = qc.post("silos/A1/fills", fill(make_batch(), 1))
    assert (refused.status, refused.code, refused.json["batch"]) == (409, "heel_unknown", "F1")
    assert SiloFill.objects.count() == 1 and not MadeFrom.objects.exists()


def test_silo_that_ran_empty_keeps_the_chain(sign_in):
    qc, silo = sign_in("qc"), make_silo(code="A1")
    make_silo_fill(silo, make_batch())
    made = qc.post("silos/A1/fills", fill(make_batch(), 1, "0"))
    assert (made.status, made.json["heel"]["qty_kg"]) == (201, "0.000")


def test_only_a_cleaning_cuts_the_chain(sign_in):
    qc, silo, batch = sign_in("qc"), make_silo(code="A1"), make_batch()
    make_silo_fill(silo, make_batch())
    cleaned = qc.post("silos/A1/cleanings", clean(2))
    assert (cleaned.status, cleaned.json["by"]) == (201, qc.user.display_name)
    assert qc.get("silos/A1").json["fill"] is None
    assert qc.post("silos/A1/fills", fill(batch, 1, "5")).json["errors"][0]["pointer"] == "/heel_kg"
    assert qc.post("silos/A1/fills", fill(batch, 1)).json["heel"] is None
    assert not MadeFrom.objects.exists()
    assert [row["method"] for row in qc.get("silos/A1/cleanings").json["items"]] == ["清扫"]


def test_more_of_the_same_batch_has_no_heel(sign_in):
    qc, silo, batch = sign_in("qc"), make_silo(code="A1"), make_batch()
    make_silo_fill(silo, batch)
    made = qc.post("silos/A1/fills", fill(batch, 1))
    assert (made.status, made.json["heel"]) == (201, None)


def test_silo_filled_a_b_a_asks_for_a_batch_number_of_its_own(sign_in):
    qc, silo, first, second = (
        sign_in("qc"),
        make_silo(code="A1"),
        make_batch(code="FA"),
        make_batch(code="FB"),
    )
    make_silo_fill(silo, first, filled_at=clock.now() - timedelta(days=9))
    assert qc.post("silos/A1/fills", fill(second, 8, "100")).status == 201
    refused = qc.post("silos/A1/fills", fill(first, 7, "100"))
    assert (refused.status, refused.code) == (409, "silo_batch_again")
    assert (refused.json["batch"], refused.json["below"]) == ("FA", "FB")
    assert SiloFill.objects.count() == 2 and MadeFrom.objects.count() == 1


def test_heel_of_industrial_salt_is_refused_until_the_silo_is_cleaned(sign_in):
    qc, silo, edible = sign_in("qc"), make_silo(code="A1"), make_batch(code="ED")
    make_silo_fill(silo, make_batch(make_product(family="industrial"), code="IND"))
    refused = qc.post("silos/A1/fills", fill(edible, 1, "0"))
    assert (refused.code, refused.json["path"]) == ("industrial_into_edible", ["IND", "ED"])
    assert SiloFill.objects.count() == 1
    qc.post("silos/A1/cleanings", clean(2))
    assert qc.post("silos/A1/fills", fill(edible, 1)).status == 201


def test_batch_on_heels_of_one_batch_in_two_silos(sign_in):
    qc, old, new = sign_in("qc"), make_batch(), make_batch()
    for code in ("A1", "A2"):
        make_silo_fill(make_silo(code=code), old)
        assert qc.post(f"silos/{code}/fills", fill(new, 1, "100")).status == 201
    assert MadeFrom.objects.filter(parent=old, child=new, is_live=True).count() == 2


def test_more_heel_than_is_left_is_refused(sign_in):
    qc, silo = sign_in("qc"), make_silo(code="A1")
    make_silo_fill(silo, make_batch())
    refused = qc.post("silos/A1/fills", fill(make_batch(), 1, "60060.001"))
    assert (refused.code, refused.json["left_kg"]) == ("more_than_left", "60000.000")
    assert SiloFill.objects.count() == 1


def test_forgotten_fill_is_not_slipped_below_a_later_one(sign_in):
    qc, silo = sign_in("qc"), make_silo(code="A1")
    make_silo_fill(silo, make_batch(code="F2"), filled_at=clock.now() - timedelta(days=3))
    refused = qc.post("silos/A1/fills", fill(make_batch(), 5))
    assert (refused.status, refused.code, refused.json["batch"]) == (409, "silo_filled_since", "F2")
    make_silo_cleaning(silo, cleaned_at=clock.now() - timedelta(days=4))
    assert qc.post("silos/A1/fills", fill(make_batch(), 5)).status == 201
    assert not MadeFrom.objects.exists()


def test_forgotten_cleaning_is_entered_once_the_heel_is_reversed(sign_in):
    qc, silo = sign_in("qc"), make_silo(code="A1")
    make_silo_fill(silo, make_batch())
    made = qc.post("silos/A1/fills", fill(make_batch(), 1, "100")).json
    refused = qc.post("silos/A1/cleanings", clean(2))
    assert refused.code == "silo_filled_since" and not SiloCleaning.objects.exists()
    qc.post(f"links/{made['heel']['link']}/reverse", {"reason": "当时已清仓"})
    assert qc.post("silos/A1/cleanings", clean(2)).status == 201
    assert qc.get("silos/A1").json["fill"]["heel"]["is_reversed"] is True


def test_cleaning_and_fill_of_one_moment_the_cleaning_came_first(sign_in):
    qc, silo, at = sign_in("qc"), make_silo(code="A1"), clock.now() - timedelta(days=5)
    make_silo_fill(silo, make_batch(code="F1"), filled_at=at)
    make_silo_cleaning(silo, cleaned_at=at)
    assert qc.get("silos/A1").json["fill"]["batch"]["code"] == "F1"
    assert qc.post("silos/A1/fills", fill(make_batch(), 1)).code == "heel_unknown"


def test_silo_is_entered_once_by_the_code_painted_on_it(sign_in):
    qc = sign_in("qc")
    made = qc.post("silos", {"code": "3#", "plant": "滨海一厂"})
    assert (made.status, made.json["fill"]) == (201, None)
    assert qc.get("silos/3%23").json == made.json
    again = qc.post("silos", {"code": "3#", "plant": "临江二厂"})
    assert (again.status, again.code) == (409, "silo_known")
    assert Silo.objects.get().plant == "滨海一厂"
    assert qc.get("silos?plant=P2").json["items"] == []


@pytest.mark.parametrize("code", ["", "a/b", "a b", "../x", "x" * 41])
def test_bad_silo_code_is_refused(sign_in, code):
    assert sign_in("qc").post("silos", {"code": code, "plant": "P1"}).status == 400
    assert not Silo.objects.exists()


def test_unknown_silo_is_not_found(sign_in):
    qc = sign_in("qc")
    assert qc.get("silos/NO").status == qc.get("silos/NO/fills").status == 404
    assert qc.post("silos/NO/fills", fill(make_batch(), 1)).status == 404
    assert qc.post("silos/NO/cleanings", clean(1)).status == 404


def test_future_is_not_entered(sign_in):
    qc = sign_in("qc")
    make_silo(code="A1")
    assert qc.post("silos/A1/fills", fill(make_batch(), -1)).json["errors"][0]["pointer"] == "/filled_at"
    assert qc.post("silos/A1/cleanings", clean(-1)).json["errors"][0]["pointer"] == "/cleaned_at"
    assert not SiloFill.objects.exists() and not SiloCleaning.objects.exists()


@pytest.mark.django_db
def test_fills_and_cleanings_are_for_ever():
    silo = make_silo()
    make_silo_fill(silo, make_batch()), make_silo_cleaning(silo)
    for model, change in ((SiloFill, {"batch": make_batch()}), (SiloCleaning, {"method": "x"})):
        with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
            model.objects.update(**change)


def test_silos_are_listed_at_one_query_count(sign_in, django_assert_num_queries):
    client = sign_in("technician")
    make_silo_fill(make_silo(), make_batch())
    with django_assert_num_queries(3):
        assert len(client.get("silos").json["items"]) == 1
    for _ in range(2):
        make_silo_fill(make_silo(), make_batch())
    with django_assert_num_queries(3):
        assert len(client.get("silos").json["items"]) == 3
