"""Which lines of a shipment may go out and why the others may not; what stands in what; pallet numbers. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from backend.core.choices import Code
from backend.core.errors import mark as _
from traceability.batch.rules import BatchStatus
from traceability.genealogy.rules import slack_kg
from traceability.label.check_digit import check_digit


class UnitLevel(Code):
    """From the smallest to the largest: a unit stands only in one of a higher level."""

    UNIT = "unit"
    CASE = "case"
    PALLET = "pallet"
    CONTAINER = "container"


class Refusal(Code):
    """Why a line is not booked; a permanent code each."""

    BATCH_UNKNOWN = "batch_unknown"
    HISTORY_BATCH = "history_batch"
    BATCH_TWICE = "batch_twice"
    BATCH_ON_HOLD = "batch_on_hold"
    BATCH_RECALLED = "batch_recalled"
    BATCH_DESTROYED = "batch_destroyed"
    BATCH_NOT_RELEASED = "batch_not_released"
    BATCH_EXPIRED = "batch_expired"
    BATCH_NOT_MADE_YET = "batch_not_made_yet"
    MORE_THAN_LEFT = "more_than_left"
    UNIT_UNKNOWN = "unit_unknown"
    UNIT_TWICE = "unit_twice"
    UNIT_CANCELLED = "unit_cancelled"
    UNIT_SHIPPED = "unit_shipped"
    UNIT_LOADED = "unit_loaded"
    UNIT_EMPTY = "unit_empty"
    BUYER_NOT_DESIGNATED = "buyer_not_designated"
    BUYER_LICENCE_EXPIRED = "buyer_licence_expired"


TEXTS: Mapping[Refusal, str] = {
    Refusal.BATCH_UNKNOWN: _("There is no such batch."),
    Refusal.HISTORY_BATCH: _("The batch comes from another system and was never judged here."),
    Refusal.BATCH_TWICE: _("The batch stands in this shipment twice."),
    Refusal.BATCH_ON_HOLD: _("The batch is on hold."),
    Refusal.BATCH_RECALLED: _("The batch is recalled."),
    Refusal.BATCH_DESTROYED: _("The batch was destroyed."),
    Refusal.BATCH_NOT_RELEASED: _("The batch is not released yet."),
    Refusal.BATCH_EXPIRED: _("The batch was past its date when it left."),
    Refusal.BATCH_NOT_MADE_YET: _("The batch was made after it would have left."),
    Refusal.MORE_THAN_LEFT: _("More than is left of the batch."),
    Refusal.UNIT_UNKNOWN: _("There is no unit with this number."),
    Refusal.UNIT_TWICE: _("The unit stands in this shipment twice."),
    Refusal.UNIT_CANCELLED: _("The unit was entered in error and cancelled."),
    Refusal.UNIT_SHIPPED: _("The unit was shipped already."),
    Refusal.UNIT_LOADED: _("The unit stands in another one; unload it first or ship that one."),
    Refusal.UNIT_EMPTY: _("There is nothing in the unit."),
    Refusal.BUYER_NOT_DESIGNATED: _("The works may not supply this salt to such a customer."),
    Refusal.BUYER_LICENCE_EXPIRED: _("The customer has no licence valid on the day of shipping."),
}
BY_STATUS: Mapping[BatchStatus, Refusal] = {
    BatchStatus.QUARANTINE: Refusal.BATCH_NOT_RELEASED,
    BatchStatus.HELD: Refusal.BATCH_ON_HOLD,
    BatchStatus.RECALLED: Refusal.BATCH_RECALLED,
    BatchStatus.DESTROYED: Refusal.BATCH_DESTROYED,
}


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
    is_history: bool = False


def refusal_of(stock: Stock, *, qty_kg: Decimal, on: date) -> Refusal | None:
    """Why `qty_kg` of the batch may not leave on the day; None where it may.

    What left before the day of a hold or recall and is entered late is booked: a recall must know who has it.
    """
    stopped = BY_STATUS.get(stock.status) if stock.status_then != BatchStatus.RELEASED else None
    if stock.is_history and stopped not in (Refusal.BATCH_RECALLED, Refusal.BATCH_DESTROYED):
        return Refusal.HISTORY_BATCH
    if stopped:
        return stopped
    if on < stock.produced_on:
        return Refusal.BATCH_NOT_MADE_YET
    if stock.expires_on is not None and on > stock.expires_on:
        return Refusal.BATCH_EXPIRED
    if takes_too_much(qty_kg, made_kg=stock.qty_kg, taken_kg=stock.gone_kg):
        return Refusal.MORE_THAN_LEFT
    return None


def takes_too_much(qty_kg: Decimal, *, made_kg: Decimal, taken_kg: Decimal) -> bool:
    """Whether a batch cannot give out `qty_kg` more, weighing differences allowed for."""
    return taken_kg + qty_kg > made_kg + slack_kg(made_kg)


@dataclass(frozen=True)
class SalesTerm:
    """What the sales rule in force says of a family of salt and a kind of customer."""

    is_allowed: bool
    needs_licence: bool


def buyer_refusal(term: SalesTerm | None, *, licence_valid_to: date | None, on: date) -> Refusal | None:
    """Why the customer may not be supplied on the day; None where it may, or no rule is in force.

    A licence is good on its last day; one without a last day proves nothing.
    """
    if term is None:
        return None
    if not term.is_allowed:
        return Refusal.BUYER_NOT_DESIGNATED
    if term.needs_licence and (licence_valid_to is None or licence_valid_to < on):
        return Refusal.BUYER_LICENCE_EXPIRED
    return None


def fits_in(child: UnitLevel, *, parent: UnitLevel) -> bool:
    """Whether a unit of the one level may stand in one of the other: levels strictly rise."""
    levels = list(UnitLevel)
    return levels.index(child) < levels.index(parent)


SSCC_DIGITS = 17  # before the check digit: extension, company prefix (4 to 12 digits), our counter


def sscc_of(count: int, *, prefix: str) -> str | None:
    """The SSCC of our `count`-th unit; None where the prefix has no numbers left.

    The extension digit in front of the prefix is the counter's first digit.

    >>> sscc_of(42, prefix="6976012")
    '069760120000000427'
    """
    counter = f"{count:0{SSCC_DIGITS - len(prefix)}d}"
    if len(counter) + len(prefix) > SSCC_DIGITS:
        return None
    payload = f"{counter[0]}{prefix}{counter[1:]}"
    return payload + check_digit(payload)


class ShipmentStatus(Code):
    """Where a shipment stands; it is entered once it left."""

    SHIPPED = "shipped"
    RECEIVED = "received"
    CANCELLED = "cancelled"


def shipment_status(*, is_cancelled: bool, is_received: bool) -> ShipmentStatus:
    if is_cancelled:
        return ShipmentStatus.CANCELLED
    return ShipmentStatus.RECEIVED if is_received else ShipmentStatus.SHIPPED


class UnitState(Code):
    """Where a unit is: on its own in the works, in another unit, on its way or there, or never packed."""

    STANDING = "standing"
    LOADED = "loaded"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"
