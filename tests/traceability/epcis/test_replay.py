"""Replaying the log rebuilds every batch as the tables have it, whatever was done and in which order."""

import json
import os
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.core import clock
from backend.core.errors import DomainError
from tests import factories
from traceability.batch import services as batches
from traceability.batch.models import Batch
from traceability.batch.rules import BatchAction, BatchData, BatchKind
from traceability.dispatch.models import Shipment
from traceability.dispatch.packing import ContentData, UnitData, pack_unit
from traceability.dispatch.rules import UnitLevel, sscc_of
from traceability.dispatch.services import LineData, ShipmentData, cancel_shipment, record_shipment
from traceability.epcis.models import TraceEvent
from traceability.epcis.replay import BatchState, replay
from traceability.epcis.services import append_all
from traceability.epcis.standing import compare
from traceability.genealogy.mass import Portion, RunData
from traceability.genealogy.models import MadeFrom, Transformation
from traceability.genealogy.services import link_parent, record_return, reverse_link, reverse_transformation
from traceability.genealogy.transformation import record_transformation

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("REPLAY_EXAMPLES", "8"))  # days
STEPS = ("make", "link", "link", "reverse", "release", "hold", "recall", "destroy", "ship", "ship", "cancel", "receive",
         "receive", "correct", "take_back", "run", "run", "undo_run", "pack", "append")  # fmt: skip
day = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 10_000)), min_size=20, max_size=60)


