"""Residuals, tolerance and yield: pure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from backend.core.errors import InvalidInput
from traceability.balance.rules import (
    Account,
    BalanceVerdict,
    Count,
    Moved,
    Rule,
    Run,
    balance_of,
    band_in_force,
    check_count,
    yield_verdict,
)

D = Decimal
LOW, HIGH = D(95), D(101)


def account(*, qty: str = "1000", out: str = "0", on_hand: str | None = None, **more: object) -> Account:
    count = None if on_hand is None else Count(D(on_hand))
    return Account(qty_kg=D(qty), before=Moved(used_kg=D(out)), count=count, **more)


@pytest.mark.parametrize(
    ("missing", "verdict"),
    [
        ("1", BalanceVerdict.BALANCED),
        ("1.001", BalanceVerdict.UNACCOUNTED),
        ("-1", BalanceVerdict.BALANCED),
        ("-1.001", BalanceVerdict.OVER_ISSUED),
    ],
)
def test_exactly_the_tolerance_is_inside(missing: str, verdict: BalanceVerdict):
    books = account(qty="500", out=str(D(500) - D(missing)), on_hand="0")
    assert balance_of(books).verdict == verdict


def test_tolerance_is_a_thousandth_of_a_great_batch():
    books = account(qty="60000", out="59940", on_hand="0")
    assert balance_of(books).tolerance_kg == 60
    assert balance_of(books).verdict == BalanceVerdict.BALANCED


def test_all_that_was_found_is_accounted_for():
    books = Account(
        qty_kg=D(1000),
        before=Moved(used_kg=D(600), shipped_kg=D(300)),
        count=Count(on_hand_kg=D(90), scrap_kg=D(6), retained_kg=D(4)),
    )
    assert balance_of(books).residual_kg == 0


def test_uncounted_batch_is_never_unaccounted():
    assert balance_of(account(out="10")).verdict == BalanceVerdict.NOT_COUNTED


def test_uncounted_batch_may_be_over_issued():
    assert balance_of(account(out="1100")).verdict == BalanceVerdict.OVER_ISSUED


def test_goods_of_a_delivery_are_with_the_customer():
    books = account(on_hand="0", with_customer=True)
    assert balance_of(books).verdict == BalanceVerdict.WITH_CUSTOMER


def test_what_left_after_the_count_left_the_stock_then_counted():
    books = account(out="600", on_hand="400", after=Moved(shipped_kg=D(400)))
    assert balance_of(books).verdict == BalanceVerdict.BALANCED


def test_more_left_after_the_count_than_was_there():
    books = account(out="600", on_hand="400", after=Moved(shipped_kg=D("401.5")))
    assert balance_of(books).verdict == BalanceVerdict.OVER_ISSUED
    assert balance_of(books).residual_kg == D("-1.5")


def test_more_counted_than_the_batch_ever_had_is_refused():
    check_count(Count(on_hand_kg=D(990), scrap_kg=D(11)), qty_kg=D(1000))
    with pytest.raises(InvalidInput):
        check_count(Count(on_hand_kg=D(990), scrap_kg=D("11.001")), qty_kg=D(1000))


@dataclass(frozen=True)
class Band:
    low_pct: Decimal = LOW
    high_pct: Decimal = HIGH
    stage: str = "refined"
    valid_from: date = date(2026, 1, 1)
    needs_confirmation: bool = False


@pytest.mark.parametrize(
    ("out", "loss", "rule"),
    [
        ("950", "0", None),
        ("949.999", "0", Rule.YIELD_LOW),
        ("900", "50", None),
        ("1010", "0", None),
        ("1010.001", "0", Rule.YIELD_HIGH),
    ],
)
def test_yield_is_judged_with_the_loss_and_both_ends_are_inside(out: str, loss: str, rule: Rule | None):
    assert yield_verdict(Run(in_kg=D(1000), out_kg=D(out), loss_kg=D(loss)), band=Band()) == rule


def test_nothing_is_judged_without_a_band():
    assert yield_verdict(Run(in_kg=D(1000), out_kg=D(1), loss_kg=D(0)), band=None) is None


def test_band_in_force_is_the_newest_confirmed_one_begun():
    old, new = Band(), Band(valid_from=date(2026, 6, 1))
    rows = [old, new, Band(valid_from=date(2026, 7, 1), needs_confirmation=True), Band(stage="silo")]
    assert band_in_force(rows, stage="refined", on=date(2026, 5, 31)) is old
    assert band_in_force(rows, stage="refined", on=date(2026, 8, 1)) is new
    assert band_in_force(rows, stage="refined", on=date(2025, 12, 31)) is None
