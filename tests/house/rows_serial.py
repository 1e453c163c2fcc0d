"""Rows of the unit numbers."""

from datetime import date
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
    day = date(2021, 1, next(factories.numbers) % 28 + 1)
    return {
        "sighting_policy": factories.make_sighting_policy(valid_from=day),
        "serial_range": made,
        "open_serial_range": other,
        "unit_code": token,
    }
