"""Whole runs: batches went in, batches of one stage came out, the rest was lost."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from backend.accounts.models import User
from backend.core import clock
from backend.core.errors import DomainError, InvalidInput
from backend.core.errors import mark as _
from backend.core.numbering import next_number
from traceability.batch.models import Batch
from traceability.batch.rules import check_own
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
from traceability.genealogy.mass import (
    Balance,
    Portion,
    RunData,
    check_balance,
    check_shape,
    mass_kg,
    shares_kg,
)
from traceability.genealogy.models import MadeFrom, Transformation, TransformationOutput


class TransformationNumberTaken(DomainError):
    code, status, title = "transformation_number_taken", 409, _("This number of a run is taken")


@transaction.atomic
def record_transformation(
    data: RunData, *, by: User, gone_elsewhere: GoneElsewhere = nothing_elsewhere
) -> Transformation:
    """A run with a link for every input × output, the kg of an input shared over the outputs by their kg.

    Raises InvalidInput (400), MoreOutThanIn, TransformationNumberTaken and what `link_parent` raises (409).
    """
    check_shape(data)
    check_past(data.finished_at, field="finished_at")
    batches = _batches_of(data)
    for batch in batches.values():
        check_own(batch.code, is_history=batch.is_history)
    check_balance(_balance_of(data, batches=batches))
    one_at_a_time()
    check_walk(
        parents=[portion.batch_id for portion in data.inputs],
        children=[portion.batch_id for portion in data.outputs],
    )
    taken = {portion.batch_id: portion.qty_kg for portion in data.inputs}
    check_left(taken, at=data.finished_at, gone_elsewhere=gone_elsewhere)
    run = _insert_run(data, by=by)
    TransformationOutput.objects.bulk_create(
        TransformationOutput(transformation=run, batch_id=portion.batch_id, qty_kg=portion.qty_kg)
        for portion in data.outputs
    )
    insert_links(_links_of(run, data=data, by=by))
    return queries.runs().get(pk=run.pk)


def _batches_of(data: RunData) -> dict[UUID, Batch]:
    """Raises InvalidInput (400): a batch nobody knows, or an output of another stage."""
    ids = {portion.batch_id for portion in (*data.inputs, *data.outputs)}
    found: dict[UUID, Batch] = Batch.objects.in_bulk(ids)
    errors = {
        side: {
            index: {"batch": _("Unknown batch.")}
            for index, portion in enumerate(portions)
            if portion.batch_id not in found
        }
        for side, portions in (("inputs", data.inputs), ("outputs", data.outputs))
    }
    for index, portion in enumerate(data.outputs):
        if portion.batch_id in found and found[portion.batch_id].kind != data.stage:
            errors["outputs"][index] = {"batch": _("This batch is of another stage.")}
    if any(errors.values()):
        raise InvalidInput(errors={side: faults for side, faults in errors.items() if faults})
    return found


def _balance_of(data: RunData, *, batches: Mapping[UUID, Batch]) -> Balance:
    def mass(portions: tuple[Portion, ...]) -> Decimal:
        return mass_kg((batches[portion.batch_id].kind, portion.qty_kg) for portion in portions)

    return Balance(in_kg=mass(data.inputs), out_kg=mass(data.outputs), loss_kg=data.loss_kg)


def _insert_run(data: RunData, *, by: User) -> Transformation:
    try:
        with transaction.atomic():
            return Transformation.objects.create(
                number=data.number or next_number("T", on=clock.today()),
                stage=data.stage,
                plant=data.plant,
                started_at=data.started_at,
                finished_at=data.finished_at,
                loss_kg=data.loss_kg,
                loss_reason=data.loss_reason,
                recorded_by=by,
            )
    except IntegrityError as error:
        raise TransformationNumberTaken from error


def _links_of(run: Transformation, *, data: RunData, by: User) -> list[MadeFrom]:
    weights = [portion.qty_kg for portion in data.outputs]
    return [
        MadeFrom(
            parent_id=portion.batch_id,
            child_id=output.batch_id,
            qty_kg=share,
            made_at=data.finished_at,
            transformation=run,
            recorded_by=by,
        )
        for portion in data.inputs
        for output, share in zip(data.outputs, shares_kg(portion.qty_kg, weights=weights), strict=True)
    ]
