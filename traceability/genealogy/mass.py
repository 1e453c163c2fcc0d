"""The masses of one run: what went in, came out, was lost, and how an input is shared over the outputs. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from uuid import UUID

from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from traceability.batch.rules import BatchKind
from traceability.genealogy.rules import slack_kg

GRAM = Decimal("0.001")


class MoreOutThanIn(DomainError):
    """Salt does not grow. Packaging does not count: its kg are not in the salt."""

    code, status, title = "more_out_than_in", 409, _("More would come out than went in")
    detail = _("{in_kg} kg went in, {out_kg} kg came out and {loss_kg} kg were lost.")


@dataclass(frozen=True)
class Portion:
    """`qty_kg` of a batch."""

    batch_id: UUID
    qty_kg: Decimal


@dataclass(frozen=True)
class RunData:
    """A run as it is entered. Without `number` the house gives one; `stage` is the kind of what comes out."""

    stage: BatchKind
    plant: str
    started_at: datetime
    finished_at: datetime
    inputs: tuple[Portion, ...]
    outputs: tuple[Portion, ...]
    loss_kg: Decimal = Decimal(0)
    loss_reason: str = ""
    number: str = ""


def check_shape(data: RunData) -> None:
    """Raises InvalidInput (400): it ends before it starts, or a batch stands on one side twice."""
    errors: dict[str, object] = {}
    if data.finished_at < data.started_at:
        errors["finished_at"] = _("A run ends after it starts.")
    for side, portions in (("inputs", data.inputs), ("outputs", data.outputs)):
        twice = {index: {"batch": _("This batch stands here twice.")} for index in _repeated(portions)}
        if twice:
            errors[side] = twice
    if errors:
        raise InvalidInput(errors=errors)


def _repeated(portions: Sequence[Portion]) -> list[int]:
    """The places at which a batch stands again."""
    seen: set[UUID] = set()
    found = []
    for index, portion in enumerate(portions):
        if portion.batch_id in seen:
            found.append(index)
        seen.add(portion.batch_id)
    return found


@dataclass(frozen=True)
class Balance:
    """The masses of a run in kg, without packaging. `yield_pct`: of 100 kg in, so many came out, to 0.01."""

    in_kg: Decimal
    out_kg: Decimal
    loss_kg: Decimal

    @property
    def unaccounted_kg(self) -> Decimal:
        return self.in_kg - self.out_kg - self.loss_kg

    @property
    def yield_pct(self) -> Decimal | None:
        if not self.in_kg:
            return None
        return (100 * self.out_kg / self.in_kg).quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)


def mass_kg(portions: Iterable[tuple[str, Decimal]]) -> Decimal:
    """The sum of (kind, kg), packaging left out."""
    return sum((kg for kind, kg in portions if kind != BatchKind.PACKAGING), Decimal(0))


def check_balance(balance: Balance) -> None:
    """Raises MoreOutThanIn (409); weighing alone may differ by the slack of what went in."""
    if balance.out_kg + balance.loss_kg > balance.in_kg + slack_kg(balance.in_kg):
        raise MoreOutThanIn(in_kg=balance.in_kg, out_kg=balance.out_kg, loss_kg=balance.loss_kg)


def shares_kg(qty_kg: Decimal, *, weights: Sequence[Decimal]) -> list[Decimal]:
    """`qty_kg` shared by weight in whole grams that add up to it exactly (largest remainder; earlier wins a tie).

    A share may be 0 where there are more outputs than grams: the trace stays.

    >>> shares_kg(Decimal("0.100"), weights=[Decimal(1), Decimal(1), Decimal(1)])
    [Decimal('0.034'), Decimal('0.033'), Decimal('0.033')]
    """
    grams, parts = _grams(qty_kg), [_grams(weight) for weight in weights]
    total = sum(parts)
    shares = [grams * part // total for part in parts]
    by_remainder = sorted(range(len(parts)), key=lambda index: -(grams * parts[index] % total))
    for index in by_remainder[: grams - sum(shares)]:
        shares[index] += 1
    return [share * GRAM for share in shares]


def _grams(qty_kg: Decimal) -> int:
    return int((qty_kg / GRAM).to_integral_value())
