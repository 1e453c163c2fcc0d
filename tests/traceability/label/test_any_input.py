"""Whatever comes in: nothing is raised, and no value is returned that the code does not hold."""

import json
import random
import re
from pathlib import Path
from urllib.parse import unquote, unquote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traceability.label.config import LabelConfig
from traceability.label.gs1 import spelled_separators
from traceability.label.label_data import NOTICES, WARNINGS, Kind, LabelData, Status
from traceability.label.parse import LONGEST_CODE, parse

SCAN_DATA = Path(__file__).resolve().parents[2] / "data" / "scan"
SAMPLES: list[str] = [
    json.loads(line)["raw"]
    for name in ("cases.jsonl", "own_cases.jsonl")
    for line in (SCAN_DATA / name).read_text(encoding="utf-8").splitlines()
]
GTIN = "06901234567892"
PIECES = [
    "01",
    "02",
    "00",
    "10",
    "11",
    "17",
    "21",
    "37",
    "3103",
    "240",
    "8003",
    "99",
    GTIN,
    "16901234567899",
    "6901234567892",
    "069012345600000121",
    "271231",
    "240315",
    "YS20240315A01",
    "2024031501",
    "8Z3K7M2P9QRT",
    "井矿盐20240315-1",
    "\x1d",
    "<GS>",
    "\\u001d",
    "{GS}",
    "␝",
    "]C1",
    "]d2",
    "]Q3",
    "]Q1",
    "]E0",
    "]I1",
    "]",
    "(01)",
    "(10)",
    "（01）",
    "(",
    ")",
    "https://",
    "HTTP://",
    "t.salt.example.cn",
    "/q?c=",
    "/s/",
    "/01/",
    "/10/",
    "/21/",
    "?17=",
    "&10=",
    "%2F",
    "%",
    "#",
    "@",
    "批号:",
    " ",
    ";",
    "/",
    "-",
    "|",
    "~",
    "^",
    "\\",
    "88.123.",
    "\u200b",
    "\ufeff",
    "\u202e",
    "\0",
    "Ａ",
    "９",
    "٣",
    "盐",
    "\ud800",
    "\x1e",
    "\n",
    "A",
    "b",
    "0",
    "7",
]
ALPHABETS = [
    "0123456789",
    "0123456789\x1d",
    "01720",
    "0123456789ABCDEF",
    "()0123456789",
    "https:/.t?=&%0123456789",
    "]CQde0123E",
]


def forms(raw: str) -> list[str]:
    """What `raw` says, in every notation that is only another spelling of it."""
    text = re.sub("[\u00ad\u180e\u200b-\u200d\u2060-\u2064\ufeff]", "", raw)
    text = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else " " if c == "\u3000" else c for c in text)
    unescaped = re.sub(r"\\([()\\])", r"\1", text)
    closed = text.replace(" ", "").replace("-", "")
    return [text, unescaped, closed, unquote(text), unquote_plus(text), spelled_separators(text)]


def assert_honest(raw: str, data: LabelData) -> None:
    said = forms(raw)
    assert data.status in Status
    assert data.kind in Kind
    for value in (data.lot, data.serial, data.sscc, data.batch, data.token):
        assert value is None or any(value in form for form in said), (raw, data)
    for gtin in (data.gtin, data.content_gtin):
        shorter = [gtin, *(gtin[cut:] for cut in (1, 2, 6) if not gtin[:cut].strip("0"))] if gtin else [""]
        assert any(form in text for form in shorter for text in said), (raw, data)
    assert set(data.warnings) <= WARNINGS.keys()
    assert {candidate.reason for candidate in data.candidates} <= WARNINGS.keys()
    assert (data.status is Status.OK) <= (set(data.warnings) <= NOTICES)
    if data.status in (Status.REJECT, Status.UNKNOWN):
        assert data.warnings or data.status is Status.UNKNOWN
        assert not (data.lot or data.serial or data.gtin or data.sscc or data.batch or data.token or data.ais)


