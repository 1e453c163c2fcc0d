"""How a reading is answered: every replicate, the verdict in words, its limit, and what all that rests on."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext
from rest_framework import serializers

from backend.accounts.authentication import caller
from backend.accounts.rules import Role
from backend.core.fields import Measured, Out
from fieldservice.instrument.rules import DIMENSION, CalibrationKind, InstrumentKind, Quantity
from fieldservice.instrument.unit import OWN_UNIT
from fieldservice.reading.measurement import K
from fieldservice.reading.models import Reading
from fieldservice.reading.rules import (
    NEXT_STEP_TEXTS,
    REASON_TEXTS,
    SOMETIMES_HIDDEN,
    VERDICT_TEXTS,
    WARN_BAND,
    Basis,
    NextStep,
    Parameter,
    Reason,
    Verdict,
    is_shown,
    next_steps,
)
from fieldservice.reading.standing import Standing, standing_of
from fieldservice.visit.answer import PersonOut
from traceability.product.rules import CompareMode, LimitKind

U_FORMULA = "U = 2·√((a/√3)² + (U_cert/2)² + s²/n), k = 2, in `value_unit`"


@dataclass(frozen=True)
class Worded:
    code: str
    text: str


@dataclass(frozen=True)
class Shown:
    """A reading together with what it says today, in the words of the caller's language."""

    reading: Reading
    standing: Standing

    def __getattr__(self, name: str) -> Any:
        return getattr(self.reading, name)

    @property
    def values(self) -> list[Decimal]:
        return [replicate.value for replicate in self.reading.replicates.all()]

    @property
    def value_unit(self) -> str:
        return OWN_UNIT[DIMENSION[Quantity(self.reading.parameter)]]

    @property
    def verdict_text(self) -> str:
        return gettext(VERDICT_TEXTS[self.standing.verdict])

    @property
    def in_warn_band(self) -> bool:
        return self.standing.verdict in WARN_BAND

    @property
    def reasons(self) -> list[Worded]:
        return [Worded(reason, gettext(REASON_TEXTS[reason])) for reason in self.standing.reasons]

    @property
    def steps(self) -> list[Worded]:
        found = next_steps(self.standing.verdict, reasons=self.standing.reasons)
        return [Worded(step, gettext(NEXT_STEP_TEXTS[step])) for step in found]

    @property
    def k(self) -> int:
        return K


def shown(reading: Reading) -> Shown:
    """`reading` as `queries.readings` brings it."""
    return Shown(reading, standing_of(reading, in_doubt=bool(getattr(reading, "in_doubt", False))))


class ReadingReasonOut(Out):
    code = serializers.ChoiceField(choices=Reason.choices())
    text = serializers.CharField()


class ReadingStepOut(Out):
    code = serializers.ChoiceField(choices=NextStep.choices())
    text = serializers.CharField()


class ReadingBatchOut(Out):
    id = serializers.UUIDField()
    code = serializers.CharField()
    sku = serializers.CharField(source="product.sku")


class ReadingInstrumentOut(Out):
    id = serializers.UUIDField()
    serial_no = serializers.CharField()
    kind = serializers.ChoiceField(choices=InstrumentKind.choices())
    unit = serializers.CharField()
    resolution = Measured(help_text="Of the display, in the instrument's `unit`.")


class ReadingCalibrationOut(Out):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=CalibrationKind.choices())
    certificate_no = serializers.CharField()
    done_on = serializers.DateField()
    due_on = serializers.DateField()


class ReadingLimitOut(Out):
    id = serializers.UUIDField(help_text="The version of the limit: a change is a new row.")
    standard = serializers.CharField()
    edition = serializers.CharField()
    kind = serializers.ChoiceField(choices=LimitKind.choices())
    low = Measured(allow_null=True)
    high = Measured(allow_null=True)
    unit = serializers.CharField()
    basis = serializers.CharField()
    compare_mode = serializers.ChoiceField(choices=CompareMode.choices())
    decimals = serializers.IntegerField(allow_null=True, help_text="Of the printed limit.")
    valid_from = serializers.DateField()
    valid_to = serializers.DateField(allow_null=True)


