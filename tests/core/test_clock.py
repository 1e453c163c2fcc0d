"""The clock: as of a moment inside the context, and the real one outside, also in another thread."""

from datetime import UTC, datetime
from threading import Thread

from backend.core import clock

THEN = datetime(2026, 3, 1, 17, 30, tzinfo=UTC)


def test_inside_it_is_the_moment_and_outside_it_is_now():
    before = clock.now()
    with clock.as_of(THEN):
        assert clock.now() == THEN
        assert clock.today().isoformat() == "2026-03-02"  # half past one in the morning at the factory
    assert clock.now() >= before


def test_it_ends_where_something_fails():
    try:
        with clock.as_of(THEN):
            raise ValueError
    except ValueError:
        assert clock.now() != THEN


def test_another_thread_keeps_its_own_time():
    seen = []
    with clock.as_of(THEN):
        thread = Thread(target=lambda: seen.append(clock.now()))
        thread.start()
        thread.join()
    assert seen[0] != THEN
