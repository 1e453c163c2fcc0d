"""The batch that is going wrong: one reading out of spec twelve days ago, the second due on today's visit."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from backend.core.attachment import keep_photo
from fieldservice.demo.measuring import made_at
from fieldservice.demo.people import People
from fieldservice.demo.stage import Stage
from fieldservice.demo.visits import Call, Logbook
from fieldservice.visit.models import Visit
from fieldservice.visit.rules import VisitKind, VisitStatus
from fieldservice.visit.services import add_photo
from traceability.batch.models import Batch
from traceability.customer.models import Customer
from traceability.label.symbol import qr_png
from traceability.scan.label_paper import content_of

FIRST_DAYS_AGO = 12
PHOTOGRAPHED = timedelta(minutes=10)  # after the arrival
FIRST_FINDINGS = "抽测水分0.46%，超过0.30%，客户库房干燥，外袋完好；已建议暂停使用该批次并约定复测。"


def calls(stage: Stage, *, wet: Batch, customers: list[Customer], people: People) -> Iterator[Call]:
    """The first reading's visit, the revisit of today, and two more for the same technician's day."""
    customer, technician = customers[0], people["technician1"]
    first_day = stage.day(FIRST_DAYS_AGO)
    yield Call(people["technician2"], customer, first_day, VisitKind.INSPECTION, wet, FIRST_FINDINGS)
    yield Call(technician, customer, stage.today, VisitKind.REVISIT, wet, order=1)
    neighbours = [each for each in customers[1:] if each.region_id == customer.region_id]
    for order, neighbour in enumerate(stage.chance.sample(neighbours, 2), start=2):
        yield Call(technician, neighbour, stage.today, VisitKind.INSPECTION, order=order)


def photograph(books: Iterable[Logbook], *, wet: Batch) -> None:
    """The first visit shows the label of the bag."""
    book = next(book for book in books if book.call.batch == wet and book.visit.status == VisitStatus.CLOSED)
    technician = book.call.technician
    photo = keep_photo(qr_png(content_of(wet, pack=None).qr_text), by_id=technician.pk)
    made = made_at(book.arrived_at + PHOTOGRAPHED, by=technician)
    add_photo(book.visit, attachment=photo, caption="袋装标签与批号", made=made)


def revisit() -> Visit | None:
    """The visit on which the second reading is due."""
    return Visit.objects.filter(kind=VisitKind.REVISIT, technician__username="technician1").first()
