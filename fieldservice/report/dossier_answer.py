"""The batch dossier as JSON: what the caller may not read is absent, lists stand behind their addresses."""

from typing import Any, ClassVar

from rest_framework import serializers

from backend.core.fields import Measured, Out
from fieldservice.case.queries import judged_verdict
from fieldservice.cost.api import CostTotalOut
from fieldservice.reading.models import Reading
from fieldservice.reading.rules import Parameter, Verdict
from fieldservice.report.batch_dossier import BatchDossier
from traceability.balance.rules import BalanceVerdict
from traceability.batch.api import BatchOut, CertificateOut, DecisionOut
from traceability.recall.rules import RecallState
from traceability.scan.rules import Outcome

API = "/api/v1"
# Part → the address of the list or sum behind it.
LINKS = {
    "make": {
        "parents": "batches/{id}/parents",
        "children": "batches/{id}/children",
        "trace": "batches/{id}/trace?direction=backward",
    },
    "decisions": {"list": "batches/{id}/decisions"},
    "lab": {"list": "batches/{id}/certificates"},
    "ship": {"list": "batches/{id}/receivers", "shipments": "shipments?batch={id}"},
    "balance": {"detail": "batches/{id}/balance"},
    "scans": {"list": "scans?batch={id}"},
    "readings": {"list": "readings?batch={id}"},
    "cases": {"list": "cases?batch={id}"},
    "signals": {"list": "signals?batch={id}"},
    "cost": {"list": "costs?batch={id}", "total": "batches/{id}/costs/total"},
    "recall": {"list": "recalls?batch={id}"},
}


class Kg(serializers.DecimalField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=17, decimal_places=3, **kwargs)


class Percent(serializers.DecimalField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=9, decimal_places=2, allow_null=True, default=None, **kwargs)


class PartOut(Out):
    part: ClassVar[str]
    links = serializers.SerializerMethodField(help_text="Addresses of what is behind the figures.")

    def get_links(self, part: Any) -> dict[str, str]:
        dossier: Any = self.root.instance
        return {name: f"{API}/{address.format(id=dossier.id)}" for name, address in LINKS[self.part].items()}


class MakeOut(PartOut):
    part = "make"
    batch = BatchOut()
    parents = serializers.IntegerField(source="parent_count", help_text="Batches that went in directly.")
    children = serializers.IntegerField(source="child_count", help_text="Batches made from it directly.")
    supplier_lots = serializers.IntegerField(
        source="supplier_lot_count", help_text="Of the parents: bought in."
    )
    transformation = serializers.CharField(
        source="run_number", allow_null=True, help_text="Number of the run it came out of."
    )


class LabOut(PartOut):
    part = "lab"
    certificates = serializers.IntegerField(source="certificate_count")
    newest = CertificateOut(allow_null=True, help_text="The one that counts, with its values.")


class DossierDecisionsOut(PartOut):
    part = "decisions"
    count = serializers.IntegerField()
    latest = DecisionOut(allow_null=True)


class DossierShipOut(PartOut):
    part = "ship"
    receivers = serializers.IntegerField(source="receiver_count", help_text="Customers and sites.")
    qty_kg = Kg()
    first_on = serializers.DateField(allow_null=True)
    last_on = serializers.DateField(allow_null=True)


class DossierBalanceOut(PartOut):
    part = "balance"
    residual_kg = Kg()
    tolerance_kg = Kg()
    verdict = serializers.ChoiceField(choices=BalanceVerdict.choices())


class OutcomeShareOut(Out):
    outcome = serializers.ChoiceField(choices=Outcome.choices(), source="code")
    count = serializers.IntegerField()


class DossierScansOut(PartOut):
    part = "scans"
    count = serializers.IntegerField()
    by_outcome = OutcomeShareOut(many=True)
    last_at = serializers.DateTimeField(allow_null=True)


class VerdictShareOut(Out):
    verdict = serializers.ChoiceField(choices=Verdict.choices(), source="code")
    count = serializers.IntegerField()


class LatestReadingOut(Out):
    id = serializers.UUIDField()
    parameter = serializers.ChoiceField(choices=Parameter.choices())
    verdict = serializers.SerializerMethodField(help_text="QC's waiver's where there is one.")
    value = Measured(source="mean")
    unit = serializers.CharField()
    received_at = serializers.DateTimeField()

    def get_verdict(self, reading: Reading) -> Verdict:
        return judged_verdict(reading)


class DossierReadingsOut(PartOut):
    part = "readings"
    count = serializers.IntegerField(help_text="Without those corrected since.")
    by_verdict = VerdictShareOut(many=True)
    latest = LatestReadingOut(allow_null=True)


class DossierCasesOut(PartOut):
    part = "cases"
    count = serializers.IntegerField()
    open = serializers.IntegerField(source="open_count")


class DossierSignalsOut(DossierCasesOut):
    part = "signals"
    open = serializers.IntegerField(source="open_count", help_text="The hold proposed is not decided yet.")


class DossierCostOut(CostTotalOut, PartOut):
    part = "cost"


class CurrentRecallOut(Out):
    id = serializers.UUIDField()
    number = serializers.CharField()
    state = serializers.ChoiceField(choices=RecallState.choices())
    level = serializers.IntegerField()
    is_drill = serializers.BooleanField()


class DossierRecallOut(PartOut):
    part = "recall"
    count = serializers.IntegerField(help_text="Recalls and drills this batch stands in.")
    recall = CurrentRecallOut(
        allow_null=True, help_text="A running one before an ended one, real before a drill."
    )
    accounted_pct = Percent(source="outside.accounted_pct")
    recovered_pct = Percent(source="outside.recovered_pct")


class BatchDossierOut(Out):
    always = frozenset({"id", "make", "decisions"})
    id = serializers.UUIDField()
    make = MakeOut()
    decisions = DossierDecisionsOut()
    lab = LabOut()
    ship = DossierShipOut()
    balance = DossierBalanceOut()
    scans = DossierScansOut()
    readings = DossierReadingsOut()
    cases = DossierCasesOut()
    signals = DossierSignalsOut()
    cost = DossierCostOut()
    recall = DossierRecallOut()

    def to_representation(self, dossier: BatchDossier) -> dict[str, Any]:
        """The parts the caller may read."""
        body = super().to_representation(dossier)
        return {name: part for name, part in body.items() if part is not None}
