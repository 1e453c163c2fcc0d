"""What the works makes and uses: products, packs with their GTINs, and the limits the demo treats as confirmed."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from biip.checksums import gs1_standard_check_digit

from backend.accounts.models import User
from traceability.product.models import Product, SpecLimit, TradeItem
from traceability.product.rules import Family, PackLevel, ProductData
from traceability.product.services import (
    PackData,
    add_trade_item,
    change_product,
    confirm_limit,
    create_product,
    load_limits,
    load_products,
    seed_rows,
)

COMPANY = "6976012"  # an invented GS1 company prefix of the Chinese range
DOCUMENT = (
    "演示数据：未核对标准原文，仅供试用，正式使用前须由质检部门核对 (demo only, paper copy not checked)"
)
SHELF_LIFE_DAYS = {"refined_edible_iodised": 1095, "low_sodium": 1095}
CONFIRMED = ("moisture", "nacl")


@dataclass(frozen=True)
class Pack:
    """A product's batch letters and packs: kg of the bag, bags in a case (0: none), cases or bags on a pallet."""

    letters: str
    bag_kg: str
    in_case: int
    on_pallet: int
    weight: int  # how often it is made


PACKS: Mapping[str, Pack] = {
    "refined_edible_iodised": Pack("YS", "0.400", 50, 50, 9),
    "refined_edible_plain": Pack("WJ", "0.400", 50, 50, 4),
    "pickling": Pack("YZ", "1.000", 20, 50, 4),
    "msg_salt": Pack("WS", "50.000", 0, 20, 2),
    "casing": Pack("CY", "25.000", 0, 40, 2),
    "low_sodium": Pack("DN", "0.350", 60, 40, 3),
    "feed": Pack("SL", "50.000", 0, 20, 2),
    "export_food": Pack("CS", "25.000", 0, 40, 2),
    "export_ind": Pack("CG", "50.000", 0, 20, 2),
    "dry_ind": Pack("GY", "50.000", 0, 20, 4),
    "wet_ind_soda": Pack("SC", "50.000", 0, 20, 2),
    "wet_ind_chlor": Pack("LJ", "50.000", 0, 20, 2),
    "powder_ind": Pack("FY", "25.000", 0, 40, 2),
    "solar_ind": Pack("RS", "50.000", 0, 20, 2),
    "softener": Pack("RH", "10.000", 0, 100, 2),
    "snow": Pack("RX", "50.000", 0, 20, 2),
}
RAW, BULK_EDIBLE, BULK_INDUSTRIAL = "raw_salt", "bulk_edible", "bulk_industrial"
IODATE, ANTICAKING, FILM, WOVEN_BAG = "potassium_iodate", "anticaking_e535", "film", "woven_bag"
MATERIALS = (
    ProductData(RAW, "原盐", "raw salt", Family.RAW_MATERIAL),
    ProductData(BULK_EDIBLE, "精制盐半成品(食用)", "refined salt in bulk, edible", Family.EDIBLE),
    ProductData(BULK_INDUSTRIAL, "精制盐半成品(工业)", "refined salt in bulk, industrial", Family.INDUSTRIAL),
    ProductData(IODATE, "碘酸钾", "potassium iodate", Family.ADDITIVE),
    ProductData(ANTICAKING, "抗结剂亚铁氰化钠", "anti-caking agent E 535", Family.ADDITIVE),
    ProductData(FILM, "食用盐复合膜", "laminated film for edible salt", Family.PACKAGING),
    ProductData(WOVEN_BAG, "覆膜编织袋", "laminated woven bag", Family.PACKAGING),
)


@dataclass(frozen=True)
class Articles:
    """Products by article number, and the pack that goes on a batch's label (the bag)."""

    products: Mapping[str, Product]
    bags: Mapping[str, TradeItem]

    def __getitem__(self, sku: str) -> Product:
        return self.products[sku]


def make_articles(*, by: User) -> Articles:
    """Products, packs and limits."""
    load_products(seed_rows("products_seed.csv"))
    for material in MATERIALS:
        create_product(material)
    for sku, days in SHELF_LIFE_DAYS.items():
        change_product(Product.objects.get(sku=sku), shelf_life_days=days)
    products = {product.sku: product for product in Product.objects.order_by("sku")}
    bags = {sku: _make_packs(products[sku], number=number) for number, sku in enumerate(PACKS, start=1)}
    load_limits(seed_rows("spec_limits.csv"))
    _confirm_limits(list(products.values()), by=by)
    return Articles(products, bags)


def _make_packs(product: Product, *, number: int) -> TradeItem:
    """Bag, case (where there is one) and pallet. The bag."""
    pack = PACKS[product.sku]
    bag = add_trade_item(product, PackData(_gtin(0, number), PackLevel.BAG, Decimal(pack.bag_kg)))
    inner = bag
    if pack.in_case:
        inner = _wrap(bag, level=PackLevel.CASE, gtin=_gtin(1, number), count=pack.in_case)
    _wrap(inner, level=PackLevel.PALLET, gtin=_gtin(2, number), count=pack.on_pallet)
    return bag


def _wrap(inner: TradeItem, *, level: PackLevel, gtin: str, count: int) -> TradeItem:
    data = PackData(gtin, level, inner.net_kg * count, contains_id=inner.pk, contains_count=count)
    return add_trade_item(inner.product, data)


def _gtin(indicator: int, number: int) -> str:
    body = f"{indicator}{COMPANY}{number:05d}"
    return f"{body}{gs1_standard_check_digit(body)}"


def _confirm_limits(products: list[Product], *, by: User) -> None:
    """The moisture and NaCl rows that judge these products, said to be confirmed for the demo only."""
    keys = {(product.limit_key, product.limit_grade) for product in products if product.limit_key}
    rows = SpecLimit.objects.filter(parameter__in=CONFIRMED, valid_to=None).order_by(
        "product_key", "grade", "parameter"
    )
    for row in rows:
        if (row.product_key, row.grade) in keys:
            confirm_limit(row, by=by, document=DOCUMENT)
