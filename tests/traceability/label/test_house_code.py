"""Numbers a factory writes are never read as GS1, whatever their digits allow."""

import random
import string
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from traceability.label.config import InvalidLabelConfig, LabelConfig, OwnUrlRule
from traceability.label.house_code import codes_in_text, is_handle
from traceability.label.parse import parse

BARE = LabelConfig()
EACH = 3000
Make = Callable[[random.Random], str]


def day(rng: random.Random) -> date:
    return date(2018, 1, 1) + timedelta(days=rng.randrange(365 * 12))


def digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices(string.digits, k=count))


FORMATS: dict[str, Make] = {
    "YYMMDD + 2 digits": lambda r: f"{day(r):%y%m%d}{digits(r, 2)}",
    "YYMMDD + 3 digits": lambda r: f"{day(r):%y%m%d}{digits(r, 3)}",
    "YYMMDD + line + 2": lambda r: f"{day(r):%y%m%d}{r.choice('ABC')}{digits(r, 2)}",
    "YYMMDD": lambda r: f"{day(r):%y%m%d}",
    "YYYYMMDD": lambda r: f"{day(r):%Y%m%d}",
    "YYYYMMDD + line": lambda r: f"{day(r):%Y%m%d}{r.randrange(1, 30):02d}",
    "YYYYMMDD + 3 digits": lambda r: f"{day(r):%Y%m%d}{digits(r, 3)}",
    "YYYYMMDD + 4 digits": lambda r: f"{day(r):%Y%m%d}{digits(r, 4)}",
    "YYYYMMDDHHMMSS": lambda r: (
        f"{day(r):%Y%m%d}{r.randrange(24):02d}{r.randrange(60):02d}{r.randrange(60):02d}"
    ),
    "line + YYYYMMDD": lambda r: f"{r.randrange(1, 100):02d}{day(r):%Y%m%d}",
    "line + YYMMDD + shift": lambda r: f"{r.randrange(1, 100):02d}{day(r):%y%m%d}{r.randrange(1, 4)}",
    "year + day of year + 3": lambda r: f"{day(r):%y%j}{digits(r, 3)}",
    "AA20240315A01": lambda r: (
        f"{''.join(r.choices(string.ascii_uppercase, k=2))}{day(r):%Y%m%d}A{digits(r, 2)}"
    ),
    "AA-20240315-01": lambda r: f"YS-{day(r):%Y%m%d}-{digits(r, 2)}",
    "16-digit serial": lambda r: digits(r, 16),
    "18-digit serial": lambda r: digits(r, 18),
    "12 digits": lambda r: digits(r, 12),
    "UUID hex": lambda r: f"{r.getrandbits(128):032x}",
}


@pytest.mark.parametrize("name", FORMATS)
def test_factory_numbers_are_never_read_as_element_strings(name: str, house: LabelConfig) -> None:
    rng = random.Random(name)
    for _ in range(EACH):
        code = FORMATS[name](rng)
        for config in (BARE, house):
            data = parse(code, config=config)
            assert data.kind not in ("gs1", "gs1_dl"), code
            assert (data.lot, data.exp, data.mfg, data.ais) == (None, None, None, ()), code


@pytest.mark.parametrize("name", [name for name in FORMATS if name.startswith(("YYYYMMDD", "YYMMDD"))])
def test_date_codes_are_never_taken_for_a_trade_number(name: str) -> None:
    rng = random.Random(name)
    for _ in range(EACH):
        data = parse(FORMATS[name](rng), config=BARE)
        assert (data.status, data.gtin, data.sscc) == ("unknown", None, None) or data.status == "reject"


def test_number_of_a_configured_form_beats_a_lucky_check_digit() -> None:
    config = LabelConfig(batch_patterns=(r"\d{12}",), serial_patterns=(r"\d{18}",))
    rng = random.Random(4)
    for _ in range(EACH):
        code = digits(rng, 12)
        assert parse(code, config=config).batch == code
        serial = digits(rng, 18)
        assert parse(serial, config=config).serial == serial


def test_lucky_check_digit_of_a_configured_form_is_said() -> None:
    config = LabelConfig(batch_patterns=(r"\d{12}",))
    data = parse("036000291452", config=config)
    assert (data.status, data.kind, data.batch) == ("warn", "batch", "036000291452")
    assert [candidate.gtin for candidate in data.candidates] == ["00036000291452"]


def test_own_trade_item_beats_a_pattern() -> None:
    config = LabelConfig(batch_patterns=(r"\d{13}",), products={"06901234567892"})
    assert parse("6901234567892", config=config).gtin == "06901234567892"


