"""`manage.py import_genealogy`: history is stored as it was found, and every fault is named."""

import json
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from backend.core import history
from tests.factories import make_batch
from traceability.balance.models import StockCount
from traceability.batch.models import Batch
from traceability.genealogy.models import MadeFrom
from traceability.product.models import Product

pytestmark = pytest.mark.django_db

LOTS_HEAD = "code,kind,grade,qty_kg,on_hand_kg,scrap_kg,customer"
LINKS_HEAD = "parent,child,qty_kg"
LOTS = [
    "R-1,raw,edible,1000,0,0,",
    "A-1,additive,,10,2,0,",
    "F-1,refined,edible,1005,0,5,",
    "P-1,packed,edible,1000,100,0,",
    "D-1,delivery,edible,900,0,0,南京盐业",
]
LINKS = ["R-1,F-1,997", "A-1,F-1,8", "F-1,P-1,1000", "P-1,D-1,900"]


@pytest.fixture
def load(tmp_path):
    """load(lots, links, audit=True) → the JSON line of the command."""

    def run(lots=LOTS, links=LINKS, *, audit=True, mark="\ufeff", lots_head=LOTS_HEAD, end="\r\n"):
        named = {"lots": [lots_head, *lots], "links": [LINKS_HEAD, *links]}
        for name, lines in named.items():
            (tmp_path / f"{name}.csv").write_bytes((mark + end.join(lines) + end).encode())
        out = StringIO()
        paths = [f"--{name}={tmp_path / name}.csv" for name in named]
        try:
            call_command("import_genealogy", *paths, *["--audit"] * audit, stdout=out, stderr=StringIO())
        finally:
            run.printed = out.getvalue()
        (line,) = out.getvalue().splitlines()
        return json.loads(line)

    return run


def faults(report):
    return [(found["fault"], found["file"], found["row"], found["code"]) for found in report["faults"]]


def test_history_is_stored_as_it_stands_in_the_files(load):
    report = load()
    assert report["stored"] and report["faults"] == []
    assert (report["lots"], report["links"]) == (
        {"rows": 5, "created": 5, "known": 0},
        {"rows": 4, "created": 4, "known": 0},
    )
    delivery = Batch.objects.select_related("product").get(code="D-1")
    assert (delivery.is_history, delivery.kind, delivery.consignee) == (True, "delivery", "南京盐业")
    assert (delivery.qty_kg, delivery.product.sku) == (Decimal("900.000"), "HISTORY-EDIBLE")
    assert Product.objects.get(sku="HISTORY-EDIBLE-RAW").family == "edible"
    assert Product.objects.get(sku="HISTORY-ADDITIVE").family == "additive"
    link = MadeFrom.objects.get(parent__code="A-1")
    assert (link.child.code, link.qty_kg, link.is_history, link.recorded_by) == (
        "F-1",
        Decimal(8),
        True,
        None,
    )
    counted = StockCount.objects.get(batch__code="P-1")
    assert (counted.on_hand_kg, counted.scrap_kg, counted.is_history) == (Decimal(100), Decimal(0), True)


def test_history_of_each_lot_tells_where_it_came_from(load):
    load()
    for lot in Batch.objects.all():
        (line,) = history.changes("batch", row_id=lot.pk)
        assert (line["what"], line["job"]) == ("insert", "import_genealogy")
        assert line["changed"]["code"] == [None, lot.code]
    lot.plant = "P9"
    lot.save()
    assert len(list(history.changes("batch", row_id=lot.pk))) == 2  # the trigger works again


def test_second_run_adds_nothing(load):
    load()
    again = load(mark="", end="\n")
    assert again["faults"] == []
    assert again["lots"] == {"rows": 5, "created": 0, "known": 5}
    assert again["links"] == {"rows": 4, "created": 0, "known": 4}
    assert (Batch.objects.count(), MadeFrom.objects.count(), StockCount.objects.count()) == (5, 4, 5)


def test_changed_values_are_reported_and_stay_as_they_were(load):
    load()
    changed = load(
        ["R-1,raw,edible,2000,0,0,", "P-1,packed,edible,1000,90,0,"], ["R-1,F-1,900", "F-1,P-1,1000"]
    )
    assert faults(changed) == [
        ("changed", "links", 2, "R-1"),
        ("changed", "lots", 2, "R-1"),
        ("changed", "lots", 3, "P-1"),
    ]
    assert Batch.objects.get(code="R-1").qty_kg == 1000
    assert MadeFrom.objects.get(parent__code="R-1").qty_kg == 997
    assert StockCount.objects.get(batch__code="P-1").on_hand_kg == 100


