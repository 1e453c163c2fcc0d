"""What the demo data are made of: one day, one source of chance. The same two give the same data."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from backend.core.clock import FACTORY_ZONE

SEED = 20260815
FEN = Decimal("0.01")


@dataclass(frozen=True)
class Stage:
    """The demo's today in the factory's zone, the moment it is filled in, and its chance."""

    today: date
    now: datetime
    chance: Random

    def day(self, days_ago: int) -> date:
        return self.today - timedelta(days=days_ago)

    def number(self, low: str, high: str, *, step: str) -> Decimal:
        """A random number of the grid low, low + step … high."""
        steps = int((Decimal(high) - Decimal(low)) / Decimal(step))
        return Decimal(low) + self.chance.randint(0, steps) * Decimal(step)

    def moment(self, day: date, *, hours: tuple[int, int] = (8, 17)) -> datetime:
        """A minute of the day's working hours, never later than now."""
        clock = time(self.chance.randint(hours[0], hours[1] - 1), self.chance.randint(0, 59))
        return min(datetime.combine(day, clock, FACTORY_ZONE), self.now)


def make_stage(now: datetime) -> Stage:
    """The stage as of `now`."""
    return Stage(today=now.astimezone(FACTORY_ZONE).date(), now=now, chance=Random(SEED))  # noqa: S311 no secret


def tax_of(gross: Decimal, *, rate: str) -> Decimal:
    """The tax in a gross amount, to the fen; money rounds half up."""
    share = Decimal(rate) / (1 + Decimal(rate))
    return (gross * share).quantize(FEN, rounding=ROUND_HALF_UP)
