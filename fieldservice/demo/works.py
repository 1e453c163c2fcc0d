"""Eighteen months of two plants: raw and other lots, refined salt, packed batches, what each was made from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from backend.core.clock import FACTORY_ZONE
from fieldservice.demo import articles
from fieldservice.demo.articles import PACKS, Articles
from fieldservice.demo.people import People
from fieldservice.demo.stage import Stage
from traceability.batch.models import Batch
from traceability.batch.rules import BatchKind, expiry_of
from traceability.genealogy.models import MadeFrom
from traceability.label.batch_code import normalise
from traceability.product.models import Product
from traceability.product.rules import Family

EDIBLE_PLANT, INDUSTRIAL_PLANT = "滨海一厂", "临江二厂"
LINES = {EDIBLE_PLANT: "A", INDUSTRIAL_PLANT: "B"}
MONTHS_18 = 546  # days
PACKED_EVERY, PACKED = 3, 180
FRESH = (2, 1, 1, 0)  # days ago: packed, not tested yet
WET_DAYS_AGO = 46  # made then: the batch that is going wrong
RAW_KG, REFINED_KG = Decimal(1_000_000), Decimal(450_000)
# Per kg of packed salt: 25 mg/kg iodine as KIO3 (I/KIO3 = 0.593), 5 mg/kg anti-caking agent, the film, the bags.
IODATE_SHARE, ANTICAKING_SHARE = Decimal("0.000042"), Decimal("0.000005")
FILM_SHARE, BAG_SHARE = Decimal("0.008"), Decimal("0.002")
INTO_REFINED = Decimal("1.05")  # kg of raw salt per kg of refined salt
GRAM = Decimal("0.001")


@dataclass(frozen=True)
class Lot:
    """A kind of purchased lot: article, code letters, days between two, kg."""

    sku: str
    letters: str
    every: int
    kg: int
    kind: BatchKind


LOTS = (
    Lot(articles.IODATE, "DK", 120, 150, BatchKind.ADDITIVE),
    Lot(articles.ANTICAKING, "KJ", 120, 50, BatchKind.ADDITIVE),
    Lot(articles.FILM, "FM", 60, 12_000, BatchKind.PACKAGING),
    Lot(articles.WOVEN_BAG, "BD", 60, 9_000, BatchKind.PACKAGING),
)


@dataclass
class Works:
    """The batches made so far, oldest first in each list, and their links."""

    wet_made_on: date
    raw: dict[str, list[Batch]] = field(default_factory=lambda: {plant: [] for plant in LINES})
    refined: dict[str, list[Batch]] = field(default_factory=lambda: {plant: [] for plant in LINES})
    lots: dict[str, list[Batch]] = field(default_factory=dict)
    packed: list[Batch] = field(default_factory=list)
    links: list[MadeFrom] = field(default_factory=list)

    def everything(self) -> list[Batch]:
        """Parents before children."""
        groups: Sequence[list[Batch]] = [*self.raw.values(), *self.lots.values(), *self.refined.values()]
        return [batch for group in groups for batch in group] + self.packed

    @property
    def wet(self) -> Batch:
        """The batch that is going wrong."""
        return next(batch for batch in self.packed if batch.produced_on == self.wet_made_on)


def make_works(stage: Stage, *, goods: Articles, people: People) -> Works:
    """All batches, still in quarantine; what they were made from is entered with the runs."""
    works = Works(wet_made_on=stage.day(WET_DAYS_AGO))
    for plant in LINES:
        works.raw[plant] += _raw(stage, product=goods[articles.RAW], plant=plant)
        works.refined[plant] += _refined(stage, goods=goods, plant=plant)
    for lot in LOTS:
        works.lots[lot.sku] = list(_purchased(stage, lot=lot, product=goods[lot.sku]))
    works.packed += _packed(stage, goods=goods)
    works.links += _links(stage, works=works, people=people)
    Batch.objects.bulk_create(works.everything())
    return works


def at_ten(day: date) -> datetime:
    """Ten in the morning of the day, where the works stands."""
    return datetime.combine(day, time(10), FACTORY_ZONE)


def _batch(
    stage: Stage, product: Product, *, code: str, plant: str, made: date, kg: Decimal, kind: BatchKind
) -> Batch:
    return Batch(
        product=product,
        code=code,
        code_norm=normalise(code),
        kind=kind,
        plant=plant,
        produced_on=made,
        expires_on=expiry_of(made, shelf_life_days=product.shelf_life_days),
        qty_kg=kg,
        status_at=min(at_ten(made), stage.now),
    )


def _raw(stage: Stage, *, product: Product, plant: str) -> Iterator[Batch]:
    """A lot of raw salt every four weeks."""
    number = list(LINES).index(plant) + 1
    for days_ago in range(MONTHS_18 + 42, 0, -28):
        made = stage.day(days_ago)
        batch = _batch(
            stage,
            product,
            code=f"YL-{made:%Y%m%d}-{number:02d}",
            plant=plant,
            made=made,
            kg=RAW_KG,
            kind=BatchKind.RAW,
        )
        batch.supplier_lot = f"HS{made:%y%m}-{stage.chance.randint(100, 999)}"
        yield batch


def _refined(stage: Stage, *, goods: Articles, plant: str) -> Iterator[Batch]:
    """Refined salt in bulk every three weeks; edible and industrial salt never share a silo."""
    is_edible = plant == EDIBLE_PLANT
    product = goods[articles.BULK_EDIBLE if is_edible else articles.BULK_INDUSTRIAL]
    for days_ago in range(MONTHS_18, 0, -21):
        made = stage.day(days_ago)
        code = f"{'JS' if is_edible else 'JG'}-{made:%Y%m%d}-01"
        yield _batch(stage, product, code=code, plant=plant, made=made, kg=REFINED_KG, kind=BatchKind.REFINED)


def _purchased(stage: Stage, *, lot: Lot, product: Product) -> Iterator[Batch]:
    for days_ago in range(MONTHS_18 + 7, 0, -lot.every):
        made = stage.day(days_ago)
        code = f"{lot.letters}-{made:%Y%m%d}-01"
        batch = _batch(
            stage, product, code=code, plant=EDIBLE_PLANT, made=made, kg=Decimal(lot.kg), kind=lot.kind
        )
        batch.supplier_lot = f"{lot.letters}{made:%y%m%d}{stage.chance.randint(10, 99)}"
        yield batch


def _packed(stage: Stage, *, goods: Articles) -> Iterator[Batch]:
    """A packed batch every three days, and the fresh ones."""
    skus, weights = list(PACKS), [pack.weight for pack in PACKS.values()]
    days = [(PACKED - number) * PACKED_EVERY + 1 for number in range(PACKED)]
    for number, days_ago in enumerate([*days, *FRESH], start=1):
        is_wet = days_ago == WET_DAYS_AGO
        sku = "refined_edible_iodised" if is_wet else stage.chance.choices(skus, weights)[0]
        made = stage.day(days_ago)
        plant = INDUSTRIAL_PLANT if goods[sku].family == Family.INDUSTRIAL else EDIBLE_PLANT
        code = f"{PACKS[sku].letters}{made:%Y%m%d}{LINES[plant]}{number % 90 + 1:02d}"
        tonnes = stage.chance.randint(30, 60)
        batch = _batch(
            stage,
            goods[sku],
            code=code,
            plant=plant,
            made=made,
            kg=Decimal(tonnes * 1000),
            kind=BatchKind.PACKED,
        )
        batch.trade_item = goods.bags[sku]
        batch.line = f"{LINES[plant]}{stage.chance.randint(1, 3)}"
        batch.shift = stage.chance.choice(("早班", "中班", "夜班"))
        yield batch


def _links(stage: Stage, *, works: Works, people: People) -> Iterator[MadeFrom]:
    """Raw → refined → packed, with additives and packaging; kg in, as Decimal."""
    for plant, batches in works.refined.items():
        for batch in batches:
            newest, before = _last(works.raw[plant], made=batch.produced_on, n=2)
            kg = batch.qty_kg * INTO_REFINED
            yield from _made_from(batch, {newest: kg * Decimal("0.7"), before: kg * Decimal("0.3")}, people)
    for batch in works.packed:
        (refined,) = _last(works.refined[batch.plant], made=batch.produced_on, n=1)
        shares = {sku: share for sku, share in _additions(batch).items() if share}
        lots = {sku: _last(works.lots[sku], made=batch.produced_on, n=1)[0] for sku in shares}
        yield from _made_from(
            batch, {refined: batch.qty_kg} | {lots[sku]: batch.qty_kg * shares[sku] for sku in shares}, people
        )


def _last(batches: list[Batch], *, made: date, n: int) -> list[Batch]:
    """The newest `n` made before the day, newest first."""
    before = [batch for batch in batches if batch.produced_on < made]
    return before[::-1][:n]


def _additions(batch: Batch) -> dict[str, Decimal]:
    """Share of each additive and packaging by weight."""
    sku = batch.product.sku
    small = PACKS[sku].in_case > 0
    return {
        articles.IODATE: IODATE_SHARE if sku == "refined_edible_iodised" else Decimal(0),
        articles.ANTICAKING: ANTICAKING_SHARE if batch.product.family == Family.EDIBLE else Decimal(0),
        articles.FILM: FILM_SHARE if small else Decimal(0),
        articles.WOVEN_BAG: Decimal(0) if small else BAG_SHARE,
    }


def _made_from(child: Batch, parents: dict[Batch, Decimal], people: People) -> Iterator[MadeFrom]:
    for parent, kg in parents.items():
        yield MadeFrom(
            parent=parent,
            child=child,
            qty_kg=kg.quantize(GRAM),
            made_at=at_ten(child.produced_on) - timedelta(hours=2),
            recorded_by=people["qc1"],
        )
