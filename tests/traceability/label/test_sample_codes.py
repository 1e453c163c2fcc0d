"""Every code of tests/data/scan says what its line expects, and never what the line forbids."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from traceability.label.config import LabelConfig
from traceability.label.parse import parse

SCAN_DATA = Path(__file__).resolve().parents[2] / "data" / "scan"
CASES: list[dict[str, Any]] = [
    json.loads(line)
    for name in ("cases.jsonl", "own_cases.jsonl")
    for line in (SCAN_DATA / name).read_text(encoding="utf-8").splitlines()
]


def as_json(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


@pytest.mark.parametrize("case", CASES, ids=[f"{case['id']} {case['why']}" for case in CASES])
def test_code_says_what_is_expected(case: dict[str, Any], house: LabelConfig) -> None:
    data = parse(case["raw"], aim=case.get("aim"), config=house)
    said = {name: as_json(getattr(data, name)) for name in (*case["expect"], *case.get("never", {}))}
    assert {name: said[name] for name in case["expect"]} == case["expect"]
    for name, forbidden in case.get("never", {}).items():
        assert said[name] not in forbidden


@pytest.mark.parametrize(
    "case", [case for case in CASES if case["expect"]["status"] == "reject"], ids=lambda c: c["id"]
)
def test_rejected_code_states_no_facts(case: dict[str, Any], house: LabelConfig) -> None:
    data = parse(case["raw"], aim=case.get("aim"), config=house)
    assert not (data.gtin or data.lot or data.serial or data.sscc or data.batch or data.token or data.ais)
    assert data.warnings
