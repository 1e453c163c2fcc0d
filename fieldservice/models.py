"""Django looks for models here; they live with their concepts."""

from fieldservice.case.models import Case, CaseCost, CaseReading, CaseVisit
from fieldservice.cost.models import CostLine, CostPolicy
from fieldservice.instrument.models import Calibration, Instrument
from fieldservice.quality.models import Signal, SignalPolicy
from fieldservice.reading.models import Reading, Replicate, Waiver
from fieldservice.visit.models import (
    CheckPoint,
    RecallTask,
    Visit,
    VisitBatch,
    VisitPhoto,
    VisitPolicy,
    VisitScan,
)

__all__ = [
    "Calibration",
    "Case",
    "CaseCost",
    "CaseReading",
    "CaseVisit",
    "CheckPoint",
    "CostLine",
    "CostPolicy",
    "Instrument",
    "Reading",
    "RecallTask",
    "Replicate",
    "Signal",
    "SignalPolicy",
    "Visit",
    "VisitBatch",
    "VisitPhoto",
    "VisitPolicy",
    "VisitScan",
    "Waiver",
]
