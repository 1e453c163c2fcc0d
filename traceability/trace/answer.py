"""The answer of a trace as plain dictionaries: no serializer runs for thousands of rows.

Its shape stands in `trace/shapes.py`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from backend.accounts.models import User
from backend.accounts.rules import Can
from traceability.batch.models import Batch
from traceability.customer.rules import shown_name
from traceability.product.models import Product
from traceability.trace.queries import consignees_of
from traceability.trace.reach import CAP, Lot, lots
from traceability.trace.rules import (
    Consignee,
    Direction,
    Share,
    circle_in,
    depths,
    order_of,
    shares_down,
    shares_up,
)

Body = dict[str, Any]
Steps = dict[str, list[tuple[str, float]]]
PRODUCT_FIELDS = ("id", "sku", "name_zh", "name_en", "family")


def answer(starts: Sequence[Batch], *, direction: Direction, user: User, cap: int = CAP) -> Body:
    """Batches, links, customers and sums of a trace, as far as the caller may read them.

    Raises TraceTooLarge (409).
    """
    found = lots([batch.pk for batch in starts], direction=direction, most=cap + 1)
    is_truncated = len(found) > cap
    picture = _Picture(found[:cap], direction=direction)
    start_ids = [str(batch.pk) for batch in starts]
    body = picture.body(start_ids, is_truncated=is_truncated)
    if direction is Direction.FORWARD and user.may(Can.READ_RECEIVERS):
        consignees = consignees_of(picture.lots, user=user)
        body["consignees"] = [_consignee(one, role=user.role) for one in consignees]
        body["totals"]["shipped_kg"] = str(sum((one.kg for one in consignees), Decimal()))
    return body


class _Picture:
    """The rows of a walk on their way into the answer. `steps` lead the way the walk goes."""

    def __init__(self, rows: Sequence[Lot], *, direction: Direction) -> None:
        self.direction = direction
        self.products = _products({row.product_id for row in rows})
        self.lots = {row.id: self._lot(row) for row in rows}
        self.edges: list[Body] = []
        self.steps: Steps = {}
        for row in rows:
            if row.ways:
                self._take_ways(row.id, row.ways)

    def _lot(self, row: Lot) -> Body:
        product = self.products[row.product_id]
        return {
            "id": row.id,
            "code": row.code,
            "kind": row.kind,
            "product": product["sku"],
            "family": product["family"],
            "status": row.status,
            "plant": row.plant,
            "supplier_lot": row.supplier_lot,
            "produced_on": row.produced_on,
            "qty_kg": row.qty_kg,
        }

    def _take_ways(self, here: str, ways: str) -> None:
        texts = iter(ways.split(","))
        known, add, steps = self.lots, self.edges.append, []
        is_forward = self.direction is Direction.FORWARD
        for there, kg, kind, made_at in zip(texts, texts, texts, texts, strict=True):
            if there not in known:  # cut off by the cap
                continue
            parent, child = (here, there) if is_forward else (there, here)
            at = _iso(made_at)
            add({"parent": parent, "child": child, "qty_kg": kg, "kind": kind, "made_at": at})
            steps.append((there, float(kg)))
        self.steps[here] = steps

    def body(self, starts: Sequence[str], *, is_truncated: bool) -> Body:
        placed, rest = order_of(starts, steps=self.steps)
        circle = circle_in(rest, steps=self.steps)
        # Half of the links tell nothing of the parts.
        shares = {} if is_truncated else self._shares(starts, placed)
        depth_of = depths(starts, steps=self.steps)
        for id, lot in self.lots.items():
            lot["depth"] = depth_of[id]
            share = shares.get(id)
            lot["share"] = None if share is None else round(share, 6)
        if circle and self.direction is Direction.BACKWARD:
            circle.reverse()
        kinds = Counter(lot["kind"] for lot in self.lots.values())
        return {
            "direction": self.direction.value,
            "starts": [self._start(id) for id in starts],
            "truncated": is_truncated,
            "has_circle": circle is not None,
            "circle": [self.lots[id]["code"] for id in circle] if circle else [],
            "products": list(self.products.values()),
            "lots": list(self.lots.values()),
            "edges": self.edges,
            "totals": {
                "lots": len(self.lots),
                "edges": len(self.edges),
                "by_kind": dict(sorted(kinds.items())),
            },
        }

    def _shares(self, starts: Sequence[str], placed: Sequence[str]) -> dict[str, Share]:
        if self.direction is Direction.BACKWARD:
            return shares_up(starts, placed=placed, steps=self.steps)
        made_kg = {id: float(lot["qty_kg"]) for id, lot in self.lots.items()}
        return shares_down(starts, placed=placed, steps=self.steps, made_kg=made_kg)

    def _start(self, id: str) -> Body:
        return {"id": id, "code": self.lots[id]["code"], "product": self.lots[id]["product"]}


def _products(ids: Iterable[str]) -> dict[str, Body]:
    rows = Product.objects.filter(pk__in={UUID(id) for id in ids}).order_by("sku").values(*PRODUCT_FIELDS)
    return {str(row["id"]): row for row in rows}


@lru_cache(maxsize=4096)
def _iso(moment: str) -> str:
    """PostgreSQL's text of a time in UTC as ISO 8601.

    >>> _iso("2026-03-01 00:30:00+00")
    '2026-03-01T00:30:00Z'
    """
    return moment.replace(" ", "T").replace("+00", "Z")


def _consignee(one: Consignee, *, role: str) -> Body:
    return {
        "customer": one.customer_id,
        "customer_code": one.customer_code,
        "customer_name": shown_name(one.name, kind=one.kind, role=role),
        "region": one.region,
        "qty_kg": str(one.kg),
        "shipments": [
            {
                "number": sent.number,
                "shipment": sent.shipment_id,
                "batch": sent.batch_id,
                "batch_code": sent.batch_code,
                "shipped_on": sent.on,
                "qty_kg": str(sent.kg),
            }
            for sent in one.shipments
        ],
    }
