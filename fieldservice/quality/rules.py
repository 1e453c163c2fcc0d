"""Signals: when readings or complaints about one batch ask for a hold. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from backend.core.choices import Code


class SignalRule(Code):
    REPEATED_READINGS = "repeated_readings"
    REPEATED_COMPLAINTS = "repeated_complaints"
    FAR_PLACES = "far_places"  # one unit code in places no bag gets between: copied, or the label is
    DIVERTED = "diverted"  # 窜货: goods at a customer they never went to


REPEATED = (SignalRule.REPEATED_READINGS, SignalRule.REPEATED_COMPLAINTS)  # these propose a hold


class PolicyRow(Protocol):
    """From `count` events within `window_days` days on, a signal is raised."""

    @property
    def rule(self) -> str: ...
    @property
    def valid_from(self) -> date: ...


P = TypeVar("P", bound=PolicyRow)


@dataclass(frozen=True)
class Event:
    """An out-of-spec reading or a complaint, at the time we received it."""

    id: UUID
    at: datetime


def policy_in_force(rows: Iterable[P], *, rule: SignalRule, on: date) -> P | None:
    """The rule's newest row that holds on the day; None before the first."""
    held = [row for row in rows if row.rule == rule and row.valid_from <= on]
    return max(held, key=lambda row: row.valid_from, default=None)


def repeated(events: Sequence[Event], *, count: int, window_days: int) -> tuple[Event, ...]:
    """The events of the window that ends with the newest one, oldest first; () where they are fewer than `count`.

    Exactly `window_days` days apart still counts.
    """
    if not events:
        return ()
    newest = max(event.at for event in events)
    since = newest - timedelta(days=window_days)
    found = sorted((event for event in events if event.at >= since), key=lambda event: (event.at, event.id))
    return tuple(found) if len(found) >= count else ()


def subject_of(*, serial: str, batch_code: str, customer_code: str) -> str:
    """What goods seen at a wrong customer are called: their unit code, else the batch number there.

    Without a unit code the same batch may be seen at many customers on a day, and each is a story of its own.
    """
    return serial or f"{batch_code} @ {customer_code}"
