"""The usual answers, built once."""

from datetime import date
from decimal import Decimal

from traceability.label.application_identifier import element_date
from traceability.label.gs1 import ElementStrings
from traceability.label.label_data import NOTICES, Candidate, Kind, LabelData, Status
from traceability.label.trade_number import gtin_remark


def status_for(warnings: tuple[str, ...]) -> Status:
    """`ok` unless a warning gives reason to doubt."""
    return Status.OK if NOTICES.issuperset(warnings) else Status.WARN


def rejected(
    kind: Kind, *reasons: str, url: str | None = None, candidates: tuple[Candidate, ...] = ()
) -> LabelData:
    return LabelData(status=Status.REJECT, kind=kind, warnings=reasons, url=url, candidates=candidates)


def unknown(
    kind: Kind = Kind.TEXT, *reasons: str, url: str | None = None, candidates: tuple[Candidate, ...] = ()
) -> LabelData:
    return LabelData(status=Status.UNKNOWN, kind=kind, warnings=reasons, url=url, candidates=candidates)


def single(
    kind: Kind, code: str, *warnings: str, url: str | None = None, candidates: tuple[Candidate, ...] = ()
) -> LabelData:
    """A code that is one value: batch, serial number, token or SSCC."""
    return LabelData(
        status=status_for(warnings),
        kind=kind,
        batch=code if kind is Kind.BATCH else None,
        serial=code if kind is Kind.SERIAL else None,
        token=code if kind is Kind.OWN_TOKEN else None,
        sscc=code if kind is Kind.SSCC else None,
        url=url,
        warnings=warnings,
        candidates=candidates,
    )


def trade_item(gtin: str, *warnings: str, candidates: tuple[Candidate, ...] = ()) -> LabelData:
    """A bare GTIN, of 14 digits."""
    remark = gtin_remark(gtin)
    warnings = (*warnings, remark) if remark else warnings
    return LabelData(
        status=status_for(warnings), kind=Kind.GTIN, gtin=gtin, warnings=warnings, candidates=candidates
    )


def from_elements(
    read: ElementStrings,
    *,
    today: date,
    kind: Kind | None = None,
    url: str | None = None,
    warnings: tuple[str, ...] = (),
) -> LabelData:
    """Element strings as the answer; a notation with its own `kind` (Digital Link) gives it."""
    values = dict(read.ais)
    gtin = values.get("01")
    remark = gtin_remark(gtin) if gtin else None
    warnings = (*warnings, *read.warnings, *((remark,) if remark else ()))
    exp, mfg = values.get("17") or values.get("15"), values.get("11")
    weight = next(((ai, value) for ai, value in read.ais if ai.startswith("310")), None)
    return LabelData(
        status=status_for(warnings),
        kind=kind or (Kind.SSCC if "00" in values else Kind.GS1),
        gtin=gtin,
        lot=values.get("10"),
        serial=values.get("21"),
        sscc=values.get("00"),
        exp=element_date(exp, today=today) if exp else None,
        mfg=element_date(mfg, today=today) if mfg else None,
        content_gtin=values.get("02"),
        count=int(values["37"]) if "37" in values else None,
        net_kg=Decimal(weight[1]).scaleb(-int(weight[0][3])) if weight else None,
        url=url,
        ais=read.ais,
        warnings=warnings,
        candidates=read.candidates,
    )
