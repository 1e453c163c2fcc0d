"""Codes to check, one JSON object per line, and the answers in the same form."""

import json
from datetime import date

from traceability.label.config import LabelConfig
from traceability.label.label_data import LabelData
from traceability.label.parse import parse

_TEXT_FIELDS = ("gtin", "lot", "serial", "sscc", "batch", "token", "content_gtin", "count", "url")


def answer_line(line: bytes, *, config: LabelConfig, today: date) -> str:
    """The answer to one line `{"id", "raw", "aim"?}` as one line of ASCII JSON, without its end.

    A line that cannot be used is answered with status `reject`, kind `line` and the reason as its warning:
    not_utf8, not_json, not_an_object, no_raw, raw_not_text, aim_not_text, lone_surrogate.
    """
    try:
        item = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return _refused_line(None, "not_utf8")
    # A nested or endless number line fails in these ways, never worse.
    except (ValueError, RecursionError):
        return _refused_line(None, "not_json")
    if not isinstance(item, dict):
        return _refused_line(None, "not_an_object")
    raw, aim = item.get("raw"), item.get("aim")
    fault = _fault(raw, aim)
    if fault is not None or not isinstance(raw, str):
        return _refused_line(item.get("id"), fault or "raw_not_text")
    data = parse(raw, aim=aim, config=config, today=today)
    return json.dumps(({"id": item["id"]} if "id" in item else {}) | as_json(data))


def as_json(data: LabelData) -> dict[str, object]:
    """The fields of the answer that hold something; dates as ISO 8601, net_kg as a JSON number (exact: 6 digits)."""
    fields: dict[str, object] = {"status": data.status.value, "kind": data.kind.value}
    fields |= {name: value for name in _TEXT_FIELDS if (value := getattr(data, name)) is not None}
    if data.exp is not None:
        fields["exp"] = data.exp.isoformat()
    if data.mfg is not None:
        fields["mfg"] = data.mfg.isoformat()
    if data.net_kg is not None:
        fields["net_kg"] = float(data.net_kg)
    if data.ais:
        fields["ais"] = [list(element) for element in data.ais]
    if data.warnings:
        fields["warnings"] = list(data.warnings)
    return fields


def _fault(raw: object, aim: object) -> str | None:
    if raw is None:
        return "no_raw"
    if not isinstance(raw, str):
        return "raw_not_text"
    if not isinstance(aim, str | None):
        return "aim_not_text"
    return "lone_surrogate" if any("\ud800" <= character <= "\udfff" for character in raw) else None


def _refused_line(line_id: object, reason: str) -> str:
    named = {} if line_id is None else {"id": line_id}
    return json.dumps(named | {"status": "reject", "kind": "line", "warnings": [reason]})
