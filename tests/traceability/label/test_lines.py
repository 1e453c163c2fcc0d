"""JSON Lines in, JSON Lines out; one bad line never stops the run. And the command around it."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from traceability.label.config import LabelConfig
from traceability.label.lines import answer_line

ROOT = Path(__file__).resolve().parents[3]
SCAN_DATA = ROOT / "tests" / "data" / "scan"
FIELDS = {
    "id",
    "status",
    "kind",
    "gtin",
    "lot",
    "serial",
    "sscc",
    "exp",
    "mfg",
    "batch",
    "token",
    "content_gtin",
    "count",
    "net_kg",
    "url",
    "ais",
    "warnings",
}


def answer(line: bytes | str, config: LabelConfig | None = None) -> dict[str, Any]:
    text = answer_line(
        line.encode() if isinstance(line, str) else line,
        config=config or LabelConfig(),
        today=date(2026, 1, 1),
    )
    assert text.isascii()
    assert "\n" not in text
    return dict(json.loads(text))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\xff\xfe", "not_utf8"),
        (b"nope", "not_json"),
        (b'{"raw": "a"', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"raw": ' + b"9" * 5000 + b"}", "not_json"),
        (b"[]", "not_an_object"),
        (b"7", "not_an_object"),
        (b"null", "not_an_object"),
        (b"{}", "no_raw"),
        (b'{"raw": null}', "no_raw"),
        (b'{"raw": 6901234567892}', "raw_not_text"),
        (b'{"raw": ["a"]}', "raw_not_text"),
        (b'{"raw": "a", "aim": 5}', "aim_not_text"),
        (b'{"raw": "\\ud800"}', "lone_surrogate"),
    ],
)
def test_bad_line_is_answered_with_its_reason(line: bytes, reason: str) -> None:
    assert answer(line) == {"status": "reject", "kind": "line", "warnings": [reason]}


def test_bad_line_keeps_its_id() -> None:
    assert answer('{"id": "x7"}') == {"id": "x7", "status": "reject", "kind": "line", "warnings": ["no_raw"]}


def test_id_comes_back_as_it_was() -> None:
    for written in ('"cn001"', "7", "null", '{"a": [1]}', '"\\ud800"'):
        assert answer(f'{{"id": {written}, "raw": ""}}')["id"] == json.loads(written)


def test_answer_holds_what_there_is_and_no_more() -> None:
    full = answer('{"raw": "]C10106901234567892112403151727031431030250001021A", "id": 1}')
    assert full == {
        "id": 1,
        "status": "ok",
        "kind": "gs1",
        "gtin": "06901234567892",
        "lot": "21A",
        "mfg": "2024-03-15",
        "exp": "2027-03-14",
        "net_kg": 25.0,
        "ais": [
            ["01", "06901234567892"],
            ["11", "240315"],
            ["17", "270314"],
            ["3103", "025000"],
            ["10", "21A"],
        ],
    }
    assert answer('{"raw": "?"}') == {"status": "unknown", "kind": "text"}


def test_weights_are_exact_numbers() -> None:
    for decimals in range(6):
        for grams in ("000001", "000195", "123456", "999999"):
            line = json.dumps({"raw": f"]C10106901234567892310{decimals}{grams}"})
            digits = grams.zfill(decimals + 1)
            shown = f"{digits[: len(digits) - decimals]}.{digits[len(digits) - decimals :] or '0'}"
            assert answer(line)["net_kg"] == float(shown)


def run(text: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    # No database there: a host that does not exist.
    environment = os.environ | {
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "DJANGO_SETTINGS_MODULE": "backend.settings",
    }
    command = [sys.executable, "-m", "django", "parse_labels", *arguments]
    return subprocess.run(
        command, input=text, capture_output=True, cwd=ROOT, env=environment, timeout=120, check=False
    )


def test_command_reads_the_samples_without_a_database() -> None:
    cases = (SCAN_DATA / "cases.jsonl").read_bytes()
    broken = b'\xff\n\nnope\n{"id": "last", "raw": "\\ud83d\\ude00"}'
    finished = run(cases + b"\n" + broken, "--config", str(SCAN_DATA / "config.json"))
    assert finished.returncode == 0, finished.stderr
    answers = [json.loads(line) for line in finished.stdout.splitlines()]
    expected = [json.loads(line) for line in cases.splitlines()]
    assert [found.get("id") for found in answers] == [*(case["id"] for case in expected), None, None, "last"]
    for case, found in zip(expected, answers, strict=False):
        assert {name: found.get(name) for name in case["expect"]} == case["expect"]
        assert found.keys() <= FIELDS


@pytest.mark.parametrize("content", ["[]", "{", '{"batch_patterns": ["("]}', '{"known_codes": {"a": 1}}'])
def test_command_refuses_a_configuration_it_cannot_use(content: str, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CommandError):
        call_command("parse_labels", config=path)


def test_command_refuses_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        call_command("parse_labels", config=tmp_path / "none.json")
