"""House patterns: what some text could make slow is refused before it is kept."""

import json
import re
from pathlib import Path

import pytest

from fieldservice.demo.labels import BATCH_PATTERNS, SERIAL_PATTERNS
from traceability.label.config import InvalidLabelConfig, LabelConfig
from traceability.label.pattern import RiskyPattern, check_pattern

CONFIG = json.loads((Path(__file__).parents[2] / "data" / "scan" / "config.json").read_text(encoding="utf-8"))
IN_USE = [*CONFIG["batch_patterns"], *CONFIG["serial_patterns"], *BATCH_PATTERNS, *SERIAL_PATTERNS]


@pytest.mark.parametrize(
    "pattern",
    [
        "([A-Z0-9]+)+!",
        "(a*)*b",
        "(a|a)*b",
        "(a|aa)+$",
        "(?:[A-Z]+[0-9]*)+!",
        "(.*.*)?.*!",
        ".*.*.*!",
        r"\d+\d+\d+\d+A",
        r"[A-Z]{0,65}[A-Z]{1,70}[A-Z]{2,80}!",
        "a?" * 60 + "a" * 60,
        "(a|a)" * 30 + "b",
        r"\d{0,64}" * 20 + "!",
        "(a+?)+?b",
        "((a{1,9}){1,9}){1,9}b",
        "(?:){4294967294}x",
        r"(\d+)\1",
        r"(?P<a>\d)(?P=a)",
        r"(a)?(?(1)b|c)",
        "(?=A+)A",
        "(?!A+)A",
        "(?<=A)B",
        "(?<!A)B",
        r"a{99999999999999999999}",
    ],
)
def test_pattern_that_could_blow_up_is_refused(pattern: str) -> None:
    with pytest.raises(re.error):
        check_pattern(pattern)
    with pytest.raises(InvalidLabelConfig):
        LabelConfig(batch_patterns=(pattern,))
    with pytest.raises(InvalidLabelConfig):
        LabelConfig(serial_patterns=(pattern,))


@pytest.mark.parametrize(
    "pattern",
    [
        *IN_USE,
        "YS.*",
        ".*-.*",
        "(YS|HX|QH)[0-9]{8}[A-Z][0-9]{1,3}",
        r"井矿盐\d{8}(-\d{1,2})?",
        r"\d{4}[A-Z]?\d{0,4}",
        "(?i:ys)[^-]{3}-(?P<day>[0-9]{8})",
        "(?>[A-Z]{2})[0-9]++",
    ],
)
def test_pattern_of_a_label_is_taken(pattern: str) -> None:
    LabelConfig(batch_patterns=(pattern,), serial_patterns=(pattern,))


def test_refusal_says_why() -> None:
    with pytest.raises(RiskyPattern, match="single character"):
        check_pattern("(ab+)+")
    with pytest.raises(RiskyPattern, match="assert_not"):
        check_pattern("(?!a)b")
