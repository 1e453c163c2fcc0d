"""Batches in the log: made, released, held, recalled, destroyed, tested. Ids in, drafts out, a few queries for all."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from traceability.batch.models import Batch, BatchDecision, CertificateValue, ReleaseCertificate
from traceability.batch.rules import BatchAction, BatchStatus, Conclusion
from traceability.epcis.naming import batch_uri, named
from traceability.epcis.rules import Action, BizStep, Disposition, EventType
from traceability.epcis.sensor import measure_of
from traceability.epcis.shape import ZONE, Draft, Goods, number

_STEPS: Mapping[str, tuple[Action, BizStep, Disposition]] = {
    BatchAction.RELEASE: (Action.OBSERVE, BizStep.INSPECTING, Disposition.CONFORMANT),
    BatchAction.HOLD: (Action.OBSERVE, BizStep.HOLDING, Disposition.NON_SELLABLE_OTHER),
    BatchAction.RECALL: (Action.OBSERVE, BizStep.HOLDING, Disposition.RECALLED),
    BatchAction.DESTROY: (Action.DELETE, BizStep.DESTROYING, Disposition.DESTROYED),
}
CONCLUSIONS = {Conclusion.CONFORMING: Disposition.CONFORMANT}


def begin_of(day: date) -> datetime:
    """The day's first moment at the works: all that is known of when something of that day happened."""
    return datetime.combine(day, time.min, tzinfo=ZONE)


def made(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    """A batch is commissioned with all its kg, in quarantine."""
    rows = Batch.objects.filter(pk__in=ids, is_history=False).select_related("product", "trade_item")
    for batch in rows:
        yield (
            batch.pk,
            Draft(
                type=EventType.OBJECT,
                at=begin_of(batch.produced_on),
                batches=(batch.pk,),
                action=Action.ADD,
                step=BizStep.COMMISSIONING,
                disposition=Disposition.IN_PROGRESS,
                goods=(Goods(batch_uri(batch), batch.qty_kg),),
                location=named("plant", batch.plant),
                more={"ilmd": _master_data(batch), "salt:status": BatchStatus.QUARANTINE.value},
            ),
        )


def _master_data(batch: Batch) -> dict[str, Any]:
    data = {
        "cbvmda:lotNumber": batch.code,
        "salt:kind": batch.kind,
        "salt:producedOn": batch.produced_on.isoformat(),
        "salt:supplierLot": batch.supplier_lot,
        "cbvmda:bestBeforeDate": batch.expires_on.isoformat() if batch.expires_on else "",
    }
    return {name: value for name, value in data.items() if value}


def decided(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    """One step of a batch's status. The reason stays in the house: it is free text."""
    rows = BatchDecision.objects.filter(pk__in=ids).select_related("batch__product", "batch__trade_item")
    for decision in rows:
        action, step, disposition = _STEPS[decision.action]
        yield (
            decision.pk,
            Draft(
                type=EventType.OBJECT,
                at=decision.at,
                batches=(decision.batch_id,),
                action=action,
                step=step,
                disposition=disposition,
                goods=(Goods(batch_uri(decision.batch)),),
                location=named("plant", decision.batch.plant),
                more={"salt:decision": decision.action, "salt:status": decision.to_status},
            ),
        )


def certified(ids: Sequence[UUID]) -> Iterator[tuple[UUID, Draft]]:
    """A release certificate: the values of the works' laboratory."""
    rows = (
        ReleaseCertificate.objects.filter(pk__in=ids)
        .select_related("batch__product", "batch__trade_item")
        .prefetch_related("values")
    )
    for certificate in rows:
        elements = [element for value in certificate.values.all() if (element := _lab_element(value))]
        yield (
            certificate.pk,
            Draft(
                type=EventType.OBJECT,
                at=begin_of(certificate.issued_on),
                batches=(certificate.batch_id,),
                action=Action.OBSERVE,
                step=BizStep.INSPECTING,
                disposition=CONCLUSIONS.get(Conclusion(certificate.conclusion), Disposition.NON_CONFORMANT),
                goods=(Goods(batch_uri(certificate.batch)),),
                location=named("plant", certificate.batch.plant),
                transactions=(("testres", named("certificate", certificate.report_no)),),
                more={"sensorElementList": elements},
            ),
        )


def _lab_element(value: CertificateValue) -> dict[str, Any] | None:
    measure = measure_of(value.parameter, unit=value.unit)
    if measure is None:
        return None
    report: dict[str, Any] = {
        "type": measure.type,
        "value": number(value.value),
        "uom": measure.uom,
        "chemicalSubstance": measure.substance,
        "dataProcessingMethod": named("method", value.method),
        "salt:property": measure.property or value.parameter,
        "salt:basis": value.basis,
        "salt:expandedUncertainty": None if value.expanded_u is None else number(value.expanded_u),
    }
    return {"sensorReport": [{name: each for name, each in report.items() if each not in (None, "")}]}