def random_code(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.45:
        return "".join(rng.choices(PIECES, k=rng.randrange(1, 9)))
    if kind < 0.75:
        return "".join(rng.choices(rng.choice(ALPHABETS), k=rng.randrange(1, 40)))
    if kind < 0.85:
        return "".join(
            chr(rng.choice((rng.randrange(128), rng.randrange(0x3000), rng.randrange(0x10FFFF))))
            for _ in range(12)
        )
    sample = rng.choice(SAMPLES)[:300]
    at = rng.randrange(len(sample) + 1)
    return sample[:at] + rng.choice(["", *PIECES]) + sample[at + rng.randrange(3) :]


@pytest.mark.parametrize("part", range(4))
def test_100_000_random_strings(part: int, house: LabelConfig) -> None:
    rng = random.Random(part)
    for _ in range(25_000):
        raw = random_code(rng)
        assert_honest(
            raw, parse(raw, config=house, aim=rng.choice([None, None, None, "]C1", "]E0", "]Q3", "x"]))
        )


def test_every_truncated_code(house: LabelConfig) -> None:
    for sample in SAMPLES:
        for end in range(min(len(sample), 400) + 1):
            for config in (house, LabelConfig()):
                assert_honest(sample[:end], parse(sample[:end], config=config))
                assert_honest(sample[end:], parse(sample[end:], config=config))


def test_one_changed_digit_of_a_gtin_never_goes_unnoticed(house: LabelConfig) -> None:
    for notation in ("]C101{}10A", "(01){}(10)A", "https://t.salt.example.cn/01/{}/10/A", "]I1{}"):
        for at in range(14):
            for digit in set("0123456789") - {GTIN[at]}:
                data = parse(notation.format(GTIN[:at] + digit + GTIN[at + 1 :]), config=house)
                assert (data.status, data.gtin, data.lot) == ("reject", None, None)


@given(st.text())
def test_any_text(text: str) -> None:
    assert_honest(text, parse(text, config=LabelConfig()))


@given(st.binary())
def test_any_bytes_raise_nothing(data: bytes) -> None:
    assert parse(data, config=LabelConfig()).raw == data


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.sampled_from(["]C1", "]d2", "C1", "", "]", "]E0", None]),
)
def test_any_mixture(text: str, aim: str | None) -> None:
    config = LabelConfig(
        own_hosts=("t.salt.example.cn",), batch_patterns=(r"\d{10}", "YS.*"), products={GTIN}
    )
    assert_honest(text, parse(text, aim=aim, config=config))


def test_bytes_are_utf8_or_what_chinese_printers_write(house: LabelConfig) -> None:
    for encoding in ("utf-8", "utf-8-sig", "gb18030", "gbk"):
        assert parse("井矿盐20240315-1".encode(encoding), config=house).batch == "井矿盐20240315-1"


def test_longest_code_is_read_and_a_longer_one_refused(house: LabelConfig) -> None:
    assert parse("A" * LONGEST_CODE, config=house).status == "unknown"
    assert parse("A" * (LONGEST_CODE + 1), config=house).warnings == ("too_long",)


@pytest.mark.parametrize("character", ["\0", "\u202e", "\u2066", "\u200f", "\u061c", "\ud800", "\udfff"])
def test_hostile_characters_are_refused_anywhere(character: str, house: LabelConfig) -> None:
    for raw in (character, f"{character}{GTIN}", f"{GTIN}{character}", f"]C101{GTIN}10A{character}"):
        data = parse(raw, config=house)
        assert (data.status, data.kind, data.warnings) == ("reject", "text", ("control_character",))


def test_same_code_same_answer(house: LabelConfig) -> None:
    for raw in SAMPLES:
        assert parse(raw, config=house) == parse(raw, config=house)
        assert parse(raw, config=house).raw == raw
