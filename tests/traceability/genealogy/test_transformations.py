"""Runs over HTTP: what goes in, what comes out, what is refused."""

from datetime import timedelta
from decimal import Decimal

import pytest

from backend.core import clock
from tests.factories import make_batch, make_link, make_product, make_shipment, make_transformation
from traceability.genealogy import queries
from traceability.genealogy.models import LinkReversal, MadeFrom, Transformation, TransformationOutput

NOBODY = "018f0000-0000-7000-8000-00000000dead"


def run(inputs, outputs, **fields):
    """`inputs`, `outputs`: (batch, kg) each."""
    sides = {"inputs": inputs, "outputs": outputs}
    portions = {
        side: [{"batch": str(batch.pk), "qty_kg": kg} for batch, kg in pairs] for side, pairs in sides.items()
    }
    return {
        "stage": "packed",
        "plant": "滨海一厂",
        "started_at": (clock.now() - timedelta(hours=30)).isoformat(),
        "finished_at": (clock.now() - timedelta(hours=24)).isoformat(),
        **portions,
    } | fields


def nothing_made():
    return not (
        Transformation.objects.exists()
        or TransformationOutput.objects.exists()
        or MadeFrom.objects.filter(transformation__isnull=False).exists()
    )


def test_run_links_every_input_to_every_output_by_kg(sign_in):
    qc = sign_in("qc")
    product = make_product()
    refined = make_batch(product, code="JS-1", kind="refined")
    iodate = make_batch(make_product(family="additive"), code="DK-1", kind="additive", supplier_lot="S-9")
    film = make_batch(make_product(family="packaging"), code="FM-1", kind="packaging")
    one, two = make_batch(product, code="YS-1"), make_batch(product, code="YS-2")
    made = qc.post(
        "transformations",
        run(
            [(refined, "30000"), (iodate, "1.000"), (film, "240")],
            [(one, "20000"), (two, "9990")],
            loss_kg="5",
            loss_reason="筛下物",
        ),
    )
    assert made.status == 201 and made.json["number"].startswith("T-")
    assert made.json["balance"] == {
        "in_kg": "30001.000",
        "out_kg": "29990.000",
        "loss_kg": "5.000",
        "unaccounted_kg": "6.000",
        "yield_pct": "99.96",
    }
    sides = {
        side: {row["batch"]["code"]: row["qty_kg"] for row in made.json[side]}
        for side in ("inputs", "outputs")
    }
    assert sides == {
        "inputs": {"JS-1": "30000.000", "DK-1": "1.000", "FM-1": "240.000"},
        "outputs": {"YS-1": "20000.000", "YS-2": "9990.000"},
    }
    assert qc.get(f"transformations/{made.json['id']}").json == made.json
    assert MadeFrom.objects.count() == 6
    parents = {row["batch"]["code"]: row for row in qc.get(f"batches/{one.pk}/parents").json["items"]}
    assert parents.keys() == {"JS-1", "DK-1", "FM-1"}
    assert parents["DK-1"]["supplier_lot"] == "S-9" and parents["DK-1"]["qty_kg"] == "0.667"
    assert parents["JS-1"]["transformation"] == made.json["id"]
    assert parents["JS-1"]["transformation_number"] == made.json["number"]
    assert queries.used_kg([iodate.pk]) == {iodate.pk: Decimal("1.000")}


def test_more_out_than_in_is_refused_and_packaging_is_no_salt(sign_in):
    qc, refined, packed = sign_in("qc"), make_batch(kind="refined"), make_batch()
    film = make_batch(kind="packaging")
    refused = qc.post("transformations", run([(refined, "1000"), (film, "500")], [(packed, "1001.001")]))
    assert (refused.status, refused.code) == (409, "more_out_than_in")
    assert (refused.json["in_kg"], refused.json["out_kg"]) == ("1000.000", "1001.001")
    assert nothing_made()
    assert qc.post("transformations", run([(refined, "1000")], [(packed, "1001")])).status == 201


