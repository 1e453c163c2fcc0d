"""The batch's state machine and what a hold, a release or a recall needs. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from backend.core.choices import Code
from backend.core.errors import DomainError, InvalidInput, SamePerson
from backend.core.errors import mark as _


class BatchKind(Code):
    RAW = "raw"
    REFINED = "refined"
    SILO = "silo"
    ADDITIVE = "additive"
    PACKAGING = "packaging"
    PACKED = "packed"
    REWORK = "rework"
    RETURN = "return"
    # History of other systems only: with us a pallet is a logistic unit, and what left is a shipment.
    PALLET = "pallet"
    SHIPMENT = "shipment"
    DELIVERY = "delivery"


HISTORY_KINDS = (BatchKind.PALLET, BatchKind.SHIPMENT, BatchKind.DELIVERY)
OWN_KINDS = tuple(kind for kind in BatchKind if kind not in HISTORY_KINDS)


class BatchStatus(Code):
    QUARANTINE = "quarantine"
    RELEASED = "released"
    HELD = "held"
    RECALLED = "recalled"
    DESTROYED = "destroyed"


class BatchAction(Code):
    RELEASE = "release"
    HOLD = "hold"
    RECALL = "recall"
    DESTROY = "destroy"


STEPS: Mapping[tuple[BatchStatus, BatchAction], BatchStatus] = {
    (BatchStatus.QUARANTINE, BatchAction.RELEASE): BatchStatus.RELEASED,
    (BatchStatus.QUARANTINE, BatchAction.HOLD): BatchStatus.HELD,
    (BatchStatus.QUARANTINE, BatchAction.DESTROY): BatchStatus.DESTROYED,
    (BatchStatus.RELEASED, BatchAction.HOLD): BatchStatus.HELD,
    (BatchStatus.RELEASED, BatchAction.RECALL): BatchStatus.RECALLED,
    (BatchStatus.HELD, BatchAction.RELEASE): BatchStatus.RELEASED,
    (BatchStatus.HELD, BatchAction.RECALL): BatchStatus.RECALLED,
    (BatchStatus.HELD, BatchAction.DESTROY): BatchStatus.DESTROYED,
    (BatchStatus.RECALLED, BatchAction.DESTROY): BatchStatus.DESTROYED,
}


class ProposalState(Code):
    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class Conclusion(Code):
    """Of a release certificate (COA, 出厂检验报告)."""

    CONFORMING = "conforming"
    NONCONFORMING = "nonconforming"


TESTS_ONLY = frozenset({"line", "shift"})  # absent for roles that may not read a batch's tests

# Recall and destruction need two people: they happen only through a proposal somebody else accepts.
PROPOSABLE = (BatchAction.HOLD, BatchAction.RECALL, BatchAction.DESTROY)


class NoConformingCertificate(DomainError):
    """Released only after passing inspection (食品安全法 art. 52)."""

    code, status, title = "no_conforming_certificate", 409, _("The batch has no conforming certificate")
    detail = _("Its newest release certificate must conclude that it conforms.")


class HistoryBatch(DomainError):
    """It tells what was; it is not tested, released, shipped or used up here."""

    code, status, title = "history_batch", 409, _("The batch comes from another system")
    detail = _("The batch comes from another system and was never judged here.")


def check_own(code: str, *, is_history: bool) -> None:
    """Raises HistoryBatch (409)."""
    if is_history:
        raise HistoryBatch(batch=code)


@dataclass(frozen=True)
class ReleaseFacts:
    """What a release is judged by; the certificate is the newest one.

    `was_released`: the batch is on hold and had been released before, so it passed inspection then.
    """

    by_id: UUID
    conclusion: Conclusion | None = None
    tested_by_id: UUID | None = None
    held_by_id: UUID | None = None
    was_released: bool = False


def check_release(facts: ReleaseFacts) -> None:
    """Raises SamePerson (403): tester or holder releases; NoConformingCertificate (409)."""
    if facts.by_id in (facts.tested_by_id, facts.held_by_id):
        raise SamePerson
    if facts.conclusion is None and facts.was_released:
        return
    if facts.conclusion != Conclusion.CONFORMING:
        raise NoConformingCertificate


@dataclass(frozen=True)
class BatchData:
    """A batch as it is entered; kg as Decimal. Without `expires_on` the product's shelf life counts, if it has one."""

    product_id: UUID
    code: str
    plant: str
    produced_on: date
    qty_kg: Decimal
    trade_item_id: UUID | None = None
    kind: BatchKind = BatchKind.PACKED
    line: str = ""
    shift: str = ""
    supplier_lot: str = ""
    expires_on: date | None = None


def expiry_of(produced_on: date, *, shelf_life_days: int | None) -> date | None:
    """The last day of the shelf life; None for salt without one."""
    return produced_on + timedelta(days=shelf_life_days) if shelf_life_days else None


def check_dates(produced_on: date, expires_on: date | None, *, today: date) -> None:
    """Raises InvalidInput (400): made in the future, or expired before it was made."""
    if produced_on > today:
        raise InvalidInput(errors={"produced_on": _("A batch is entered once it is made.")})
    if expires_on is not None and expires_on < produced_on:
        raise InvalidInput(errors={"expires_on": _("A batch expires after it is made.")})
