"""Readings in the log of trace events: the measured value with its instrument, calibration and method."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any
from uuid import UUID

from fieldservice.reading.models import Reading
from fieldservice.reading.rules import Verdict
from traceability.epcis.naming import batch_uri, named
from traceability.epcis.rules import Action, BizStep, Disposition, ErrorReason, EventType
from traceability.epcis.sensor import measure_of
from traceability.epcis.shape import Draft, Gone, Goods, number

# Only what is decided: nearer to the limit than the uncertainty, and screenings, say nothing of the goods.
_DISPOSITIONS: Mapping[str, Disposition] = {
    Verdict.PASS: Disposition.CONFORMANT,
    Verdict.FAIL: Disposition.NON_CONFORMANT,
}


def measured(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    """A reading: the batch was sampled. Without visit, customer or person: those stay in the house."""
    rows = Reading.objects.filter(pk__in=ids).select_related(
        "batch__product", "batch__trade_item", "instrument", "calibration", "superseded_by"
    )
    for reading in rows.prefetch_related("replicates"):
        newer = getattr(reading, "superseded_by", None)
        yield (
            reading.pk,
            Draft(
                type=EventType.OBJECT,
                at=reading.corrected_at,
                batches=(reading.batch_id,),
                action=Action.OBSERVE,
                step=BizStep.SAMPLING,
                disposition=_DISPOSITIONS.get(reading.verdict),
                goods=(Goods(batch_uri(reading.batch)),),
                more={"sensorElementList": [_element(reading)], "salt:verdict": reading.verdict},
                gone=Gone(reason=ErrorReason.INCORRECT_DATA, at=newer.received_at, replaced_by=newer.pk)
                if newer
                else None,
            ),
        )


def _element(reading: Reading) -> dict[str, Any]:
    metadata = {
        "time": reading.corrected_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "deviceID": named("instrument", reading.instrument.serial_no) if reading.instrument else None,
        "deviceMetadata": named("calibration", reading.calibration.certificate_no)
        if reading.calibration
        else None,
        "dataProcessingMethod": named("method", reading.method),
    }
    measure = measure_of(reading.parameter, unit=reading.unit)
    values = [replicate.value for replicate in reading.replicates.all()]
    report = {
        "type": measure.type if measure else named("vocabulary", reading.parameter),
        "value": number(reading.mean),
        "uom": measure.uom if measure else None,
        "minValue": number(min(values)) if len(values) > 1 else None,
        "maxValue": number(max(values)) if len(values) > 1 else None,
        "meanValue": number(reading.mean) if len(values) > 1 else None,
        "chemicalSubstance": (measure.substance or None) if measure else None,
        "salt:property": (measure.property if measure else "") or reading.parameter,
        "salt:basis": reading.basis,
        "salt:unit": None if measure else reading.unit,
        "salt:expandedUncertainty": None if reading.expanded_u is None else number(reading.expanded_u),
    }
    return {
        "sensorMetadata": {name: value for name, value in metadata.items() if value is not None},
        "sensorReport": [{name: value for name, value in report.items() if value is not None}],
    }
