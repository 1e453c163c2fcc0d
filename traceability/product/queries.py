"""Reads: products, packs and limits. Master data: whoever may read them sees all."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from django.db.models import Q, QuerySet

from traceability.product.models import Product, SpecLimit, TradeItem


def products() -> QuerySet[Product]:
    return Product.objects.all()


def product_by_id(id: UUID) -> Product | None:
    return Product.objects.filter(pk=id).first()


def trade_items() -> QuerySet[TradeItem]:
    return TradeItem.objects.select_related("contains")


def trade_items_of(product: Product) -> QuerySet[TradeItem]:
    return trade_items().filter(product=product)


def limits() -> QuerySet[SpecLimit]:
    return SpecLimit.objects.select_related("confirmed_by")


def limits_in_force(on: date) -> Q:
    """Rows that hold on the day, confirmed or not; valid_to is the first day on which a row no longer holds."""
    return Q(valid_from__lte=on) & (Q(valid_to=None) | Q(valid_to__gt=on))


def limits_for_judging(product: Product, parameter: str, on: date) -> list[SpecLimit]:
    """Confirmed rows in force on the day for the product's grade and for every grade of its key.

    `product.rules.limit_in_force` picks the one that judges. Empty where the product has no limit key.
    """
    return list(_judging(product, on).filter(parameter=parameter)) if product.limit_key else []


def limits_by_parameter(product: Product, on: date) -> Mapping[str, list[SpecLimit]]:
    """As limits_for_judging, for every parameter at once."""
    found: dict[str, list[SpecLimit]] = {}
    for row in _judging(product, on) if product.limit_key else ():
        found.setdefault(row.parameter, []).append(row)
    return found


def _judging(product: Product, on: date) -> QuerySet[SpecLimit]:
    return SpecLimit.objects.filter(
        limits_in_force(on),
        product_key=product.limit_key,
        grade__in={product.limit_grade, ""},
        needs_confirmation=False,
    )
