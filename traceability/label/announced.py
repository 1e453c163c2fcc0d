"""Codes whose symbology says what they carry: GS1 element strings, EAN and UPC, ITF-14."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from traceability.label import symbology
from traceability.label.answer import from_elements, rejected, single, trade_item
from traceability.label.application_identifier import BadElement
from traceability.label.check_digit import is_digits
from traceability.label.config import LabelConfig
from traceability.label.gs1 import GS, ElementStrings, begins_with_separator, looks_bracketed, read_scanned
from traceability.label.house_code import house_candidate, house_kinds
from traceability.label.label_data import Kind, LabelData
from traceability.label.trade_number import gtin14

_COMPOSITE = "|]e0"


def read_announced(payload: str, *, aim: str | None, config: LabelConfig, today: date) -> LabelData | None:
    """What the symbology `aim` announces; None where it announces nothing or the content is of another world.

    A separator in front is the FNC1 of the first position, sent by a reader that names no symbology.
    """
    if aim in symbology.GS1 or begins_with_separator(payload):
        return _gs1(payload, config=config, today=today)
    if aim in symbology.EAN:
        return _retail(payload, aim=aim, config=config, today=today)
    if aim == symbology.ITF14 and len(payload) == 14 and is_digits(payload):
        gtin = gtin14(payload)
        return trade_item(gtin) if gtin else rejected(Kind.GTIN, "check_digit")
    return None


def element_answer(read: Callable[[], ElementStrings], *, text: str, today: date) -> LabelData:
    """What `read` finds in `text`, or the rejection that tells what is wrong."""
    try:
        return from_elements(read(), today=today)
    except BadElement as bad:
        is_unit = text.lstrip(f"{GS}([【〔").startswith("00")
        return rejected(Kind.SSCC if is_unit else Kind.GS1, bad.code)


def _gs1(payload: str, *, config: LabelConfig, today: date) -> LabelData | None:
    if not payload:
        return rejected(Kind.GS1, "no_data")
    house = house_kinds(payload, config=config)
    if payload[0] in "0123456789" or begins_with_separator(payload):
        data = element_answer(lambda: read_scanned(payload, config=config), text=payload, today=today)
        return _with_house_readings(data, payload, house)
    if looks_bracketed(payload) or payload[:4].lower() == "http":
        return None
    return single(house[0], payload, "not_gs1") if house else rejected(Kind.GS1, "unknown_ai")


def _with_house_readings(data: LabelData, payload: str, house: tuple[Kind, ...]) -> LabelData:
    others = tuple(house_candidate(kind, payload, reason="not_gs1") for kind in house)
    return replace(data, candidates=(*data.candidates, *others)) if others else data


def _retail(payload: str, *, aim: str, config: LabelConfig, today: date) -> LabelData:
    """EAN and UPC. Beside a supplement the main number counts; with a composite part it is an element string."""
    linear, _, composite = payload.partition(_COMPOSITE)
    digits = linear.replace(" ", "")
    if not is_digits(digits):
        return rejected(Kind.GTIN, "bad_character" if digits else "no_data")
    if aim in ("]E1", "]E2", "]E3") and len(digits) in (15, 18):
        digits = digits[:13]
    if aim in ("]E1", "]E2") and len(digits) in (2, 5):
        return rejected(Kind.GTIN, "addon_only")
    if len(digits) != (8 if aim == "]E4" else 13):
        return rejected(Kind.GTIN, "wrong_length")
    gtin = gtin14(digits)
    if gtin is None:
        return rejected(Kind.GTIN, "check_digit")
    if not composite:
        return trade_item(gtin)
    return element_answer(lambda: read_scanned(f"01{gtin}{composite}", config=config), text="01", today=today)