class Works:
    """The house for one day: does the step asked for to some row; what the rules refuse is not done."""

    def __init__(self) -> None:
        self.qc, self.other, self.clerk = (factories.make_user(role) for role in ("qc", "qc", "logistics"))
        self.customer = factories.make_customer(kind="food_maker")
        self.item = factories.make_trade_item()
        self.made = 0

    def do(self, step: str, number: int) -> None:
        try:
            with transaction.atomic():
                getattr(self, step)(number)
        except DomainError:
            pass

    def pick(self, rows: Any, number: int) -> Any:
        found = list(rows.order_by("pk"))
        if not found:
            raise DomainError
        return found[number % len(found)]

    def batch(self, number: int) -> Batch:
        return self.pick(Batch.objects, number)

    def make(self, number: int) -> None:
        self.made += 1
        data = BatchData(
            product_id=self.item.product_id,
            code=f"R{self.made}" if number % 3 else f"盐{self.made}",
            plant="P1",
            produced_on=clock.today() - timedelta(days=number % 5),
            qty_kg=Decimal(number % 5000 + 1) + Decimal("0.125"),
            trade_item_id=self.item.pk if number % 2 else None,
        )
        batches.record_batch(data)

    def link(self, number: int) -> None:
        parent, child = self.batch(number), self.batch(number // 7)
        link_parent(
            parent=parent, child=child, qty_kg=Decimal(number % 300 + 1), made_at=clock.now(), by=self.qc
        )

    def reverse(self, number: int) -> None:
        reverse_link(self.pick(MadeFrom.objects.filter(is_live=True), number), by=self.qc, reason="误录")

    def release(self, number: int) -> None:
        batch = self.batch(number)
        if not batch.certificates.exists():
            factories.make_certificate(batch, tested_by=self.other)
        batches.release_batch(batch, by=self.qc, reason="检验合格")

    def hold(self, number: int) -> None:
        batches.hold_batch(self.batch(number), by=self.other, reason="待复检")

    def recall(self, number: int) -> None:
        self._propose(number, BatchAction.RECALL)

    def destroy(self, number: int) -> None:
        self._propose(number, BatchAction.DESTROY)

    def _propose(self, number: int, action: BatchAction) -> None:
        proposal = batches.propose(self.batch(number), action=action, reason="超标", by=self.qc)
        batches.accept_proposal(proposal, by=self.other, reason="同意")

    def ship(self, number: int) -> None:
        lines = (LineData(batch_id=self.batch(number).pk, qty_kg=Decimal(number % 200 + 1)),)
        data = ShipmentData(customer_id=self.customer.pk, shipped_on=clock.today(), lines=lines)
        record_shipment(data, by=self.clerk)

    def cancel(self, number: int) -> None:
        cancel_shipment(
            self.pick(Shipment.objects.filter(cancelled_at=None), number), by=self.clerk, reason="误录"
        )

    def receive(self, number: int) -> None:
        shipment = self.pick(Shipment.objects.filter(receipt=None, cancelled_at=None), number)
        factories.make_receipt(shipment)

    def correct(self, number: int) -> None:
        batches.correct_batch(self.batch(number), code=f"K{number}", qty_kg=Decimal(number + 20_000))

    def run(self, number: int) -> None:
        at = clock.now()
        inputs = {
            self.batch(number).pk: Decimal(number % 90 + 3),
            self.batch(number // 3).pk: Decimal(number % 7 + 1),
        }
        data = RunData(
            stage=BatchKind.PACKED,
            plant="P1",
            started_at=at - timedelta(hours=1),
            finished_at=at,
            inputs=tuple(Portion(id, kg) for id, kg in inputs.items()),
            outputs=(
                Portion(self.batch(number // 11).pk, Decimal(2)),
                Portion(self.batch(number // 13).pk, Decimal(1)),
            ),
        )
        record_transformation(data, by=self.qc)

    def undo_run(self, number: int) -> None:
        runs = Transformation.objects.filter(links__is_live=True).distinct()
        reverse_transformation(self.pick(runs, number), by=self.qc, reason="误录")

    def pack(self, number: int) -> None:
        content = ContentData(batch_id=self.batch(number).pk, qty_kg=Decimal(number % 50 + 1))
        unit = UnitData(level=UnitLevel.PALLET, sscc=sscc_of(number, prefix="6901234"), contents=(content,))
        pack_unit(unit, by=self.clerk)

    def append(self, number: int) -> None:
        append_all()

    def take_back(self, number: int) -> None:
        record_return(
            self.batch(number), qty_kg=Decimal(5), customer=self.customer, returned_at=clock.now(), reason="结块",
            by=self.qc,
        )  # fmt: skip


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(steps=day)
def test_replaying_any_day_gives_the_state_of_the_tables(steps):
    with transaction.atomic():
        works = Works()
        for number in range(8):
            works.make(4_000 + number)
            if number % 4:
                works.do("release", number)
        for step, number in steps:
            works.do(step, number)
        append_all()
        assert [(each.batch.code, each.fields) for each in compare(Batch.objects.all())] == []
        rows = TraceEvent.objects.filter(is_declaration=False)
        standing = rows.filter(declaration=None).values_list("source", "source_id")
        assert len(standing) == len(set(standing)), "one standing event per row"
        transaction.set_rollback(True)


def test_a_batch_the_log_does_not_tell_right_is_named():
    batch = factories.make_batch(status="quarantine", code="YS1")
    append_all()
    Batch.objects.filter(pk=batch.pk).update(status="held")
    out = StringIO()
    call_command("replay_events", "--batch", "ys1", stdout=out, stderr=StringIO())
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(line["field"], line["log"], line["tables"]) for line in lines] == [
        ("status", "quarantine", "held"),
        ("disposition", "in_progress", "non_sellable_other"),
    ]


def test_command_is_silent_where_log_and_tables_agree():
    factories.make_batch(status="quarantine")
    out = StringIO()
    call_command("replay_events", stdout=out, stderr=StringIO())
    assert out.getvalue() == ""


def test_declared_events_do_not_count():
    event = {
        "type": "ObjectEvent", "eventID": "urn:uuid:1", "eventTime": "2026-03-01T08:00:00+08:00", "action": "OBSERVE",
        "bizStep": "shipping", "quantityList": [{"epcClass": "urn:x:1", "quantity": 12.5, "uom": "KGM"}],
    }  # fmt: skip
    assert replay([event])["urn:x:1"] == BatchState(shipped_kg=Decimal("12.5"))
    assert replay([event, event | {"errorDeclaration": {}}]) == {}
