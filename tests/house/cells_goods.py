"""Goods: products, limits, customers, batches, genealogy, shipments."""

from typing import Any

from backend.accounts.rules import Can, Role
from backend.core import clock
from tests import factories
from tests.house.cell import Cell
from tests.house.rows_goods import decided
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


def more_packs(world: World) -> None:
    for _ in range(2):
        factories.make_trade_item(world.near["product"])


PRODUCTS = {
    ("GET", "products"): Cell(Can.READ_PRODUCTS, shows="product"),
    ("POST", "products"): Cell(Can.MANAGE_PRODUCTS, body=new_product),
    ("GET", "products/{id}"): Cell(Can.READ_PRODUCTS, row="product"),
    ("PATCH", "products/{id}"): Cell(Can.MANAGE_PRODUCTS, row="product", body=changed_product),
    ("GET", "products/{id}/trade-items"): Cell(Can.READ_PRODUCTS, row="product", grow=more_packs),
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


def new_customer(world: World, role: Role) -> Any:
    return {
        "code": "K-NEW",
        "name": "新客户商贸",
        "kind": "food_maker",
        "tier": "key",
        "region": "east",
        "province": "江苏",
        "contact_name": "李四",
        "contact_phone": "13900001111",
        "licence_no": "SP123",
        "licence_valid_to": "2027-05-01",
        "needs_visit": True,
        "is_elderly": False,
        "note": "门口有狗",
    }


def changed_customer(world: World, role: Role) -> Any:
    return {name: value for name, value in new_customer(world, role).items() if name != "code"}


def new_site(world: World, role: Role) -> Any:
    return {
        "name": "二号仓库",
        "address": "江苏省苏州市测试路2号",
        "latitude": "31.30",
        "longitude": "120.60",
        "datum": "GCJ-02",
    }


def changed_site(world: World, role: Role) -> Any:
    return {**new_site(world, role), "is_active": False}


CUSTOMERS = {
    ("GET", "customers"): Cell(Can.READ_CUSTOMERS, shows="customer"),
    ("POST", "customers"): Cell(Can.EDIT_CUSTOMERS, body=new_customer),
    ("GET", "customers/{id}"): Cell(Can.READ_CUSTOMERS, row="customer"),
    ("PATCH", "customers/{id}"): Cell(Can.EDIT_CUSTOMERS, row="customer", body=changed_customer),
    ("GET", "customers/{id}/sites"): Cell(Can.READ_CUSTOMERS, row="customer"),
    ("POST", "customers/{id}/sites"): Cell(Can.EDIT_CUSTOMERS, row="customer", body=new_site),
    ("GET", "sites/{id}"): Cell(Can.READ_CUSTOMERS, row="site"),
    ("PATCH", "sites/{id}"): Cell(Can.EDIT_CUSTOMERS, row="site", body=changed_site),
}


def new_batch(world: World, role: Role) -> Any:
    return {**changed_batch(world, role), "product": world.id_of("product"), "kind": "packed"}


def changed_batch(world: World, role: Role) -> Any:
    return {
        "code": "YS20260301A07",
        "trade_item": world.id_of("trade_item"),
        "plant": "P1",
        "line": "L2",
        "shift": "甲",
        "supplier_lot": "S-1",
        "produced_on": "2026-03-01",
        "expires_on": "2029-02-28",
        "qty_kg": "60000",
    }


def new_certificate(world: World, role: Role) -> Any:
    value = {
        "parameter": "moisture",
        "value": "0.21",
        "unit": "g/100g",
        "basis": "wet",
        "method": "GB 5009.42-2016",
        "expanded_u": "0.02",
    }
    return {
        "report_no": "COA-NEW-1",
        "inspection_basis": "GB/T 5461-2016",
        "conclusion": "conforming",
        "tested_by": str(world.place.colleagues["qc"].pk),
        "reviewed_by": str(world.place.colleagues["qc_reviewer"].pk),
        "issued_on": clock.today().isoformat(),
        "values": [value],
    }


def reason(world: World, role: Role) -> Any:
    return {"reason": "复检后决定"}


def new_proposal(world: World, role: Role) -> Any:
    return {"batch": world.id_of("batch"), "action": "hold", "reason": "两次水分超标"}


def more_decisions(world: World) -> None:
    for _ in range(2):
        decided(world.near["decided_batch"], world.place)


def more_certificates(world: World) -> None:
    tester, reviewer = world.place.colleagues["qc"], world.place.colleagues["qc_reviewer"]
    for _ in range(2):
        factories.make_certificate(world.near["batch"], tested_by=tester, reviewed_by=reviewer)


BATCHES = {
    ("GET", "batches"): Cell(Can.READ_BATCHES, shows="batch"),
    ("POST", "batches"): Cell(Can.RECORD_BATCH, body=new_batch),
    ("GET", "batches/{id}"): Cell(Can.READ_BATCHES, row="batch"),
    ("PATCH", "batches/{id}"): Cell(Can.RECORD_BATCH, row="tested_batch", body=changed_batch),
    ("GET", "batches/{id}/decisions"): Cell(Can.READ_BATCHES, row="decided_batch", grow=more_decisions),
    ("POST", "batches/{id}/hold"): Cell(Can.HOLD_BATCH, row="batch", body=reason),
    ("POST", "batches/{id}/release"): Cell(Can.RELEASE_BATCH, row="tested_batch", body=reason),
    ("GET", "batches/{id}/certificates"): Cell(Can.READ_BATCH_TESTS, row="batch", grow=more_certificates),
    ("POST", "batches/{id}/certificates"): Cell(Can.RECORD_CERTIFICATE, row="batch", body=new_certificate),
    ("GET", "proposals"): Cell(Can.READ_PROPOSALS, shows="proposal"),
    ("POST", "proposals"): Cell(Can.PROPOSE_HOLD, body=new_proposal),
    ("GET", "proposals/{id}"): Cell(Can.READ_PROPOSALS, row="proposal"),
    ("POST", "proposals/{id}/accept"): Cell(Can.DECIDE_PROPOSAL, row="proposal", body=reason),
    ("POST", "proposals/{id}/dismiss"): Cell(Can.DECIDE_PROPOSAL, row="proposal", body=reason),
}


def new_shipment(world: World, role: Role) -> Any:
    return {
        "number": "S-NEW-1",
        "customer": world.id_of("customer"),
        "site": world.id_of("site"),
        "shipped_on": clock.today().isoformat(),
        "carrier": "顺达物流",
        "lines": [{"batch": world.id_of("batch"), "qty_kg": "500", "units": 10}],
        "skip_refused": False,
    }


def more_receivers(world: World) -> None:
    for _ in range(2):
        factories.make_shipment(world.near["batch"], recorded_by=world.place.colleagues["logistics"])


SHIPMENTS = {
    ("GET", "shipments"): Cell(Can.READ_SHIPMENTS, shows="shipment"),
    ("POST", "shipments"): Cell(Can.RECORD_SHIPMENT, body=new_shipment),
    ("GET", "shipments/{id}"): Cell(Can.READ_SHIPMENTS, row="shipment"),
    ("POST", "shipments/{id}/cancel"): Cell(Can.RECORD_SHIPMENT, row="shipment", body=reason),
    ("GET", "batches/{id}/receivers"): Cell(
        Can.READ_RECEIVERS, row="batch", key="customer", grow=more_receivers
    ),
}

CELLS = {**PRODUCTS, **CUSTOMERS, **BATCHES, **SHIPMENTS}
