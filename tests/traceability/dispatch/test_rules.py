"""What of a batch may leave on a day."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from traceability.batch.rules import BatchStatus
from traceability.dispatch.rules import (
    TEXTS,
    Refusal,
    SalesTerm,
    StatusStep,
    Stock,
    UnitLevel,
    buyer_refusal,
    fits_in,
    refusal_of,
    sscc_of,
    status_at_end_of,
)
from traceability.label.trade_number import is_sscc

MADE, LAST = date(2026, 1, 1), date(2026, 12, 31)
RELEASED = BatchStatus.RELEASED
STOCK = Stock(RELEASED, RELEASED, MADE, LAST, qty_kg=Decimal(60000), gone_kg=Decimal(59000))
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
    now = BatchStatus(status)
    assert refusal_of(replace(STOCK, status=now, status_then=now), qty_kg=KG, on=MADE) == refusal


@pytest.mark.parametrize("status", ["held", "recalled", "destroyed"])
def test_what_left_while_the_batch_was_released_may_be_entered_later(status):
    assert refusal_of(replace(STOCK, status=BatchStatus(status)), qty_kg=KG, on=MADE) is None


@pytest.mark.parametrize(
    ("day", "status"),
    [
        (1, "quarantine"),
        (2, "released"),
        (4, "released"),
        (5, "held"),  # the day of the hold is too late
        (6, "held"),
        (7, "released"),
        (8, "recalled"),
        (9, "recalled"),
    ],
)
def test_status_of_a_day_is_that_of_its_end(day, status):
    found = [(2, "quarantine"), (5, "released"), (7, "held"), (8, "released")]
    steps = [StatusStep(date(2026, 3, on), BatchStatus(before)) for on, before in found]
    on = date(2026, 3, day)
    assert status_at_end_of(on, steps=steps, now=BatchStatus.RECALLED) == BatchStatus(status)


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


@pytest.mark.parametrize("prefix", ["6901", "6901234", "690123456", "690123456789"])
def test_drawn_numbers_are_valid_and_carry_our_prefix_until_it_is_used_up(prefix):
    last = 10 ** (17 - len(prefix)) - 1
    for count in (1, 42, last):
        sscc = sscc_of(count, prefix=prefix)
        assert is_sscc(sscc) and sscc[1:].startswith(prefix)
    assert len({sscc_of(count, prefix=prefix) for count in range(1, 200)}) == 199
    assert sscc_of(last + 1, prefix=prefix) is None


def test_levels_strictly_rise():
    fitting = [(one, other) for one in UnitLevel for other in UnitLevel if fits_in(one, parent=other)]
    assert len(fitting) == 6 and (UnitLevel.UNIT, UnitLevel.CONTAINER) in fitting
    assert not any(one == other or (other, one) in fitting for one, other in fitting)


@pytest.mark.parametrize(
    ("term", "valid_to", "refusal"),
    [
        (None, None, None),
        (SalesTerm(is_allowed=False, needs_licence=False), date(2030, 1, 1), Refusal.BUYER_NOT_DESIGNATED),
        (SalesTerm(is_allowed=True, needs_licence=False), None, None),
        (SalesTerm(is_allowed=True, needs_licence=True), None, Refusal.BUYER_LICENCE_EXPIRED),
        (SalesTerm(is_allowed=True, needs_licence=True), date(2026, 2, 28), Refusal.BUYER_LICENCE_EXPIRED),
        (SalesTerm(is_allowed=True, needs_licence=True), date(2026, 3, 1), None),
    ],
)
def test_buyer_is_judged_by_the_term_in_force(term, valid_to, refusal):
    assert buyer_refusal(term, licence_valid_to=valid_to, on=date(2026, 3, 1)) is refusal
