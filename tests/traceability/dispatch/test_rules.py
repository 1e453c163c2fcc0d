"""What of a batch may leave on a day."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from traceability.batch.rules import BatchStatus
from traceability.dispatch.rules import TEXTS, Refusal, Stock, refusal_of

MADE, LAST = date(2026, 1, 1), date(2026, 12, 31)
STOCK = Stock(BatchStatus.RELEASED, MADE, LAST, qty_kg=Decimal(60000), gone_kg=Decimal(59000))
KG = Decimal(1000)


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        ("quarantine", Refusal.BATCH_NOT_RELEASED),
        ("held", Refusal.BATCH_ON_HOLD),
        ("recalled", Refusal.BATCH_RECALLED),
        ("destroyed", Refusal.BATCH_DESTROYED),
        ("released", None),
    ],
)
def test_only_released_batches_leave(status, refusal):
    assert refusal_of(replace(STOCK, status=BatchStatus(status)), qty_kg=KG, on=MADE) == refusal


@pytest.mark.parametrize(
    ("on", "refusal"),
    [
        (date(2025, 12, 31), Refusal.BATCH_NOT_MADE_YET),
        (MADE, None),
        (LAST, None),
        (date(2027, 1, 1), Refusal.BATCH_EXPIRED),
    ],
)
def test_batch_leaves_between_making_and_expiry(on, refusal):
    assert refusal_of(STOCK, qty_kg=KG, on=on) == refusal


def test_salt_without_expiry_leaves_any_day():
    assert refusal_of(replace(STOCK, expires_on=None), qty_kg=KG, on=date(2090, 1, 1)) is None


@pytest.mark.parametrize(
    ("made", "gone", "kg", "refused"),
    [
        ("60000", "59000", "1060", False),  # 0.1 % of 60 t
        ("60000", "59000", "1060.001", True),
        ("100", "0", "101", False),  # 1 kg
        ("100", "0", "101.001", True),
    ],
)
def test_no_more_leaves_than_was_made_within_weighing(made, gone, kg, refused):
    stock = replace(STOCK, qty_kg=Decimal(made), gone_kg=Decimal(gone))
    wanted = Refusal.MORE_THAN_LEFT if refused else None
    assert refusal_of(stock, qty_kg=Decimal(kg), on=MADE) == wanted


def test_every_refusal_has_its_text():
    assert set(TEXTS) == set(Refusal)
