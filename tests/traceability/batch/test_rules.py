"""The batch's steps and what a release needs."""

from datetime import date
from uuid import UUID

import pytest

from backend.core.errors import IllegalStep, InvalidInput, SamePerson
from backend.core.states import step
from traceability.batch.rules import (
    STEPS,
    BatchAction,
    BatchStatus,
    Conclusion,
    NoConformingCertificate,
    ReleaseFacts,
    check_dates,
    check_release,
    expiry_of,
)

ME, TESTER, HOLDER = UUID(int=1), UUID(int=2), UUID(int=3)
TODAY = date(2026, 5, 1)


def test_every_step_of_the_table_and_no_other():
    legal = {
        "quarantine": {"release": "released", "hold": "held", "destroy": "destroyed"},
        "released": {"hold": "held", "recall": "recalled"},
        "held": {"release": "released", "recall": "recalled", "destroy": "destroyed"},
        "recalled": {"destroy": "destroyed"},
        "destroyed": {},
    }
    for state in BatchStatus:
        for action in BatchAction:
            if action in legal[state]:
                assert step(STEPS, state=state, action=action) == legal[state][action]
            else:
                with pytest.raises(IllegalStep):
                    step(STEPS, state=state, action=action)


def test_conforming_batch_is_released_by_a_second_person():
    check_release(ReleaseFacts(ME, Conclusion.CONFORMING, TESTER))
    check_release(ReleaseFacts(ME, Conclusion.CONFORMING, TESTER, HOLDER, was_released=True))


def test_batch_released_before_needs_no_new_certificate_after_a_hold():
    check_release(ReleaseFacts(ME, held_by_id=HOLDER, was_released=True))


@pytest.mark.parametrize(
    "facts",
    [
        ReleaseFacts(ME),
        ReleaseFacts(ME, held_by_id=HOLDER),
        ReleaseFacts(ME, Conclusion.NONCONFORMING, TESTER),
        ReleaseFacts(ME, Conclusion.NONCONFORMING, TESTER, HOLDER, was_released=True),
    ],
)
def test_batch_without_conforming_certificate_is_not_released(facts):
    with pytest.raises(NoConformingCertificate):
        check_release(facts)


@pytest.mark.parametrize(
    "facts",
    [
        ReleaseFacts(TESTER, Conclusion.CONFORMING, TESTER),
        ReleaseFacts(HOLDER, Conclusion.CONFORMING, TESTER, HOLDER, was_released=True),
        ReleaseFacts(HOLDER, held_by_id=HOLDER),
    ],
)
def test_tester_and_holder_do_not_release(facts):
    with pytest.raises(SamePerson):
        check_release(facts)


def test_salt_may_carry_no_expiry():
    assert expiry_of(TODAY, shelf_life_days=None) is None
    assert expiry_of(TODAY, shelf_life_days=365) == date(2027, 5, 1)


def test_dates_of_a_batch_make_sense():
    check_dates(TODAY, None, today=TODAY)
    check_dates(TODAY, TODAY, today=TODAY)
    for made, expires in ((date(2026, 5, 2), None), (TODAY, date(2026, 4, 30))):
        with pytest.raises(InvalidInput):
            check_dates(made, expires, today=TODAY)
