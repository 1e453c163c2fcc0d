"""Everything the database knows of one or many codes, in one statement.

Written as SQL because the ORM has no words for it: an alias, a number, a product with its batch, a product's
newest batches, what lies in a pallet and the range of a serial code are six index probes of one round trip.
Each grows with the number of keys, not of rows.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from traceability.batch.models import Batch, Proposal
from traceability.batch.rules import BatchStatus, ProposalState
from traceability.customer.models import Customer
from traceability.dispatch.models import Containment, LogisticUnit, Shipment, ShipmentLine, UnitContent
from traceability.product.models import Product, TradeItem
from traceability.scan.facts import AliasFact, BatchFact, Facts, ProductFact, SerialFact
from traceability.scan.models import CodeAlias, LabelProfile
from traceability.scan.reading import Keys
from traceability.serial import token
from traceability.serial.keys import keys as serial_keys
from traceability.serial.models import SerialRange
from traceability.serial.rules import TokenState

ALIAS, NUMBER, PAIR, RECENT, UNIT, SERIAL = range(1, 7)
RECENT_BATCHES = 5
_NAMES = {
    "alias": CodeAlias._meta.db_table,
    "batch": Batch._meta.db_table,
    "containment": Containment._meta.db_table,
    "content": UnitContent._meta.db_table,
    "customer": Customer._meta.db_table,
    "line": ShipmentLine._meta.db_table,
    "product": Product._meta.db_table,
    "serial_range": SerialRange._meta.db_table,
    "profile": LabelProfile._meta.db_table,
    "proposal": Proposal._meta.db_table,
    "shipment": Shipment._meta.db_table,
    "trade_item": TradeItem._meta.db_table,
    "unit": LogisticUnit._meta.db_table,
    "open_state": ProposalState.OPEN.value,
    "alias_branch": ALIAS,
    "number_branch": NUMBER,
    "pair_branch": PAIR,
    "recent_branch": RECENT,
    "unit_branch": UNIT,
    "serial_branch": SERIAL,
    "issued": TokenState.ISSUED.value,
    "withdrawn": TokenState.WITHDRAWN.value,
    "not_issued": TokenState.NOT_ISSUED.value,
    "misread": TokenState.MISREAD.value,
    "recent_batches": RECENT_BATCHES,
}
_BRANCHES = {
    ALIAS: """SELECT {alias_branch}, a.code, '', a.serial, a.batch_id, a.trade_item_id
        FROM {alias} a WHERE a.code = ANY(%s::text[])""",
    NUMBER: """SELECT {number_branch}, n.code_norm, '', '', n.id, NULL::uuid
        FROM {batch} n WHERE n.code_norm = ANY(%s::text[])""",
    PAIR: """SELECT {pair_branch}, k.gtin, k.number, '', n.id, i.id
        FROM unnest(%s::text[], %s::text[]) k(gtin, number) JOIN {trade_item} i ON i.gtin = k.gtin
        LEFT JOIN {batch} n ON n.product_id = i.product_id AND n.code_norm = k.number""",
    RECENT: """SELECT {recent_branch}, i.gtin, '', '', n.id, i.id
        FROM {trade_item} i CROSS JOIN LATERAL (SELECT id FROM {batch} r
        WHERE r.product_id = i.product_id ORDER BY r.produced_on DESC LIMIT {recent_batches}) n
        WHERE i.gtin = ANY(%s::text[])""",
    UNIT: """SELECT {unit_branch}, u.sscc, '', '', n.batch_id, NULL::uuid
        FROM {unit} u LEFT JOIN LATERAL (WITH RECURSIVE inside (id) AS (SELECT u.id UNION
            SELECT k.child_id FROM inside JOIN {containment} k ON k.parent_id = inside.id AND k.valid_to IS NULL)
        SELECT DISTINCT c.batch_id FROM inside JOIN {content} c ON c.unit_id = inside.id) n ON TRUE
        WHERE u.sscc = ANY(%s::text[]) AND u.cancelled_at IS NULL""",
    # One row a token, for a prefix has one key; none where the prefix is not ours.
    SERIAL: """SELECT {serial_branch}, k.token, '', CASE WHEN k.key_id = '' THEN '{misread}' WHEN r.id IS NULL
        THEN '{not_issued}' WHEN r.withdrawn_at IS NULL THEN '{issued}' ELSE '{withdrawn}' END, r.batch_id, NULL::uuid
        FROM unnest(%s::text[], %s::text[], %s::text[], %s::int8[]) k(token, prefix, key_id, number)
        CROSS JOIN LATERAL (SELECT o.key_id FROM {serial_range} o WHERE o.prefix = k.prefix
            ORDER BY lower(o.numbers) LIMIT 1) ours
        LEFT JOIN LATERAL (SELECT x.* FROM {serial_range} x WHERE x.prefix = k.prefix AND lower(x.numbers) <= k.number
            ORDER BY lower(x.numbers) DESC LIMIT 1) r ON r.key_id = k.key_id AND r.numbers @> k.number
        WHERE k.key_id IN ('', ours.key_id)""",
}
_AROUND = """SELECT f.how, f.code, f.number, f.serial,
    b.id, b.code, b.code_norm, b.status, b.produced_on, b.expires_on, b.plant, b.open_case_count,
    (SELECT count(*) FROM {proposal} o WHERE o.batch_id = b.id AND o.state = '{open_state}'),
    p.id, p.sku, p.name_zh, p.name_en,
    {{shipped}}, v.id, {{is_numbered}}, b.is_history
