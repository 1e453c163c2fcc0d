"""Raising signals: the hold is proposed to QC, never made."""

from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from backend.core import clock, states
from backend.core.errors import mark as _
from fieldservice.case.models import Case
from fieldservice.quality import queries, rules
from fieldservice.quality.models import Signal, SignalPolicy
from fieldservice.quality.rules import REPEATED, Event, SignalRule
from fieldservice.reading.models import Reading
from traceability.batch.models import Batch
from traceability.batch.rules import STEPS, BatchAction, BatchStatus
from traceability.batch.services import propose

log = structlog.get_logger("saltline.quality")

REASONS = {
    SignalRule.REPEATED_READINGS: _("{n} out-of-spec readings within {days} days"),
    SignalRule.REPEATED_COMPLAINTS: _("{n} complaints within {days} days"),
}


@transaction.atomic
def raise_signals(batch_id: UUID) -> list[Signal]:
    """The signals the batch's readings and complaints now ask for; again changes nothing.

    None for a batch that is held, recalled or destroyed already.
    """
    # Lock before counting: two readings may arrive together, and one of them must see both.
    batch = Batch.objects.select_for_update().get(pk=batch_id)
    if BatchAction.HOLD not in states.allowed_actions(STEPS, state=BatchStatus(batch.status)):
        return []
    raised = [_raise_signal(batch, rule=rule) for rule in REPEATED]
    return [signal for signal in raised if signal]


def _raise_signal(batch: Batch, *, rule: SignalRule) -> Signal | None:
    events = queries.EVENTS[rule](batch)
    if not events:
        return None
    newest = max(event.at for event in events)
    policy = rules.policy_in_force(queries.signal_policies(), rule=rule, on=clock.factory_date(newest))
    if policy is None:
        log.error("signal_policy_missing", rule=rule, batch=str(batch.pk))
        return None
    found = rules.repeated(events, count=policy.count, window_days=policy.window_days)
    # QC decided on what an earlier signal showed; only something new asks again.
    if {event.id for event in found} <= queries.known_evidence(batch, rule=rule):
        return None
    return _save(batch, rule=rule, policy=policy, found=found)


def _save(batch: Batch, *, rule: SignalRule, policy: SignalPolicy, found: tuple[Event, ...]) -> Signal:
    proposal = propose(
        batch, action=BatchAction.HOLD, reason=_reason(rule, n=len(found), days=policy.window_days), by=None
    )
    signal, _created = Signal.objects.get_or_create(
        proposal=proposal, rule=rule, defaults={"batch": batch, "policy": policy, "raised_at": clock.now()}
    )
    ids = [event.id for event in found]
    if rule == SignalRule.REPEATED_READINGS:
        signal.readings.add(*Reading.objects.filter(pk__in=ids))
    else:
        signal.cases.add(*Case.objects.filter(pk__in=ids))
    log.info("signal_raised", signal=str(signal.pk), batch=str(batch.pk), rule=rule)
    return signal


def _reason(rule: SignalRule, *, n: int, days: int) -> str:
    """In the works' own language: it is kept with the proposal."""
    with translation.override(settings.LANGUAGE_CODE):
        return gettext(REASONS[rule]).format(n=n, days=days)
