"""Recalled goods leave events: counted at a consignee, disposed of in the house. Drills leave none."""

from decimal import Decimal
from typing import Any

import pytest

from backend.core import clock
from tests import factories
from tests.recalls import make_notice, make_recall
from traceability.epcis.document import context, is_valid
from traceability.epcis.models import TraceEvent
from traceability.epcis.services import append_all
from traceability.recall.models import Disposition, GoodsReport

pytestmark = pytest.mark.django_db


def report(*, is_drill: bool = False, **fields: Any) -> GoodsReport:
    recall = fields.pop("recall", None) or make_recall(is_drill=is_drill)
    batch = fields.pop("batch", None) or factories.make_batch()
    notice = fields.pop("notice", None) or make_notice(recall, batch=batch)
    kg = {name: Decimal(0) for name in ("blocked_kg", "returned_kg", "destroyed_kg", "consumed_kg")}
    made = factories.made_now(factories.make_user())
    return GoodsReport.objects.create(
        **(
            made
            | kg
            | {"recall": recall, "notice": notice, "batch": batch, "counted_at": clock.now()}
            | fields
        )
    )


def event_of(row: Any) -> TraceEvent:
    event = TraceEvent.objects.get(source_id=row.pk, is_declaration=False)
    assert is_valid({"@context": context(), **event.body}), event.body
    return event


@pytest.mark.parametrize(
    ("kg", "step", "disposition"),
    [
        ({"returned_kg": Decimal("5.5")}, "collecting", "returned"),
        ({"destroyed_kg": Decimal(3)}, "destroying", "destroyed"),
        ({"blocked_kg": Decimal(7)}, "holding", "recalled"),
        ({"blocked_kg": Decimal(7), "destroyed_kg": Decimal(1)}, "holding", "recalled"),
    ],
)
def test_a_count_at_a_consignee_says_what_was_done_with_the_goods(kg, step, disposition):
    row = report(**kg)
    append_all()
    event = event_of(row)
    assert (event.biz_step, event.disposition) == (step, disposition)
    assert event.body["quantityList"][0]["quantity"] == sum(kg.values())
    assert event.body["bizTransactionList"][0]["bizTransaction"] == f"urn:saltline:recall:{row.recall.number}"


def test_a_corrected_count_names_the_one_that_stands():
    first = report(returned_kg=Decimal(5))
    second = report(
        recall=first.recall, notice=first.notice, batch=first.batch, returned_kg=Decimal(4), supersedes=first
    )
    append_all()
    declared = event_of(first).declaration.body["errorDeclaration"]
    assert declared["correctiveEventIDs"] == [event_of(second).event_id]


def test_a_disposal_is_told_once_it_is_done():
    recall = make_recall()
    batch = factories.make_batch()
    qc, other = factories.make_user("qc"), factories.make_user("qc")
    row = Disposition.objects.create(
        recall=recall, batch=batch, kind="destroy", qty_kg=Decimal("120.5"), reason="异物", proposed_by=qc,
        proposed_at=clock.now(),
    )  # fmt: skip
    append_all()
    assert not TraceEvent.objects.filter(source="disposal").exists()
    told = clock.now()
    Disposition.objects.filter(pk=row.pk).update(
        state="done",
        decided_by=other,
        decided_at=told,
        regulator_told_at=told,
        done_at=clock.now(),
        done_by=qc,
    )
    append_all()
    event = event_of(row)
    assert (event.action, event.biz_step, event.disposition) == ("DELETE", "destroying", "destroyed")
    assert event.body["quantityList"][0]["quantity"] == 120.5


def test_a_drill_leaves_no_event():
    row = report(is_drill=True, returned_kg=Decimal(5))
    append_all()
    assert not TraceEvent.objects.filter(source_id=row.pk).exists()
