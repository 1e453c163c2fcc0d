"""Entering what a batch was made from."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import IntegrityError, connection, transaction

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import InvalidInput
from backend.core.errors import mark as _
from traceability.batch.models import Batch
from traceability.genealogy import queries
from traceability.genealogy.models import MadeFrom
from traceability.genealogy.rules import (
    GenealogyCircle,
    IndustrialIntoEdible,
    MadeFromItself,
    ParentKnown,
    circle,
    mixing,
)

CLOCK_SLACK = timedelta(minutes=5)


@transaction.atomic
def link_parent(child: Batch, *, parent: Batch, qty_kg: Decimal, made_at: datetime, by: User) -> MadeFrom:
    """`qty_kg` of `parent` went into `child`. For ever: the table takes no changes.

    Status does not matter here: what was made is a fact, and a recall needs it most where a batch is on hold.
    Raises MadeFromItself, GenealogyCircle, IndustrialIntoEdible, ParentKnown (409), InvalidInput (400).
    """
    if made_at > clock.now() + CLOCK_SLACK:
        raise InvalidInput(errors={"made_at": _("This lies in the future.")})
    if parent.pk == child.pk:
        raise MadeFromItself
    _one_at_a_time()
    _check_walk(parent=parent, child=child)
    try:
        with transaction.atomic():
            return MadeFrom.objects.create(
                parent=parent, child=child, qty_kg=qty_kg, made_at=made_at, recorded_by=by
            )
    except IntegrityError as error:
        raise ParentKnown from error


def _one_at_a_time() -> None:
    """Writers wait for each other: two links that share no batch may close one circle. Reading goes on."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE traceability_madefrom IN SHARE ROW EXCLUSIVE MODE")


def _check_walk(*, parent: Batch, child: Batch) -> None:
    links = [*queries.links_above(parent.pk), *queries.links_below(child.pk)]
    knots = queries.knots({parent.pk, child.pk}.union(*links))
    round_way = circle(links, parent=parent.pk, child=child.pk)
    if round_way:
        codes = [knots[id].code for id in round_way]
        raise GenealogyCircle(path=codes, way=" → ".join(codes))
    mixed_way = mixing(links, knots=knots, parent=parent.pk, child=child.pk)
    if mixed_way:
        codes = [knots[id].code for id in mixed_way]
        raise IndustrialIntoEdible(path=codes, way=" → ".join(codes))
