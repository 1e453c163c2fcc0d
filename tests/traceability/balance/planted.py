"""300 batches of every stage whose books balance to the gram, but for what is planted."""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from backend.core import clock
from tests import factories
from traceability.batch.models import Batch
from traceability.dispatch.models import Shipment, ShipmentLine
from traceability.genealogy.models import MadeFrom

STAGES = {
    "raw": 40,
    "additive": 10,
    "packaging": 10,
    "refined": 60,
    "silo": 40,
    "packed": 120,
    "rework": 10,
    "return": 10,
}
FAMILIES = {"raw": "raw_material", "additive": "additive", "packaging": "packaging"}
D = Decimal


@dataclass
class Works:
    """Lots by stage; what left each, and what the count is to find of it."""

    by: dict[str, Any]
    luck: random.Random
    lots: dict[str, list[Batch]] = field(default_factory=dict)
    links: list[MadeFrom] = field(default_factory=list)
    lines: list[ShipmentLine] = field(default_factory=list)
    gone: dict[Any, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def kg(self, most: int = 900) -> Decimal:
        return D(self.luck.randint(1_000, most * 1_000)) / 1_000

    def use(self, parent: Batch, child: Batch, *, kind: str = "used") -> None:
        qty_kg = self.kg()
        made_at = clock.now() - timedelta(days=30)
        self.links.append(
            MadeFrom(
                parent=parent,
                child=child,
                qty_kg=qty_kg,
                kind=kind,
                made_at=made_at,
                recorded_by=self.by["qc"],
            )
        )
        if kind != "returned":  # it was shipped before
            self.gone[parent.pk] += qty_kg


def make_works() -> Works:
    """Blends, heels, rework and returns; two thirds of the packed batches are shipped in one to three parts."""
    works = Works(by={role: factories.make_user(role) for role in ("qc", "logistics")}, luck=random.Random(7))
    for stage, count in STAGES.items():
        product = factories.make_product(family=FAMILIES.get(stage, "edible"))
        works.lots[stage] = [_lot(product, stage, number) for number in range(count)]
    _link(works)
    _ship(works)
    return works


def _lot(product: Any, stage: str, number: int) -> Batch:
    code = f"{stage.upper()}-{number:03d}"
    return Batch(
        product=product,
        code=code,
        code_norm=code,
        kind=stage,
        plant="P1",
        produced_on=clock.today() - timedelta(days=60),
        qty_kg=1,
        status="released",
        status_at=clock.now(),
    )


def _link(works: Works) -> None:
    lots, luck = works.lots, works.luck
    for refined in lots["refined"]:
        for raw in luck.sample(lots["raw"], 3):
            works.use(raw, refined)
    for number, silo in enumerate(lots["silo"]):
        # What is reworked goes into later refined lots than it came from.
        for refined in luck.sample(lots["refined"][:50] if number < 10 else lots["refined"], 2):
            works.use(refined, silo)
        if number:
            works.use(lots["silo"][number - 1], silo, kind="heel")
    for number, packed in enumerate(lots["packed"]):
        silos = luck.sample(lots["silo"][:10] if number < 10 else lots["silo"], 2)
        for parent in (*silos, luck.choice(lots["additive"]), luck.choice(lots["packaging"])):
            works.use(parent, packed)
    for number, rework in enumerate(lots["rework"]):
        works.use(lots["packed"][number], rework)
        works.use(rework, lots["refined"][50 + number], kind="rework")
    for number, came_back in enumerate(lots["return"]):
        works.use(lots["packed"][100 + number], came_back, kind="returned")


def _ship(works: Works) -> None:
    customers = [factories.make_customer() for _ in range(5)]
    for packed in works.lots["packed"][40:]:
        for _ in range(works.luck.randint(1, 3)):
            shipment = Shipment(
                number=f"P-{len(works.lines):04d}",
                customer=works.luck.choice(customers),
                shipped_on=clock.today() - timedelta(days=20),
                recorded_by=works.by["logistics"],
            )
            line = ShipmentLine(shipment=shipment, batch=packed, qty_kg=works.kg())
            works.lines.append(line)
            works.gone[packed.pk] += line.qty_kg


def store(works: Works, *, residuals: dict[str, Decimal]) -> None:
    """Writes the works. Every lot is counted and balances, but for the planted residuals, by code."""
    for lots in works.lots.values():
        for lot in lots:
            on_hand, scrap, retained = works.kg(500), works.kg(20), works.kg(2)
            if lot.code in residuals:  # so that the tolerance is a round number: 1 kg
                on_hand, scrap, retained = D("0"), D("0"), D("0")
            found = works.gone[lot.pk] + on_hand + scrap + retained
            lot.qty_kg = found + residuals.get(lot.code, D(0))
            lot.planted_count = {"on_hand_kg": on_hand, "scrap_kg": scrap, "retained_kg": retained}
    every = [lot for lots in works.lots.values() for lot in lots]
    Batch.objects.bulk_create(every)
    MadeFrom.objects.bulk_create(works.links)
    Shipment.objects.bulk_create(line.shipment for line in works.lines)
    ShipmentLine.objects.bulk_create(works.lines)
    for lot in every:
        factories.make_stock_count(lot, by=works.by["qc"], **lot.planted_count)
