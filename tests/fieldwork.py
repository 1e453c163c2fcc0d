"""What a technician's phone sends: pictures, check-ins, readings."""

import io
from datetime import datetime
from typing import Any

from PIL import Image

from backend.core import clock
from backend.core.ids import uuid7
from tests.client import ApiClient

AT_SITE = {"latitude": "32.060100", "longitude": "118.790100", "datum": "WGS-84", "accuracy_m": "12.0"}


def picture(colour: str = "white", *, kind: str = "PNG", size: tuple[int, int] = (120, 40)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def upload(client: ApiClient, colour: str = "white") -> str:
    """The SHA-256 of an uploaded picture."""
    answer = client.upload("attachments", photo=picture(colour))
    assert answer.status == 201, answer.json
    return str(answer.json["sha256"])


def check(place: Any = AT_SITE, *, at: datetime | None = None, **fields: Any) -> dict[str, Any]:
    """The body of a check-in or check-out at the default site."""
    return {"id": uuid7(), "made_at": (at or clock.now()).isoformat(), "place": place, **fields}


def walk(client: ApiClient, visit: Any, *, upto: str = "closed") -> None:
    """The steps of a visit in order, up to a status."""
    address = f"visits/{visit.pk}"
    report = {"findings": "仓库潮湿，内袋破损", "signed_by_name": "王小明"}
    for step in ("checked_in", "checked_out", "closed"):
        if step == "closed":
            answer = client.post(f"{address}/close", report | {"signature": upload(client)})
        else:
            answer = client.post(f"{address}/{'check-in' if step == 'checked_in' else 'check-out'}", check())
        assert answer.status in (200, 201), answer.json
        if step == upto:
            return


def moisture(visit: Any, *, batch: Any, instrument: Any, **fields: Any) -> dict[str, Any]:
    """The body of a moisture reading, 0.20 % wet at 140 °C."""
    return {
        "id": uuid7(),
        "made_at": clock.now().isoformat(),
        "visit": visit.pk,
        "batch": batch.pk,
        "instrument": instrument.pk if instrument else None,
        "parameter": "moisture",
        "method": "GB/T 13025.3",
        "basis": "wet",
        "unit": "%",
        "drying_temp_c": "140",
        "replicates": ["0.20"],
    } | fields
