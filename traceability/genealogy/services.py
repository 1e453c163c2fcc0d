"""Entering what a batch was made from, and what came back; taking a link back. Whole runs: `transformation.py`."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from backend.core.queue import emit
from traceability.batch.models import Batch
from traceability.batch.rules import BatchData, BatchKind, BatchStatus, check_own
from traceability.batch.services import hold_batch, recall_batches, record_batch
from traceability.customer.models import Customer
from traceability.genealogy import queries
from traceability.genealogy.guard import (
    GoneElsewhere,
    check_left,
    check_past,
    check_walk,
    insert_links,
    nothing_elsewhere,
    one_at_a_time,
)
from traceability.genealogy.models import GoodsReturn, LinkReversal, MadeFrom, Transformation
from traceability.genealogy.rules import LinkKind, LinkReversed, slack_kg
from traceability.genealogy.transformation import record_transformation

__all__ = ["link_parent", "record_return", "record_transformation", "reverse_link", "reverse_transformation"]


# Kg of a batch that were shipped to a customer. Shipments live above us and tell theirs.
ShippedTo = Callable[[UUID, UUID], Decimal]


class MoreThanMade(DomainError):
    code, status, title = "more_than_made", 409, _("More would have come back than was made")
    detail = _("{batch} had {made_kg} kg; {returned_kg} kg of them came back already.")


class ReturnUsed(DomainError):
    """The entry cannot have been an error: the goods were there."""

    code, status, title = "return_used", 409, _("Goods of this return went on already")


class MoreThanSent(DomainError):
    """A customer brings back no more of a batch than it was sent; `shipped_kg` and `returned_kg` are its own."""

    code, status, title = "more_than_sent", 409, _("More than was shipped there")


@transaction.atomic
def link_parent(
    child: Batch,
    *,
    parent: Batch,
    qty_kg: Decimal,
    made_at: datetime,
    by: User,
    kind: LinkKind = LinkKind.USED,
    transformation: Transformation | None = None,
    note: str = "",
    gone_elsewhere: GoneElsewhere = nothing_elsewhere,
) -> MadeFrom:
    """`qty_kg` of `parent` went into `child`. The row stays for ever; a wrong one is reversed.

    Status does not matter here: what was made is a fact, and a recall needs it most where a batch is on hold.
    Raises HistoryBatch, MadeFromItself, GenealogyCircle, IndustrialIntoEdible, GenealogyTooLarge, MadeBeforeParent,
    MoreThanLeft, ParentKnown (409), InvalidInput (400).
    """
    check_past(made_at, field="made_at")
    if transformation is not None and not transformation.outputs.filter(batch=child).exists():
        raise InvalidInput(errors={"transformation": _("The batch did not come out of this run.")})
    for batch in (parent, child):
        check_own(batch.code, is_history=batch.is_history)
    one_at_a_time()
    check_walk(parents=[parent.pk], children=[child.pk])
    taken_kg = Decimal(0) if kind == LinkKind.RETURNED else qty_kg
    check_left({parent.pk: taken_kg}, at=made_at, gone_elsewhere=gone_elsewhere)
    link = MadeFrom(
        parent=parent,
        child=child,
        qty_kg=qty_kg,
        kind=kind,
        made_at=made_at,
        transformation=transformation,
        note=note,
        recorded_by=by,
    )
    return insert_links([link])[0]


@transaction.atomic
def reverse_link(
    link: MadeFrom, *, by: User, reason: str, gone_elsewhere: GoneElsewhere = nothing_elsewhere
) -> MadeFrom:
    """The link counts no more: its kg are free again and no walk takes it; it stays where everybody sees it.

    Allowed after a recall too, and marked then: the recall's frozen scope does not change with it.
    The lot of a return that was none is held with it: nothing of it goes out.
    Raises LinkReversed, ReturnUsed (409).
    """
    if link.kind == LinkKind.RETURNED:
        _hold_lot(link.child, by=by, reason=reason, gone_elsewhere=gone_elsewhere)
    _reverse([link], by=by, reason=reason)
    return queries.links().get(pk=link.pk)


def _hold_lot(lot: Batch, *, by: User, reason: str, gone_elsewhere: GoneElsewhere) -> None:
    row = _locked(lot)
    if queries.used_kg([row.pk]) or gone_elsewhere([row.pk]):
        raise ReturnUsed
    if row.status in (BatchStatus.QUARANTINE, BatchStatus.RELEASED):
        hold_batch(row, by=by, reason=reason)


@transaction.atomic
def reverse_transformation(run: Transformation, *, by: User, reason: str) -> Transformation:
    """Takes back all links of a run entered in error. Raises LinkReversed (409) where none is left."""
    live = queries.links().filter(transformation=run, is_live=True)
    _reverse(list(live), by=by, reason=reason)
    return queries.runs().get(pk=run.pk)


def _reverse(links: list[MadeFrom], *, by: User, reason: str) -> None:
    ids = [link.pk for link in links]
    # Conditional: of two who take it back at once, one wins.
    won = MadeFrom.objects.filter(pk__in=ids, is_live=True).update(is_live=False)
    if not won or won < len(ids):
        raise LinkReversed
    at = clock.now()
    LinkReversal.objects.bulk_create(
        LinkReversal(link=link, reason=reason, at=at, by=by, is_after_recall=_is_under_recall(link))
        for link in links
    )
    for id in ids:
        emit("link.reversed", link_id=id)


def _is_under_recall(link: MadeFrom) -> bool:
    stopped = {BatchStatus.RECALLED, BatchStatus.DESTROYED}
    return bool(stopped & {link.parent.status, link.child.status})


@transaction.atomic
def record_return(
    batch: Batch,
    *,
    qty_kg: Decimal,
    customer: Customer,
    returned_at: datetime,
    reason: str,
    by: User,
    code: str = "",
    shipped_to: ShippedTo | None = None,
) -> GoodsReturn:
    """A new batch of kind return, in quarantine, as old as the one it came from; without `code`, <code>-R<n>.

    Without `shipped_to` nobody knows who was sent what, and only what was made is a limit.
    Raises InvalidInput, BadBatchCode (400), BatchCodeTaken, HistoryBatch, MoreThanMade, MoreThanSent,
    MadeBeforeParent (409).
    """
    check_past(returned_at, field="returned_at")
    one_at_a_time()  # of two returns at once, both count
    origin = _locked(batch)
    check_own(origin.code, is_history=origin.is_history)
    _check_made(origin, qty_kg=qty_kg)
    if shipped_to is not None:
        _check_sent(origin, qty_kg=qty_kg, customer=customer, sent_kg=shipped_to(origin.pk, customer.pk))
    lot = record_batch(_lot_of(origin, qty_kg=qty_kg, code=code or _free_code(origin)))
    link_parent(lot, parent=origin, qty_kg=qty_kg, made_at=returned_at, by=by, kind=LinkKind.RETURNED)
    if origin.status in (BatchStatus.RECALLED, BatchStatus.DESTROYED):
        # Such goods come back recalled: no certificate lets them out again (食品安全法 art. 63).
        recall_batches([lot.pk], by=by, reason=origin.status_reason or reason)
    made = GoodsReturn.objects.create(
        batch=origin, lot=lot, customer=customer, returned_at=returned_at, reason=reason, recorded_by=by
    )
    return queries.returns_of(origin).get(pk=made.pk)


def _locked(batch: Batch) -> Batch:
    """The batch as it is now: it is not recalled between our look at its status and the lot that takes after it."""
    rows = Batch.objects.select_for_update(of=("self",), no_key=True).select_related("product", "trade_item")
    return rows.get(pk=batch.pk)


def _check_made(origin: Batch, *, qty_kg: Decimal) -> None:
    before_kg = queries.returned_kg(origin)
    if before_kg + qty_kg > origin.qty_kg + slack_kg(origin.qty_kg):
        raise MoreThanMade(batch=origin.code, made_kg=origin.qty_kg, returned_kg=before_kg)


def _check_sent(origin: Batch, *, qty_kg: Decimal, customer: Customer, sent_kg: Decimal) -> None:
    """Who was sent nothing brings nothing back: weighing differs, but not from 0."""
    before_kg = queries.returned_kg(origin, customer=customer)
    if not sent_kg or before_kg + qty_kg > sent_kg + slack_kg(sent_kg):
        raise MoreThanSent(batch=origin.code, shipped_kg=sent_kg, returned_kg=before_kg)


def _lot_of(origin: Batch, *, qty_kg: Decimal, code: str) -> BatchData:
    """The salt is as old as it was: what came back keeps the dates, the line and the supplier's lot."""
    return BatchData(
        product_id=origin.product_id,
        code=code,
        plant=origin.plant,
        produced_on=origin.produced_on,
        qty_kg=qty_kg,
        trade_item_id=origin.trade_item_id,
        kind=BatchKind.RETURN,
        line=origin.line,
        shift=origin.shift,
        supplier_lot=origin.supplier_lot,
        expires_on=origin.expires_on,
    )


def _free_code(origin: Batch) -> str:
    """<code>-R<n>, the first that no batch of the product carries."""
    taken = queries.codes_from(origin, ending="-R")
    number = queries.returns_of(origin).count() + 1
    while f"{origin.code_norm}-R{number}" in taken:
        number += 1
    return f"{origin.code}-R{number}"
