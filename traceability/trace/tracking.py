"""A trace as a table: one row per tracking event, in order of time, in the shape of FSMA 204's events and key data.

Rows go from the database's cursor into a file one by one: memory stays flat however large the trace is, and a trace
that takes too long is refused before the first byte is sent.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext

from backend.accounts.models import User
from backend.accounts.queries import region_scope
from backend.accounts.rules import Can
from backend.core.choices import Code
from backend.core.clock import FACTORY_ZONE
from backend.core.errors import mark as _
from backend.core.table_file import csv_lines, write_xlsx
from traceability.batch.models import Batch
from traceability.batch.rules import BatchKind
from traceability.customer.rules import shown_name
from traceability.trace.reach import CAP, ENDS, NAMES, array, seen, time_limit
from traceability.trace.rules import Direction

BLOCK = 2_000


class Event(Code):
    """`truncated` is none: the last row of a table that was cut off."""

    MADE = "made"
    TRANSFORMED = "transformed"
    SHIPPED = "shipped"
    RECEIVED = "received"
    TRUNCATED = "truncated"


HEADER = (
    _("Event"),
    _("Time (China)"),
    _("Batch"),
    _("Product"),
    _("Product name"),
    _("Kind"),
    _("Quantity (kg)"),
    _("From"),
    _("To"),
    _("Document"),
    _("Supplier's lot"),
)
_EVENTS = """
{seen}, lots AS MATERIALIZED (SELECT id FROM seen LIMIT %(most)s)
SELECT event, day_or_time, code, sku, name, kind, kg, source, target, document, supplier_lot, customer_kind, region
FROM (
    SELECT 1, '{made}', b.produced_on::text, b.produced_on::timestamp AT TIME ZONE '{zone}', b.code, p.sku, p.name_zh,
        b.kind, b.qty_kg, '', b.plant, '', b.supplier_lot, '', ''
    FROM lots JOIN {batch} b ON b.id = lots.id JOIN {product} p ON p.id = b.product_id
    WHERE b.kind <> '{delivery}' OR b.consignee = ''
    UNION ALL
    SELECT 2, '{transformed}', {made_at}, m.made_at, c.code, p.sku, p.name_zh, c.kind, m.qty_kg, f.code, c.code,
        COALESCE(t.number, ''), f.supplier_lot, '', ''
    FROM lots JOIN {link} m ON m.{from} = lots.id AND m.is_live JOIN lots far ON far.id = m.{to}
    JOIN {batch} f ON f.id = m.parent_id JOIN {batch} c ON c.id = m.child_id JOIN {product} p ON p.id = c.product_id
    LEFT JOIN {run} t ON t.id = m.transformation_id
    {sent}
    UNION ALL
    SELECT 9, '{truncated}', '', 'infinity', '', '', '', '', NULL, '', '', '', '', '', ''
    FROM (SELECT count(*) AS n FROM lots) k WHERE k.n >= %(most)s
) e(rank, event, day_or_time, at, code, sku, name, kind, kg, source, target, document, supplier_lot,
    customer_kind, region)
ORDER BY at, rank, code, source, target, document
"""
_SENT = """UNION ALL
    SELECT 3, '{shipped}', s.shipped_on::text, s.shipped_on::timestamp AT TIME ZONE '{zone}', b.code, p.sku, p.name_zh,
        b.kind, l.qty_kg, b.plant, k.name, s.number, b.supplier_lot, k.kind, k.region_id
    FROM lots JOIN {line} l ON l.batch_id = lots.id JOIN {shipment} s ON s.id = l.shipment_id AND s.cancelled_at IS NULL
    JOIN {customer} k ON k.id = s.customer_id
    JOIN {batch} b ON b.id = l.batch_id JOIN {product} p ON p.id = b.product_id
    UNION ALL
    SELECT 3, '{shipped}', b.produced_on::text, b.produced_on::timestamp AT TIME ZONE '{zone}', b.code, p.sku,
        p.name_zh, b.kind, b.qty_kg, b.plant, b.consignee, b.code, b.supplier_lot, '', ''
    FROM lots JOIN {batch} b ON b.id = lots.id AND b.kind = '{delivery}' AND b.consignee <> ''
    JOIN {product} p ON p.id = b.product_id
    UNION ALL
    SELECT 4, '{received}', {received_at}, r.received_at, b.code, p.sku, p.name_zh, b.kind, l.qty_kg, b.plant, k.name,
        s.number, b.supplier_lot, k.kind, k.region_id
    FROM lots JOIN {receipt_line} l ON l.batch_id = lots.id JOIN {receipt} r ON r.id = l.receipt_id
    JOIN {shipment} s ON s.id = r.shipment_id AND s.cancelled_at IS NULL JOIN {customer} k ON k.id = s.customer_id
    JOIN {batch} b ON b.id = l.batch_id JOIN {product} p ON p.id = b.product_id
"""


def event_file(batch: Batch, *, direction: Direction, user: User, format: str) -> IO[bytes]:
    """The events of a trace as `csv` or `xlsx`, at its beginning. Raises TraceTooLarge (409)."""
    header = [gettext(name) for name in HEADER]
    with ExitStack() as stack:
        file = stack.enter_context(TemporaryFile())
        with time_limit():
            rows = _rows([batch.pk], direction=direction, user=user)
            if format == "csv":
                file.writelines(csv_lines(header, rows))
            else:
                write_xlsx(file, header, rows)
        file.seek(0)
        stack.pop_all()  # the answer closes it
    return file


def _rows(ids: Sequence[UUID], *, direction: Direction, user: User) -> Iterator[tuple[Any, ...]]:
    """The cells; customers as far as the caller may read them."""
    is_told_customers = direction is Direction.FORWARD and user.may(Can.READ_RECEIVERS)
    regions = region_scope(user)
    statement = _statement(direction, is_told_customers=is_told_customers)
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, {"ids": array(ids), "most": CAP + 1})
        while block := cursor.fetchmany(BLOCK):
            for event, at, *cells, to, document, supplier_lot, customer_kind, region in block:
                if event in (Event.SHIPPED, Event.RECEIVED):
                    if regions is not None and region not in regions:
                        continue
                    to = shown_name(to, kind=customer_kind, role=user.role)
                yield event, at, *cells, to, document, supplier_lot


def _statement(direction: Direction, *, is_told_customers: bool) -> str:
    names = {
        **NAMES,
        **ENDS[direction],
        **{event.value: event.value for event in Event},
        "delivery": BatchKind.DELIVERY.value,
        "zone": FACTORY_ZONE.key,
        "made_at": _local("m.made_at"),
        "received_at": _local("r.received_at"),
        "seen": seen(direction),
    }
    return _EVENTS.format(**names, sent=_SENT.format(**names) if is_told_customers else "")


def _local(column: str) -> str:
    return f"to_char({column} AT TIME ZONE '{FACTORY_ZONE.key}', 'YYYY-MM-DD HH24:MI:SS')"