FROM (SELECT (SELECT id FROM {profile} WHERE valid_from <= %s ORDER BY valid_from DESC, id DESC LIMIT 1)) v(id)
LEFT JOIN ({{union}}) f(how, code, number, serial, batch_id, trade_item_id) ON TRUE
LEFT JOIN {batch} b ON b.id = f.batch_id
LEFT JOIN {trade_item} t ON t.id = f.trade_item_id
LEFT JOIN {product} p ON p.id = COALESCE(b.product_id, t.product_id)"""
# Newest batches are ranked by where they went; for the other branches nobody asks in this statement.
_SHIPPED = """f.how = {recent_branch} AND EXISTS (SELECT 1 FROM {line} l JOIN {shipment} s ON s.id = l.shipment_id
        JOIN {customer} c ON c.id = s.customer_id WHERE l.batch_id = b.id AND c.region_id = ANY(%s::text[]))"""
# Whether packs of this trade number carry serial codes: then a label's serial number must be one of them.
_IS_NUMBERED = """f.how = {pair_branch} AND EXISTS (SELECT 1 FROM {serial_range} g
        WHERE g.batch_id = b.id AND g.trade_item_id = f.trade_item_id AND g.withdrawn_at IS NULL)"""
_written: dict[tuple[int, ...], str] = {}


def look_up(keys: Keys, *, regions: Sequence[str], on: date, into: Facts | None = None) -> Facts:
    """The facts about `keys`, added to those of `into`. `regions`: of the caller; `on`: today."""
    branches: list[int] = []
    values: list[Any] = []
    if keys.codes:
        branches.append(ALIAS)
        values.append(array(keys.codes))
    if keys.numbers:
        branches.append(NUMBER)
        values.append(array(keys.numbers))
    if keys.pairs:
        pairs = sorted(keys.pairs)
        branches.append(PAIR)
        values += [array([gtin for gtin, _ in pairs]), array([number for _, number in pairs])]
    if keys.recent:
        branches.append(RECENT)
        values.append(array(keys.recent))
    if keys.ssccs:
        branches.append(UNIT)
        values.append(array(keys.ssccs))
    if keys.serials:
        branches.append(SERIAL)
        values += _tokens(keys.serials)
    values = [array(regions), on, *values] if keys.recent else [on, *values]
    facts = into if into is not None else Facts()
    statement = _statement(tuple(branches))
    _sort(connection.planned_rows(statement, values), facts)  # type: ignore[attr-defined]  # backend.core.database
    return facts


def _tokens(serials: Iterable[str]) -> list[str]:
    """What is asked of serial codes: a right token with its number by each key, a misread one without."""
    rows: list[tuple[str, str, str, str]] = []
    for text in sorted(serials):
        found = token.read(text)
        if isinstance(found, token.Token):
            for key_id, key in serial_keys().items():
                rows.append((found.text, found.prefix, key_id, str(token.number_of(found, key=key))))
        elif found is not None:
            rows.append((found.text, found.prefix, "", "0"))
    return [array(column) for column in zip(*rows, strict=True)] if rows else [array(())] * 4


def array(texts: Iterable[str]) -> str:
    """Texts as PostgreSQL writes an array; the driver's own way takes as long as the rest of the statement.

    >>> print(array(['a', 'b"c', 'd,e']))
    {"a","b\\"c","d,e"}
    """
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    return '{"' + '","'.join(quoted) + '"}' if quoted else "{}"


def _statement(branches: tuple[int, ...]) -> str:
    """The SQL for these branches; written once each."""
    if branches not in _written:
        union = " UNION ALL ".join(_BRANCHES[branch] for branch in branches)
        union = union or "SELECT 0, '', '', '', NULL::uuid, NULL::uuid WHERE FALSE"
        shipped = _SHIPPED if RECENT in branches else "FALSE"
        is_numbered = _IS_NUMBERED if {SERIAL, PAIR} <= {*branches} else "FALSE"
        parts = {
            "union": union.format(**_NAMES),
            "shipped": shipped.format(**_NAMES),
            "is_numbered": is_numbered.format(**_NAMES),
        }
        _written[branches] = _AROUND.format(**_NAMES).format(**parts)
    return _written[branches]


def _sort(rows: Iterable[tuple[Any, ...]], facts: Facts) -> None:
    for row in rows:
        facts.profile_id = row[18]
        if row[0] is None:
            continue
        batch = _batch(row)
        product = batch.product if batch else _product(row)
        how, code, number, serial = row[:4]
        if how == ALIAS:
            facts.aliases[code] = AliasFact(product=product, batch=batch, serial=serial)
            continue
        if how == SERIAL:
            facts.serials[code] = SerialFact(token=code, state=TokenState(serial), batch=batch)
            continue
        if how == PAIR:
            facts.products[code] = product
        if how == UNIT:
            facts.units.setdefault(code, [])
        if batch is None:
            continue
        if how == UNIT:
            facts.units[code].append(batch)
        elif how == PAIR:
            facts.batches[code, number] = batch
        elif how == NUMBER:
            facts.numbers.setdefault(code, []).append(batch)
        else:
            facts.recent.setdefault(code, []).append(batch)


def _product(row: tuple[Any, ...]) -> ProductFact:
    return ProductFact(*row[13:17])


def _batch(row: tuple[Any, ...]) -> BatchFact | None:
    if row[4] is None:
        return None
    id, code, code_norm, status, produced_on, expires_on, plant, open_cases, open_proposals = row[4:13]
    return BatchFact(
        id=id,
        code=code,
        code_norm=code_norm,
        status=BatchStatus(status),
        produced_on=produced_on,
        expires_on=expires_on,
        plant=plant,
        open_cases=open_cases,
        open_proposals=open_proposals,
        product=_product(row),
        shipped_here=bool(row[17]),
        is_numbered=bool(row[19]),
        is_history=bool(row[20]),
    )


def shipped_to(batch_ids: Iterable[UUID], *, regions: Sequence[str]) -> set[UUID]:
    """Those of the batches that went to a customer in one of the regions."""
    lines = ShipmentLine.objects.filter(batch__in=set(batch_ids), shipment__customer__region__in=regions)
    return set(lines.values_list("batch_id", flat=True).distinct())
