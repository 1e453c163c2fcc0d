"""Mass balance: what a batch and a transformation owe, and the verdict on it. Pure.

Per batch: residual = kg made − kg used in others − shipped − on hand − scrapped − retained, judged with a tolerance of
max(1 kg, 0.1 %). Per transformation: the share of the kg put in that came out or is booked as loss, judged by the dated
band of its stage. Source of formula and tolerance: the traceability notes, mass balance.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol, TypeVar
from uuid import UUID

from backend.core.choices import Code
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from traceability.batch.rules import BatchKind
from traceability.genealogy.rules import slack_kg

NOTHING = Decimal(0)
HUNDRED = Decimal(100)


class Rule(Code):
    """What a finding says."""

    OVER_ISSUED = "over_issued"
    UNACCOUNTED = "unaccounted"
    INDUSTRIAL_ANCESTOR = "industrial_ancestor"
    CIRCLE = "circle"
    SELF_LINK = "self_link"
    YIELD_LOW = "yield_low"
    YIELD_HIGH = "yield_high"


class BalanceVerdict(Code):
    """`not_counted`: nothing is missing as far as anybody knows, for nobody has counted the stock."""

    BALANCED = "balanced"
    OVER_ISSUED = "over_issued"
    UNACCOUNTED = "unaccounted"
    NOT_COUNTED = "not_counted"
    WITH_CUSTOMER = "with_customer"


class FindingState(Code):
    """`cleared`: a later look found it no more. `settled`: QC has explained it."""

    OPEN = "open"
    SETTLED = "settled"
    CLEARED = "cleared"


# Industrial salt in these is a finding (食盐专营办法 art. 19); raw salt, additives and film are no edible salt yet.
EDIBLE_STAGES = frozenset(BatchKind) - {BatchKind.RAW, BatchKind.ADDITIVE, BatchKind.PACKAGING}


@dataclass(frozen=True)
class Count:
    """What somebody found in the store: kg on hand, and kg scrapped and kept as samples up to then."""

    on_hand_kg: Decimal
    scrap_kg: Decimal = NOTHING
    retained_kg: Decimal = NOTHING


@dataclass(frozen=True)
class Moved:
    """Kg that left a batch: used up in others and shipped."""

    used_kg: Decimal = NOTHING
    shipped_kg: Decimal = NOTHING

    @property
    def kg(self) -> Decimal:
        return self.used_kg + self.shipped_kg


@dataclass(frozen=True)
class Account:
    """A batch's books. `before`: what left it up to the time of its count; `after`: since.

    Without a count everything that left stands in `before`. `with_customer`: a delivery, whose goods nobody counts.
    """

    qty_kg: Decimal
    before: Moved
    after: Moved = Moved()
    count: Count | None = None
    with_customer: bool = False


@dataclass(frozen=True)
class Balance:
    """The verdict on an account; negative residual: more went out than there was."""

    residual_kg: Decimal
    tolerance_kg: Decimal
    verdict: BalanceVerdict


def balance_of(account: Account) -> Balance:
    """The account's residual and what it means; exactly the tolerance is inside.

    The residual is that at the time of the count: what moved later left the stock then counted, and only counts where
    it is more than that stock.
    """
    allowed = slack_kg(account.qty_kg)
    residual = _residual(account)
    left = account.count.on_hand_kg - account.after.kg if account.count else NOTHING
    if min(residual, left) < -allowed:
        return Balance(min(residual, left), allowed, BalanceVerdict.OVER_ISSUED)
    return Balance(residual, allowed, _verdict(account, residual=residual, allowed=allowed))


def _residual(account: Account) -> Decimal:
    count = account.count or Count(NOTHING)
    held = count.on_hand_kg + count.scrap_kg + count.retained_kg
    return account.qty_kg - account.before.kg - held


def _verdict(account: Account, *, residual: Decimal, allowed: Decimal) -> BalanceVerdict:
    if account.with_customer:
        return BalanceVerdict.WITH_CUSTOMER
    if account.count is None:
        return BalanceVerdict.NOT_COUNTED
    return BalanceVerdict.UNACCOUNTED if residual > allowed else BalanceVerdict.BALANCED


class DatedBand(Protocol):
    """A stage's band: the accounted share of the kg put in, in percent, from a day on."""

    @property
    def stage(self) -> str: ...
    @property
    def low_pct(self) -> Decimal: ...
    @property
    def high_pct(self) -> Decimal: ...
    @property
    def valid_from(self) -> date: ...
    @property
    def needs_confirmation(self) -> bool: ...


B = TypeVar("B", bound=DatedBand)


def band_in_force(rows: Iterable[B], *, stage: str, on: date) -> B | None:
    """The stage's newest confirmed band that has begun by the day; None: nothing is judged."""
    held = [row for row in rows if row.stage == stage and row.valid_from <= on and not row.needs_confirmation]
    return max(held, key=lambda row: row.valid_from, default=None)


@dataclass(frozen=True)
class Run:
    """One transformation in kg; packaging does not count as mass."""

    in_kg: Decimal
    out_kg: Decimal
    loss_kg: Decimal

    @property
    def residual_kg(self) -> Decimal:
        """What neither came out nor is booked as loss."""
        return self.in_kg - self.out_kg - self.loss_kg

    @property
    def accounted_pct(self) -> Decimal:
        return (self.out_kg + self.loss_kg) * HUNDRED / self.in_kg


def yield_verdict(run: Run, *, band: DatedBand | None) -> Rule | None:
    """Below or above the band, both ends inside; None where it lies within, or nothing judges it."""
    if band is None or run.in_kg <= NOTHING:
        return None
    if run.accounted_pct < band.low_pct:
        return Rule.YIELD_LOW
    return Rule.YIELD_HIGH if run.accounted_pct > band.high_pct else None


def check_band(low_pct: Decimal, high_pct: Decimal) -> None:
    """Raises InvalidInput (400) where the band ends before it begins."""
    if low_pct > high_pct:
        raise InvalidInput(errors={"low_pct": _("The lower end lies above the upper one.")})


def check_count(count: Count, *, qty_kg: Decimal) -> None:
    """Raises InvalidInput (400): more was counted than the batch ever had, weighing slack included."""
    if count.on_hand_kg + count.scrap_kg + count.retained_kg > qty_kg + slack_kg(qty_kg):
        raise InvalidInput(errors={"on_hand_kg": _("More than the batch ever had.")})


@dataclass(frozen=True)
class Fault:
    """What a rule found. `subject`: the batch, or the transformation that `batch_id` came out of.

    `evidence` is for people: codes, kg and days as texts.
    """

    rule: Rule
    batch_id: UUID
    subject: UUID
    residual_kg: Decimal | None = None
    tolerance_kg: Decimal | None = None
    evidence: Mapping[str, object] = field(default_factory=dict)
