"""Time at the edge of the house: rules get it as an argument, services ask here."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateparse import parse_datetime

FACTORY_ZONE = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """The server's time, aware, UTC."""
    return timezone.now()


def today() -> date:
    """Today's date where the factory stands, whatever the server's zone is."""
    return now().astimezone(FACTORY_ZONE).date()


def factory_date(moment: datetime) -> date:
    """The factory's calendar date at `moment`."""
    return moment.astimezone(FACTORY_ZONE).date()


SUSPECT_OFFSET_S = 300  # reliability: a phone clock more than 5 minutes off is marked


@dataclass(frozen=True)
class Stamp:
    """The three times of a field record. Order and deadlines use `received_at`, display `corrected_at`."""

    device_at: datetime
    corrected_at: datetime
    received_at: datetime
    offset_s: int
    suspect: bool


def stamp(*, made_at: datetime, sent_at: datetime | None, received_at: datetime) -> Stamp:
    """Corrects the phone's time by the offset of its clock when it sent; without `sent_at` nothing is corrected.

    A corrected time in the future is set to the time of receipt: nothing was measured after we heard of it.
    """
    offset = received_at - sent_at if sent_at else timedelta()
    corrected = min(made_at + offset, received_at)
    seconds = round(offset.total_seconds())
    suspect = abs(seconds) > SUSPECT_OFFSET_S or made_at + offset > received_at + timedelta(minutes=5)
    return Stamp(
        device_at=made_at,
        corrected_at=corrected,
        received_at=received_at,
        offset_s=seconds,
        suspect=suspect,
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
