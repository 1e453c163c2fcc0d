"""The URIs under which our things stand in events.

A batch whose pack has a GTIN is a GS1 Digital Link, class level: `https://id.gs1.org/01/{gtin}/10/{lot}`. All else is
named below our own namespace (setting SALTLINE_EVENT_NAMESPACE, `urn:saltline:` until a works sets its own, such as
`https://id.works.example/`): `{ns}batch:{sku}:{code}`, `plant:`, `party:` (a customer's code, never a name), `site:`,
`shipment:`, `run:`, `making:`, `silo:`, `recall:`, `instrument:`, `method:`, `certificate:`, and `lot:`, `item:` with
their GTIN for what a label says against GS1's rules. No GTIN is ever made up.
Parts are percent-encoded. A name of ours longer than 500 characters so written (a Chinese character takes nine) is
`{ns}{kind}:~{SHA-256 of the long name, hex}`: always the same one, and an event of the batch says its code in full.
"""

import re
from decimal import Decimal
from hashlib import sha256
from typing import Protocol
from urllib.parse import quote
from uuid import UUID, uuid5

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from traceability.batch.models import Batch
from traceability.customer.position import Position, to_wgs84
from traceability.customer.rules import Datum
from traceability.epcis.conformance import LONGEST_URI

if not settings.EVENT_NAMESPACE.endswith((":", "/")):
    raise ImproperlyConfigured("SALTLINE_EVENT_NAMESPACE ends with : or /")
GS1 = "https://id.gs1.org"
# What AI (10) and (21) may hold: up to 20 characters of GS1's set 82; longer or Chinese codes are named by us.
_GS1_TEXT = re.compile(r"""[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}""")
_EVENTS = UUID("6f1f9f5e-9c37-5d2b-8a53-1c3f0c1f7b11")  # our own, for uuid5
PREFIX = "salt"  # of our own property names


def named(kind: str, *parts: str) -> str:
    """`{ns}{kind}:{part}:…`, percent-encoded; by its hash where the log has no room for it."""
    uri = str(settings.EVENT_NAMESPACE) + ":".join([kind, *(quote(part, safe="") for part in parts)])
    if len(uri) <= LONGEST_URI:
        return uri
    return f"{settings.EVENT_NAMESPACE}{kind}:~{sha256(uri.encode()).hexdigest()}"


def vocabulary() -> str:
    """What `salt:` stands for in a document's context."""
    return f"{settings.EVENT_NAMESPACE}vocabulary:"


def batch_uri(batch: Batch) -> str:
    """The batch as a class of goods. Reads `batch.trade_item` and `batch.product`: have them at hand."""
    if batch.trade_item is not None and _GS1_TEXT.fullmatch(batch.code):
        return lot_uri(batch.trade_item.gtin, batch.code)
    return named("batch", batch.product.sku, batch.code)


def lot_uri(gtin: str, lot: str) -> str:
    """A lot as its label names it; named by us where GS1 allows no such lot number."""
    if not _GS1_TEXT.fullmatch(lot):
        return named("lot", gtin, lot)
    return f"{GS1}/01/{gtin}/10/{quote(lot, safe='')}"


def item_uri(gtin: str, serial: str) -> str:
    """A single pack as its label names it; named by us where GS1 allows no such serial number."""
    if not _GS1_TEXT.fullmatch(serial):
        return named("item", gtin, serial)
    return f"{GS1}/01/{gtin}/21/{quote(serial, safe='')}"


def unit_uri(sscc: str) -> str:
    return f"{GS1}/00/{sscc}"


class Placed(Protocol):
    """A record with a place, or without."""

    latitude: Decimal | None
    longitude: Decimal | None
    datum: str
    accuracy_m: Decimal | None


def place_uri(record: Placed) -> str:
    """RFC 5870, always WGS-84: `geo:32.060000,118.790000;u=12`; empty where the record has no place."""
    if record.latitude is None or record.longitude is None:
        return ""
    position = Position(float(record.latitude), float(record.longitude), Datum(record.datum))
    lat, lon = to_wgs84(position)
    radius = f";u={record.accuracy_m.normalize():f}" if record.accuracy_m is not None else ""
    return f"geo:{lat:.6f},{lon:.6f}{radius}"


def event_uri(source: str, row_id: UUID, *, revision: int) -> str:
    """The event id of a business row's event: always the same one."""
    return f"urn:uuid:{uuid5(_EVENTS, f'{settings.EVENT_NAMESPACE}{source}:{row_id}:{revision}')}"


def nameless_event_uri(digest: str) -> str:
    """The event id given to an event of others that came without one: the same content, the same id."""
    return f"urn:uuid:{uuid5(_EVENTS, digest)}"
