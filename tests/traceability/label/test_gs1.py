"""Element strings: the General Specifications as vectors."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.label.application_identifier import BadElement, ai_at, ai_named, full_year
from traceability.label.check_digit import check_digit
from traceability.label.config import LabelConfig
from traceability.label.gs1 import read_bracketed, read_scanned
from traceability.label.parse import parse

BARE = LabelConfig()
GTIN, OTHER_GTIN = "09501101530003", "12345678901231"
SSCC = "106141412345678908"
GS = "\x1d"
CSET82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"


def scanned(text: str) -> tuple[tuple[str, str], ...]:
    return read_scanned(text, config=BARE).ais


def fault(text: str) -> str:
    with pytest.raises(BadElement) as caught:
        read_scanned(text, config=BARE)
    return caught.value.code


@pytest.mark.parametrize(
    ("text", "ais"),
    [
        (f"01{GTIN}", [("01", GTIN)]),
        (f"00{SSCC}", [("00", SSCC)]),
        (f"01{GTIN}17271231", [("01", GTIN), ("17", "271231")]),
        (f"01{GTIN}{GS}17271231", [("01", GTIN), ("17", "271231")]),
        (f"01{GTIN}10A{GS}21B", [("01", GTIN), ("10", "A"), ("21", "B")]),
        (f"01{GTIN}10A{GS}", [("01", GTIN), ("10", "A")]),
        (f"{GS}01{GTIN}", [("01", GTIN)]),
        (f"01{GTIN}3103000195", [("01", GTIN), ("3103", "000195")]),
        ("991234", [("99", "1234")]),
        (f"242123456{GS}10A", [("242", "123456"), ("10", "A")]),
        ("7007211225", [("7007", "211225")]),
        ("7007211225211231", [("7007", "211225211231")]),
        ("8003" + "02112345678900" + "ABC", [("8003", "02112345678900ABC")]),
        ("8004" + "9520" + "AB", [("8004", "9520AB")]),
        ("8008" + "24031512", [("8008", "24031512")]),
        ("8008" + "240315123059", [("8008", "240315123059")]),
        ("7003" + "2403151230", [("7003", "2403151230")]),
        ("422156", [("422", "156")]),
        ("423156392", [("423", "156392")]),
        ("4309" + "0123456789" + "3599999999", [("4309", "01234567893599999999")]),
        ("8010" + "0200", [("8010", "0200")]),
        ("7040" + "1ABC", [("7040", "1ABC")]),
    ],
)
def test_valid_element_strings_are_split(text: str, ais: list[tuple[str, str]]) -> None:
    assert scanned(text) == tuple(ais)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (GS, "no_data"),
        (f"01{GTIN}10", "no_data"),
        (f"01{GTIN}10{GS}21B", "no_data"),
        ("891234", "unknown_ai"),
        ("4", "unknown_ai"),
        (f"01{GTIN[:-1]}4", "check_digit"),
        (f"01{GTIN[:-1]}", "bad_format"),
        (f"01{GTIN[:-1]}A", "bad_format"),
        (f"01{GTIN}2", "unknown_ai"),
        (f"00{SSCC[:-1]}9", "check_digit"),
        ("10" + "A" * 21, "bad_format"),
        ("10A~", "bad_character"),
        ("10A B", "bad_character"),
        ("10盐", "bad_character"),
        ("10Ａ", "bad_character"),
        ("01" + "０" + GTIN[1:], "bad_character"),
        ("17271331", "bad_date"),
        ("17270001", "bad_date"),
        ("17270230", "bad_date"),
        ("17230229", "bad_date"),
        ("7006270200", "bad_date"),
        ("70072112252112", "bad_format"),
        ("7007211225211231" + "9", "bad_format"),
        ("7003" + "2403152400", "bad_date"),
        ("8008" + "24031512305", "bad_format"),
        ("8008" + "240315123060", "bad_format"),
        ("8003" + "12112345678900", "bad_format"),
        ("8003" + "02112345678901", "check_digit"),
        ("253" + "9501101530004" + "A", "check_digit"),
        ("8013" + "1987654Ad4X4bL5ttr2310c2L", "check_digit"),
        ("8006" + GTIN + "0302", "bad_value"),
        ("8006" + GTIN + "0003", "bad_value"),
        ("401" + "123", "bad_value"),
        ("8004" + "12A4", "bad_value"),
        ("422" + "987", "bad_value"),
        ("423" + "156999", "bad_value"),
        ("4307" + "AA", "bad_value"),
        ("3910" + "98710", "bad_value"),
        ("8007" + "DE89370400440532013001", "bad_value"),
        ("8001" + "00001234512311", "bad_value"),
        ("8001" + "12341234512321", "bad_value"),
        ("8011" + "012", "bad_value"),
        ("4300" + "A%0G", "bad_value"),
        ("4309" + "18000000010000000000", "bad_value"),
        ("4321" + "2", "bad_format"),
        ("4330" + "000123X", "bad_format"),
        ("7252" + "5", "bad_value"),
        ("7258" + "2/1", "bad_value"),
    ],
)
def test_broken_element_strings_are_refused(text: str, code: str) -> None:
    assert fault(text) == code


@pytest.mark.parametrize(
    "text",
    [
        f"01{GTIN}02{OTHER_GTIN}37" + "5",
        f"01{GTIN}37" + "5",
        f"01{GTIN}255{GTIN[1:]}",
        f"01{GTIN}235X{GS}21Y",
        f"01{GTIN}31030001953104000195",
        f"422156{GS}426156",
        "3940" + "1234" + GS + "8111" + "0001",
        "3955" + "123456" + GS + "3929" + "123",
        f"4330000123{GS}4331000123",
    ],
)
def test_fields_that_exclude_each_other_are_refused(text: str) -> None:
    assert fault(text) == "forbidden_pair"


def test_repeated_field_must_be_equal() -> None:
    assert scanned(f"10A{GS}10A") == (("10", "A"), ("10", "A"))
    assert fault(f"10A{GS}10B") == "repeated_differs"
    assert fault(f"01{GTIN}01{OTHER_GTIN}") == "repeated_differs"


@pytest.mark.parametrize(
    "alone",
    [
        "10A",
        "11240315",
        "17271231",
        "21A",
        "37" + "5",
        f"02{GTIN}",
        f"02{GTIN}37" + "5",
        "3103000195",
        f"01{GTIN}250A",
        "7022A",
    ],
)
def test_field_without_its_company_is_a_warning(alone: str) -> None:
    assert "missing_pair" in read_scanned(alone, config=BARE).warnings


@pytest.mark.parametrize(
    "together",
    [
        f"01{GTIN}10A",
        f"01{GTIN}11240315",
        f"00{SSCC}02{GTIN}37" + "5",
        f"01{GTIN}21A{GS}250B",
        f"01{GTIN}392112345{GS}3103000195",
        f"00{SSCC}3303000195",
        f"414{GTIN[1:]}254A",
        f"00{SSCC}4302A{GS}4303B",
    ],
)
def test_field_with_its_company_is_no_warning(together: str) -> None:
    assert read_scanned(together, config=BARE).warnings == ()


@pytest.mark.parametrize(
    ("today", "two_digits", "year"),
    [
        (date(2026, 1, 1), 26, 2026),
        (date(2026, 1, 1), 76, 2076),
        (date(2026, 1, 1), 77, 1977),
        (date(2026, 1, 1), 99, 1999),
        (date(2049, 1, 1), 99, 2099),
        (date(2051, 1, 1), 1, 2101),
        (date(2060, 1, 1), 9, 2109),
        (date(2060, 1, 1), 11, 2011),
    ],
)
def test_century_slides_with_today(today: date, two_digits: int, year: int) -> None:
    assert full_year(two_digits, today=today) == year


def test_dates_and_weights_are_read_exactly() -> None:
    data = parse(f"]C101{GTIN}1124031500", config=BARE)
    assert data.status == "reject"
    data = parse(f"]C101{GTIN}1124020017271231310300019510A", config=BARE)
    assert (data.mfg, data.exp, data.net_kg, data.lot) == (
        date(2024, 2, 29),
        date(2027, 12, 31),
        Decimal("0.195"),
        "A",
    )


def test_escaped_brackets_are_data() -> None:
    assert read_bracketed("(10)12345\\(11\\)991225").ais == (("10", "12345(11)991225"),)
    assert read_bracketed("(10)12345\\(").ais == (("10", "12345("),)


@pytest.mark.parametrize(
    "text",
    [
        "(10)(11)240315",
        "(10)A(11)",
        "(10)A(1)B",
        "(10)A(B)",
        "(01)1234",
        "(10)A^",
        "(17)9(90)217",
        "(99)A)(",
        "(10)A(11",
    ],
)
def test_broken_brackets_are_refused(text: str) -> None:
    with pytest.raises(BadElement):
        read_bracketed(text)


def test_every_known_identifier_has_a_length_or_needs_a_separator() -> None:
    found = {ai.code: ai for head in range(10_000) if (ai := ai_at(f"{head:04d}")) is not None}
    assert len(found) > 500
    for code, ai in found.items():
        assert ai_named(code) is ai
        # Those that end without separator are told by their first two digits (7.8.5).
        assert (ai.length is not None) == (
            code[:2]
            in {
                "00",
                "01",
                "02",
                "03",
                "11",
                "12",
                "13",
                "15",
                "16",
                "17",
                "20",
                "31",
                "32",
                "33",
                "34",
                "35",
                "36",
                "41",
            }
        )


@given(
    payload=st.text("0123456789", min_size=13, max_size=13),
    lot=st.text(CSET82, min_size=1, max_size=20),
    serial=st.text(CSET82, min_size=1, max_size=20),
    expiry=st.dates(date(2000, 1, 1), date(2075, 12, 31)),
)
def test_what_was_encoded_is_read(payload: str, lot: str, serial: str, expiry: date) -> None:
    gtin = payload + check_digit(payload)
    data = parse(f"]C101{gtin}17{expiry:%y%m%d}10{lot}{GS}21{serial}{GS}", config=BARE)
    if "<" in lot + serial or "%" in lot + serial:
        # May spell a separator; then both readings are honest.
        return
    assert (data.gtin, data.exp, data.lot, data.serial) == (gtin, expiry, lot, serial)
    escaped_lot, escaped_serial = (value.replace("(", "\\(") for value in (lot, serial))
    bracketed = read_bracketed(f"(01){gtin}(17){expiry:%y%m%d}(10){escaped_lot}(21){escaped_serial}")
    assert bracketed.ais == data.ais
