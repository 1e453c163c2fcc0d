"""The visit report on paper: the JSON answer put into the words and figures people read. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from fieldservice.reading.rules import Verdict
from fieldservice.report import words

FACTORY_ZONE = ZoneInfo("Asia/Shanghai")
MOST_PHOTOS = 12  # on paper; the JSON lists all
HASH_CHARS = 12  # of a photo's hash beside it; the signature's stands in full
SIGN = {"min": "≥", "max": "≤", "max_exclusive": "<"}
GOOD = (Verdict.PASS, Verdict.CONSISTENT)
BAD = (Verdict.FAIL, Verdict.GROSS_DEVIATION)
DOUBTFUL = (Verdict.CONDITIONAL_PASS, Verdict.CONDITIONAL_FAIL, Verdict.SUSPICIOUS)


@dataclass(frozen=True)
class Speaker:
    """Words of one language; `is_chinese` picks the names that stand in both languages."""

    translate: Callable[[str], str]
    is_chinese: bool

    def word(self, table: Mapping[Any, str], code: str) -> str:
        """The word for a code; the code itself where the table has none."""
        text = next((text for key, text in table.items() if key == code), None)
        return self.translate(text) if text else code

    def labels(self) -> dict[str, str]:
        return {name: self.translate(text) for name, text in words.LABELS.items()}


def paper_data(body: Mapping[str, Any], *, speaker: Speaker, pictures: Mapping[str, str]) -> dict[str, Any]:
    """What the template prints. `body`: the report's JSON; `pictures`: hash → file name, of those at hand."""
    visit = body["visit"]
    signature = body["signature"]
    return {
        "language": "zh" if speaker.is_chinese else "en",
        "labels": speaker.labels(),
        "number": visit["number"],
        "is_final": body["is_final"],
        "facts": _facts(visit, speaker=speaker),
        "checks": [_check(check, speaker=speaker) for check in visit.get("checks", [])],
        "batches": [_batch(batch, speaker=speaker) for batch in visit["batches"]],
        "readings": [_reading(row, speaker=speaker) for row in body["readings"]],
        "late_readings": [_reading(row, speaker=speaker) for row in body["late_readings"]],
        "findings": visit.get("findings", ""),
        "photos": list(_photos(visit.get("photos", []), speaker=speaker, pictures=pictures)),
        "signature": signature
        and {
            "file": pictures.get(signature["sha256"], ""),
            "name": signature["signed_by_name"],
            "at": minute(signature["signed_at"]),
            "sha256": signature["sha256"],
        },
    }


def _facts(visit: Mapping[str, Any], *, speaker: Speaker) -> list[list[str]]:
    customer, site = visit["customer"], visit["site"]
    facts = [
        ("customer", f"{customer['name']} ({customer['code']})"),
        ("site", f"{site['name']}, {site['address']}"),
        ("technician", visit["technician"]["display_name"]),
        ("planned_on", visit["planned_on"]),
        ("kind", speaker.word(words.KINDS, visit["kind"])),
        ("status", speaker.word(words.STATUSES, visit["status"])),
        ("purpose", visit.get("purpose", "")),
    ]
    return [[speaker.translate(words.LABELS[name]), value] for name, value in facts if value]


def _check(check: Mapping[str, Any], *, speaker: Speaker) -> dict[str, Any]:
    distance = ""
    if check["distance_m"] is not None:
        distance = speaker.translate(words.LABELS["distance"]).format(distance=check["distance_m"])
    accuracy = "" if check["accuracy_m"] is None else f" (± {Decimal(check['accuracy_m']):.0f} m)"
    return {
        "kind": speaker.word(words.CHECKS, check["kind"]),
        "at": minute(check["corrected_at"]),
        "place": distance + accuracy if distance else "",
        "flags": [speaker.word(words.FLAGS, flag) for flag in check["flags"]],
        "reason": check["reason"],
    }


def _batch(batch: Mapping[str, Any], *, speaker: Speaker) -> list[str]:
    name = batch["name_zh"] if speaker.is_chinese else batch["name_en"]
    return [batch["code"], f"{name} ({batch['sku']})", batch["produced_on"]]


