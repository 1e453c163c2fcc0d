"""Telling the consignees: attempts, acknowledgement by link, and checks whether the notice had effect."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, InvalidInput, NotFound
from backend.core.errors import mark as _
from traceability.recall.diary import note
from traceability.recall.models import ContactAttempt, EffectivenessCheck, RecallNotice
from traceability.recall.rules import (
    RUNNING,
    TOLD,
    Channel,
    ContactOutcome,
    NoticeState,
    StepKind,
    contact_state,
)
from traceability.recall.services import give_link, running
from traceability.recall.token import digest_of

CLOCK_SLACK = timedelta(minutes=5)


class NoticeAcknowledged(DomainError):
    code, status, title = "notice_acknowledged", 409, _("This notice is acknowledged already")


@dataclass(frozen=True)
class ContactData:
    """One attempt. `on_hand_kg`: what the person said is still there."""

    at: datetime
    channel: Channel
    outcome: ContactOutcome
    person: str = ""
    on_hand_kg: Decimal | None = None
    note: str = ""


def _locked(notice: RecallNotice) -> RecallNotice:
    return RecallNotice.objects.select_for_update().get(pk=notice.pk)


@transaction.atomic
def log_contact(notice: RecallNotice, data: ContactData, *, by: User) -> ContactAttempt:
    """Writes down an attempt and moves the consignee's line. Raises RecallNotRunning (409), InvalidInput (400)."""
    recall = running(notice.recall)
    if data.at > clock.now() + CLOCK_SLACK:
        raise InvalidInput(errors={"at": _("This lies in the future.")})
    assert recall.announced_at is not None
    if data.at < recall.announced_at - CLOCK_SLACK:
        raise InvalidInput(errors={"at": _("Nobody was told before the announcement.")})
    row = _locked(notice)
    made = ContactAttempt.objects.create(
        notice=row,
        at=data.at,
        channel=data.channel,
        outcome=data.outcome,
        person=data.person,
        on_hand_kg=data.on_hand_kg,
        note=data.note,
        by=by,
        recorded_at=clock.now(),
    )
    _move(row, made)
    note(
        recall,
        kind=StepKind.CONTACTED,
        by=by,
        reason=f"{data.channel}: {data.outcome}",
        subject_id=row.pk,
    )
    return made


def _move(row: RecallNotice, attempt: ContactAttempt) -> None:
    outcomes = [ContactOutcome(text) for text in row.contacts.values_list("outcome", flat=True)]
    row.state = contact_state(outcomes, is_acknowledged=row.acknowledged_at is not None)
    if attempt.outcome in TOLD:
        row.first_contact_at = min(row.first_contact_at or attempt.at, attempt.at)
    if attempt.outcome == ContactOutcome.SENT:
        row.sent_at = row.sent_at or attempt.at
    if attempt.on_hand_kg is not None:
        row.on_hand_kg = attempt.on_hand_kg
    row.save(update_fields=["state", "first_contact_at", "sent_at", "on_hand_kg"])


def notice_by_token(token: str) -> RecallNotice:
    """The notice of a link. Raises NotFound (404) for one that is unknown, renewed, expired or of a closed recall."""
    rows = RecallNotice.objects.select_related("recall", "customer", "site")
    row = rows.filter(token_digest=digest_of(token), recall__state__in=RUNNING).first()
    if row is None or row.link_expires_at is None or row.link_expires_at <= clock.now():
        raise NotFound
    return row


@transaction.atomic
def acknowledge(token: str, *, name: str, on_hand_kg: Decimal) -> RecallNotice:
    """The consignee has read the notice and says what is still there; once. Raises NotFound, NoticeAcknowledged."""
    found = notice_by_token(token)
    row = _locked(found)
    if row.acknowledged_at is not None:
        raise NoticeAcknowledged
    row.acknowledged_at, row.acknowledged_by_name, row.on_hand_kg = clock.now(), name, on_hand_kg
    row.first_contact_at = row.first_contact_at or row.acknowledged_at
    row.state = NoticeState.ACKNOWLEDGED
    row.save(
        update_fields=["acknowledged_at", "acknowledged_by_name", "on_hand_kg", "first_contact_at", "state"]
    )
    note(found.recall, kind=StepKind.ACKNOWLEDGED, by=None, subject_id=row.pk)
    return notice_by_token(token)


@transaction.atomic
def renew_link(notice: RecallNotice, *, by: User, reason: str) -> RecallNotice:
    """A new link where the old one went astray; the old one stops working. Raises RecallNotRunning (409)."""
    recall = running(notice.recall)
    row = _locked(notice)
    give_link(row)
    row.save(update_fields=["token_digest", "link_number", "link_expires_at"])
    note(recall, kind=StepKind.LINK_RENEWED, by=by, reason=reason, subject_id=row.pk)
    return row


@dataclass(frozen=True)
class CheckData:
    channel: Channel
    is_effective: bool
    note: str = ""


@transaction.atomic
def check_effectiveness(notice: RecallNotice, data: CheckData, *, by: User) -> EffectivenessCheck:
    """Whether the consignee really knows and acted on it; the newest check counts. Raises RecallNotRunning (409)."""
    recall = running(notice.recall)
    made = EffectivenessCheck.objects.create(
        notice=notice,
        channel=data.channel,
        is_effective=data.is_effective,
        note=data.note,
        by=by,
        at=clock.now(),
    )
    result = "effective" if data.is_effective else "not effective"
    note(recall, kind=StepKind.EFFECTIVENESS_CHECKED, by=by, reason=result, subject_id=notice.pk)
    return made
