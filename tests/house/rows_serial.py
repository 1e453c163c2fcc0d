"""Rows of the unit numbers."""

from typing import Any

from tests import factories
from tests.house.place import Place
from traceability.serial.rules import Span
from traceability.serial.services import codes_of


def serials(place: Place, found: dict[str, Any]) -> dict[str, Any]:
    made_by = place.colleagues["qc"]
    made = factories.make_serial_range(found["batch"], made_by=made_by)
    [(_number, token)] = codes_of(made, Span(made.first, made.first))
    other = factories.make_serial_range(factories.make_batch(found["product"]), made_by=made_by)
    return {"serial_range": made, "open_serial_range": other, "unit_code": token}