def test_every_fault_is_named_with_its_row_and_the_rest_is_stored(load):
    report = load(
        [
            "R-1,raw,edible,1000,0,0,",
            "r-1,raw,edible,5,0,0,",  # 3: the same code
            "S#1,silo,edible,5,0,0,",  # 4: no batch code
            "T-1,tank,edible,5,0,0,",  # 5: no kind
            "S-1,silo,,many,-1,0,",  # 6: two bad numbers
            "S-2,silo,food,5,0,0,",  # 7: no grade
            "S-3,silo,edible,5,0,0,",
        ],
        ["R-1,S-1,10", "R-1,X-9,5", "S-3,S-3,1", "R-1,S-2,x", "R-1,S-3,2", "R-1,S-3,3", "S#1,S-3,1"],
    )
    assert faults(report) == [
        ("unknown_lot", "links", 3, "X-9"),
        ("self_link", "links", 4, "S-3"),
        ("bad_number", "links", 5, "R-1"),
        ("repeated_link", "links", 7, "R-1"),
        ("unknown_lot", "links", 8, "S#1"),
        ("duplicate_code", "lots", 3, "r-1"),
        ("bad_code", "lots", 4, "S#1"),
        ("unknown_kind", "lots", 5, "T-1"),
        ("bad_number", "lots", 6, "S-1"),
        ("bad_number", "lots", 6, "S-1"),
        ("unknown_grade", "lots", 7, "S-2"),
    ]
    assert report["fault_kinds"]["bad_number"] == 3 and report["stored"]
    assert set(Batch.objects.values_list("code", flat=True)) == {"R-1", "S-1", "S-2", "S-3"}
    kg = dict(MadeFrom.objects.values_list("child__code", "qty_kg"))
    # What was withdrawn twice counts together; a number nobody can read keeps the way and counts nothing.
    assert kg | {"S-3": 0} == {"S-1": 10, "S-3": 0, "S-2": 0}
    assert MadeFrom.objects.get(parent__code="R-1", child__code="S-3").qty_kg == 5


def test_circle_is_stored_and_named(load):
    report = load(
        ["A,silo,edible,10,0,0,", "B,silo,edible,10,0,0,", "C,silo,edible,10,0,0,"],
        ["A,B,1", "B,C,1", "C,A,1"],
    )
    (found,) = report["faults"]
    assert found["fault"] == "circle" and found["detail"].count("→") == 3
    assert MadeFrom.objects.count() == 3


def test_industrial_ancestor_is_named_with_its_way(load):
    report = load(
        [
            "I,raw,industrial,10,0,0,",
            "S,silo,,10,0,0,",
            "P,packed,edible,10,0,0,",
            "D,delivery,edible,5,0,0,甲",
        ],
        ["I,S,10", "S,P,10", "P,D,5"],
    )
    assert [(found["fault"], found["code"], found["detail"]) for found in report["faults"]] == [
        ("industrial_ancestor", "D", "I → S → P → D"),
        ("industrial_ancestor", "P", "I → S → P"),
    ]


@pytest.mark.parametrize(
    ("lots", "links", "fault"),
    [
        (LOTS, [*LINKS, "P-1,R-1,1"], "circle"),
        (LOTS, [*LINKS, "P-1,P-1,1"], "self_link"),
        ([*LOTS, "I-1,raw,industrial,50,0,0,"], [*LINKS, "I-1,F-1,5"], "industrial_ancestor"),
        (LOTS, [*LINKS, "R-1,P-1,50"], "over_issued"),
        (LOTS, [*LINKS, "R-1,X-1,1"], "unknown_lot"),
    ],
)
def test_without_audit_one_fault_refuses_both_files(load, lots, links, fault):
    with pytest.raises(CommandError, match="nothing was stored"):
        load(lots, links, audit=False)
    report = json.loads(load.printed)
    assert fault in report["fault_kinds"] and not report["stored"]
    assert not Batch.objects.exists() and not MadeFrom.objects.exists() and not Product.objects.exists()


def test_faultless_files_pass_without_audit(load):
    assert load(audit=False)["stored"]
    assert MadeFrom.objects.count() == 4


def test_batches_of_ours_are_never_touched(load):
    ours = make_batch(code="P-1")
    report = load()
    assert [(found["fault"], found["file"]) for found in report["faults"]] == [
        ("live_batch", "links"),
        ("live_batch", "links"),
        ("live_batch", "lots"),
    ]
    assert list(Batch.objects.filter(code="P-1")) == [ours]
    assert not MadeFrom.objects.filter(parent=ours).exists() and MadeFrom.objects.count() == 2


def test_kg_are_kept_to_the_gram_and_a_day_where_it_is_given(load):
    load(
        ["A,raw,,1000.1234,,,,2025-03-01,P2,S-77", "B,packed,,1e3,5.5,,"],
        ["A,B,0.0005"],
        lots_head=f"{LOTS_HEAD},produced_on,plant,supplier_lot",
    )
    lot = Batch.objects.get(code="A")
    assert (str(lot.qty_kg), str(lot.produced_on), lot.plant, lot.supplier_lot) == (
        "1000.123",
        "2025-03-01",
        "P2",
        "S-77",
    )
    assert not StockCount.objects.filter(batch=lot).exists()
    assert StockCount.objects.get(batch__code="B").on_hand_kg == Decimal("5.5")
    assert Batch.objects.get(code="B").qty_kg == 1000


def test_file_without_a_column_is_refused(load):
    with pytest.raises(CommandError, match="on_hand_kg"):
        load(lots_head="code,kind,grade,qty_kg")
    assert not Batch.objects.exists()
