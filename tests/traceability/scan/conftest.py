"""A technician's phone and the scans it sends."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from backend.core import clock
from backend.core.ids import uuid7
from tests import factories
from traceability.scan.models import LabelProfile

GTIN = "06901234567892"
HOST = "t.salt.example.cn"


@pytest.fixture
def label_profile(db: None) -> LabelProfile:
    return LabelProfile.objects.create(
        own_hosts=[HOST],
        own_url_rules=[{"path": "/s/{token}"}],
        batch_patterns=[r"[A-Z]{2}\d{8}[A-Z]\d{2}"],
        serial_patterns=[r"\d{16}"],
        valid_from=clock.today(),
    )


@pytest.fixture
def salt(db: None) -> Any:
    """A released batch YS20240315A01 of a product whose bag carries GTIN 06901234567892."""
    item = factories.make_trade_item(gtin=GTIN)
    return factories.make_batch(
        item.product, code="YS20240315A01", trade_item=item, expires_on=date(2040, 12, 31)
    )


@pytest.fixture
def scan() -> Callable[..., dict[str, Any]]:
    """A complete scan: scan(raw, **fields)."""

    def make(raw: str, **fields: Any) -> dict[str, Any]:
        return {"id": str(uuid7()), "raw": raw, "made_at": clock.now().isoformat(), **fields}

    return make
