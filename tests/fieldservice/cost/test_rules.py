"""Cost rules, purely."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from fieldservice.cost import rules
from fieldservice.cost.rules import Sum

TODAY = date(2026, 6, 30)


@dataclass(frozen=True)
class Policy:
    valid_from: date
    receipt_required_above_cny: Decimal
    source: str = "规定"


def d(text: str) -> Decimal:
    return Decimal(text)


def test_net_and_tax_make_gross_to_the_fen():
    rules.check_amounts(net_cny=d("100.01"), tax_cny=d("9.00"), gross_cny=d("109.01"))
    with pytest.raises(rules.AmountsDoNotAddUp) as refused:
        rules.check_amounts(net_cny=d("100"), tax_cny=d("9"), gross_cny=d("109.01"))
    assert refused.value.params == {
        "net_cny": "100.00",
        "tax_cny": "9.00",
        "sum_cny": "109.00",
        "gross_cny": "109.01",
    }


def test_an_expense_is_of_today_at_the_latest_and_400_days_old_at_most():
    rules.check_day(TODAY, today=TODAY)
    rules.check_day(date(2025, 5, 26), today=TODAY)
    with pytest.raises(rules.SpentInFuture):
        rules.check_day(date(2026, 7, 1), today=TODAY)
    with pytest.raises(rules.SpentTooLongAgo):
        rules.check_day(date(2025, 5, 25), today=TODAY)


def test_the_policy_of_the_day_counts_not_todays():
    old, new = Policy(date(2026, 1, 1), d("100")), Policy(date(2026, 5, 1), d("50"))
    assert rules.policy_in_force([new, old], on=date(2026, 4, 30)) is old
    assert rules.policy_in_force([new, old], on=date(2026, 5, 1)) is new
    assert rules.policy_in_force([new, old], on=date(2025, 12, 31)) is None


def test_a_line_at_the_limit_needs_no_receipt_and_one_above_it_does():
    policy = Policy(date(2026, 1, 1), d("100"), "差旅规定 2026")
    rules.check_receipt(d("100.00"), has_receipt=False, policy=policy)
    rules.check_receipt(d("5000"), has_receipt=True, policy=policy)
    with pytest.raises(rules.ReceiptRequired) as refused:
        rules.check_receipt(d("100.01"), has_receipt=False, policy=policy)
    assert refused.value.params == {
        "limit_cny": "100.00",
        "policy_from": "2026-01-01",
        "policy": "差旅规定 2026",
    }


def test_without_any_policy_every_line_needs_its_receipt():
    with pytest.raises(rules.ReceiptRequired):
        rules.check_receipt(d("0.01"), has_receipt=False, policy=None)


def test_receipt_numbers_are_compared_without_blanks_and_case():
    assert rules.receipt_key(" 0110016051 11", "8010 0798") == ("011001605111", "80100798")
    assert rules.receipt_key("", "dbfe1") == ("", "DBFE1")


@pytest.mark.parametrize("blank", ["0000000000000000", "ffffffffffffffff", "0000000000000001"])
def test_the_hash_of_a_blank_picture_tells_nothing(blank):
    assert not rules.is_telling(blank)
    assert rules.is_telling("00ffff00f0f00f0f")


def test_a_total_keeps_flagged_duplicates_apart():
    line = Sum(1, d("10.10"), d("0.90"), d("11.00"))
    total = rules.total_of(
        [("lodging", False, line), ("labour", False, line), ("lodging", False, line), ("meals", True, line)]
    )
    assert total.total == Sum(3, d("30.30"), d("2.70"), d("33.00"))
    assert [(row.category, row.amount.gross_cny) for row in total.by_category] == [
        ("labour", d("11.00")),
        ("lodging", d("22.00")),
    ]
    assert total.duplicates == line


def test_a_total_of_nothing_is_zero():
    assert rules.total_of([]) == rules.Total()
    assert rules.Total().total.gross_cny == 0
