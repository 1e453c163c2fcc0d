"""Registering instruments and their calibrations."""

from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from fieldservice.instrument.models import Calibration, Instrument
from fieldservice.instrument.rules import (
    DIMENSION,
    CalibrationKind,
    CalibrationResult,
    InstrumentKind,
    Quantity,
    check_calibration,
    check_expanded_u,
    check_instrument,
)
from fieldservice.instrument.unit import unit_of


class SerialNoTaken(DomainError):
    code, status, title = "serial_no_taken", 409, _("An instrument with this serial number is registered")


@dataclass(frozen=True)
class InstrumentData:
    """One meter; range, resolution and accuracy_abs in `unit`, accuracy_pct in % of the reading."""

    serial_no: str
    kind: InstrumentKind
    model_name: str
    parameter: Quantity
    unit: str
    range_low: Decimal
    range_high: Decimal
    resolution: Decimal
    accuracy_abs: Decimal = Decimal(0)
    accuracy_pct: Decimal = Decimal(0)
    holder: UUID | None = None
    is_active: bool = True


@dataclass(frozen=True)
class CalibrationData:
    kind: CalibrationKind
    done_on: date
    due_on: date
    certificate_no: str
    expanded_u: Decimal
    result: CalibrationResult


@transaction.atomic
def register_instrument(data: InstrumentData) -> Instrument:
    """A new instrument. Raises InvalidInput, UnknownUnit, IncompatibleUnit (400), SerialNoTaken (409)."""
    check_instrument(data)
    fields = asdict(data) | {
        "unit": unit_of(data.unit, dimension=DIMENSION[data.parameter]).symbol,
        "holder": _holder(data.holder),
    }
    try:
        with transaction.atomic():
            return Instrument.objects.create(**fields)
    except IntegrityError as error:
        raise SerialNoTaken from error


@transaction.atomic
def change_instrument(instrument: Instrument, *, changes: dict[str, object]) -> Instrument:
    """Changes holder, activity or model name; what it measures and how well never changes."""
    row = Instrument.objects.select_for_update().get(pk=instrument.pk)
    if "holder" in changes:
        changes = changes | {"holder": _holder(changes["holder"])}
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changes))
    return row


def _holder(user_id: object) -> User | None:
    if not isinstance(user_id, UUID):
        return None
    holder = User.objects.filter(pk=user_id, is_active=True).first()
    if holder is None:
        raise InvalidInput(errors={"holder": _("No such active user.")})
    return holder


@transaction.atomic
def record_calibration(instrument: Instrument, *, data: CalibrationData, by: User) -> Calibration:
    """A calibration with its certificate; a wrong entry is followed by a right one of the same day.

    A failed one puts the readings since the last good one in doubt (reading/queries.py derives that).
    """
    check_calibration(done_on=data.done_on, due_on=data.due_on, today=clock.today())
    check_expanded_u(data.expanded_u, meter=instrument)
    return Calibration.objects.create(
        instrument=instrument, recorded_by=by, recorded_at=clock.now(), **asdict(data)
    )
