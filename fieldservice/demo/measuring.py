"""Readings on the visits, judged by the real service. A few are out of spec: single ones, and the wet batch's first."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from backend.accounts.made import Made
from backend.accounts.models import User
from backend.core import clock
from backend.core.ids import uuid7
from fieldservice.demo.instruments import Case
from fieldservice.demo.stage import Stage
from fieldservice.demo.visits import Logbook
from fieldservice.reading.measurement import Measured
from fieldservice.reading.models import Reading
from fieldservice.reading.rules import Basis, Parameter
from fieldservice.reading.services import ReadingData, record_reading
from fieldservice.visit.rules import VisitStatus
from traceability.batch.models import Batch
from traceability.batch.rules import BatchStatus
from traceability.product.models import Product
from traceability.product.queries import limits_for_judging
from traceability.product.rules import limit_in_force

CENT, THOUSANDTH = Decimal("0.01"), Decimal("0.001")
BAD = 4  # single readings out of spec, each on a batch of its own
BAD_SHARE, GOOD_SHARE = (Decimal("1.5"), Decimal("1.9")), (Decimal("0.35"), Decimal("0.70"))  # of the limit
SAMPLE_G, SOLUTION_G = Decimal("10.00"), Decimal("1000.0")
MOISTURE_METHOD, SALINITY_METHOD = "GB/T 13025.3 (140 °C)", "盐度计筛查 (10 g → 1000 g)"
DRYING_C = Decimal(140)
ON_ARRIVAL = timedelta(minutes=25)
WET = ("0.46", "0.47", "0.45")


def made_at(at: datetime, *, by: User) -> Made:
    """A field record made and, a minute later, received."""
    stamp = clock.stamp(made_at=at, sent_at=None, received_at=at + timedelta(minutes=1))
    return Made(id=uuid7(), by=by, device_id=None, stamp=stamp)


def measure(
    stage: Stage, *, books: Iterable[Logbook], instruments: Mapping[str, Case], wet: Batch
) -> list[Reading]:
    """The readings of closed visits that are about a batch, in the order of the visits."""
    bench = _Bench(stage, wet)
    readings = []
    for book in books:
        batch = book.call.batch
        if batch is None or book.visit.status != VisitStatus.CLOSED:
            continue
        case, measured = instruments[book.call.technician.username], bench.measure(batch)
        is_moisture = measured.parameter is Parameter.MOISTURE
        data = ReadingData(
            measured=measured,
            batch=batch,
            method=MOISTURE_METHOD if is_moisture else SALINITY_METHOD,
            instrument=case.moisture if is_moisture else case.salinity,
        )
        made = made_at(book.arrived_at + ON_ARRIVAL, by=book.call.technician)
        readings.append(record_reading(book.visit, data=data, made=made))
    return readings


class _Bench:
    """What the displays show, by chance and by the limits in force."""

    def __init__(self, stage: Stage, wet: Batch) -> None:
        self._stage, self._wet = stage, wet
        self._limits: dict[UUID, Decimal | None] = {}
        self._bad: set[UUID] = set()

    def measure(self, batch: Batch) -> Measured:
        """One in four is a salinity screening, the rest moisture."""
        if batch == self._wet:
            return _moisture(Decimal(value) for value in WET)
        if self._stage.chance.randint(1, 4) == 1:
            return _salinity(self._stage)
        limit = self._limit(batch.product)
        is_bad = self._is_bad(batch) if limit else False
        return _moisture(_replicates(self._stage, limit=limit, is_bad=is_bad))

    def _is_bad(self, batch: Batch) -> bool:
        """Four batches have one bad reading each: a second one would ask for a hold."""
        able = len(self._bad) < BAD and batch.pk not in self._bad and batch.status == BatchStatus.RELEASED
        if able and self._stage.chance.randint(1, 12) == 1:
            self._bad.add(batch.pk)
            return True
        return False

    def _limit(self, product: Product) -> Decimal | None:
        """The highest moisture allowed; None where no limit is confirmed."""
        if product.pk not in self._limits:
            row = limit_in_force(
                limits_for_judging(product, "moisture", self._stage.today), on=self._stage.today
            )
            self._limits[product.pk] = row.high if row else None
        return self._limits[product.pk]


def _replicates(stage: Stage, *, limit: Decimal | None, is_bad: bool) -> list[Decimal]:
    low, high = BAD_SHARE if is_bad else GOOD_SHARE
    most = limit or Decimal("0.30")
    middle = stage.number(str((most * low).quantize(CENT)), str((most * high).quantize(CENT)), step="0.01")
    return [middle + stage.chance.choice((-1, 0, 0, 1)) * CENT for _ in range(stage.chance.choice((2, 3)))]


def _moisture(values: Iterable[Decimal]) -> Measured:
    return Measured(Parameter.MOISTURE, Basis.WET, "%", tuple(values), drying_temp_c=DRYING_C)


def _salinity(stage: Stage) -> Measured:
    """A solution of one part in a hundred: the display shows a hundredth of the purity."""
    middle = stage.number("0.980", "0.996", step="0.001")
    values = tuple(middle + step * THOUSANDTH for step in (0, 1, -1))
    return Measured(Parameter.NACL, Basis.WET, "%", values, sample_g=SAMPLE_G, solution_g=SOLUTION_G)
