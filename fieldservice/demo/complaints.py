"""Complaints and quality cases of three months, the visits made for them, and what was booked on them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from backend.accounts.models import User
from backend.core import clock
from fieldservice.case.models import Case
from fieldservice.case.services import (
    Complaint,
    book_cost,
    close_case,
    link_visit,
    open_complaint,
    open_quality_case,
)
from fieldservice.cost.rules import CostCategory
from fieldservice.cost.services import Expense, record_cost
from fieldservice.demo.customers import DEALERS
from fieldservice.demo.measuring import made_at
from fieldservice.demo.people import People
from fieldservice.demo.shipping import Deliveries
from fieldservice.demo.spending import Receipts
from fieldservice.demo.stage import Stage, tax_of
from fieldservice.demo.visits import DAYS_BACK, Call, Logbook
from fieldservice.reading.models import Reading
from fieldservice.reading.rules import OUT_OF_SPEC
from fieldservice.visit.rules import VisitKind
from traceability.batch.models import Batch
from traceability.batch.rules import BatchStatus
from traceability.customer.models import Customer

COUNT = 24
WORDS: Mapping[str, tuple[str, str]] = {
    "CAK": ("袋内结块，敲击不散，约占一成", "更换货物，指导防潮堆码"),
    "MOI": ("开袋后盐体潮湿，袋底有水迹", "现场复测合格，系库房返潮，已协助整改"),
    "PKG": ("到货破袋，封口开裂", "补发并向承运方追偿"),
    "FOR": ("袋内发现黑色异物", "样品送检，确认为包装碎屑，已通报车间"),
    "LAB": ("喷码模糊，批号无法辨认", "更换喷头，补贴标签"),
    "COL": ("盐色发黄", "复检白度合格，客户接受"),
    "NET": ("抽称短重", "复称在允许范围内，已说明"),
    "SRV": ("送货延误两天且未通知", "致歉并调整送货计划"),
}
WEIGHTS = (7, 5, 5, 2, 3, 1, 1, 2)
STILL_OPEN_DAYS = 14
FREIGHT = ("380.00", "1180.00")


@dataclass(frozen=True)
class Grievance:
    """A complaint to be: who says what about which batch, and when."""

    code: str
    customer: Customer
    batch: Batch
    at: datetime


def grievances(stage: Stage, *, customers: list[Customer], got: Deliveries, wet: Batch) -> list[Grievance]:
    """At most two about a batch, none about the wet one: its story is told by the readings."""
    told: dict[Batch, int] = {}
    found: list[Grievance] = []
    while len(found) < COUNT:
        days_ago, customer = stage.chance.randint(2, DAYS_BACK), stage.chance.choice(customers)
        there = got.batches_of(customer, on=stage.day(days_ago))[:5]
        if not there:
            continue
        batch = stage.chance.choice(there)
        if batch == wet or batch.status != BatchStatus.RELEASED or told.get(batch, 0) == 2:
            continue
        told[batch] = told.get(batch, 0) + 1
        code = stage.chance.choices(list(WORDS), WEIGHTS)[0]
        found.append(Grievance(code, customer, batch, stage.moment(stage.day(days_ago))))
    return sorted(found, key=lambda each: each.at)


def calls_for(stage: Stage, *, told: list[Grievance], people: People) -> Iterator[Call]:
    """Two of three complaints are looked at on site, two or three days later."""
    for number, grievance in enumerate(told):
        on = _visit_day(stage, grievance)
        if number % 3 and grievance.code != "SRV":
            technician = stage.chance.choice(people.technicians(grievance.customer.region_id))
            yield Call(technician, grievance.customer, on, VisitKind.COMPLAINT, grievance.batch)


def _visit_day(stage: Stage, grievance: Grievance) -> date:
    return grievance.at.date() + timedelta(days=stage.chance.choice((2, 3)))


def open_cases(
    stage: Stage, *, told: list[Grievance], books: list[Logbook], people: People, receipts: Receipts
) -> list[Case]:
    """The complaints as cases; older ones are closed, with their visits and some freight booked on them."""
    visits = {(b.call.customer.pk, b.call.batch): b for b in books if b.call.kind == VisitKind.COMPLAINT}
    cases = []
    for number, grievance in enumerate(told):
        complaint = Complaint(
            code=grievance.code,
            customer=grievance.customer,
            description=WORDS[grievance.code][0],
            batch=grievance.batch,
        )
        case = open_complaint(complaint, by=_receiver(grievance, people=people), at=grievance.at)
        book = visits.get((grievance.customer.pk, grievance.batch))
        if book is not None:
            link_visit(case, visit=book.visit)
        if number % 4 == 1:
            _freight(stage, case, people=people, receipts=receipts)
        if grievance.at < stage.now - timedelta(days=STILL_OPEN_DAYS):
            note, at = WORDS[grievance.code][1], grievance.at + timedelta(days=stage.chance.randint(5, 11))
            case = close_case(case, by=people["qc1"], note=note, at=at)
        cases.append(case)
    return cases


def _receiver(grievance: Grievance, *, people: People) -> User:
    """The dealer writes for the own customer; the region's clerk takes the others' calls."""
    if grievance.customer.code == DEALERS:
        return people["dealer"]
    return people.clerk_of(grievance.customer.region_id)


def _freight(stage: Stage, case: Case, *, people: People, receipts: Receipts) -> None:
    """Goods sent again or taken back, paid by the works."""
    gross = stage.number(*FREIGHT, step="10.00")
    tax = tax_of(gross, rate="0.09")
    at = min(case.opened_at + timedelta(days=3), stage.now)
    expense = Expense(
        category=CostCategory.LOGISTICS,
        spent_on=clock.factory_date(at),
        net_cny=gross - tax,
        tax_cny=tax,
        gross_cny=gross,
        note="换货运费",
        batch=case.batch,
        receipt=receipts.make(gross, by=people["logistics"]),
    )
    book_cost(case, line=record_cost(expense, made=made_at(at, by=people["logistics"])))


def follow_readings(stage: Stage, *, readings: list[Reading], wet: Batch, people: People) -> list[Case]:
    """The quality case of each reading out of spec; all but the wet batch's are looked into and closed."""
    cases = []
    for reading in readings:
        if reading.verdict not in OUT_OF_SPEC or not reading.is_evidential:
            continue
        case = open_quality_case(reading.pk, at=reading.received_at + timedelta(seconds=2))
        later = reading.received_at + timedelta(days=6)
        if case and reading.batch_id != wet.pk and later < stage.now - timedelta(days=STILL_OPEN_DAYS):
            case = close_case(case, by=people["qc1"], note="留样复检合格，判定为储存受潮", at=later)
        if case:
            cases.append(case)
    return cases
