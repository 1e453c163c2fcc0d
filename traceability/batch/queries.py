"""Reads: batches, their decisions, certificates and the proposals on them."""

from uuid import UUID

from django.db.models import QuerySet

from backend.accounts.models import User
from traceability.batch.models import Batch, BatchDecision, Proposal, ReleaseCertificate
from traceability.batch.rules import BatchAction, ProposalState
from traceability.label.batch_code import BadBatchCode, normalise


def batches_for(user: User) -> QuerySet[Batch]:
    """All batches: whoever holds the right reads every one; line and shift are `batch.rules.TESTS_ONLY`."""
    return Batch.objects.select_related("product", "trade_item")


def decisions_of(batch: Batch) -> QuerySet[BatchDecision]:
    return BatchDecision.objects.filter(batch=batch).select_related("by")


def last_hold_of(batch: Batch) -> BatchDecision | None:
    return BatchDecision.objects.filter(batch=batch, action=BatchAction.HOLD).order_by("-at", "-id").first()


def certificates() -> QuerySet[ReleaseCertificate]:
    return ReleaseCertificate.objects.select_related("tested_by", "reviewed_by").prefetch_related("values")


def certificates_of(batch: Batch) -> QuerySet[ReleaseCertificate]:
    return certificates().filter(batch=batch)


def newest_certificate_of(batch: Batch) -> ReleaseCertificate | None:
    """The certificate that counts: of the latest day, the last one entered."""
    return ReleaseCertificate.objects.filter(batch=batch).order_by("-issued_on", "-id").first()


def proposals_for(user: User) -> QuerySet[Proposal]:
    """All proposals: whoever holds the right reads every one."""
    return Proposal.objects.select_related("batch__product", "proposed_by", "decided_by")


def open_proposal_of(batch: Batch, *, action: BatchAction) -> Proposal | None:
    return Proposal.objects.filter(batch=batch, action=action, state=ProposalState.OPEN).first()


def batch_by_id(id: UUID) -> Batch:
    """The batch with its product and pack. Raises Batch.DoesNotExist."""
    return Batch.objects.select_related("product", "trade_item").get(pk=id)


def with_code(rows: QuerySet[Batch], code: str) -> QuerySet[Batch]:
    """Those whose code starts with `code`, compared as codes are; none where it holds what no code holds."""
    try:
        return rows.filter(code_norm__startswith=normalise(code))
    except BadBatchCode:
        return rows.none()
