"""Recording and correcting cost lines."""

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from django.db import connection, transaction

from backend.accounts.made import Made
from backend.accounts.rules import Role
from backend.core import clock
from backend.core.errors import DomainError
from backend.core.errors import mark as _
from backend.core.models import Attachment
from fieldservice.cost import queries, receipt_photo, rules
from fieldservice.cost.models import CostLine
from fieldservice.cost.rules import CategoryNotAllowed, CostCategory, DuplicateBy
from fieldservice.visit.models import Visit
from traceability.batch.models import Batch

SECOND_LOOKS = 20  # pictures opened at most per new receipt: about 10 ms each


class AlreadyCorrected(DomainError):
    code, status, title = "already_corrected", 409, _("This line was corrected before")
    detail = _("Correct the newest version of the line instead.")


@dataclass(frozen=True)
class Receipt:
    """A photo of the receipt, code and number printed on it; each may be missing."""

    photo: Attachment | None = None
    code: str = ""
    number: str = ""


@dataclass(frozen=True)
class Expense:
    """What was spent, in CNY, for what."""

    category: CostCategory
    spent_on: date
    net_cny: Decimal
    tax_cny: Decimal
    gross_cny: Decimal
    note: str = ""
    visit: Visit | None = None
    batch: Batch | None = None
    receipt: Receipt = field(default=Receipt())


@transaction.atomic
def record_cost(expense: Expense, *, made: Made) -> CostLine:
    """A new line, flagged where its receipt was handed in before.

    Raises AmountsDoNotAddUp, SpentInFuture, SpentTooLongAgo, ReceiptRequired (400), CategoryNotAllowed (403).
    """
    return _save(expense, made=made, supersedes=None, reason="")


@transaction.atomic
def correct_cost(line: CostLine, *, expense: Expense, made: Made, reason: str) -> CostLine:
    """A new line in the place of `line`, which stays and no longer counts. Raises as record_cost, AlreadyCorrected."""
    # Lock first: two corrections of one line may arrive together.
    row = CostLine.objects.select_for_update().get(pk=line.pk)
    if CostLine.objects.filter(supersedes=row).exists():
        raise AlreadyCorrected
    return _save(expense, made=made, supersedes=row, reason=reason)


def _save(expense: Expense, *, made: Made, supersedes: CostLine | None, reason: str) -> CostLine:
    _check(expense, made=made)
    code, number = rules.receipt_key(expense.receipt.code, expense.receipt.number)
    receipt = replace(expense.receipt, code=code, number=number)
    earlier, by = _earlier_claim(receipt, besides=supersedes)
    return CostLine.objects.create(
        **made.columns(),
        visit=expense.visit,
        batch=expense.batch,
        category=expense.category,
        spent_on=expense.spent_on,
        net_cny=expense.net_cny,
        tax_cny=expense.tax_cny,
        gross_cny=expense.gross_cny,
        note=expense.note,
        receipt=receipt.photo,
        receipt_code=receipt.code,
        receipt_no=receipt.number,
        duplicate_of=earlier,
        duplicate_by=by,
        supersedes=supersedes,
        first=(supersedes.first or supersedes) if supersedes else None,
        correction_reason=reason,
    )


def _check(expense: Expense, *, made: Made) -> None:
    transports = expense.category == CostCategory.LOGISTICS and expense.visit is None
    if made.by.role == Role.LOGISTICS and not transports:
        raise CategoryNotAllowed
    rules.check_amounts(net_cny=expense.net_cny, tax_cny=expense.tax_cny, gross_cny=expense.gross_cny)
    rules.check_day(expense.spent_on, today=clock.factory_date(made.stamp.received_at))
    rules.check_receipt(
        expense.gross_cny,
        has_receipt=expense.receipt.photo is not None,
        policy=queries.policy_in_force(expense.spent_on),
    )


def _earlier_claim(receipt: Receipt, *, besides: CostLine | None) -> tuple[CostLine | None, str]:
    """The line that handed in this receipt before, across all people, and how it was recognised."""
    if receipt.photo is None and not receipt.number:
        return None, ""
    _one_receipt_at_a_time()
    if receipt.photo and (line := queries.claim_with_photo(receipt.photo, besides=besides)):
        return line, DuplicateBy.SAME_PHOTO
    if receipt.number and (line := queries.claim_with_number(receipt.code, receipt.number, besides=besides)):
        return line, DuplicateBy.SAME_NUMBER
    if receipt.photo and (line := _similar_claim(receipt.photo, besides=besides)):
        return line, DuplicateBy.SIMILAR_PHOTO
    return None, ""


def _similar_claim(photo: Attachment, *, besides: CostLine | None) -> CostLine | None:
    if not rules.is_telling(photo.average_hash):
        return None
    since = clock.today() - rules.LOOK_BACK
    near = queries.claims_with_near_photo(photo, besides=besides, since=since, limit=SECOND_LOOKS)
    return next(
        (line for line in near if line.receipt and receipt_photo.look_alike(photo, line.receipt)), None
    )


def _one_receipt_at_a_time() -> None:
    """Until commit: two people may hand in one receipt at the same moment, and the second must see the first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cost.receipt'))")
