"""Verdicts, next actions, near numbers: tables."""

from datetime import date

import pytest

from backend.accounts.rules import TABLE, Can, Role
from traceability.batch.rules import BatchStatus
from traceability.scan.near_code import Slip, near_codes
from traceability.scan.rules import (
    ACTION_TEXTS,
    VERDICTS,
    WHY_TEXTS,
    NextAction,
    Outcome,
    Why,
    next_actions,
    verdict,
)

TODAY = date(2026, 6, 15)
PAST, FUTURE = date(2026, 6, 14), date(2028, 1, 1)
Q, R, H, RC, D = (
    BatchStatus.QUARANTINE,
    BatchStatus.RELEASED,
    BatchStatus.HELD,
    BatchStatus.RECALLED,
    BatchStatus.DESTROYED,
)


@pytest.mark.parametrize(
    ("status", "expires_on", "label_expiry", "outcome", "why"),
    [
        (R, FUTURE, FUTURE, "ok", ["released"]),
        (R, None, None, "ok", ["released"]),
        (R, TODAY, None, "ok", ["released"]),
        (R, PAST, None, "expired", ["past_best_before", "released"]),
        (R, None, PAST, "expired", ["past_best_before", "released"]),
        (R, FUTURE, PAST, "suspicious", ["label_expiry_differs", "released"]),
        (R, PAST, FUTURE, "suspicious", ["label_expiry_differs", "past_best_before", "released"]),
        (H, FUTURE, FUTURE, "held", ["on_hold"]),
        (H, PAST, None, "held", ["on_hold", "past_best_before"]),
        (H, FUTURE, PAST, "suspicious", ["label_expiry_differs", "on_hold"]),
        (Q, None, None, "held", ["not_released"]),
        (RC, FUTURE, FUTURE, "recalled", ["recalled"]),
        (RC, PAST, FUTURE, "recalled", ["recalled", "label_expiry_differs", "past_best_before"]),
        (D, FUTURE, FUTURE, "suspicious", ["destroyed"]),
        (D, PAST, PAST, "suspicious", ["destroyed", "past_best_before"]),
    ],
)
def test_the_gravest_reason_is_the_verdict_and_all_are_named(status, expires_on, label_expiry, outcome, why):
    found = verdict(status, expires_on=expires_on, label_expiry=label_expiry, on=TODAY)
    assert (found.outcome, list(found.why)) == (outcome, why)


def rights(role: Role) -> frozenset[Can]:
    return frozenset(can for can, roles in TABLE.items() if role in roles)


@pytest.mark.parametrize(
    ("role", "outcome", "status", "expected"),
    [
        ("technician", "ok", R, ["record_reading", "start_visit"]),
        ("technician", "held", H, ["quarantine_goods", "record_reading", "start_visit"]),
        ("qc", "ok", R, ["hold_batch", "propose_hold", "propose_recall", "list_receivers"]),
        ("qc", "held", H, ["quarantine_goods", "release_batch", "propose_recall", "list_receivers"]),
        ("qc", "recalled", RC, ["quarantine_goods", "list_receivers"]),
        ("director", "ok", R, ["propose_hold", "propose_recall", "list_receivers"]),
        ("clerk", "ok", R, ["open_case", "list_receivers"]),
        ("logistics", "ok", R, ["record_shipment", "list_receivers"]),
        ("logistics", "expired", R, ["quarantine_goods", "list_receivers"]),
        ("production", "ok", R, []),
        ("dealer", "recalled", RC, ["quarantine_goods", "open_case"]),
        ("technician", "unknown", None, ["enter_batch_number", "scan_again"]),
        ("technician", "invalid", None, ["enter_batch_number", "scan_again", "photograph_label"]),
        ("technician", "ambiguous", None, ["choose_candidate", "enter_batch_number", "scan_again"]),
    ],
)
def test_next_actions_are_what_the_role_may_do_in_that_state(role, outcome, status, expected):
    found = next_actions(
        Outcome(outcome), status=status, rights=rights(Role(role)), has_candidates=outcome == "ambiguous"
    )
    assert list(found) == expected


def test_only_qc_settles_a_reported_code():
    for role in Role:
        found = next_actions(Outcome.UNKNOWN, status=None, rights=rights(role), is_reported=True)
        assert (NextAction.SETTLE_UNKNOWN_CODE in found) == (role is Role.QC)


def test_every_code_has_its_text():
    assert (
        set(WHY_TEXTS) == set(Why) and set(VERDICTS) == set(Outcome) and set(ACTION_TEXTS) == set(NextAction)
    )


@pytest.mark.parametrize(
    ("typed", "meant", "slip"),
    [
        ("YS2024O315A01", "YS20240315A01", Slip.LOOKS_ALIKE),
        ("YS202403l5A01".upper(), "YS20240315A01", Slip.LOOKS_ALIKE),
        ("Y520240315A01", "YS20240315A01", Slip.LOOKS_ALIKE),
        ("YSO2O4O315AO1", "YS02040315A01", Slip.LOOKS_ALIKE),
        ("SY20240315A01", "YS20240315A01", Slip.SWAPPED),
        ("YS202403315A01", "YS20240315A01", Slip.ONE_MORE),
        ("YS20240316A01", "YS20240315A01", Slip.ONE_DIGIT_OFF),
    ],
)
def test_a_slip_leads_to_the_number_meant(typed, meant, slip):
    assert near_codes(typed)[meant] == slip


def test_near_numbers_are_few_and_never_the_number_itself():
    for code in ("A", "AAAA", "00000", "0" * 24, "Y" * 24, "0" * 25, "井矿盐20240315-1", ""):
        found = near_codes(code)
        assert code not in found and len(found) <= 400
