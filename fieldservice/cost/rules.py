"""Cost categories, what one expense line must fulfil, and exact sums. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Protocol, TypeVar

from backend.core.choices import Code
from backend.core.errors import DomainError
from backend.core.errors import mark as _

ZERO = Decimal("0.00")
# Guards against a mistyped year: an expense of last year still comes in, an older one is an error.
OLDEST_DAYS = 400
LOOK_BACK = timedelta(days=2 * OLDEST_DAYS)  # the two claims of one receipt lie no further apart
# Of 64: the same picture saved again (JPEG quality 20 to 85, a third to full size) differs by at most 8.
SIMILAR_BITS = 8
TELLING_BITS = range(5, 60)  # an all but uniform picture has a hash that says nothing


class CostCategory(Code):
    """Rule 37: labour 人工, logistics 物流, testing 检测; travel 差旅 by kind."""

    LABOUR = "labour"
    LOGISTICS = "logistics"
    TESTING = "testing"
    TRANSPORT = "transport"
    LODGING = "lodging"
    MEALS = "meals"
    OTHER = "other"


class DuplicateBy(Code):
    """How a receipt was recognised, the surest first."""

    SAME_PHOTO = "same_photo"
    SAME_NUMBER = "same_number"
    SIMILAR_PHOTO = "similar_photo"


class AmountsDoNotAddUp(DomainError):
    code, status, title = "amounts_do_not_add_up", 400, _("Net and tax do not add up to gross")
    detail = _("{net_cny} net + {tax_cny} tax = {sum_cny}, but gross is {gross_cny} (CNY).")


class SpentInFuture(DomainError):
    code, status, title = "spent_in_future", 400, _("The day of the expense lies in the future")
    detail = _("{spent_on} is after today, {today}.")


class SpentTooLongAgo(DomainError):
    code, status, title = "spent_too_long_ago", 400, _("The expense is too old")
    detail = _("{spent_on} is before {earliest}, the earliest day taken now.")


class ReceiptRequired(DomainError):
    code, status, title = "receipt_required", 400, _("A receipt is needed")
    detail = _("Above {limit_cny} CNY a line needs a photo of its receipt (rule of {policy_from}: {policy}).")


class CategoryNotAllowed(DomainError):
    code, status, title = "category_not_allowed", 403, _("Your role does not record this kind of cost")
    detail = _("Logistics records transports only: category “logistics”, no visit.")


class PolicyRow(Protocol):
    """A dated row: above the amount a line needs a receipt."""

    @property
    def valid_from(self) -> date: ...
    @property
    def receipt_required_above_cny(self) -> Decimal: ...
    @property
    def source(self) -> str: ...


P = TypeVar("P", bound=PolicyRow)


def check_amounts(*, net_cny: Decimal, tax_cny: Decimal, gross_cny: Decimal) -> None:
    """Raises AmountsDoNotAddUp unless net + tax = gross to the fen."""
    if net_cny + tax_cny != gross_cny:
        total = net_cny + tax_cny
        raise AmountsDoNotAddUp(
            net_cny=f"{net_cny:.2f}",
            tax_cny=f"{tax_cny:.2f}",
            sum_cny=f"{total:.2f}",
            gross_cny=f"{gross_cny:.2f}",
        )


def check_day(spent_on: date, *, today: date) -> None:
    """Raises SpentInFuture, SpentTooLongAgo. `today` is the factory's date."""
    if spent_on > today:
        raise SpentInFuture(spent_on=spent_on.isoformat(), today=today.isoformat())
    earliest = today - timedelta(days=OLDEST_DAYS)
    if spent_on < earliest:
        raise SpentTooLongAgo(spent_on=spent_on.isoformat(), earliest=earliest.isoformat())


def policy_in_force(rows: Iterable[P], *, on: date) -> P | None:
    """The newest row that holds on the day; None before the first."""
    return max((row for row in rows if row.valid_from <= on), key=lambda row: row.valid_from, default=None)


def check_receipt(gross_cny: Decimal, *, has_receipt: bool, policy: PolicyRow | None) -> None:
    """Raises ReceiptRequired naming limit and policy. Without a policy every line needs its receipt."""
    limit = policy.receipt_required_above_cny if policy else ZERO
    if has_receipt or gross_cny <= limit:
        return
    raise ReceiptRequired(
        limit_cny=f"{limit:.2f}",
        policy_from=policy.valid_from.isoformat() if policy else "—",
        policy=policy.source if policy else "—",
    )


def is_telling(average_hash: str) -> bool:
    """Whether a picture's hash says enough to compare it: not of a blank or nearly blank picture."""
    return int(average_hash, 16).bit_count() in TELLING_BITS


def receipt_key(code: str, number: str) -> tuple[str, str]:
    """Code and number of an invoice as compared: no blanks, upper case. Fully digital invoices have no code."""
    return "".join(code.split()).upper(), "".join(number.split()).upper()


@dataclass(frozen=True)
class Sum:
    """Amounts in CNY of `lines` cost lines."""

    lines: int = 0
    net_cny: Decimal = ZERO
    tax_cny: Decimal = ZERO
    gross_cny: Decimal = ZERO

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(
            self.lines + other.lines,
            self.net_cny + other.net_cny,
            self.tax_cny + other.tax_cny,
            self.gross_cny + other.gross_cny,
        )


@dataclass(frozen=True)
class CategorySum:
    category: str
    amount: Sum


@dataclass(frozen=True)
class Total:
    """What was spent. `total` and `by_category` leave flagged duplicates out; these stand in `duplicates`."""

    total: Sum = Sum()
    by_category: Sequence[CategorySum] = field(default=())
    duplicates: Sum = Sum()


def total_of(parts: Iterable[tuple[str, bool, Sum]]) -> Total:
    """Total of (category, is a duplicate, sum) parts; categories in the order of `CostCategory`."""
    by_category: dict[str, Sum] = {}
    duplicates = Sum()
    for category, is_duplicate, amount in parts:
        if is_duplicate:
            duplicates += amount
        else:
            by_category[category] = by_category.get(category, Sum()) + amount
    rows = tuple(CategorySum(code, by_category[code]) for code in CostCategory if code in by_category)
    return Total(sum((row.amount for row in rows), Sum()), rows, duplicates)
