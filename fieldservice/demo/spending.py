"""What the visits cost, recorded by the real service, with and without receipts; one receipt is handed in twice."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from backend.accounts.models import User
from fieldservice.cost.models import CostLine
from fieldservice.cost.rules import CostCategory
from fieldservice.cost.services import Expense, Receipt, record_cost
from fieldservice.demo import pictures
from fieldservice.demo.measuring import made_at
from fieldservice.demo.stage import Stage, tax_of
from fieldservice.demo.visits import Logbook
from fieldservice.visit.rules import VisitStatus

EVENING = timedelta(hours=6)


@dataclass(frozen=True)
class Habit:
    """A kind of expense: how often (of 100 visits), from where to where in CNY, VAT in it, what it is for."""

    category: CostCategory
    often: int
    low: str
    high: str
    vat: str
    note: str


HABITS = (
    Habit(CostCategory.TRANSPORT, 92, "12.00", "96.00", "0.03", "市内交通"),
    Habit(CostCategory.TRANSPORT, 14, "118.00", "398.00", "0.09", "高铁二等座"),
    Habit(CostCategory.MEALS, 60, "28.00", "85.00", "0", "工作餐"),
    Habit(CostCategory.LODGING, 12, "238.00", "420.00", "0.06", "住宿一晚"),
    Habit(CostCategory.TESTING, 6, "300.00", "800.00", "0.06", "委托检测"),
)


class Receipts:
    """Receipts with their numbers and photos, as they come in."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._numbers = itertools.count(1)

    def make(self, gross: Decimal, *, by: User) -> Receipt:
        number = f"{self._stage.today:%y}952000000{next(self._numbers):09d}"
        photo = pictures.keep_receipt(self._stage.chance, number=number, gross_cny=gross, by=by)
        return Receipt(photo=photo, number=number)


def spend(stage: Stage, *, books: Iterable[Logbook], receipts: Receipts, limit: Decimal) -> list[CostLine]:
    """The lines of closed visits, in the order of the visits. Above `limit` CNY they have a receipt."""
    lines: list[CostLine] = []
    for book in books:
        if book.visit.status == VisitStatus.CLOSED:
            lines += _lines(stage, book, receipts=receipts, limit=limit)
    return lines


def _lines(stage: Stage, book: Logbook, *, receipts: Receipts, limit: Decimal) -> Iterator[CostLine]:
    by, at = book.call.technician, book.arrived_at + EVENING
    for habit in HABITS:
        if stage.chance.randint(1, 100) > habit.often:
            continue
        gross = stage.number(habit.low, habit.high, step="0.50")
        receipt = receipts.make(gross, by=by) if gross > limit else Receipt()
        expense = expense_of(habit, gross=gross, book=book, receipt=receipt)
        yield record_cost(expense, made=made_at(min(at, stage.now), by=by))


def expense_of(habit: Habit, *, gross: Decimal, book: Logbook, receipt: Receipt) -> Expense:
    tax = tax_of(gross, rate=habit.vat)
    return Expense(
        category=habit.category,
        spent_on=book.call.on,
        net_cny=gross - tax,
        tax_cny=tax,
        gross_cny=gross,
        note=habit.note,
        visit=book.visit,
        batch=book.call.batch if habit.category == CostCategory.TESTING else None,
        receipt=receipt,
    )


def hand_in_again(line: CostLine, *, by: User, at: datetime) -> CostLine:
    """The same receipt from a colleague's phone, its number left out: kept and flagged."""
    assert line.receipt is not None
    expense = Expense(
        category=CostCategory(line.category),
        spent_on=line.spent_on,
        net_cny=line.net_cny,
        tax_cny=line.tax_cny,
        gross_cny=line.gross_cny,
        note="住宿一晚（同行）",
        receipt=Receipt(photo=pictures.photograph_again(line.receipt, by=by)),
    )
    return record_cost(expense, made=made_at(at, by=by))
