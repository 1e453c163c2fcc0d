"""What every new link passes: no circle, no industrial salt in edible salt, no more kg than there are, once."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from backend.core import clock
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from traceability.batch.models import Batch
from traceability.genealogy import queries
from traceability.genealogy.models import MadeFrom
from traceability.genealogy.rules import (
    GenealogyCircle,
    GenealogyTooLarge,
    IndustrialIntoEdible,
    Left,
    MadeFromItself,
    ParentKnown,
    check_taken,
    circle,
    mixing,
)

CLOCK_SLACK = timedelta(minutes=5)
# Batches → kg of each that left by other ways than into other batches. Shipments live above us and give theirs.
GoneElsewhere = Callable[[Iterable[UUID]], Mapping[UUID, Decimal]]


def nothing_elsewhere(ids: Iterable[UUID]) -> Mapping[UUID, Decimal]:
    """Where nobody ships."""
    return {}


def check_past(moment: datetime, *, field: str) -> None:
    """Raises InvalidInput (400): what is entered has happened."""
    if moment > clock.now() + CLOCK_SLACK:
        raise InvalidInput(errors={field: _("This lies in the future.")})


def one_at_a_time() -> None:
    """Writers of links wait for each other: two links that share no batch may close one circle.

    Reading goes on, and so does who writes no link. Until the end of the transaction a statement has five seconds.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('statement_timeout', '5s', true), "
            "pg_advisory_xact_lock(hashtext('genealogy.links'))"
        )


def check_walk(*, parents: Collection[UUID], children: Collection[UUID]) -> None:
    """Each of `parents` goes into each of `children`. Call after `one_at_a_time`.

    Raises MadeFromItself, GenealogyCircle, IndustrialIntoEdible, GenealogyTooLarge (409).
    """
    if set(parents) & set(children):
        raise MadeFromItself
    above = queries.reach_above(parents, looking_for=children)
    if above.is_truncated:
        raise GenealogyTooLarge(cap=queries.CAP)
    # The way is read only once there is one to name; what is below only matters below industrial salt.
    if above.has_wanted:
        _refuse_circle(parents=parents, children=children)
    if above.has_family:
        _check_below(parents=parents, children=children)


def _check_below(*, parents: Collection[UUID], children: Collection[UUID]) -> None:
    """There is industrial salt above the parents. Raises IndustrialIntoEdible, GenealogyTooLarge (409)."""
    below = queries.reach_below(children)
    if below.is_truncated:
        raise GenealogyTooLarge(cap=queries.CAP)
    if below.has_family:
        _refuse_mixing(parents=parents, children=children)


def _refuse_circle(*, parents: Collection[UUID], children: Collection[UUID]) -> None:
    """Raises GenealogyCircle; all of its way is above the parents."""
    way = circle(queries.links_above(parents), parents=parents, children=children)
    if way:
        knots = queries.knots(way)
        codes = [knots[id].code for id in way]
        raise GenealogyCircle(path=codes, way=" → ".join(codes))


def _refuse_mixing(*, parents: Collection[UUID], children: Collection[UUID]) -> None:
    """Raises IndustrialIntoEdible."""
    links = [*queries.links_above(parents), *queries.links_below(children)]
    knots = queries.knots({*parents, *children}.union(*links))
    way = mixing(links, knots=knots, parents=parents, children=children)
    if way:
        codes = [knots[id].code for id in way]
        raise IndustrialIntoEdible(path=codes, way=" → ".join(codes))


def check_left(taken: Mapping[UUID, Decimal], *, at: datetime, gone_elsewhere: GoneElsewhere) -> None:
    """`taken`: batch → kg that go into others now. The rows stay locked: what is left is used, or shipped, once.

    Raises MadeBeforeParent, MoreThanLeft (409).
    """
    # NO KEY: scans and readings of the batch are stored meanwhile.
    rows = Batch.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=taken).order_by("pk")
    batches = list(rows)
    used, elsewhere = queries.used_kg(taken), gone_elsewhere(taken)
    for batch in batches:
        left = Left(
            code=batch.code,
            produced_on=batch.produced_on,
            qty_kg=batch.qty_kg,
            gone_kg=used.get(batch.pk, Decimal(0)) + elsewhere.get(batch.pk, Decimal(0)),
        )
        check_taken(left, wanted_kg=taken[batch.pk], on=clock.factory_date(at))


def insert_links(links: Iterable[MadeFrom]) -> list[MadeFrom]:
    """Raises ParentKnown (409)."""
    try:
        with transaction.atomic():
            return MadeFrom.objects.bulk_create(links)
    except IntegrityError as error:
        raise ParentKnown from error
