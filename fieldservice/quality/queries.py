"""Reads: signals, their policies, and the events on a batch that may raise one."""

from collections.abc import Callable, Mapping
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Coalesce

from fieldservice.case.models import Case
from fieldservice.case.rules import NOT_ABOUT_GOODS, CaseKind
from fieldservice.quality.models import Signal, SignalPolicy
from fieldservice.quality.rules import Event, SignalRule
from fieldservice.reading.models import Reading
from fieldservice.reading.queries import out_of_spec
from traceability.batch.models import Batch
from traceability.scan.models import Scan


def signals() -> QuerySet[Signal]:
    """With batch, policy, proposal and evidence. Those who may read signals see all."""
    readings = Reading.objects.select_related("waiver").order_by("received_at", "id")
    cases = Case.objects.order_by("opened_at", "id")
    scans = Scan.objects.order_by("received_at", "id")
    return Signal.objects.select_related("batch", "policy", "proposal", "customer").prefetch_related(
        Prefetch("readings", readings), Prefetch("cases", cases), Prefetch("scans", scans)
    )


def signal_policies() -> QuerySet[SignalPolicy]:
    return SignalPolicy.objects.all()


def bad_readings(batch: Batch) -> list[Event]:
    """Readings out of spec that count now. A correction counts from when we heard of the first version."""
    rows = out_of_spec(batch).annotate(heard_at=Coalesce("supersedes__received_at", "received_at"))
    return [Event(id, at) for id, at in rows.values_list("id", "heard_at")]


def complaints(batch: Batch) -> list[Event]:
    """Complaints about the goods, open or closed."""
    rows = Case.objects.filter(batch=batch, kind=CaseKind.COMPLAINT).exclude(
        complaint_code__in=NOT_ABOUT_GOODS
    )
    return [Event(id, at) for id, at in rows.values_list("id", "opened_at")]


EVENTS: Mapping[SignalRule, Callable[[Batch], list[Event]]] = {
    SignalRule.REPEATED_READINGS: bad_readings,
    SignalRule.REPEATED_COMPLAINTS: complaints,
}


def known_evidence(batch: Batch, *, rule: SignalRule) -> set[UUID]:
    """Readings or cases that stand in an earlier signal of this rule on the batch."""
    name = "readings" if rule == SignalRule.REPEATED_READINGS else "cases"
    rows = Signal.objects.filter(batch=batch, rule=rule).values_list(name, flat=True)
    return {id for id in rows if id is not None}
