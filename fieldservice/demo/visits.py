"""Three months of visits: complaints first, then inspections; today's and next week's are still planned."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from backend.accounts.models import User
from backend.core.ids import uuid7
from backend.core.models import Attachment
from backend.core.numbering import next_number
from fieldservice.demo import pictures
from fieldservice.demo.people import People
from fieldservice.demo.shipping import Deliveries
from fieldservice.demo.stage import Stage
from fieldservice.visit.models import CheckPoint, Visit, VisitBatch
from fieldservice.visit.queries import visit_policy
from fieldservice.visit.rules import CheckKind, VisitKind, VisitStatus, is_far
from traceability.batch.models import Batch
from traceability.customer.models import Customer, Site
from traceability.customer.position import Position, distance_m
from traceability.customer.rules import Datum

DAYS_BACK, DAYS_AHEAD = 91, 7
A_WEEK = (1, 2)  # inspections per technician
FAR_EVERY, MOCKED_EVERY = 55, 80
METRES_A_DEGREE = 111_000  # of latitude
STAY = timedelta(minutes=95)
FINDINGS = (
    "库房干燥，堆码离墙，抽测合格。",
    "外包装完好，封口无渗漏，现场水分正常。",
    "库内湿度偏高，已建议加垫板并先进先出。",
    "客户反映个别袋轻微结块，手捏即散，已说明储存要求。",
    "核对批号与送货单一致，留样已封存。",
)
PURPOSES = {
    VisitKind.INSPECTION: "例行走访，抽测在库批次",
    VisitKind.SAMPLING: "抽取留样送检",
    VisitKind.COMPLAINT: "处理客户投诉，现场核查",
    VisitKind.REVISIT: "复测水分",
}


@dataclass(frozen=True)
class Call:
    """A visit as planned: who goes where on which day, and about which batch."""

    technician: User
    customer: Customer
    on: date
    kind: VisitKind
    batch: Batch | None = None
    findings: str = ""
    order: int = 0


@dataclass(frozen=True)
class Logbook:
    """What becomes of a call: the visit, and when the technician came."""

    call: Call
    visit: Visit
    arrived_at: datetime


def inspections(
    stage: Stage, *, customers: list[Customer], got: Deliveries, wet: Batch, people: People
) -> Iterator[Call]:
    """Each technician sees a customer or two of the region a week; in the coming week as well."""
    for technician in people.technicians():
        near = [customer for customer in customers if customer.region_id in technician.regions]
        for week in range(-DAYS_AHEAD, DAYS_BACK, 7):
            for weekday in sorted(stage.chance.sample(range(7), stage.chance.choice(A_WEEK))):
                on, customer = stage.day(week + weekday), stage.chance.choice(near)
                there = [batch for batch in got.batches_of(customer, on=on) if batch != wet]
                kind = stage.chance.choice((VisitKind.INSPECTION, VisitKind.INSPECTION, VisitKind.SAMPLING))
                batch = stage.chance.choice(there[:6]) if there else None
                # Today belongs to the story of the wet batch.
                if on != stage.today or technician != people["technician1"]:
                    yield Call(technician, customer, on, kind, batch)


def keep_visits(stage: Stage, *, calls: Iterable[Call], people: People) -> list[Logbook]:
    """The visits with their check-ins and check-outs, by day; past ones closed and signed, or called off."""
    sites = {site.customer_id: site for site in Site.objects.order_by("-name", "-id")}
    signatures: dict[Customer, Attachment] = {}
    books = []
    for call in sorted(calls, key=lambda call: (call.on, call.technician.username, call.order)):
        visit = _visit(stage, call, site=sites[call.customer.pk], people=people)
        book = Logbook(call, visit, stage.moment(call.on, hours=(9, 15)))
        _finish(stage, book, signatures=signatures)
        books.append(book)
    Visit.objects.bulk_create(book.visit for book in books)
    policy = visit_policy(on=stage.today)
    far_m = policy.far_m if policy else 0
    done = [book for book in books if book.visit.status == VisitStatus.CLOSED]
    CheckPoint.objects.bulk_create(
        check
        for number, book in enumerate(done, start=1)
        for check in _checks(stage, book, number=number, far_m=far_m)
    )
    VisitBatch.objects.bulk_create(
        VisitBatch(visit=book.visit, batch=book.call.batch) for book in books if book.call.batch
    )
    return books


def _visit(stage: Stage, call: Call, *, site: Site, people: People) -> Visit:
    planned_on = min(call.on - timedelta(days=2), stage.today)
    return Visit(
        number=next_number("V", on=planned_on),
        kind=call.kind,
        customer=call.customer,
        site=site,
        region_id=call.customer.region_id,
        technician=call.technician,
        planned_on=call.on,
        planned_order=call.order,
        purpose=PURPOSES[call.kind],
        planned_by=people.clerk_of(call.customer.region_id),
    )


def _finish(stage: Stage, book: Logbook, *, signatures: dict[Customer, Attachment]) -> None:
    """Past visits are closed; one in forty was called off by the customer."""
    visit, call = book.visit, book.call
    if call.on >= stage.today:
        return
    if call.kind == VisitKind.INSPECTION and stage.chance.randint(1, 40) == 1:
        visit.status, visit.cancel_reason = VisitStatus.CANCELLED, "客户盘点，改期"
        visit.cancelled_at = book.arrived_at - timedelta(hours=3)
        return
    if call.customer not in signatures:
        signatures[call.customer] = pictures.keep_signature(stage.chance, by=call.technician)
    visit.status, visit.closed_at = VisitStatus.CLOSED, book.arrived_at + STAY + timedelta(minutes=5)
    visit.findings = call.findings or stage.chance.choice(FINDINGS)
    visit.signature, visit.signed_by_name = signatures[call.customer], call.customer.contact_name


def _checks(stage: Stage, book: Logbook, *, number: int, far_m: int) -> Iterator[CheckPoint]:
    """In and out at the site; now and then far away or with a mocked position."""
    metres_off = 5200 if number % FAR_EVERY == 0 else stage.chance.randint(5, 120)
    is_mock = number % MOCKED_EVERY == 0
    for kind, at in ((CheckKind.IN, book.arrived_at), (CheckKind.OUT, book.arrived_at + STAY)):
        check = _check(book, kind=kind, at=at, metres_off=metres_off)
        check.is_mock = is_mock
        check.is_far = is_far(check.distance_m, accuracy_m=check.accuracy_m, far_m=far_m)
        yield check


def _check(book: Logbook, *, kind: CheckKind, at: datetime, metres_off: int) -> CheckPoint:
    site = book.visit.site
    assert site.latitude is not None and site.longitude is not None
    latitude = site.latitude + Decimal(metres_off) / METRES_A_DEGREE
    here = Position(float(latitude), float(site.longitude), Datum(site.datum))
    there = Position(float(site.latitude), float(site.longitude), Datum(site.datum))
    return CheckPoint(
        id=uuid7(),
        recorded_by=book.call.technician,
        device_at=at,
        corrected_at=at,
        received_at=at + timedelta(seconds=20),
        visit=book.visit,
        kind=kind,
        latitude=latitude.quantize(Decimal("0.000001")),
        longitude=site.longitude,
        datum=site.datum,
        accuracy_m=Decimal(15),
        provider="gps",
        distance_m=round(distance_m(here, there)),
        reason="客户临时在另一处仓库收货" if metres_off > 1000 else "",
    )
