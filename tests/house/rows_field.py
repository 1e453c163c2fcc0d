"""Rows of recalls in the field: tasks, a consignee who reported, goods where they should not be."""

from typing import Any

from backend.core import clock
from fieldservice.visit.models import RecallTask, VisitScan
from tests import factories
from tests.house.place import Place
from tests.recalls import make_notice, make_recall
from traceability.recall.models import GoodsReport


def recall_tasks(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    """A running recall: a task to take, a consignee without one yet, one whose goods are reported, one unlisted."""
    recall, batch = make_recall(), factories.make_batch(found["product"], status="recalled")
    taken_up, _late, reported = (
        make_notice(recall, customer=factories.make_customer(region_code=place.region), batch=batch)
        for _ in range(3)
    )
    task = RecallTask.objects.create(notice=taken_up, opened_at=clock.now())
    RecallTask.objects.create(notice=reported, opened_at=clock.now())
    GoodsReport.objects.create(
        **factories.made_now(place.colleagues["technician"]),
        recall=recall,
        notice=reported,
        batch=batch,
        blocked_kg=0,
        returned_kg=1000,
        destroyed_kg=0,
        consumed_kg=0,
        counted_at=clock.now(),
    )
    late = factories.make_shipment(batch, factories.make_customer(region_code=place.region))
    rows = {"recall_task": task, "recall_in_field": recall, "reported_notice": reported}
    return {**rows, "late_shipment": late}


def strange_scans(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    """A unit code seen on a visit to a customer its batch never went to."""
    technician = place.colleagues["technician"]
    number = next(factories.numbers)
    scan = factories.make_scan(
        technician, batch=factories.make_batch(), serial=f"S7-{number:05d}", outcome="suspicious"
    )
    visit = factories.make_visit(technician, factories.make_customer(region_code=place.region))
    VisitScan.objects.create(visit=visit, scan=scan)
    return {"strange_scan": scan}
