"""Time at the edge of the house: rules get it as an argument, services ask here."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

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
