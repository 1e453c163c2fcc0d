"""Goods: products, limits."""

from typing import Any

from backend.accounts.rules import Can, Role
from tests import factories
from tests.house.cell import Cell
from tests.house.world import World


def new_product(world: World, role: Role) -> Any:
    return {
        "sku": "YS-NEW-1",
        "name_zh": "精制食用盐",
        "name_en": "refined salt",
        "family": "edible",
        "limit_key": "edible_refined",
        "limit_grade": "superior",
        "shelf_life_days": 1095,
        "vat_rate": "0.09",
    }


def changed_product(world: World, role: Role) -> Any:
    return {
        "name_zh": "新名",
        "name_en": "new name",
        "limit_key": "edible_refined",
        "limit_grade": "first",
        "shelf_life_days": None,
        "vat_rate": "0.13",
        "is_active": False,
    }


def new_pack(world: World, role: Role) -> Any:
    return {
        "gtin": factories.gtin14(690123499999),
        "level": "case",
        "net_kg": "10",
        "contains": world.id_of("trade_item"),
        "contains_count": 20,
    }


def changed_pack(world: World, role: Role) -> Any:
    return {"level": "bag", "net_kg": "0.4", "contains": None, "contains_count": None}


def new_limit(world: World, role: Role) -> Any:
    return {
        "product_key": "edible_refined",
        "grade": "superior",
        "parameter": "moisture",
        "kind": "range",
        "low": "0.01",
        "high": "0.30",
        "unit": "g/100g",
        "basis": "wet",
        "standard": "GB/T 5461",
        "edition": "2016",
        "compare_mode": "rounded",
        "decimals": 2,
        "valid_from": "2026-01-01",
        "valid_to": "2027-01-01",
        "source": "GB/T 5461-2016 table 2",
        "note": "试验",
    }


PRODUCTS = {
    ("GET", "products"): Cell(Can.READ_PRODUCTS, shows="product"),
    ("POST", "products"): Cell(Can.MANAGE_PRODUCTS, body=new_product),
    ("GET", "products/{id}"): Cell(Can.READ_PRODUCTS, row="product"),
    ("PATCH", "products/{id}"): Cell(Can.MANAGE_PRODUCTS, row="product", body=changed_product),
    ("GET", "products/{id}/trade-items"): Cell(Can.READ_PRODUCTS, row="product"),
    ("POST", "products/{id}/trade-items"): Cell(Can.MANAGE_PRODUCTS, row="product", body=new_pack),
    ("PATCH", "trade-items/{id}"): Cell(Can.MANAGE_PRODUCTS, row="trade_item", body=changed_pack),
    ("GET", "limits"): Cell(Can.READ_LIMITS, shows="limit"),
    ("POST", "limits"): Cell(Can.MANAGE_PRODUCTS, body=new_limit),
    ("GET", "limits/{id}"): Cell(Can.READ_LIMITS, row="limit"),
    ("POST", "limits/{id}/confirm"): Cell(
        Can.CONFIRM_LIMIT,
        row="unconfirmed_limit",
        body=lambda world, role: {"document": "GB/T 5461-2016 第3页", "valid_from": "2024-02-01"},
    ),
    ("POST", "limits/{id}/end"): Cell(
        Can.CONFIRM_LIMIT, row="limit", body=lambda world, role: {"valid_to": "2027-01-01"}
    ),
    ("POST", "limits/{id}/withdraw"): Cell(
        Can.CONFIRM_LIMIT, row="limit", body=lambda world, role: {"reason": "误确认"}
    ),
}

CELLS = {**PRODUCTS}
