"""What the library alone gets wrong (measured on biip 5.2.0), each as the fact we want instead."""

import biip
import pytest

from traceability.label.config import LabelConfig
from traceability.label.parse import parse

GTIN = "06901234567892"
BARE = LabelConfig()


def test_empty_element_data_is_refused() -> None:
    assert parse("]e0", config=BARE).status == "reject"
    assert parse("]C1", config=BARE).status == "reject"


def test_bracket_alone_raises_nothing() -> None:
    with pytest.raises(IndexError):
        biip.parse("]")
    assert parse("]", config=BARE).status == "unknown"


def test_overlong_harvest_date_invents_no_serial() -> None:
    data = parse(f"]C101{GTIN}700721122521123199", config=BARE)
    assert (data.status, data.serial) == ("reject", None)


def test_asset_number_without_leading_zero_is_refused() -> None:
    assert parse("]C1800316901234567892", config=BARE).status == "reject"


def test_short_gtin_in_a_link_is_never_filled_up_silently() -> None:
    assert parse("https://m.salt.com.cn/01/8832771", config=BARE).gtin is None
    assert parse("https://m.salt.com.cn/01/6901234567892", config=BARE).warnings == (
        "foreign_host",
        "short_gtin",
    )


def test_lot_in_the_query_is_refused() -> None:
    data = parse(f"https://a/01/{GTIN}?10=A01", config=BARE)
    assert (data.status, data.lot) == ("reject", None)


def test_repeated_fields_with_different_values_are_refused() -> None:
    assert parse(f"]C101{GTIN}10A\x1d10B", config=BARE).status == "reject"
    assert parse(f"https://a/01/{GTIN}/10/A?10=B", config=BARE).status == "reject"


def test_escaped_brackets_stay_in_the_value() -> None:
    assert parse(f"(01){GTIN}(10)A\\(1\\)", config=BARE).lot == "A(1)"


def test_second_field_without_value_is_not_dropped() -> None:
    assert parse("(10)12345(11)", config=BARE).status == "reject"


@pytest.mark.parametrize("scheme", ["]Q1https", "]Q1HTTPS", "HTTPS", "HtTpS", "]d1https"])
def test_scheme_is_read_in_any_case_and_behind_an_identifier(scheme: str) -> None:
    assert parse(f"{scheme}://a/01/{GTIN}/10/A", config=BARE).lot == "A"


def test_dotcode_identifier_is_known() -> None:
    assert parse(f"]J101{GTIN}10A", config=BARE).lot == "A"


def test_false_key_in_the_stem_does_not_stop_reading() -> None:
    assert parse(f"https://a/00/faux/01/{GTIN}/10/A", config=BARE).lot == "A"


def test_old_names_in_a_link_are_read_with_a_warning() -> None:
    data = parse(f"https://a/gtin/{GTIN}/lot/A", config=BARE)
    assert (data.status, data.lot) == ("warn", "A")
    assert "short_names" in data.warnings


def test_full_width_digits_come_back_as_digits() -> None:
    assert parse("６９０１２３４５６７８９２", config=BARE).gtin == GTIN
    assert parse(f"]C1０１{GTIN}１０Ａ", config=BARE).lot == "A"


def test_a_thousand_digits_are_no_label() -> None:
    assert parse("12" * 500, config=BARE).ais == ()
    assert parse("]C1" + "12" * 500, config=BARE).ais == ()


@pytest.mark.parametrize(
    "separator",
    [
        "<GS>",
        "<gs>",
        "{GS}",
        "[GS]",
        "<FNC1>",
        "{FNC1}",
        "␝",
        "\\u001d",
        "\\\\u001d",
        "\\\\\\u001D",
        "\\x1d",
        "\\035",
        "↔",
        "&#29;",
        "&#x1D;",
        "^]",
        "<0x1D>",
    ],
)
def test_spelled_separators_are_understood(separator: str) -> None:
    data = parse(f"]C101{GTIN}10A{separator}17271231", config=BARE)
    assert (data.status, data.lot, str(data.exp)) == ("ok", "A", "2027-12-31")
    bare = parse(f"01{GTIN}10A{separator}17271231", config=LabelConfig(products={GTIN}))
    assert (bare.status, bare.lot) == ("ok", "A")


def test_percent_sign_is_data_and_never_hides_a_lost_separator() -> None:
    assert parse(f"]C101{GTIN}10A%1DB", config=BARE).lot == "A%1DB"
    assert parse(f"]C101{GTIN}10A%1D17271231", config=BARE).lot is None


@pytest.mark.parametrize("separator", list(" |~^\t#$@"))
def test_replaced_separators_are_a_warning(separator: str) -> None:
    data = parse(f"]C101{GTIN}10A{separator}17271231", config=BARE)
    assert (data.status, data.lot, str(data.exp)) == ("warn", "A", "2027-12-31")
    assert parse(f"]C101{GTIN}10A{separator}", config=BARE).lot in (None, "A")
    assert parse(f"]C101{GTIN}10A{separator}B", config=BARE).status == "reject"


def test_overlong_numeric_lot_invents_no_expiry_date() -> None:
    data = parse(f"]C101{GTIN}1012345678901234567890" + "17271231", config=BARE)
    assert (data.exp, data.lot) == (None, None)


def test_missing_and_contradicting_fields_are_noticed() -> None:
    assert parse(f"]C102{GTIN}", config=BARE).status == "warn"
    assert parse(f"]C101{GTIN}02{GTIN}37" + "5", config=BARE).status == "reject"


def test_company_prefix_is_checked() -> None:
    assert parse("]C18004AB12", config=BARE).status == "reject"


def test_house_batches_of_october_are_no_lot_26() -> None:
    assert biip.parse("20231026").gs1_message is not None
    data = parse("20231026", config=BARE)
    assert (data.status, data.kind, data.lot, data.ais) == ("unknown", "text", None, ())
