"""Rows of goods on their way."""

from datetime import date, timedelta
from typing import Any

from backend.core import clock
from tests import factories
from tests.house.place import Place
from traceability.dispatch.models import SalesRule


def logistics(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    by = place.colleagues["logistics"]
    unit = factories.make_unit((found["batch"], "300"), packed_by=by)
    loaded = factories.make_unit((found["batch"], "200"), packed_by=by)
    container = factories.make_unit(level="container", packed_by=by)
    factories.make_containment(loaded, container)
    received = factories.make_shipment(
        found["batch"],
        place.customer,
        site=found["site"],
        shipped_on=clock.today() - timedelta(days=9),
        recorded_by=by,
    )
    factories.make_receipt(received)
    number = next(factories.numbers)
    rule = SalesRule.objects.create(
        family="feed",
        customer_kind="other",
        is_allowed=True,
        valid_from=date(2000, 1, 1) + timedelta(days=number),
        source="test",
    )
    return {
        "unit": unit,
        "loaded_unit": loaded,
        "container": container,
        "received_shipment": received,
        "sales_rule": rule,
    }
