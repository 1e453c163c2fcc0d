"""Rows of the mass balance."""

from datetime import date, timedelta
from typing import Any

from backend.core import clock
from tests import factories
from tests.house.place import Place
from traceability.balance.models import FindingRefresh


def balance(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    factories.make_stock_count(found["batch"], by=place.colleagues["qc"])
    day = date(2026, 1, next(factories.numbers) % 28 + 1)
    return {
        "yield_band": factories.make_yield_band(valid_from=day, needs_confirmation=True),
        "finding": factories.make_finding(factories.make_batch(found["product"])),
        "finding_refresh": refreshed(),
    }


def refreshed() -> FindingRefresh:
    """A look over nothing, yesterday."""
    at = clock.now() - timedelta(days=1)
    numbers = dict.fromkeys(("batches", "links", "found", "opened", "cleared"), 0)
    return FindingRefresh.objects.create(started_at=at, finished_at=at, **numbers)
