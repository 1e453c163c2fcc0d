"""A link entered in error is taken back: it stays visible and counts no more."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from backend.core import clock
from tests.factories import make_batch, make_link, make_product, make_shipment
from traceability.genealogy import queries
from traceability.genealogy.models import LinkReversal, MadeFrom

NOBODY = "018f0000-0000-7000-8000-00000000dead"
REASON = {"reason": "批号录错"}


def body(parent, **fields):
    made_at = (clock.now() - timedelta(days=1)).isoformat()
    return {"parent": str(parent.pk), "qty_kg": "40000", "made_at": made_at} | fields


def test_reversed_link_stays_in_both_lists_with_who_when_and_why(sign_in):
    qc, raw, packed = sign_in("qc"), make_batch(), make_batch()
    link = make_link(raw, packed)
    done = qc.post(f"links/{link.pk}/reverse", REASON)
    assert (done.status, done.json["is_reversed"]) == (200, True)
    told = done.json["reversal"]
    assert (told["by"], told["reason"]) == (qc.user.display_name, "批号录错")
    assert told["is_after_recall"] is False
    for address in (f"batches/{packed.pk}/parents", f"batches/{raw.pk}/children"):
        (row,) = sign_in("technician").get(address).json["items"]
        assert (row["id"], row["is_reversed"], row["reversal"]) == (str(link.pk), True, told)
        assert qc.get(f"{address}?is_reversed=false").json["items"] == []
        assert len(qc.get(f"{address}?is_reversed=true&kind=used").json["items"]) == 1
    assert qc.get(f"links/{link.pk}").json == done.json


def test_reversal_frees_the_kg_and_the_way(sign_in):
    qc, raw, packed, other = sign_in("qc"), make_batch(), make_batch(), make_batch()
    first = qc.post(f"batches/{packed.pk}/parents", body(raw)).json
    assert qc.post(f"batches/{other.pk}/parents", body(raw)).code == "more_than_left"
    assert qc.post(f"batches/{raw.pk}/parents", body(packed)).code == "genealogy_circle"
    assert qc.post(f"links/{first['id']}/reverse", REASON).status == 200
    assert queries.used_kg([raw.pk]) == {}
    assert qc.post(f"batches/{other.pk}/parents", body(raw)).status == 201
    assert qc.post(f"batches/{raw.pk}/parents", body(packed)).status == 201


def test_right_parent_is_entered_after_the_wrong_one_was_reversed(sign_in):
    qc, raw, packed = sign_in("qc"), make_batch(), make_batch()
    wrong = qc.post(f"batches/{packed.pk}/parents", body(raw)).json
    assert qc.post(f"batches/{packed.pk}/parents", body(raw, qty_kg="1")).code == "parent_known"
    qc.post(f"links/{wrong['id']}/reverse", REASON)
    right = qc.post(f"batches/{packed.pk}/parents", body(raw, qty_kg="4000", note="重新过磅"))
    assert (right.status, right.json["qty_kg"], right.json["note"]) == (201, "4000.000", "重新过磅")
    assert [row["is_reversed"] for row in qc.get(f"batches/{packed.pk}/parents").json["items"]] == [
        False,
        True,
    ]


def test_reversed_link_is_not_reversed_again(sign_in):
    qc, link = sign_in("qc"), make_link(make_batch(), make_batch())
    assert qc.post(f"links/{link.pk}/reverse", REASON).status == 200
    again = qc.post(f"links/{link.pk}/reverse", {"reason": "再来"})
    assert (again.status, again.code) == (409, "link_reversed")
    assert LinkReversal.objects.get().reason == "批号录错"


@pytest.mark.parametrize("status", ["recalled", "destroyed"])
def test_reversal_after_a_recall_is_marked(sign_in, status):
    link = make_link(make_batch(), make_batch(status=status))
    done = sign_in("qc").post(f"links/{link.pk}/reverse", REASON)
    assert (done.status, done.json["reversal"]["is_after_recall"]) == (200, True)


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"qty_kg": 1}, {"is_live": False, "qty_kg": 1}, {"note": "x"}])
def test_table_takes_no_other_change(change):
    make_link(make_batch(), make_batch())
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        MadeFrom.objects.update(**change)


@pytest.mark.django_db
def test_table_takes_no_link_back_to_life_and_no_deletion():
    make_link(make_batch(), make_batch())
    MadeFrom.objects.update(is_live=False)
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        MadeFrom.objects.update(is_live=True)
    with pytest.raises(DatabaseError, match="Cannot delete"), transaction.atomic():
        MadeFrom.objects.all().delete()


@pytest.mark.parametrize(("bad", "status"), [({}, 400), ({"reason": ""}, 400), ({"reason": 7}, 400)])
def test_reversal_needs_a_reason(sign_in, bad, status):
    link = make_link(make_batch(), make_batch())
    assert sign_in("qc").post(f"links/{link.pk}/reverse", bad).status == status
    assert MadeFrom.objects.get().is_live and not LinkReversal.objects.exists()


@pytest.mark.parametrize("role", ["technician", "director", "production", "logistics"])
def test_only_qc_reverses(sign_in, role):
    link = make_link(make_batch(), make_batch())
    assert sign_in(role).post(f"links/{link.pk}/reverse", REASON).status == 403
    assert MadeFrom.objects.get().is_live


def test_unknown_link_is_not_found(sign_in):
    qc = sign_in("qc")
    assert qc.get(f"links/{NOBODY}").status == qc.post(f"links/{NOBODY}/reverse", REASON).status == 404


def test_shipped_kg_are_not_used_as_well(sign_in):
    """60 t were made and 25 t shipped: 35 t are left, and 0.1 % by weighing."""
    qc, packed, rework = sign_in("qc"), make_batch(), make_batch(kind="rework")
    make_shipment(packed, qty_kg="25000")
    refused = qc.post(f"batches/{rework.pk}/parents", body(packed, qty_kg="35060.001", kind="rework"))
    assert (refused.status, refused.code, refused.json["left_kg"]) == (409, "more_than_left", "35000.000")
    assert not MadeFrom.objects.exists()
    assert qc.post(f"batches/{rework.pk}/parents", body(packed, qty_kg="35060", kind="rework")).status == 201


def test_rework_goes_back_a_stage(sign_in):
    qc = sign_in("qc")
    product = make_product()
    packed, refined = make_batch(product, kind="packed"), make_batch(product, kind="refined")
    made = qc.post(f"batches/{refined.pk}/parents", body(packed, qty_kg="500", kind="rework"))
    assert (made.status, made.json["kind"]) == (201, "rework")


def test_parent_that_was_not_made_yet_is_refused(sign_in):
    """The order comes from the time; the factory's day counts, not the one in London."""
    today = clock.today()
    late = make_batch(produced_on=today)
    qc, child = sign_in("qc"), make_batch()
    at = (clock.now() - timedelta(days=1)).isoformat()
    refused = qc.post(f"batches/{child.pk}/parents", body(late, made_at=at))
    assert (refused.status, refused.code) == (409, "made_before_parent")
    assert refused.json["produced_on"] == today.isoformat() and not MadeFrom.objects.exists()
    assert qc.post(f"batches/{child.pk}/parents", body(late, made_at=clock.now().isoformat())).status == 201


def test_same_key_reverses_once(sign_in):
    qc, raw, packed = sign_in("qc"), make_batch(), make_batch()
    link = make_link(raw, packed)
    key = {"Idempotency_Key": "reverse-1"}
    first = qc.post(f"links/{link.pk}/reverse", REASON, **key)
    second = qc.post(f"links/{link.pk}/reverse", REASON, **key)
    assert (first.status, second.status, second.json) == (200, 200, first.json)
    assert LinkReversal.objects.count() == 1
