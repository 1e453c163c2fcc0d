"""A reader that drops FNC1 must never make a wrong lot or serial number."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.label.config import LabelConfig
from traceability.label.parse import parse

GTIN = "06901234567892"
BARE = LabelConfig()
LOT = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-./", min_size=1, max_size=20)


@given(
    lot=LOT,
    field=st.sampled_from(["11", "13", "15", "17"]),
    day=st.dates(date(2020, 1, 1), date(2035, 12, 31)),
    ai=st.sampled_from(["10", "21"]),
)
def test_swallowed_date_never_becomes_part_of_a_lot_or_serial(
    lot: str, field: str, day: date, ai: str
) -> None:
    data = parse(f"]C101{GTIN}{ai}{lot}{field}{day:%y%m%d}", config=BARE)
    assert data.lot is None
    assert data.serial is None
    assert data.gtin == GTIN
    assert "lost_separator" in data.warnings
    assert lot in {candidate.lot if ai == "10" else candidate.serial for candidate in data.candidates}
    assert (ai, lot) not in data.ais


@given(lot=LOT, payload=st.text("0123456789", min_size=4, max_size=4))
def test_swallowed_gtin_never_becomes_part_of_a_lot(lot: str, payload: str) -> None:
    data = parse(f"]C110{lot}01{GTIN}", config=BARE)
    assert data.lot is None
    assert (data.status, data.gtin) in {("warn", None), ("reject", None)}


def test_both_readings_are_offered() -> None:
    data = parse(f"]C101{GTIN}10A0117271231", config=BARE)
    assert {candidate.lot for candidate in data.candidates} == {"A01", "A0117271231"}


def test_lot_of_house_form_in_front_wins_as_candidate(house: LabelConfig) -> None:
    data = parse(f"]C101{GTIN}10YS20240315A0117271231", config=house)
    assert [candidate.lot for candidate in data.candidates] == ["YS20240315A01"]


def test_registered_lot_is_what_it_is() -> None:
    config = LabelConfig(known_codes={"A0117271231": "batch"})
    data = parse(f"]C101{GTIN}10A0117271231", config=config)
    assert (data.status, data.lot) == ("ok", "A0117271231")


@pytest.mark.parametrize("days", range(0, 4000, 37))
def test_dates_alone_are_lots(days: int) -> None:
    day = date(2018, 1, 1) + timedelta(days=days)
    for lot in (f"{day:%Y%m%d}", f"{day:%y%m%d}", f"{day:%y%m%d}A1", f"L{day:%y%m%d}"):
        assert parse(f"]C101{GTIN}10{lot}", config=BARE).lot == lot
