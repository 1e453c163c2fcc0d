"""What batches were made from, from a file: every rule of a link entered by hand, checked for many at once.

One walk over all that lies above the parents and below the children says whether anything is wrong. Only where it is,
the links are checked one by one, as the API does, to name the row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError
from backend.core.errors import mark as _
from traceability.balance.ancestry import descent, rings, web_of
from traceability.batch.models import Batch
from traceability.dispatch.queries import shipped_kg
from traceability.genealogy.guard import check_past, check_walk, one_at_a_time
from traceability.genealogy.models import MadeFrom
from traceability.genealogy.queries import knots, links_above, links_below, used_kg
from traceability.genealogy.rules import EDIBLE, Left, LinkKind, MadeFromItself, check_taken
from traceability.imports.batch_reference import BatchFinder
from traceability.imports.bulk import copy_in
from traceability.imports.cell import batch_code, choice, fault, moment, number, read_cells, refusal, text
from traceability.imports.limits import allow_long_work
from traceability.imports.rules import Column, Outcome, Record, RowFault, Verdict
from traceability.product.rules import Family

KINDS = (LinkKind.USED, LinkKind.REWORK, LinkKind.REPACK)
COLUMNS = (
    Column("parent", batch_code, _("Code of the batch that went in."), "YS20260215R03", is_needed=True),
    Column("parent_product", text(40), _("Its article number, where several products carry the code."), ""),
    Column("child", batch_code, _("Code of the batch that was made."), "YS20260301A07", is_needed=True),
    Column("child_product", text(40), _("Its article number, where several products carry the code."), ""),
    Column(
        "qty_kg", number(digits=14, places=3, least="0.001"), _("Kg of the parent."), "1000.5", is_needed=True
    ),
    Column(
        "made_at",
        moment,
        _("When; without a zone the factory's time."),
        "2026-03-01T08:30:00+08:00",
        is_needed=True,
    ),
    Column("kind", choice(KINDS), _("Empty: used."), "used", empty=LinkKind.USED.value),
)


Content = tuple[UUID, UUID, Decimal, datetime, str]  # parent, child, kg, when, kind


@dataclass
class Desk:
    """What the records speak of; `gone` grows while they are judged."""

    by: User
    batches: BatchFinder
    known: dict[tuple[UUID, UUID], MadeFrom] = field(default_factory=dict)
    reversed: set[Content] = field(default_factory=set)
    gone: dict[UUID, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """A readable row: the link it asks for."""

    record: Record
    link: MadeFrom


def apply(records: Sequence[Record], *, by: User, skip_bad: bool, is_dry_run: bool) -> list[Verdict]:
    """Links are made; one that is there with other content is a fault."""
    desk = Desk(by=by, batches=BatchFinder(records, columns=("parent", "child")))
    read = [_read(record, desk) for record in records]
    wanted = [found for found in read if isinstance(found, Wanted)]
    if not is_dry_run:
        one_at_a_time()
        allow_long_work()  # a thousand links are walked at once: more than the five seconds of one
        _lock_parents(wanted)
    _fill(desk, wanted)
    is_clean = _walks_are_clean([found.link for found in wanted])
    verdicts: list[Verdict] = []
    fresh: list[MadeFrom] = []
    for found in read:
        verdict = found if isinstance(found, Verdict) else _judge(found, desk, is_clean=is_clean)
        if isinstance(found, Wanted) and verdict.outcome == Outcome.CREATED and is_clean:
            fresh.append(found.link)
        verdicts.append(verdict)
    copy_in(fresh)
    return verdicts


def _read(record: Record, desk: Desk) -> Wanted | Verdict:
    row = record.first
    values, faults = read_cells(row, COLUMNS)
    if faults:
        return Verdict(record, Outcome.BAD, tuple(faults))
    parent = desk.batches.find(row, values, column="parent", product="parent_product")
    child = desk.batches.find(row, values, column="child", product="child_product")
    unknown = tuple(found for found in (parent, child) if isinstance(found, RowFault))
    if isinstance(parent, RowFault) or isinstance(child, RowFault):
        return Verdict(record, Outcome.BAD, unknown)
    link = MadeFrom(
        parent=parent,
        child=child,
        qty_kg=values["qty_kg"],
        kind=values["kind"],
        made_at=values["made_at"],
        recorded_by=desk.by,
    )
    return Wanted(record, link)


def _lock_parents(wanted: Sequence[Wanted]) -> None:
    """What is left of a parent is used once: locked as the API locks it."""
    rows = Batch.objects.select_for_update(of=("self",), no_key=True)
    list(rows.filter(pk__in={found.link.parent_id for found in wanted}).order_by("pk").values("pk"))


def _fill(desk: Desk, wanted: Sequence[Wanted]) -> None:
    """What is gone of the parents, and the links that are there, or were."""
    ids = {found.link.parent_id for found in wanted}
    used, shipped = used_kg(ids), shipped_kg(ids)
    desk.gone = {id: used.get(id, Decimal(0)) + shipped.get(id, Decimal(0)) for id in ids}
    children = {found.link.child_id for found in wanted}
    rows = MadeFrom.objects.filter(parent__in=ids, child__in=children, transformation=None)
    desk.known = {(row.parent_id, row.child_id): row for row in rows.filter(is_live=True)}
    desk.reversed = {_content(row) for row in rows.filter(is_live=False)}


def _content(link: MadeFrom) -> Content:
    return link.parent_id, link.child_id, link.qty_kg, link.made_at, link.kind


def _walks_are_clean(links: Sequence[MadeFrom]) -> bool:
    """Whether all links together close no circle and bring no industrial salt into edible salt."""
    new = [(link.parent_id, link.child_id) for link in links]
    if not new:
        return True
    around = [
        *links_above({parent for parent, _child in new}),
        *links_below({child for _parent, child in new}),
        *new,
    ]
    numbers = {id: n for n, id in enumerate({id for link in around for id in link})}
    web = web_of(len(numbers), [numbers[id] for link in around for id in link])
    if rings(web) or any(parent == child for parent, child in new):
        return False
    known = knots(numbers)
    industrial = [numbers[id] for id, knot in known.items() if knot.family == Family.INDUSTRIAL]
    below = descent(web, industrial) if industrial else None
    return below is None or not any(
        below.reaches(numbers[id]) for id, knot in known.items() if knot.family in EDIBLE
    )


def _judge(wanted: Wanted, desk: Desk, *, is_clean: bool) -> Verdict:
    link, record = wanted.link, wanted.record
    known = desk.known.get((link.parent_id, link.child_id))
    if known is not None:
        return _known(record, known, link)
    if _content(link) in desk.reversed:  # a file that is sent again does not undo a correction
        text = _("This link is reversed already")
        return Verdict(record, Outcome.BAD, (fault(record.first, "child", "link_reversed", text),))
    try:
        _check(link, desk)
        if not is_clean:
            _enter_alone(link)
    except DomainError as error:
        return Verdict(record, Outcome.BAD, (refusal(record.first, error),))
    desk.gone[link.parent_id] += link.qty_kg
    desk.known[link.parent_id, link.child_id] = link
    return Verdict(record, Outcome.CREATED)


def _known(record: Record, known: MadeFrom, link: MadeFrom) -> Verdict:
    names = ("qty_kg", "made_at", "kind")
    other = [name for name in names if getattr(known, name) != getattr(link, name)]
    if not other:
        return Verdict(record, Outcome.UNCHANGED)
    text = _("This link is entered already with other content.")
    return Verdict(record, Outcome.BAD, tuple(fault(record.first, name, "differs", text) for name in other))


def _check(link: MadeFrom, desk: Desk) -> None:
    check_past(link.made_at, field="made_at")
    if link.parent_id == link.child_id:
        raise MadeFromItself
    parent = link.parent
    left = Left(
        code=parent.code,
        produced_on=parent.produced_on,
        qty_kg=parent.qty_kg,
        gone_kg=desk.gone[link.parent_id],
    )
    check_taken(left, wanted_kg=link.qty_kg, on=clock.factory_date(link.made_at))


def _enter_alone(link: MadeFrom) -> None:
    """The full check of the API, and the row at once: the next one is checked against it."""
    check_walk(parents=[link.parent_id], children=[link.child_id])
    with transaction.atomic():
        link.save(force_insert=True)