def test_unannounced_gs1_needs_one_of_our_products() -> None:
    text = "010690123456789210A01"
    assert parse(text, config=LabelConfig(products={"06901234567892"})).lot == "A01"
    data = parse(text, config=BARE)
    assert (data.status, data.lot, data.gtin) == ("unknown", None, None)
    assert [candidate.lot for candidate in data.candidates] == ["A01"]


def test_products_and_codes_may_be_looked_up() -> None:
    asked: list[list[str]] = []

    def look_up(codes: object) -> dict[str, str]:
        asked.append(list(codes))  # type: ignore[call-overload]
        return {"10D9T": "batch"} if "10D9T" in asked[-1] else {}

    config = LabelConfig(known_codes=look_up, products=lambda gtin: gtin == "06901234567892")
    assert parse("]Q110D9T", config=config).batch == "10D9T"
    assert len(asked) == 1
    assert parse("010690123456789210A01", config=config).lot == "A01"
    asked.clear()
    parse("批号:10D9T 规格:500g 数量:40 日期:2024-03-15 电话:4008001234", config=config)
    assert len(asked) == 2


def test_registered_code_beats_everything() -> None:
    for code in (
        "6901234567892",
        "https://a/01/06901234567892",
        "(01)06901234567892",
        "88.1.2/x",
        "]C1",
        "0" * 20,
    ):
        data = parse(code, config=LabelConfig(known_codes={code: "batch"}))
        assert (data.status, data.batch) == ("ok", code)


def test_registered_kinds_name_their_field() -> None:
    known = {"B": "lot", "U": "unit", "T": "token", "6901234567892": "gtin", "069012345600000121": "sscc"}
    config = LabelConfig(known_codes=known)
    assert parse("B", config=config).batch == "B"
    assert parse("U", config=config).serial == "U"
    assert parse("T", config=config).token == "T"
    assert parse("6901234567892", config=config).gtin == "06901234567892"
    assert parse("069012345600000121", config=config).sscc == "069012345600000121"


@pytest.mark.parametrize("text", ["88.123.45/YS1", "88.1/x", "86.1000.1/产品", "88.100.2.3A/..."])
def test_handles_are_recognised(text: str) -> None:
    assert is_handle(text)


@pytest.mark.parametrize(
    "text", ["88.123.45/", "88/x", "89.1/x", "88.123.45", "88..1/x", "x88.1/x", "88.1/a b"]
)
def test_what_is_no_handle(text: str) -> None:
    assert not is_handle(text)


@pytest.mark.parametrize(
    ("text", "batches"),
    [
        ("批号:YS20240315A01 规格:500g", ("YS20240315A01",)),
        ("批号YS20240315A01规格500g", ("YS20240315A01",)),
        ("LOT: YS-20240315-01.", ("YS-20240315-01",)),
        ("lot no 2024031501", ("2024031501",)),
        ("L/N:2024031501;", ("2024031501",)),
        ("（批次号）2024031501", ("2024031501",)),
        ("4008001234", ()),
        ("YS20240315A01,YS20240316A02", ("YS20240315A01", "YS20240316A02")),
        ("YS20240315A01~YS20240316A02", ("YS20240315A01", "YS20240316A02")),
        ("YS20240315A01至YS20240316A02", ("YS20240315A01", "YS20240316A02")),
        ("xYS20240315A01", ()),
        ("", ()),
    ],
)
def test_batches_in_a_text(text: str, batches: tuple[str, ...], house: LabelConfig) -> None:
    assert codes_in_text(text, config=house).batches == batches


@pytest.mark.parametrize(
    "data",
    [
        {"batch_patterns": ["("]},
        {"serial_patterns": ["a" * 201]},
        {"batch_patterns": "x"},
        {"own_hosts": [1]},
        {"known_codes": []},
        {"known_codes": {"a": "pallet"}},
        {"products": {}},
    ],
)
def test_unusable_configuration_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(InvalidLabelConfig):
        LabelConfig.from_json(data)


def test_empty_configuration_is_one() -> None:
    assert LabelConfig.from_json({}) == LabelConfig(products=frozenset())


def test_patterns_take_ascii_digits_and_whole_codes_only() -> None:
    config = LabelConfig(batch_patterns=(r"^\d{4}$", "[A-Z]{2}"))
    assert config.is_batch("1234")
    assert not any(map(config.is_batch, ("１２３４", "1234\n", "12345", "ABC", "", "1" * 257)))


def test_company_prefixes_come_from_the_products() -> None:
    config = LabelConfig.from_json({"products": ["6901234567892", "16901234567899"]})
    assert config.company_prefixes == ("6901234",)
    assert config.is_own_number("069012345600000121")
    assert not config.is_own_number("106141412345678908")
    assert OwnUrlRule("/s/{token}").param is None
