"""Documents of somebody else, made for the tests."""

from copy import deepcopy
from typing import Any

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
LOT = "https://id.gs1.org/01/06901234567892/10/YS1"
BAG = "https://id.gs1.org/01/06901234567892/21/0001"


def event(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A shipping event of a lot; a member given as None is left out."""
    made: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventID": f"urn:uuid:018f0000-0000-7000-8000-{number:012d}",
        "eventTime": "2026-03-01T08:00:00+08:00",
        "eventTimeZoneOffset": "+08:00",
        "action": "OBSERVE",
        "bizStep": "receiving",
        "disposition": "in_progress",
        "epcList": [BAG],
        "quantityList": [{"epcClass": LOT, "quantity": 12.5, "uom": "KGM"}],
        "readPoint": {"id": "https://id.gs1.org/414/4012345000115"},
        "destinationList": [{"type": "possessing_party", "destination": "urn:example:shop"}],
        "sensorElementList": [
            {"sensorReport": [{"type": "Temperature", "value": 21.5, "uom": "CEL"}]},
        ],
    }  # fmt: skip
    return {name: value for name, value in (made | changes).items() if value is not None}


def document(*events: dict[str, Any], **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "@context": [CONTEXT, {"ex": "https://example.com/ns/"}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-03-01T09:00:00Z",
        "epcisBody": {"eventList": [deepcopy(each) for each in events or (event(),)]},
    }
    return {name: value for name, value in (made | changes).items() if value is not None}
