"""Recalled goods in our hands: safety tests, and what becomes of them, decided by two people."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, InvalidInput, SamePerson
from backend.core.errors import mark as _
from backend.core.states import step
from traceability.batch.models import Batch
from traceability.genealogy.models import MadeFrom
from traceability.genealogy.rules import EDIBLE, LinkKind, slack_kg
from traceability.product.models import Product
from traceability.product.rules import Family
from traceability.recall.diary import note
from traceability.recall.goods import BatchNotRecalled
from traceability.recall.models import Disposition, Recall, RecallBatch, ReturnTest
from traceability.recall.reckoning import in_hand_kg
from traceability.recall.rules import (
    DISPOSITION_STEPS,
    TOLD_BEFORE,
    DispositionAction,
    DispositionKind,
    DispositionState,
    StepKind,
    check_downgrade,
    check_relabel,
    check_told_before,
)
from traceability.recall.services import running

CLOCK_SLACK = timedelta(minutes=5)


class MoreThanInHand(DomainError):
    """Only goods that are back, or never left, can be disposed of here."""

    code, status, title = "more_than_in_hand", 409, _("More than is in our hands")
    detail = _(
        "{in_hand_kg} kg of this batch are back or in the house; {planned_kg} kg would be disposed of."
    )


@dataclass(frozen=True)
class TestData:
    """One result of a test of returned goods; `batch_id` is a batch of the scope or a return lot of one."""

    __test__ = False  # no test of pytest's

    batch_id: UUID
    parameter: str
    method: str
    is_conforming: bool
    tested_on: date
    value: Decimal | None = None
    unit: str = ""
    note: str = ""


@transaction.atomic
def record_test(recall: Recall, data: TestData, *, by: User) -> ReturnTest:
    """Stores a result. Raises RecallNotRunning, BatchNotRecalled (409), InvalidInput (400)."""
    row = running(recall)
    if data.tested_on > clock.today():
        raise InvalidInput(errors={"tested_on": _("This lies in the future.")})
    batch = _batch(data.batch_id)
    if not _is_of(row, batch):
        raise BatchNotRecalled(batch=batch.code, recall=row.number)
    made = ReturnTest.objects.create(
        recall=row,
        batch=batch,
        parameter=data.parameter,
        value=data.value,
        unit=data.unit,
        method=data.method,
        is_conforming=data.is_conforming,
        note=data.note,
        tested_on=data.tested_on,
        by=by,
        at=clock.now(),
    )
    note(row, kind=StepKind.TESTED, by=by, reason=f"{batch.code} {data.parameter}", subject_id=made.pk)
    return made


def _batch(id: UUID) -> Batch:
    found = Batch.objects.select_related("product").filter(pk=id).first()
    if found is None:
        raise InvalidInput(errors={"batch": _("Unknown batch.")})
    return found


def _is_of(recall: Recall, batch: Batch) -> bool:
    """A batch of the scope, or goods of one that came back as a batch of their own."""
    scope = RecallBatch.objects.filter(recall=recall)
    if scope.filter(batch=batch).exists():
        return True
    parents = MadeFrom.objects.filter(child=batch, kind=LinkKind.RETURNED, is_live=True).values("parent")
    return scope.filter(batch__in=parents).exists()


@dataclass(frozen=True)
class DispositionData:
    """`target_product_id` and `document` (the regulator's consent) belong to a downgrade, `planned_at` and `place` to
    destroying and harmless treatment.
    """

    batch_id: UUID
    kind: DispositionKind
    qty_kg: Decimal
    reason: str
    target_product_id: UUID | None = None
    document: str = ""
    planned_at: datetime | None = None
    place: str = ""


@transaction.atomic
def propose_disposition(recall: Recall, data: DispositionData, *, by: User) -> Disposition:
    """What shall become of goods in our hands; another person decides.

    Raises InvalidInput (400), RecallNotRunning, BatchNotRecalled, MoreThanInHand, RelabelNotAllowed, SafetyNotAssured,
    DowngradeOneWay (409).
    """
    row = running(recall)
    batch = _batch(data.batch_id)
    if not RecallBatch.objects.filter(recall=row, batch=batch).exists():
        raise BatchNotRecalled(batch=batch.code, recall=row.number)
    _check_kind(row, batch, data)
    _check_kg(row, batch, data.qty_kg)
    made = Disposition.objects.create(
        recall=row,
        batch=batch,
        kind=data.kind,
        qty_kg=data.qty_kg,
        reason=data.reason,
        target_product_id=data.target_product_id,
        document=data.document,
        planned_at=data.planned_at,
        place=data.place,
        proposed_by=by,
        proposed_at=clock.now(),
    )
    reason = f"{batch.code} {data.kind} {data.qty_kg.normalize():f} kg: {data.reason}"
    note(row, kind=StepKind.DISPOSITION_PROPOSED, by=by, reason=reason, subject_id=made.pk)
    return made


def _check_kind(recall: Recall, batch: Batch, data: DispositionData) -> None:
    if data.kind == DispositionKind.RELABEL:
        check_relabel(is_label_only=recall.is_label_only, newest_tests=newest_tests(recall, batch))
    elif data.kind == DispositionKind.DOWNGRADE:
        _check_downgrade(batch, data)
    if data.kind in TOLD_BEFORE:
        missing = [name for name in ("planned_at", "place") if not getattr(data, name)]
        if missing:
            raise InvalidInput(errors={name: _("Time and place are needed.") for name in missing})


def _check_downgrade(batch: Batch, data: DispositionData) -> None:
    target = Product.objects.filter(pk=data.target_product_id).first() if data.target_product_id else None
    if target is None:
        raise InvalidInput(errors={"target_product": _("Say which industrial product it becomes.")})
    check_downgrade(
        is_edible=batch.product.family in EDIBLE, is_target_industrial=target.family == Family.INDUSTRIAL
    )
    if not data.document:
        raise InvalidInput(errors={"document": _("The regulator's consent is needed.")})


def newest_tests(recall: Recall, batch: Batch) -> dict[str, bool]:
    """Parameter → whether the newest test of the batch, or of its return lots, conforms."""
    returned = MadeFrom.objects.filter(parent=batch, kind=LinkKind.RETURNED, is_live=True).values("child")
    rows = ReturnTest.objects.filter(recall=recall)
    rows = rows.filter(batch=batch) | rows.filter(batch__in=returned)
    return {row.parameter: row.is_conforming for row in rows.order_by("at", "id")}


def _check_kg(recall: Recall, batch: Batch, qty_kg: Decimal) -> None:
    in_hand = in_hand_kg(recall).get(batch.pk, Decimal())
    rows = Disposition.objects.filter(recall=recall, batch=batch).exclude(state=DispositionState.REJECTED)
    planned = (rows.aggregate(kg=Sum("qty_kg"))["kg"] or Decimal()) + qty_kg
    if planned > in_hand + slack_kg(in_hand):
        raise MoreThanInHand(in_hand_kg=f"{in_hand.normalize():f}", planned_kg=f"{planned.normalize():f}")


def _locked(disposition: Disposition) -> Disposition:
    return Disposition.objects.select_for_update(of=("self",)).select_related("batch").get(pk=disposition.pk)


@transaction.atomic
def decide_disposition(
    disposition: Disposition, *, action: DispositionAction, by: User, reason: str
) -> Disposition:
    """The second person approves or rejects.

    Raises SamePerson (403: the proposer, or the same person approving a second time), IllegalStep (409). An approval
    to relabel looks at the tests once more: one may have failed meanwhile.
    """
    recall = running(disposition.recall)
    row = _locked(disposition)
    if by.pk in (row.proposed_by_id, row.decided_by_id):
        raise SamePerson
    row.state = step(DISPOSITION_STEPS, state=DispositionState(row.state), action=action)
    if row.state == DispositionState.APPROVED and row.kind == DispositionKind.RELABEL:
        check_relabel(is_label_only=recall.is_label_only, newest_tests=newest_tests(recall, row.batch))
    row.decided_by, row.decided_at, row.decision_reason = by, clock.now(), reason
    row.save(update_fields=["state", "decided_by", "decided_at", "decision_reason"])
    is_approval = action == DispositionAction.APPROVE
    kind = StepKind.DISPOSITION_APPROVED if is_approval else StepKind.DISPOSITION_REJECTED
    note(recall, kind=kind, by=by, reason=reason, subject_id=row.pk)
    return row


@transaction.atomic
def tell_regulator(disposition: Disposition, *, at: datetime, reference: str, by: User) -> Disposition:
    """Notes that time and place were reported to the regulator. Raises InvalidInput (400), IllegalStep (409)."""
    recall = running(disposition.recall)
    row = _locked(disposition)
    if row.kind not in TOLD_BEFORE:
        raise InvalidInput(errors={"at": _("Only destroying and harmless treatment are reported.")})
    row.state = step(DISPOSITION_STEPS, state=DispositionState(row.state), action=DispositionAction.REPORT)
    if at > clock.now() + CLOCK_SLACK:
        raise InvalidInput(errors={"at": _("This lies in the future.")})
    row.regulator_told_at, row.regulator_told_by, row.regulator_reference = at, by, reference
    row.save(update_fields=["regulator_told_at", "regulator_told_by", "regulator_reference"])
    note(recall, kind=StepKind.REGULATOR_TOLD, by=by, reason=reference, subject_id=row.pk)
    return row


@transaction.atomic
def carry_out(disposition: Disposition, *, at: datetime, witness: str, by: User) -> Disposition:
    """Notes that it was done. Raises RegulatorNotTold, IllegalStep (409), InvalidInput (400)."""
    recall = running(disposition.recall)
    row = _locked(disposition)
    row.state = step(DISPOSITION_STEPS, state=DispositionState(row.state), action=DispositionAction.CARRY_OUT)
    if at > clock.now() + CLOCK_SLACK:
        raise InvalidInput(errors={"at": _("This lies in the future.")})
    if row.decided_at is not None and at < row.decided_at - CLOCK_SLACK:
        raise InvalidInput(errors={"at": _("It was not approved yet.")})
    check_told_before(DispositionKind(row.kind), told_at=row.regulator_told_at, done_at=at)
    row.done_at, row.done_by, row.witness = at, by, witness
    row.save(update_fields=["state", "done_at", "done_by", "witness"])
    note(recall, kind=StepKind.DISPOSITION_DONE, by=by, reason=witness, subject_id=row.pk)
    return row
