"""Who got what: every released packed batch goes to two to four customers of its trade."""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from fieldservice.demo.customers import FOOD, INDUSTRIAL, WHOLESALER
from fieldservice.demo.people import People
from fieldservice.demo.stage import Stage
from fieldservice.demo.works import Works
from traceability.batch.models import Batch
from traceability.batch.rules import BatchStatus
from traceability.customer.models import Customer, Site
from traceability.customer.rules import CustomerKind
from traceability.dispatch.models import Shipment, ShipmentLine
from traceability.product.rules import Family

# Edible salt goes to designated wholesalers; shops and households buy from them (食盐专营办法 art. 12-16).
BUYERS: Mapping[Family, Sequence[CustomerKind]] = {
    Family.EDIBLE: (WHOLESALER,),
    Family.FOOD_PROCESSING: (FOOD,),
    Family.FEED: (WHOLESALER,),
    Family.INDUSTRIAL: (INDUSTRIAL,),
}
CARRIERS = ("顺捷物流（演示）", "江海联运（演示）", "自有车队")
REST_DAYS = 4  # after the making: tested and released by then


@dataclass
class Deliveries:
    """Customer → (batch, day) of what it got, oldest first."""

    to: dict[Customer, list[tuple[Batch, date]]] = field(default_factory=lambda: defaultdict(list))

    def batches_of(self, customer: Customer, *, on: date) -> list[Batch]:
        """What stands at the customer's on the day, the newest first."""
        return [batch for batch, day in reversed(self.to[customer]) if day < on]


def ship(stage: Stage, *, works: Works, customers: list[Customer], people: People) -> Deliveries:
    """Shipments with their lines, kg and bags."""
    done = Deliveries()
    sites = {site.customer_id: site for site in Site.objects.order_by("-name", "-id")}
    numbers: dict[str, itertools.count[int]] = defaultdict(lambda: itertools.count(1))
    shipments, lines = [], []
    for batch, customer, day, kg in _orders(stage, works=works, customers=customers):
        month = f"{day:%Y%m}"
        shipment = Shipment(
            number=f"FH-{month}-{next(numbers[month]):04d}",
            customer=customer,
            site=sites[customer.pk],
            shipped_on=day,
            carrier=stage.chance.choice(CARRIERS),
            recorded_by=people["logistics"],
        )
        assert batch.trade_item is not None
        shipments.append(shipment)
        units = int(kg / batch.trade_item.net_kg)
        lines.append(ShipmentLine(shipment=shipment, batch=batch, qty_kg=kg, units=units))
        done.to[customer].append((batch, day))
    Shipment.objects.bulk_create(shipments)
    ShipmentLine.objects.bulk_create(lines)
    return done


Order = tuple[Batch, Customer, date, Decimal]


def _orders(stage: Stage, *, works: Works, customers: list[Customer]) -> list[Order]:
    """By day: batch, customer, day and kg in whole tonnes, at most nine tenths of the batch."""
    found: list[Order] = []
    for batch in works.packed:
        if batch.status == BatchStatus.QUARANTINE:
            continue
        buyers = _buyers(stage, batch, customers=customers, is_wet=batch is works.wet)
        for buyer in buyers:
            day = batch.produced_on + timedelta(days=stage.chance.randint(REST_DAYS, REST_DAYS + 10))
            tonnes = int(batch.qty_kg * Decimal("0.9") / 1000) // len(buyers)
            if day <= stage.today:
                found.append((batch, buyer, day, Decimal(tonnes * 1000)))
    return sorted(found, key=lambda order: (order[2], order[0].code, order[1].code))


def _buyers(stage: Stage, batch: Batch, *, customers: list[Customer], is_wet: bool) -> list[Customer]:
    """The wet batch went to the first customer, the dealer's and three more."""
    kinds = BUYERS[Family(batch.product.family)]
    able = [customer for customer in customers[2:] if customer.kind in kinds]
    if is_wet:
        return [*customers[:2], *stage.chance.sample(able, 3)]
    first = [customer for customer in customers[:2] if customer.kind in kinds]
    return stage.chance.sample([*first, *able], stage.chance.randint(2, 4))