def _reading(row: Mapping[str, Any], *, speaker: Speaker) -> dict[str, Any]:
    basis = speaker.word(words.BASES, row["basis"])
    u = row["expanded_u"]
    result = with_uncertainty(Decimal(row["value"]), expanded_u=Decimal(u) if u else None)
    return {
        "batch": row["batch"]["code"],
        "parameter": f"{speaker.word(words.PARAMETERS, row['parameter'])}, {basis}",
        "at": minute(row["corrected_at"]),
        "read": f"{'; '.join(_as_displayed(row))} {row['unit']}",
        "result": f"{result} {row['value_unit']}",
        "limit": _limit(row["limit"]) if row["limit"] else "—",
        "standard": _standard(row["limit"]) if row["limit"] else "",
        "p_conform": _probability(row["p_conform"]),
        "verdict": speaker.word(words.VERDICTS, row["verdict"]),
        "tone": _tone(Verdict(row["verdict"])),
        "is_current": row["is_current"],
        "remarks": list(_remarks(row, speaker=speaker)),
    }


def _as_displayed(row: Mapping[str, Any]) -> list[str]:
    """The replicates with the digits the display had: `0.20`, not `0.2`."""
    instrument = row["instrument"]
    if instrument is None or instrument["unit"] != row["unit"]:
        return list(row["replicates"])
    step = Decimal(instrument["resolution"])
    return [f"{Decimal(value).quantize(step):f}" if step < 1 else value for value in row["replicates"]]


def _probability(p_conform: str | None) -> str:
    """No certainty is printed: four digits cannot show it."""
    if p_conform is None:
        return ""
    extremes = {"0.0000": "p < 0.0001", "1.0000": "p > 0.9999"}
    return extremes.get(p_conform, f"p = {p_conform}")


def _tone(verdict: Verdict) -> str:
    if verdict in GOOD:
        return "good"
    return "bad" if verdict in BAD else "doubtful" if verdict in DOUBTFUL else "plain"


def _limit(limit: Mapping[str, Any]) -> str:
    """`≤ 0.30 g/100g`, with the digits the standard prints."""
    low, high = (_printed(limit[name], decimals=limit["decimals"]) for name in ("low", "high"))
    if low and high:
        return f"{low}–{high} {limit['unit']}"
    return f"{SIGN.get(limit['kind'], '')} {high or low} {limit['unit']}"


def _printed(bound: str | None, *, decimals: int | None) -> str:
    if bound is None:
        return ""
    return bound if decimals is None else f"{Decimal(bound):.{decimals}f}"


def _standard(limit: Mapping[str, Any]) -> str:
    return f"{limit['standard']}-{limit['edition']}" if limit["edition"] else str(limit["standard"])


def _remarks(row: Mapping[str, Any], *, speaker: Speaker) -> Iterator[str]:
    labels = speaker.labels()
    if not row["is_current"]:
        yield labels["corrected"]
    if row["instrument"]:
        due = row["calibration"]["due_on"] if row["calibration"] else "—"
        yield f"{labels['instrument']} {row['instrument']['serial_no']}, {labels['calibrated_to']} {due}"
    if row["drying_temp_c"]:
        yield f"{Decimal(row['drying_temp_c']).normalize():f} °C"
    yield from (reason["text"] for reason in row["reasons"])
    if row["waiver"]:
        yield f"QC: {row['waiver']['reason']}"
    if row.get("correction_reason"):
        yield row["correction_reason"]


def _photos(
    photos: list[Mapping[str, Any]], *, speaker: Speaker, pictures: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    late = speaker.translate(words.LABELS["late"])
    for photo in photos[:MOST_PHOTOS]:
        line = f"{minute(photo['corrected_at'])} · {photo['attachment'][:HASH_CHARS]}"
        yield {
            "file": pictures.get(photo["attachment"], ""),
            "caption": photo["caption"],
            "line": f"{line} · {late}" if photo["late"] else line,
        }


def with_uncertainty(value: Decimal, *, expanded_u: Decimal | None) -> str:
    """`0.207 ± 0.031`: U at two significant digits, the value at as many decimals; half-even.

    >>> with_uncertainty(Decimal("0.206667"), expanded_u=Decimal("0.031269"))
    '0.207 ± 0.031'
    >>> with_uncertainty(Decimal("98.5"), expanded_u=Decimal("2.2748"))
    '98.5 ± 2.3'
    """
    if not expanded_u:
        return f"{value:f}"
    step = Decimal(1).scaleb(min(0, expanded_u.adjusted() - 1))
    shown, u = (number.quantize(step, rounding=ROUND_HALF_EVEN) for number in (value, expanded_u))
    return f"{shown:f} ± {u:f}"


def minute(moment: str) -> str:
    """The factory's date and time of an ISO 8601 moment: `2026-03-01 08:30`."""
    return datetime.fromisoformat(moment).astimezone(FACTORY_ZONE).strftime("%Y-%m-%d %H:%M")
