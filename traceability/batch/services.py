"""Batches: enter, correct, release, hold, recall, destroy, and the proposals the last two need."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, IllegalStep, InvalidInput, SamePerson
from backend.core.errors import mark as _
from backend.core.history import update_many
from backend.core.ids import uuid7
from backend.core.queue import emit
from backend.core.states import step
from traceability.batch import queries
from traceability.batch.models import Batch, BatchDecision, Proposal
from traceability.batch.rules import (
    HISTORY_KINDS,
    PROPOSABLE,
    STEPS,
    BatchAction,
    BatchData,
    BatchStatus,
    Conclusion,
    ProposalState,
    ReleaseFacts,
    check_dates,
    check_own,
    check_release,
    expiry_of,
)
from traceability.label.batch_code import normalise
from traceability.product.models import Product, TradeItem
from traceability.product.queries import product_by_id

EVENTS = {
    BatchAction.RELEASE: "batch.released",
    BatchAction.HOLD: "batch.held",
    BatchAction.RECALL: "batch.recalled",
    BatchAction.DESTROY: "batch.destroyed",
}


class BatchCodeTaken(DomainError):
    code, status, title = "batch_code_taken", 409, _("This product has a batch of this code")


class BatchNotInQuarantine(DomainError):
    code, status, title = "batch_not_in_quarantine", 409, _("The batch has left quarantine")
    detail = _("What others may have read already is not corrected any more.")


class ProposalOpen(DomainError):
    """Somebody else has proposed the same; the answer names it."""

    code, status, title = "proposal_open", 409, _("The same is proposed already")


class ProposalDecided(DomainError):
    code, status, title = "proposal_decided", 409, _("This proposal is decided already")


@transaction.atomic
def record_batch(data: BatchData) -> Batch:
    """A new batch in quarantine. Raises BadBatchCode, InvalidInput (400), BatchCodeTaken (409)."""
    product = product_by_id(data.product_id)
    if product is None:
        raise InvalidInput(errors={"product": _("Unknown product.")})
    if data.kind in HISTORY_KINDS:
        raise InvalidInput(errors={"kind": _("Only the history of another system has this kind.")})
    batch = Batch(**asdict(data), code_norm=normalise(data.code), status_at=clock.now())
    batch.expires_on = data.expires_on or expiry_of(data.produced_on, shelf_life_days=product.shelf_life_days)
    return _saved(batch, product=product, force_insert=True)


@transaction.atomic
def correct_batch(batch: Batch, **changes: Any) -> Batch:
    """Corrects an entry while the batch is in quarantine; product and kind stay.

    Raises BatchNotInQuarantine, BatchCodeTaken (409), BadBatchCode, InvalidInput (400).
    """
    row = _locked(batch)
    if row.status != BatchStatus.QUARANTINE:
        raise BatchNotInQuarantine
    for name, value in changes.items():
        setattr(row, name, value)
    row.code_norm = normalise(row.code)
    return _saved(row, product=row.product)


def _saved(batch: Batch, *, product: Product, force_insert: bool = False) -> Batch:
    check_dates(batch.produced_on, batch.expires_on, today=clock.today())
    if batch.trade_item_id and not _is_pack_of(product, batch.trade_item_id):
        raise InvalidInput(errors={"trade_item": _("This is no pack of the product.")})
    try:
        with transaction.atomic():
            batch.save(force_insert=force_insert)
    except IntegrityError as error:
        raise BatchCodeTaken from error
    return queries.batch_by_id(batch.pk)


def _is_pack_of(product: Product, item_id: UUID) -> bool:
    return TradeItem.objects.filter(pk=item_id, product=product).exists()


@transaction.atomic
def hold_batch(batch: Batch, *, by: User, reason: str, proposal: Proposal | None = None) -> Batch:
    """Stops the batch. An open proposal to hold it, made by somebody else, is accepted with it.

    Raises IllegalStep (409) where the batch is on hold, recalled or destroyed already.
    """
    row = _locked(batch)
    if proposal is None:
        found = queries.open_proposal_of(row, action=BatchAction.HOLD)
        if found is not None and found.proposed_by_id != by.pk:
            proposal = _settle(found, state=ProposalState.ACCEPTED, by=by, reason=reason)
    return _take(row, action=BatchAction.HOLD, by=by, reason=reason, proposal=proposal)


@transaction.atomic
def release_batch(batch: Batch, *, by: User, reason: str) -> Batch:
    """Lets the batch go out, after inspection and by a second person.

    Raises HistoryBatch, IllegalStep, NoConformingCertificate (409), SamePerson (403).
    """
    row = _locked(batch)
    check_own(row.code, is_history=row.is_history)
    step(STEPS, state=BatchStatus(row.status), action=BatchAction.RELEASE)
    check_release(_release_facts(row, by=by))
    return _take(row, action=BatchAction.RELEASE, by=by, reason=reason)


def _release_facts(batch: Batch, *, by: User) -> ReleaseFacts:
    certificate = queries.newest_certificate_of(batch)
    hold = queries.last_hold_of(batch) if batch.status == BatchStatus.HELD else None
    return ReleaseFacts(
        by_id=by.pk,
        conclusion=Conclusion(certificate.conclusion) if certificate else None,
        tested_by_id=certificate.tested_by_id if certificate else None,
        held_by_id=hold.by_id if hold else None,
        was_released=bool(hold and hold.from_status == BatchStatus.RELEASED),
    )


@transaction.atomic
def propose(batch: Batch, *, action: BatchAction, reason: str, by: User | None) -> Proposal:
    """Proposes a hold, recall or destruction to QC; `by` None: the system. While one is open, the same one again.

    Raises IllegalStep (409) where the batch cannot take that step, ProposalOpen (409) where another person's
    proposal is open (its reason would be lost otherwise).
    """
    if action not in PROPOSABLE:
        raise IllegalStep(state=batch.status, action=action, allowed=", ".join(PROPOSABLE))
    row = _locked(batch)
    found = queries.open_proposal_of(row, action=action)
    if found is not None:
        if by is not None and found.proposed_by_id != by.pk:
            raise ProposalOpen(proposal=str(found.pk))
        return found
    step(STEPS, state=BatchStatus(row.status), action=action)
    return Proposal.objects.create(
        batch=row, action=action, reason=reason, proposed_by=by, proposed_at=clock.now()
    )


@transaction.atomic
def accept_proposal(proposal: Proposal, *, by: User, reason: str) -> Proposal:
    """The second person agrees: the batch takes the step.

    Raises SamePerson (403), ProposalDecided, IllegalStep (409).
    """
    row = _locked(proposal.batch)
    settled = _settle(proposal, state=ProposalState.ACCEPTED, by=by, reason=reason)
    _take(row, action=BatchAction(settled.action), by=by, reason=reason, proposal=settled)
    return queries.proposals_for(by).get(pk=settled.pk)


@transaction.atomic
def dismiss_proposal(proposal: Proposal, *, by: User, reason: str) -> Proposal:
    """The second person disagrees: the batch stays as it is. Raises SamePerson (403), ProposalDecided (409)."""
    settled = _settle(proposal, state=ProposalState.DISMISSED, by=by, reason=reason)
    return queries.proposals_for(by).get(pk=settled.pk)


def _settle(proposal: Proposal, *, state: ProposalState, by: User, reason: str) -> Proposal:
    if proposal.proposed_by_id == by.pk:
        raise SamePerson
    # Conditional: of two who decide at once, one wins.
    won = Proposal.objects.filter(pk=proposal.pk, state=ProposalState.OPEN).update(
        state=state, decided_by=by, decided_at=clock.now(), decision_reason=reason
    )
    if not won:
        raise ProposalDecided
    proposal.refresh_from_db()
    return proposal


def _locked(batch: Batch) -> Batch:
    """The row as it is now, locked: two may hold, release or ship it at once."""
    rows = Batch.objects.select_for_update(of=("self",), no_key=True).select_related("product", "trade_item")
    return rows.get(pk=batch.pk)


def _take(
    row: Batch, *, action: BatchAction, by: User, reason: str, proposal: Proposal | None = None
) -> Batch:
    """One step of the status table with its decision; `row` is locked. Raises IllegalStep (409)."""
    before = BatchStatus(row.status)
    row.status = step(STEPS, state=before, action=action)
    row.status_reason, row.status_at = reason, clock.now()
    row.save(update_fields=["status", "status_reason", "status_at"])
    BatchDecision.objects.create(
        batch=row,
        action=action,
        from_status=before,
        to_status=row.status,
        reason=reason,
        by=by,
        at=row.status_at,
        proposal=proposal,
    )
    emit(EVENTS[action], batch_id=row.pk)
    return row


# A recall takes every batch of its scope: one in quarantine is stopped first, as the table of steps has it.
TO_RECALLED: Mapping[BatchStatus, tuple[BatchAction, ...]] = {
    BatchStatus.QUARANTINE: (BatchAction.HOLD, BatchAction.RECALL),
    BatchStatus.RELEASED: (BatchAction.RECALL,),
    BatchStatus.HELD: (BatchAction.RECALL,),
}


_RECALL = f"""
UPDATE {Batch._meta.db_table} SET status = 'recalled', status_reason = %(reason)s, status_at = %(at)s
WHERE id = ANY(%(ids)s::uuid[])
"""  # noqa: S608 the table's own name


@transaction.atomic
def recall_batches(ids: Iterable[UUID], *, by: User, reason: str) -> list[UUID]:
    """Recalls every batch of a decided recall that is not recalled or destroyed yet, in a handful of statements.

    The two people are those of the recall. The ids of the batches whose status changed.
    """
    rows = Batch.objects.select_for_update(no_key=True).filter(pk__in=list(ids)).order_by("pk")
    statuses = {id: BatchStatus(status) for id, status in rows.values_list("pk", "status")}
    taken = {id: status for id, status in statuses.items() if status in TO_RECALLED}
    at = clock.now()
    decisions = []
    for id, status in taken.items():
        before = status
        for action in TO_RECALLED[status]:
            after = step(STEPS, state=before, action=action)
            decisions.append(
                BatchDecision(
                    batch_id=id,
                    action=action,
                    from_status=before,
                    to_status=after,
                    reason=reason,
                    by=by,
                    at=at,
                )
            )
            before = after
    # Ids of one millisecond are in no order of their own, and a log is replayed in the order of its ids.
    for decision, id in zip(decisions, sorted(uuid7() for _decision in decisions), strict=True):
        decision.id = id
    if taken:
        update_many("batch", _RECALL, {"ids": list(taken), "reason": reason, "at": at})
    BatchDecision.objects.bulk_create(decisions, batch_size=1000)
    for id in taken:
        emit("batch.recalled", batch_id=id)
    return list(taken)


def count_open_case(batch: Batch, *, change: int) -> None:
    """Adds `change` (+1 opened, -1 closed) to the number of open cases; call inside the case's transaction."""
    Batch.objects.filter(pk=batch.pk).update(open_case_count=F("open_case_count") + change)
