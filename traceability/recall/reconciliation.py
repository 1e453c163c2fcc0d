"""Where every kg of a recall is: in the house, at the consignees, or not accounted for. Pure.

Identities: produced = stock + retained + scrapped + used + shipped, and
shipped = returned + destroyed + consumed + quarantined + unaccounted. A break of the first is shown, never hidden.
"Accounted" counts what is eaten; "recovered" only what is back, destroyed or locked away: accounted alone flatters.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Self

from backend.core.choices import Code
from backend.core.errors import DomainError
from backend.core.errors import mark as _
from traceability.genealogy.rules import slack_kg

NO_KG = Decimal(0)
HUNDREDTH = Decimal("0.01")


class FindingCode(Code):
    PRODUCTION_UNBALANCED = "production_unbalanced"
    STOCK_UNDECLARED = "stock_undeclared"
    MORE_THAN_SHIPPED = "more_than_shipped"
    CONSIGNEE_UNLISTED = "consignee_unlisted"
    SCOPE_GROWN = "scope_grown"


@dataclass(frozen=True)
class Finding:
    """Something that does not add up. `subject`: the batch code or consignee; `qty_kg`: by how much."""

    code: FindingCode
    subject: str
    qty_kg: Decimal | None = None


class MoreThanShipped(DomainError):
    """More came back, was destroyed, eaten or blocked than ever went there (weighing slack included)."""

    code, status, title = "more_than_shipped", 400, _("More than was shipped there")
    detail = _(
        "{shipped_kg} kg of this batch went there; with this report {counted_kg} kg would be accounted for."
    )


@dataclass(frozen=True)
class Sums:
    """Kg that add up over batches and consignees."""

    def __add__(self, other: Self) -> Self:
        names = [field.name for field in fields(self)]
        return type(self)(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True)
class House(Sums):
    """A batch inside the house; `used_kg` went into other batches, which stand in the scope themselves."""

    produced_kg: Decimal = NO_KG
    stock_kg: Decimal = NO_KG
    retained_kg: Decimal = NO_KG
    scrapped_kg: Decimal = NO_KG
    used_kg: Decimal = NO_KG
    shipped_kg: Decimal = NO_KG

    @property
    def residual_kg(self) -> Decimal:
        """Made, and nowhere; below zero: more went out than was made."""
        gone = self.stock_kg + self.retained_kg + self.scrapped_kg + self.used_kg + self.shipped_kg
        return self.produced_kg - gone

    @property
    def is_balanced(self) -> bool:
        return abs(self.residual_kg) <= slack_kg(self.produced_kg)


@dataclass(frozen=True)
class Outside(Sums):
    """What was shipped and what became of it."""

    shipped_kg: Decimal = NO_KG
    returned_kg: Decimal = NO_KG
    destroyed_kg: Decimal = NO_KG
    consumed_kg: Decimal = NO_KG
    quarantined_kg: Decimal = NO_KG

    @property
    def recovered_kg(self) -> Decimal:
        return self.returned_kg + self.destroyed_kg + self.quarantined_kg

    @property
    def accounted_kg(self) -> Decimal:
        return self.recovered_kg + self.consumed_kg

    @property
    def unaccounted_kg(self) -> Decimal:
        """Below zero where scales differ: more is accounted for than was shipped."""
        return self.shipped_kg - self.accounted_kg

    @property
    def accounted_pct(self) -> Decimal | None:
        return share_pct(self.accounted_kg, of=self.shipped_kg)

    @property
    def recovered_pct(self) -> Decimal | None:
        return share_pct(self.recovered_kg, of=self.shipped_kg)

    @property
    def is_over(self) -> bool:
        return -self.unaccounted_kg > slack_kg(self.shipped_kg)

    @property
    def is_open(self) -> bool:
        return self.unaccounted_kg > slack_kg(self.shipped_kg)


def share_pct(part: Decimal, *, of: Decimal) -> Decimal | None:
    """Percent with two places, half to even; None of nothing."""
    return (part * 100 / of).quantize(HUNDREDTH, rounding=ROUND_HALF_EVEN) if of else None


def check_count(after: Outside) -> None:
    """Raises MoreThanShipped (400) where a report would account for more than went there."""
    if after.is_over:
        raise MoreThanShipped(
            shipped_kg=f"{after.shipped_kg.normalize():f}", counted_kg=f"{after.accounted_kg.normalize():f}"
        )


@dataclass(frozen=True)
class Counted:
    """One current goods report, in the order of counting."""

    returned_kg: Decimal
    destroyed_kg: Decimal
    consumed_kg: Decimal
    blocked_kg: Decimal


def outside_of(shipped_kg: Decimal, reports: Iterable[Counted]) -> Outside:
    """A consignee's batch after its reports: movements add up, what stands blocked is the last count."""
    rows = list(reports)
    return Outside(
        shipped_kg=shipped_kg,
        returned_kg=sum((row.returned_kg for row in rows), NO_KG),
        destroyed_kg=sum((row.destroyed_kg for row in rows), NO_KG),
        consumed_kg=sum((row.consumed_kg for row in rows), NO_KG),
        quarantined_kg=rows[-1].blocked_kg if rows else NO_KG,
    )
