"""Scan: codes, photos, the inbox of unknown codes, registered codes, label profiles, labels."""

from functools import lru_cache
from typing import Any

from backend.accounts.rules import Can, Role
from backend.core import clock
from backend.core.ids import uuid7
from tests.house.cell import Cell
from tests.house.world import World
from traceability.label.symbol import qr_png


@lru_cache
def label(text: str) -> bytes:
    """A PNG of a QR code that holds `text`."""
    return qr_png(text, scale=6)


def new_scan(world: World, role: Role) -> Any:
    place = {"latitude": "32.06", "longitude": "118.79", "datum": "WGS-84", "accuracy_m": "12.5"}
    return {
        "id": str(uuid7()),
        "raw": world.near["batch"].code,
        "aim": "]C0",
        "source": "text",
        "made_at": clock.now().isoformat(),
        "place": place,
        "batch_number": "",
        "photo": None,
    }


def new_photo_scan(world: World, role: Role) -> Any:
    return {
        "photo": label(world.near["batch"].code),
        "id": str(uuid7()),
        "made_at": clock.now().isoformat(),
        "latitude": "32.06",
        "longitude": "118.79",
        "datum": "WGS-84",
        "accuracy_m": "12.5",
    }


def settling(world: World, role: Role) -> Any:
    return {"batch": world.id_of("batch"), "note": "旧标签"}


def new_alias(world: World, role: Role) -> Any:
    return {"code": "TAG-NEW", "trade_item": world.id_of("trade_item"), "serial": "S1", "note": "托盘牌"}


def new_profile(world: World, role: Role) -> Any:
    return {
        "own_hosts": ["id.example.cn"],
        "own_url_rules": [{"path": "/s/{token}", "field": "token"}],
        "batch_patterns": ["YS[0-9]{8}[A-Z][0-9]{2}"],
        "serial_patterns": ["[0-9]{20}"],
        "valid_from": "2026-06-01",
    }


CELLS = {
    ("GET", "scans"): Cell(Can.READ_SCANS, shows="scan"),
    ("POST", "scans"): Cell(Can.RESOLVE_CODE, body=new_scan),
    ("POST", "scans/photo"): Cell(Can.RESOLVE_CODE, photo=new_photo_scan),
    ("GET", "scans/{id}"): Cell(Can.READ_SCANS, row="scan"),
    ("GET", "unknown-codes"): Cell(Can.READ_UNKNOWN_CODES, shows="unknown_code"),
    ("POST", "unknown-codes/{id}/settle"): Cell(Can.SETTLE_UNKNOWN_CODE, row="unknown_code", body=settling),
    ("POST", "unknown-codes/{id}/dismiss"): Cell(
        Can.SETTLE_UNKNOWN_CODE, row="unknown_code", body=lambda world, role: {"note": "外厂条码"}
    ),
    ("GET", "aliases"): Cell(Can.READ_UNKNOWN_CODES, shows="alias"),
    ("POST", "aliases"): Cell(Can.SETTLE_UNKNOWN_CODE, body=new_alias),
    ("POST", "aliases/{id}/withdraw"): Cell(
        Can.SETTLE_UNKNOWN_CODE, row="alias", body=lambda world, role: {"note": "贴错了托盘"}
    ),
    ("GET", "label-profiles"): Cell(Can.READ_PRODUCTS, shows="label_profile"),
    ("POST", "label-profiles"): Cell(Can.MANAGE_PRODUCTS, body=new_profile),
    ("GET", "batches/{id}/label"): Cell(Can.PRINT_LABEL, row="batch"),
}
