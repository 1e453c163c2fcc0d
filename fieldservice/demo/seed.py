"""Fills an empty database with the demo's salt works, once."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.apps import apps
from django.db import connection, transaction

from fieldservice.cost.models import CostLine
from fieldservice.cost.queries import policy_in_force
from fieldservice.cost.rules import ZERO, CostCategory
from fieldservice.demo import (
    complaints,
    inspection,
    instruments,
    pallets,
    recalls,
    runs,
    shipping,
    spending,
    stocktaking,
    visits,
    wet_batch,
)
from fieldservice.demo.articles import make_articles
from fieldservice.demo.customers import make_customers
from fieldservice.demo.labels import make_label_profile
from fieldservice.demo.measuring import measure
from fieldservice.demo.people import People, make_people
from fieldservice.demo.policies import make_policies
from fieldservice.demo.spending import Receipts
from fieldservice.demo.stage import Stage, make_stage
from fieldservice.demo.visits import Logbook
from fieldservice.demo.works import Works, make_works
from traceability.batch.models import Batch
from traceability.customer.models import Customer
from traceability.epcis.services import append_all

EVENTS_AT_ONCE = 2_000


def is_filled() -> bool:
    """Whether there are data already, the demo's or a works' own."""
    return Batch.objects.exists() or Customer.objects.exists()


@transaction.atomic
def fill(*, now: datetime) -> None:
    """Everything, or nothing where it fails. The same for the same `now`, but for ids."""
    stage = make_stage(now)
    people = make_people()
    make_policies(stage)
    goods = make_articles(by=people["qc1"])
    works = make_works(stage, goods=goods, people=people)
    runs.make_runs(works, people=people)
    inspection.inspect(stage, works=works, people=people)
    runs.fill_silos(stage, works=works, people=people)
    make_label_profile(stage, works=works, goods=goods, by=people["qc1"])
    customers = make_customers(stage, dealer=people["dealer"])
    _serve(stage, works=works, customers=customers, people=people)
    _trace(stage, works=works, customers=customers, people=people)
    _count_rows()


def _count_rows() -> None:
    """The first queries come at once, before the server would count by itself. Own tables only: those of the whole
    server would be locked for everybody until the commit."""
    tables = {
        meta.db_table for model in apps.get_models() if (meta := model._meta).managed and not meta.proxy
    }
    names = [connection.ops.quote_name(table) for table in sorted(tables)]
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(names)}")


def _trace(stage: Stage, *, works: Works, customers: list[Customer], people: People) -> None:
    """Goods on pallets and received, the store counted, a drill and a recall; the log of events is up to date."""
    stocktaking.receive(stage, people=people)
    recalls.drill(stage, works=works, people=people)
    recalls.run_recall(stage, works=works, people=people)
    pallets.pack_pallets(stage, works=works, customers=customers, people=people)
    stocktaking.count_stock(stage, works=works, people=people)
    append_all(limit=EVENTS_AT_ONCE)


def _serve(stage: Stage, *, works: Works, customers: list[Customer], people: People) -> None:
    """What the customers got, and three months of after-sales service."""
    got = shipping.ship(stage, works=works, customers=customers, people=people)
    inspection.block(stage, works=works, people=people)
    told = complaints.grievances(stage, customers=customers, got=got, wet=works.wet)
    calls = [
        *visits.inspections(stage, customers=customers, got=got, wet=works.wet, people=people),
        *complaints.calls_for(stage, told=told, people=people),
        *wet_batch.calls(stage, wet=works.wet, customers=customers, people=people),
    ]
    books = visits.keep_visits(stage, calls=calls, people=people)
    cases = instruments.make_instruments(stage, people=people)
    readings = measure(stage, books=books, instruments=cases, wet=works.wet)
    wet_batch.photograph(books, wet=works.wet)
    receipts = _spend(stage, books=books, people=people)
    complaints.open_cases(stage, told=told, books=books, people=people, receipts=receipts)
    complaints.follow_readings(stage, readings=readings, wet=works.wet, people=people)


def _spend(stage: Stage, *, books: Iterable[Logbook], people: People) -> Receipts:
    """The visits' costs; a hotel receipt is handed in by a colleague again."""
    policy = policy_in_force(stage.today)
    receipts = Receipts(stage)
    limit = policy.receipt_required_above_cny if policy else ZERO
    lines = spending.spend(stage, books=books, receipts=receipts, limit=limit)
    night: CostLine = next(line for line in reversed(lines) if line.category == CostCategory.LODGING)
    colleague = next(user for user in people.technicians() if user != night.recorded_by)
    at = min(night.received_at + timedelta(days=1), stage.now)
    spending.hand_in_again(night, by=colleague, at=at)
    return receipts