def test_loss_counts_as_out(sign_in):
    qc, refined, packed = sign_in("qc"), make_batch(kind="refined"), make_batch()
    refused = qc.post("transformations", run([(refined, "1000")], [(packed, "900")], loss_kg="101.001"))
    assert refused.code == "more_out_than_in" and nothing_made()


def test_more_than_is_left_of_an_input_is_refused(sign_in):
    qc, refined, packed = sign_in("qc"), make_batch(kind="refined", code="JS-7"), make_batch()
    make_shipment(refined, qty_kg="20000")
    make_link(refined, make_batch(), qty_kg="30000")
    refused = qc.post("transformations", run([(refined, "10060.001")], [(packed, "10000")]))
    assert (refused.status, refused.code) == (409, "more_than_left")
    assert (refused.json["batch"], refused.json["left_kg"]) == ("JS-7", "10000.000")
    assert nothing_made()


def test_circle_through_any_pair_is_refused_with_its_path(sign_in):
    qc = sign_in("qc")
    a, b, c, d = (make_batch(code=code) for code in "ABCD")
    make_link(c, b)
    refused = qc.post("transformations", run([(a, "10"), (b, "10")], [(c, "10"), (d, "10")]))
    assert (refused.code, refused.json["path"]) == ("genealogy_circle", ["C", "B", "C"])
    assert nothing_made()


def test_batch_does_not_come_out_of_itself(sign_in):
    qc, a, b = sign_in("qc"), make_batch(), make_batch()
    refused = qc.post("transformations", run([(a, "10"), (b, "10")], [(b, "10")]))
    assert refused.code == "made_from_itself" and nothing_made()


def test_industrial_salt_in_one_of_many_inputs_is_refused_with_its_path(sign_in):
    qc = sign_in("qc")
    industrial = make_batch(make_product(family="industrial"), code="IND")
    mixed = make_batch(make_product(family="raw_material"), code="MIX", kind="silo")
    clean, edible = make_batch(kind="refined"), make_batch(code="ED")
    make_link(industrial, mixed)
    refused = qc.post("transformations", run([(clean, "10"), (mixed, "10")], [(edible, "10")]))
    assert (refused.code, refused.json["path"]) == ("industrial_into_edible", ["IND", "MIX", "ED"])
    assert nothing_made()


def test_input_of_a_later_day_is_refused(sign_in):
    late = make_batch(produced_on=clock.today(), kind="refined")
    refused = sign_in("qc").post("transformations", run([(late, "10")], [(make_batch(), "10")]))
    assert refused.code == "made_before_parent" and nothing_made()


def test_number_is_given_once(sign_in):
    qc, refined, packed = sign_in("qc"), make_batch(kind="refined"), make_batch()
    body = run([(refined, "10")], [(packed, "10")], number="T-7")
    assert qc.post("transformations", body).status == 201
    assert qc.post("transformations", body).code == "transformation_number_taken"
    assert Transformation.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"stage": "pallet"}, "/stage"),
        ({"stage": "refined"}, "/outputs/0/batch"),
        ({"inputs": []}, "/inputs"),
        ({"outputs": []}, "/outputs"),
        ({"inputs": [{"batch": NOBODY, "qty_kg": "1"}]}, "/inputs/0/batch"),
        ({"outputs": [{"batch": NOBODY, "qty_kg": "1"}]}, "/outputs/0/batch"),
        ({"loss_kg": "-1"}, "/loss_kg"),
        ({"started_at": "2026-01-02T00:00:00Z", "finished_at": "2026-01-01T00:00:00Z"}, "/finished_at"),
        ({"started_at": "2098-01-01T00:00:00Z", "finished_at": "2099-01-01T00:00:00Z"}, "/finished_at"),
    ],
)
def test_bad_run_is_refused_where_it_is_bad(sign_in, change, pointer):
    body = run([(make_batch(kind="refined"), "10")], [(make_batch(), "10")])
    refused = sign_in("qc").post("transformations", body | change)
    assert (refused.status, refused.code) == (400, "invalid_input")
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]
    assert nothing_made()


