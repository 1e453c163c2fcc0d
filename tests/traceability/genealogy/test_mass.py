"""Masses of a run: sharing an input over outputs, and what may come out."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.errors import InvalidInput
from traceability.batch.rules import BatchKind
from traceability.genealogy.mass import (
    Balance,
    MoreOutThanIn,
    Portion,
    RunData,
    check_balance,
    check_shape,
    mass_kg,
    shares_kg,
)

kg = st.decimals(min_value="0.001", max_value="999999", places=3)
A, B = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@given(kg, st.lists(kg, min_size=1, max_size=12))
def test_shares_add_up_to_the_gram_and_none_is_a_gram_off(qty_kg, weights):
    shares = shares_kg(qty_kg, weights=weights)
    assert sum(shares) == qty_kg
    exact = [qty_kg * weight / sum(weights) for weight in weights]
    assert all(abs(share - part) < Decimal("0.001") for share, part in zip(shares, exact, strict=True))


def test_pinch_over_many_outputs_leaves_a_trace_of_nothing():
    shares = shares_kg(Decimal("0.002"), weights=[Decimal(1)] * 3)
    assert shares == [Decimal("0.001"), Decimal("0.001"), 0]


def test_packaging_is_no_mass():
    portions = [(BatchKind.REFINED, Decimal(100)), (BatchKind.PACKAGING, Decimal(3))]
    assert mass_kg(portions) == 100


@pytest.mark.parametrize(("out_kg", "loss_kg"), [("9.5", "1.5"), ("11", "0"), ("0", "11")])
def test_a_kilogram_may_differ_by_weighing(out_kg, loss_kg):
    check_balance(Balance(in_kg=Decimal(10), out_kg=Decimal(out_kg), loss_kg=Decimal(loss_kg)))
    with pytest.raises(MoreOutThanIn):
        check_balance(
            Balance(in_kg=Decimal(10), out_kg=Decimal(out_kg) + Decimal("0.001"), loss_kg=Decimal(loss_kg))
        )


def test_a_thousandth_may_differ_by_weighing():
    check_balance(Balance(in_kg=Decimal(60000), out_kg=Decimal(60060), loss_kg=Decimal(0)))
    with pytest.raises(MoreOutThanIn):
        check_balance(Balance(in_kg=Decimal(60000), out_kg=Decimal("60060.001"), loss_kg=Decimal(0)))


def test_yield_and_what_nobody_accounts_for():
    balance = Balance(in_kg=Decimal(105), out_kg=Decimal(100), loss_kg=Decimal(3))
    assert (balance.unaccounted_kg, balance.yield_pct) == (2, Decimal("95.24"))
    assert Balance(in_kg=Decimal(0), out_kg=Decimal(0), loss_kg=Decimal(0)).yield_pct is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"finished_at": datetime(2026, 5, 1, 11, tzinfo=UTC)}, "finished_at"),
        ({"inputs": (Portion(A, Decimal(1)), Portion(A, Decimal(2)))}, "inputs"),
        ({"outputs": (Portion(B, Decimal(1)), Portion(B, Decimal(2)))}, "outputs"),
    ],
)
def test_shape_of_a_run(change, field):
    fields = {
        "stage": BatchKind.PACKED,
        "plant": "P1",
        "started_at": NOON,
        "finished_at": NOON,
        "inputs": (Portion(A, Decimal(1)),),
        "outputs": (Portion(B, Decimal(1)),),
    }
    check_shape(RunData(**fields))
    with pytest.raises(InvalidInput) as refused:
        check_shape(RunData(**(fields | change)))
    assert list(refused.value.errors) == [field]