class WaiverOut(Out):
    by = PersonOut()
    at = serializers.DateTimeField()
    reason = serializers.CharField()
    verdict = serializers.ChoiceField(choices=Verdict.choices())


class ReadingOut(Out):
    id = serializers.UUIDField()
    visit = serializers.UUIDField(source="visit_id")
    visit_number = serializers.CharField(source="visit.number")
    batch = ReadingBatchOut()
    parameter = serializers.ChoiceField(choices=Parameter.choices())
    method = serializers.CharField()
    basis = serializers.ChoiceField(choices=Basis.choices())
    unit = serializers.CharField(help_text="As read; of the replicates and their mean.")
    replicates = serializers.ListField(child=Measured(), source="values")
    mean = Measured(help_text="In `unit`.")
    value = Measured(help_text="In `value_unit`, of the sample: the mean times the dilution.")
    value_unit = serializers.CharField()
    drying_temp_c = serializers.DecimalField(max_digits=5, decimal_places=1, allow_null=True)
    sample_g = serializers.DecimalField(max_digits=10, decimal_places=3, allow_null=True)
    solution_g = serializers.DecimalField(max_digits=10, decimal_places=3, allow_null=True)
    moisture_pct = Measured(allow_null=True)
    instrument = ReadingInstrumentOut(allow_null=True)
    calibration = ReadingCalibrationOut(allow_null=True)
    verdict = serializers.ChoiceField(
        choices=Verdict.choices(), source="standing.verdict", help_text="What counts today."
    )
    verdict_text = serializers.CharField()
    in_warn_band = serializers.BooleanField(
        help_text="Warn: the value lies nearer to the limit than its uncertainty, on either side."
    )
    recorded_verdict = serializers.ChoiceField(
        choices=Verdict.choices(), source="reading.verdict", help_text="As judged when it arrived."
    )
    reasons = ReadingReasonOut(many=True)
    next_steps = ReadingStepOut(many=True, source="steps")
    limit = ReadingLimitOut(source="standing.limit", allow_null=True)
    expanded_u = Measured(source="standing.expanded_u", allow_null=True, help_text=U_FORMULA)
    k = serializers.IntegerField(help_text="Coverage factor of `expanded_u`.")
    p_conform = serializers.DecimalField(
        max_digits=5, decimal_places=4, source="standing.p_conform", allow_null=True
    )
    decision_rule = serializers.CharField()
    is_evidential = serializers.BooleanField(help_text="Whether it counted when it arrived.")
    is_evidence = serializers.BooleanField(
        source="standing.is_evidence", help_text="Whether it counts today."
    )
    is_current = serializers.BooleanField(source="standing.is_current", help_text="Not superseded.")
    in_doubt = serializers.BooleanField(help_text="The instrument has failed a calibration since.")
    late = serializers.BooleanField(source="standing.late", help_text="Arrived after the visit had ended.")
    supersedes = serializers.UUIDField(source="supersedes_id", allow_null=True)
    superseded_by = serializers.UUIDField(source="superseded_by.id", allow_null=True, default=None)
    correction_reason = serializers.CharField()
    waiver = WaiverOut(allow_null=True, default=None)
    note = serializers.CharField()
    photo = serializers.CharField(source="photo_id", allow_null=True)
    recorded_by = PersonOut()
    device_at = serializers.DateTimeField()
    corrected_at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()
    clock_suspect = serializers.BooleanField()

    def to_representation(self, reading: Reading) -> dict[str, Any]:
        """The caller's part of the reading."""
        role = Role(caller(self.context["request"]).role)
        body = super().to_representation(shown(reading))
        return {name: value for name, value in body.items() if is_shown(name, role=role)}


ReadingOut.always = frozenset(ReadingOut._declared_fields) - SOMETIMES_HIDDEN