def test_same_batch_twice_on_a_side_is_refused(sign_in):
    refined, packed = make_batch(kind="refined"), make_batch()
    refused = sign_in("qc").post("transformations", run([(refined, "1"), (refined, "2")], [(packed, "3")]))
    assert refused.json["errors"][0]["pointer"] == "/inputs/1/batch" and nothing_made()


def test_run_entered_in_error_is_reversed_whole(sign_in):
    qc, refined, packed = sign_in("qc"), make_batch(kind="refined"), make_batch()
    made = qc.post("transformations", run([(refined, "50000")], [(packed, "49000")])).json
    done = qc.post(f"transformations/{made['id']}/reverse", {"reason": "重复录入"})
    assert (done.status, done.json["is_reversed"], done.json["inputs"]) == (200, True, [])
    assert LinkReversal.objects.get().reason == "重复录入"
    again = qc.post(f"transformations/{made['id']}/reverse", {"reason": "重复录入"})
    assert (again.status, again.code) == (409, "link_reversed")
    assert qc.post("transformations", run([(refined, "50000")], [(packed, "49000")])).status == 201
    numbers = [row["number"] for row in qc.get("transformations?is_reversed=true").json["items"]]
    assert numbers == [made["number"]]


def test_wrong_input_of_a_run_is_replaced(sign_in):
    qc, wrong, right, packed = sign_in("qc"), make_batch(), make_batch(code="RIGHT"), make_batch()
    made = make_transformation(wrong, packed)
    (link,) = qc.get(f"batches/{packed.pk}/parents").json["items"]
    assert qc.post(f"links/{link['id']}/reverse", {"reason": "批号录错"}).status == 200
    body = {
        "parent": str(right.pk),
        "qty_kg": "1000",
        "made_at": made.finished_at.isoformat(),
        "transformation": str(made.pk),
    }
    assert qc.post(f"batches/{packed.pk}/parents", body).status == 201
    (row,) = qc.get(f"transformations/{made.pk}").json["inputs"]
    assert (row["batch"]["code"], row["qty_kg"]) == ("RIGHT", "1000.000")
    stranger = qc.post(f"batches/{make_batch().pk}/parents", body)
    assert (stranger.status, stranger.json["errors"][0]["pointer"]) == (400, "/transformation")


def test_runs_are_filtered(sign_in):
    technician, refined, packed = sign_in("technician"), make_batch(kind="refined"), make_batch()
    at = clock.now() - timedelta(days=3)
    mine = make_transformation(
        refined, packed, plant="P2", number="T-A", started_at=at, finished_at=at + timedelta(hours=1)
    )
    make_transformation(make_batch(kind="raw"), make_batch(kind="refined"), number="T-B")

    def found(query):
        return [row["number"] for row in technician.get(f"transformations?{query}").json["items"]]

    assert found("") == ["T-A", "T-B"]
    assert found("stage=packed") == found("plant=P2") == found("number=T-A") == ["T-A"]
    assert found(f"batch={refined.pk}") == found(f"batch={packed.pk}") == ["T-A"]
    after = (at - timedelta(hours=1)).isoformat().replace("+", "%2B")
    assert found(f"finished_from={after}") == ["T-A"] and found(f"finished_to={after}") == ["T-B"]
    assert technician.get(f"transformations/{mine.pk}").status == 200
    assert technician.get(f"transformations/{NOBODY}").status == 404
    assert technician.get("transformations?kind=raw").status == 400


def test_runs_are_listed_at_one_query_count(sign_in, django_assert_num_queries):
    client = sign_in("technician")
    make_transformation(make_batch(kind="refined"), make_batch())
    with django_assert_num_queries(2):
        assert len(client.get("transformations").json["items"]) == 1
    for _ in range(2):
        make_transformation(make_batch(kind="refined"), make_batch())
    with django_assert_num_queries(2):
        assert len(client.get("transformations").json["items"]) == 3
