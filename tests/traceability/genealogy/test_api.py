"""Parents and children of a batch over HTTP."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from backend.core import clock
from tests.factories import make_batch, make_link, make_product
from traceability.genealogy.models import MadeFrom

NOBODY = "018f0000-0000-7000-8000-00000000dead"


def body(parent, **fields):
    made_at = (clock.now() - timedelta(days=60)).isoformat()
    return {"parent": str(parent.pk), "qty_kg": "6100.5", "made_at": made_at} | fields


def test_parent_is_entered_with_its_kg_and_read_from_both_ends(sign_in):
    qc = sign_in("qc")
    raw, packed = make_batch(code="RAW-1", kind="raw", supplier_lot="S-7"), make_batch(code="YS-1")
    made = qc.post(f"batches/{packed.pk}/parents", body(raw))
    assert made.status == 201
    assert (made.json["batch"]["code"], made.json["qty_kg"]) == ("RAW-1", "6100.500")
    assert made.json["supplier_lot"] == "S-7" and made.json["recorded_by"] == qc.user.display_name
    technician = sign_in("technician")
    assert technician.get(f"batches/{packed.pk}/parents").json["items"] == [made.json]
    (child,) = technician.get(f"batches/{raw.pk}/children").json["items"]
    assert (child["batch"]["code"], child["qty_kg"]) == ("YS-1", "6100.500")
    assert technician.get(f"batches/{raw.pk}/parents").json["items"] == []


def test_batch_is_not_made_from_itself(sign_in):
    batch = make_batch()
    refused = sign_in("qc").post(f"batches/{batch.pk}/parents", body(batch))
    assert (refused.status, refused.code) == (409, "made_from_itself")
    assert not MadeFrom.objects.exists()


def test_circle_is_refused_with_its_path(sign_in):
    a, b, c = make_batch(code="A"), make_batch(code="B"), make_batch(code="C")
    make_link(a, b), make_link(b, c)
    refused = sign_in("qc").post(f"batches/{a.pk}/parents", body(c))
    assert (refused.status, refused.code, refused.json["path"]) == (
        409,
        "genealogy_circle",
        ["A", "B", "C", "A"],
    )
    assert "A → B → C → A" in refused.json["detail"] and MadeFrom.objects.count() == 2


@pytest.mark.parametrize("family", ["edible", "food_processing"])
def test_industrial_ancestor_of_edible_salt_is_refused_with_its_path(sign_in, family):
    industrial = make_batch(make_product(family="industrial"), code="IND")
    silo = make_batch(make_product(family="raw_material"), code="SILO", kind="silo")
    packed = make_batch(make_product(family=family), code="PACK")
    make_link(industrial, silo)
    refused = sign_in("qc").post(f"batches/{packed.pk}/parents", body(silo))
    assert (refused.status, refused.code) == (409, "industrial_into_edible")
    assert refused.json["path"] == ["IND", "SILO", "PACK"] and MadeFrom.objects.count() == 1


def test_edible_salt_may_be_downgraded(sign_in):
    edible, industrial = make_batch(), make_batch(make_product(family="industrial"))
    assert sign_in("qc").post(f"batches/{industrial.pk}/parents", body(edible)).status == 201


def test_parent_is_entered_once_and_for_ever(sign_in):
    qc, raw, packed = sign_in("qc"), make_batch(), make_batch()
    assert qc.post(f"batches/{packed.pk}/parents", body(raw)).status == 201
    assert qc.post(f"batches/{packed.pk}/parents", body(raw, qty_kg="1")).code == "parent_known"
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        MadeFrom.objects.update(qty_kg=1)
    assert str(MadeFrom.objects.get().qty_kg) == "6100.500"


def test_batch_on_hold_still_tells_what_was_made_of_it(sign_in):
    held, packed = make_batch(status="held"), make_batch()
    assert sign_in("qc").post(f"batches/{packed.pk}/parents", body(held)).status == 201


@pytest.mark.parametrize(
    ("bad", "status"),
    [
        ({"qty_kg": "0"}, 400),
        ({"qty_kg": "-1"}, 400),
        ({"made_at": "2099-01-01T00:00:00Z"}, 400),
        ({"made_at": "2026-01-01"}, 400),
        ({"parent": NOBODY}, 404),
        ({"parent": 7}, 400),
    ],
)
def test_bad_parent_is_refused(sign_in, bad, status):
    raw, packed = make_batch(), make_batch()
    assert sign_in("qc").post(f"batches/{packed.pk}/parents", body(raw) | bad).status == status
    assert not MadeFrom.objects.exists()


@pytest.mark.parametrize("role", ["technician", "clerk", "director", "production", "logistics", "auditor"])
def test_only_qc_enters_parents(sign_in, role):
    raw, packed = make_batch(), make_batch()
    assert sign_in(role).post(f"batches/{packed.pk}/parents", body(raw)).status == 403
    assert not MadeFrom.objects.exists()


def test_links_are_listed_at_one_query_count(sign_in, django_assert_num_queries):
    client, raw, packed = sign_in("technician"), make_batch(), make_batch()
    make_link(raw, packed)
    for address in (f"batches/{packed.pk}/parents", f"batches/{raw.pk}/children"):
        with django_assert_num_queries(3):
            assert len(client.get(address).json["items"]) == 1
    for _ in range(2):
        make_link(raw, make_batch()), make_link(make_batch(), packed)
    for address in (f"batches/{packed.pk}/parents", f"batches/{raw.pk}/children"):
        with django_assert_num_queries(3):
            assert len(client.get(address).json["items"]) == 3
    assert client.get(f"batches/{NOBODY}/parents").status == 404
    assert client.get(f"batches/{NOBODY}/children").status == 404
