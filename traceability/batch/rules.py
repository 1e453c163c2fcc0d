"""The batch's state machine and what a hold, a release or a recall needs. Pure."""

from collections.abc import Mapping

from backend.core.choices import Code


class BatchKind(Code):
    RAW = "raw"
    REFINED = "refined"
    SILO = "silo"
    ADDITIVE = "additive"
    PACKAGING = "packaging"
    PACKED = "packed"
    REWORK = "rework"
    RETURN = "return"


class BatchStatus(Code):
    QUARANTINE = "quarantine"
    RELEASED = "released"
    HELD = "held"
    RECALLED = "recalled"
    DESTROYED = "destroyed"


class BatchAction(Code):
    RELEASE = "release"
    HOLD = "hold"
    RECALL = "recall"
    DESTROY = "destroy"


STEPS: Mapping[tuple[BatchStatus, BatchAction], BatchStatus] = {
    (BatchStatus.QUARANTINE, BatchAction.RELEASE): BatchStatus.RELEASED,
    (BatchStatus.QUARANTINE, BatchAction.HOLD): BatchStatus.HELD,
    (BatchStatus.QUARANTINE, BatchAction.DESTROY): BatchStatus.DESTROYED,
    (BatchStatus.RELEASED, BatchAction.HOLD): BatchStatus.HELD,
    (BatchStatus.RELEASED, BatchAction.RECALL): BatchStatus.RECALLED,
    (BatchStatus.HELD, BatchAction.RELEASE): BatchStatus.RELEASED,
    (BatchStatus.HELD, BatchAction.RECALL): BatchStatus.RECALLED,
    (BatchStatus.HELD, BatchAction.DESTROY): BatchStatus.DESTROYED,
    (BatchStatus.RECALLED, BatchAction.DESTROY): BatchStatus.DESTROYED,
}


class ProposalState(Code):
    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class Conclusion(Code):
    """Of a release certificate (COA, 出厂检验报告)."""

    CONFORMING = "conforming"
    NONCONFORMING = "nonconforming"
