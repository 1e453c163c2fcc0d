"""Sixty customers in four regions. Firms, people, streets and numbers are invented; towns are where they are."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from backend.accounts.models import User
from fieldservice.demo.people import CENTRAL, EAST, SOUTH, WEST
from fieldservice.demo.stage import Stage
from traceability.customer.models import Customer, CustomerAccount, Site
from traceability.customer.rules import CustomerKind, Datum, Tier

COUNT = 60
DEALERS = "KH0002"  # the customer the dealer's account speaks for


@dataclass(frozen=True)
class Town:
    region: str
    province: str
    name: str
    place: str
    latitude: float
    longitude: float


TOWNS = (
    Town(EAST, "浙江", "绍兴", "浙江省绍兴市", 30.00, 120.58),
    Town(EAST, "江苏", "南京", "江苏省南京市", 32.06, 118.79),
    Town(EAST, "江苏", "苏州", "江苏省苏州市", 31.30, 120.58),
    Town(EAST, "安徽", "合肥", "安徽省合肥市", 31.82, 117.23),
    Town(EAST, "山东", "潍坊", "山东省潍坊市", 36.71, 119.16),
    Town(CENTRAL, "湖北", "武汉", "湖北省武汉市", 30.59, 114.30),
    Town(CENTRAL, "湖南", "长沙", "湖南省长沙市", 28.23, 112.94),
    Town(CENTRAL, "河南", "郑州", "河南省郑州市", 34.75, 113.63),
    Town(CENTRAL, "江西", "南昌", "江西省南昌市", 28.68, 115.86),
    Town(SOUTH, "广东", "佛山", "广东省佛山市", 23.02, 113.12),
    Town(SOUTH, "广西", "南宁", "广西壮族自治区南宁市", 22.82, 108.37),
    Town(SOUTH, "福建", "泉州", "福建省泉州市", 24.87, 118.68),
    Town(WEST, "四川", "成都", "四川省成都市", 30.57, 104.07),
    Town(WEST, "四川", "眉山", "四川省眉山市", 30.08, 103.85),
    Town(WEST, "重庆", "重庆", "重庆市", 29.56, 106.55),
    Town(WEST, "云南", "昆明", "云南省昆明市", 24.88, 102.83),
)
WHOLESALER, FOOD, INDUSTRIAL, SHOP, PRIVATE = (
    CustomerKind.DESIGNATED_WHOLESALER,
    CustomerKind.FOOD_MAKER,
    CustomerKind.INDUSTRIAL,
    CustomerKind.RETAILER,
    CustomerKind.OTHER,
)
FIRMS = {
    WHOLESALER: ("盐业批发有限公司",),
    FOOD: ("酱园有限公司", "调味食品有限公司", "腌制品厂", "肉制品有限公司"),
    INDUSTRIAL: ("印染有限公司", "化工有限公司", "水处理有限公司", "皮革有限公司"),
    SHOP: ("生活超市", "粮油商行"),
}
# The kinds in turn, so that each town has several; the works supplies edible salt to wholesalers only.
TURN = (WHOLESALER, WHOLESALER, INDUSTRIAL, FOOD, SHOP, INDUSTRIAL)
FIRST = "澄砚棠谷溪岚禾岭泽松"
SECOND = "序泉川原汀和曦丰韵源"
FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭"
GIVEN = ("建国", "秀英", "志强", "丽华", "国平", "晓燕", "永福", "春梅", "德明", "海霞")
STREETS = ("盐运路", "望江大道", "工业园一路", "和平街", "通济路", "云溪大道", "新港路")


def make_customers(stage: Stage, *, dealer: User) -> list[Customer]:
    """Customers with one or two sites each; one is the dealer's."""
    customers = Customer.objects.bulk_create(_customer(stage, number=number) for number in range(COUNT))
    towns = itertools.cycle(TOWNS)
    Site.objects.bulk_create(
        site
        for customer, town in zip(customers, towns, strict=False)
        for site in _sites(stage, customer, town)
    )
    own = next(customer for customer in customers if customer.code == DEALERS)
    CustomerAccount.objects.create(user=dealer, customer=own)
    return customers


def _customer(stage: Stage, *, number: int) -> Customer:
    town = TOWNS[number % len(TOWNS)]
    kind = PRIVATE if number in (37, 52) else TURN[number % len(TURN)]
    person = f"{stage.chance.choice(FAMILY)}{stage.chance.choice(GIVEN)}"
    return Customer(
        code=f"KH{number + 1:04d}",
        name=person if kind == PRIVATE else _firm(stage, town=town, kind=kind, number=number),
        kind=kind,
        tier=_tier(number),
        region_id=town.region,
        province=town.province,
        contact_name=person,
        contact_phone=f"1980000{number + 1:04d}",
        licence_no=f"食盐批发-{town.province}-{number + 1:04d}" if kind == WHOLESALER else "",
        licence_valid_to=stage.day(-stage.chance.randint(60, 900)) if kind == WHOLESALER else None,
        needs_visit=number % 17 == 5,
        is_elderly=kind == PRIVATE,
    )


def _tier(number: int) -> Tier:
    """8 key, 16 major, the rest standard; the very first is a key customer."""
    if number % 8 == 0:
        return Tier.KEY
    return Tier.MAJOR if number % 4 == 1 else Tier.STANDARD


def _firm(stage: Stage, *, town: Town, kind: CustomerKind, number: int) -> str:
    word = f"{FIRST[number % len(FIRST)]}{SECOND[(number // len(FIRST) + number) % len(SECOND)]}"
    return f"{town.name}{word}{stage.chance.choice(FIRMS[kind])}"


def _sites(stage: Stage, customer: Customer, town: Town) -> Iterator[Site]:
    for name in ("一号仓库", "二号仓库") if customer.tier == Tier.KEY else ("仓库",):
        yield Site(
            customer=customer,
            name=name,
            address=f"{town.place}{stage.chance.choice(STREETS)}{stage.chance.randint(1, 399)}号",
            latitude=_near(stage, town.latitude),
            longitude=_near(stage, town.longitude),
            # Half of the coordinates were taken from a Chinese map.
            datum=stage.chance.choice((Datum.WGS84, Datum.GCJ02)),
        )


def _near(stage: Stage, degrees: float) -> Decimal:
    return Decimal(f"{degrees + stage.chance.uniform(-0.08, 0.08):.6f}")
