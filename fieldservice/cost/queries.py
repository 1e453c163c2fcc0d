"""Reads: who sees which cost lines, earlier claims of the same receipt, and sums."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db.models import CharField, Count, F, Func, IntegerField, Q, QuerySet, Sum, Value

from backend.accounts.models import User
from backend.accounts.queries import region_scope
from backend.accounts.rules import Role
from backend.core.models import Attachment
from fieldservice.cost import rules
from fieldservice.cost.models import CostLine, CostPolicy
from fieldservice.cost.rules import SIMILAR_BITS, Total

OWN_ONLY = frozenset({Role.TECHNICIAN, Role.LOGISTICS})
SEE_ALL = frozenset({Role.DIRECTOR, Role.FINANCE, Role.AUDITOR})


def cost_lines() -> QuerySet[CostLine]:
    return CostLine.objects.select_related("recorded_by", "visit", "superseded_by")


def costs_for(user: User) -> QuerySet[CostLine]:
    """Own lines for technicians and logistics, the region's for clerks, all for director, finance and auditor."""
    rows = cost_lines()
    regions = region_scope(user)
    if user.role in OWN_ONLY:
        return rows.filter(recorded_by=user)
    if regions is not None:
        by_people = Q(visit=None, recorded_by__regions__overlap=regions)
        return rows.filter(Q(visit__region__in=regions) | by_people)
    return rows if user.role in SEE_ALL else rows.none()


def policy_in_force(on: date) -> CostPolicy | None:
    return rules.policy_in_force(CostPolicy.objects.all(), on=on)


class _Bits(Func):
    """A 16-digit hex text as 64 bits."""

    template = "('x' || %(expressions)s)::bit(64)"


class _Differing(Func):
    """In how many bits two differ (PostgreSQL 14 and newer)."""

    function = "bit_count"
    arg_joiner = " # "
    output_field = IntegerField()


def _claims() -> QuerySet[CostLine]:
    """Lines that stand for their receipt: neither corrected since nor flagged themselves; the first ones first."""
    return CostLine.objects.filter(superseded_by=None, duplicate_of=None).order_by("received_at", "id")


def claim_with_photo(receipt: Attachment, *, besides: CostLine | None) -> CostLine | None:
    return _claims().exclude(pk=_id(besides)).filter(receipt=receipt).first()


def claim_with_number(code: str, number: str, *, besides: CostLine | None) -> CostLine | None:
    return _claims().exclude(pk=_id(besides)).filter(receipt_code=code, receipt_no=number).first()


def claims_with_near_photo(
    receipt: Attachment, *, besides: CostLine | None, since: date, limit: int
) -> list[CostLine]:
    """Claims of expenses since a day whose picture's hash differs in at most 8 of 64 bits, the nearest first.

    No index knows such hashes: the day keeps the rows to look at few (10,000 a year: 40 ms).
    """
    given = Value(receipt.average_hash, output_field=CharField())
    bits = _Differing(_Bits(F("receipt__average_hash")), _Bits(given))
    near = (
        _claims()
        .exclude(pk=_id(besides))
        .filter(receipt__isnull=False, spent_on__gte=since)
        .annotate(bits=bits)
    )
    found = near.filter(bits__lte=SIMILAR_BITS).order_by("bits", "received_at", "id")
    return list(found.select_related("receipt")[:limit])


def _id(line: CostLine | None) -> Any:
    return line.pk if line else None


def total(lines: QuerySet[CostLine]) -> Total:
    """The exact total of `lines` without those corrected since. `lines` must not join to many rows.

    For people: of the lines they may list (`costs_for`), so that no sum tells of a line they do not see.
    """
    return rules.total_of(_parts(lines.filter(superseded_by=None)))


def _parts(lines: QuerySet[CostLine]) -> Iterator[tuple[str, bool, rules.Sum]]:
    groups = (
        lines.order_by()
        .annotate(is_duplicate=Q(duplicate_of__isnull=False))
        .values("category", "is_duplicate")
        .annotate(lines=Count("pk"), net=Sum("net_cny"), tax=Sum("tax_cny"), gross=Sum("gross_cny"))
    )
    for row in groups:
        amount = rules.Sum(row["lines"], row["net"], row["tax"], row["gross"])
        yield row["category"], row["is_duplicate"], amount
