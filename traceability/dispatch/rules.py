"""Which lines of a shipment may go out, and why the others may not. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from backend.core.choices import Code
from backend.core.errors import mark as _
from traceability.batch.rules import BatchStatus


class UnitLevel(Code):
    """From the smallest to the largest: a unit stands only in one of a higher level."""

    UNIT = "unit"
    CASE = "case"
    PALLET = "pallet"
    CONTAINER = "container"


class Refusal(Code):
    """Why a line is not booked; a permanent code each."""

    BATCH_UNKNOWN = "batch_unknown"
    BATCH_TWICE = "batch_twice"
    BATCH_ON_HOLD = "batch_on_hold"
    BATCH_RECALLED = "batch_recalled"
    BATCH_DESTROYED = "batch_destroyed"
    BATCH_NOT_RELEASED = "batch_not_released"
    BATCH_EXPIRED = "batch_expired"
    BATCH_NOT_MADE_YET = "batch_not_made_yet"
    MORE_THAN_LEFT = "more_than_left"


TEXTS: Mapping[Refusal, str] = {
    Refusal.BATCH_UNKNOWN: _("There is no such batch."),
    Refusal.BATCH_TWICE: _("The batch stands in this shipment twice."),
    Refusal.BATCH_ON_HOLD: _("The batch is on hold."),
    Refusal.BATCH_RECALLED: _("The batch is recalled."),
    Refusal.BATCH_DESTROYED: _("The batch was destroyed."),
    Refusal.BATCH_NOT_RELEASED: _("The batch is not released yet."),
    Refusal.BATCH_EXPIRED: _("The batch was past its date when it left."),
    Refusal.BATCH_NOT_MADE_YET: _("The batch was made after it would have left."),
    Refusal.MORE_THAN_LEFT: _("More than is left of the batch."),
}
BY_STATUS: Mapping[BatchStatus, Refusal] = {
    BatchStatus.QUARANTINE: Refusal.BATCH_NOT_RELEASED,
    BatchStatus.HELD: Refusal.BATCH_ON_HOLD,
    BatchStatus.RECALLED: Refusal.BATCH_RECALLED,
    BatchStatus.DESTROYED: Refusal.BATCH_DESTROYED,
}
# Weighing differs: a batch may give out 1 kg or 0.1 % more than was entered (traceability notes, mass balance).
SLACK_KG, SLACK_SHARE = Decimal(1), Decimal("0.001")


@dataclass(frozen=True)
class StatusStep:
    """A decision on a batch: the factory's day, and the status it found."""

    on: date
    from_status: BatchStatus


def status_at_end_of(day: date, *, steps: Iterable[StatusStep], now: BatchStatus) -> BatchStatus:
    """The batch's status when the day was over; `steps` in their order, `now` where none came later."""
    return next((step.from_status for step in steps if step.on > day), now)


@dataclass(frozen=True)
class Stock:
    """A batch as it stands: kg made, and kg that left it already (shipped or used up in others).

    `status_then`: its status at the end of the day on which the goods left.
    """

    status: BatchStatus
    status_then: BatchStatus
    produced_on: date
    expires_on: date | None
    qty_kg: Decimal
    gone_kg: Decimal


def refusal_of(stock: Stock, *, qty_kg: Decimal, on: date) -> Refusal | None:
    """Why `qty_kg` of the batch may not leave on the day; None where it may.

    What left before the day of a hold or recall and is entered late is booked: a recall must know who has it.
    """
    if stock.status in BY_STATUS and stock.status_then != BatchStatus.RELEASED:
        return BY_STATUS[stock.status]
    if on < stock.produced_on:
        return Refusal.BATCH_NOT_MADE_YET
    if stock.expires_on is not None and on > stock.expires_on:
        return Refusal.BATCH_EXPIRED
    slack = max(SLACK_KG, stock.qty_kg * SLACK_SHARE)
    if stock.gone_kg + qty_kg > stock.qty_kg + slack:
        return Refusal.MORE_THAN_LEFT
    return None
