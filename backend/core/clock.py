"""Time at the edge of the house: rules get it as an argument, services ask here."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateparse import parse_datetime

FACTORY_ZONE = ZoneInfo("Asia/Shanghai")


# None: the time is what it is. Set for one context only, never for the process.
_AS_OF: ContextVar[datetime | None] = ContextVar("as_of", default=None)


def now() -> datetime:
    """The server's time, aware, UTC."""
    return _AS_OF.get() or timezone.now()


@contextmanager
def as_of(moment: datetime) -> Iterator[None]:
    """Inside, it is `moment`: how the demo writes its past with the real services. Never on a request's path."""
    token = _AS_OF.set(moment)
    try:
        yield
    finally:
        _AS_OF.reset(token)


def today() -> date:
    """Today's date where the factory stands, whatever the server's zone is."""
    return now().astimezone(FACTORY_ZONE).date()


def factory_date(moment: datetime) -> date:
    """The factory's calendar date at `moment`."""
    return moment.astimezone(FACTORY_ZONE).date()


SUSPECT_OFFSET_S = 300  # reliability: a phone clock more than 5 minutes off is marked
UNPROVEN_AFTER_S = 3600  # a time further back is believed only with the phone's clock beside it


@dataclass(frozen=True)
class Stamp:
    """The three times of a field record. Order and deadlines use `received_at`, display `corrected_at`."""

    device_at: datetime
    corrected_at: datetime
    received_at: datetime
    offset_s: int
    suspect: bool
    is_proven: bool = True  # False: far back, and no `sent_at` to correct or to believe it by


def stamp(*, made_at: datetime, sent_at: datetime | None, received_at: datetime) -> Stamp:
    """Corrects the phone's time by the offset of its clock when it sent; without `sent_at` nothing is corrected.

    Then a `made_at` more than an hour before receipt is suspect and not proven: a phone that was offline, a clock
    that is wrong and a time made up look the same.
    A corrected time in the future is set to the time of receipt: nothing was measured after we heard of it.
    """
    offset = received_at - sent_at if sent_at else timedelta()
    corrected = min(made_at + offset, received_at)
    seconds = round(offset.total_seconds())
    is_proven = sent_at is not None or made_at >= received_at - timedelta(seconds=UNPROVEN_AFTER_S)
    is_future = made_at + offset > received_at + timedelta(minutes=5)
    return Stamp(
        device_at=made_at,
        corrected_at=corrected,
        received_at=received_at,
        offset_s=seconds,
        suspect=abs(seconds) > SUSPECT_OFFSET_S or is_future or not is_proven,
        is_proven=is_proven,
    )


def read_moment(text: str | None) -> datetime | None:
    """An aware datetime from ISO 8601 text of the years 2000 to 2099; None where it is anything else."""
    try:
        moment = parse_datetime(text) if text and len(text) <= 40 else None
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None or not 2000 <= moment.year < 2100:
        return None
    return moment
