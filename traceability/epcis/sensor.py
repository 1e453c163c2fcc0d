"""Measured values in EPCIS: which unit codes (UN/CEFACT Recommendation 20) belong to which measurement type. Pure.

CBV 2.0 knows 72 measurement types; salinity and moisture are none of them. They travel as `Dimensionless` shares with
our own `salt:property` beside them; a concentration of brine in g/L is a `MassConcentration`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

NACL = "https://identifiers.org/inchikey:FAPWRFPIFSIZLT-UHFFFAOYSA-M"  # sodium chloride
# Code → the types it can measure. Codes that are not here are let through: the whole list has two thousand.
_DENSE = ("MassConcentration", "Density")
_SHARE = ("Dimensionless", "VolumeFraction", "RelativeHumidity")
_PURE = ("Dimensionless", "VolumeFraction")
_UNITS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("CEL", "FAH", "KEL", "A48"), ("Temperature",)),
    **dict.fromkeys(("GL", "M1", "KMQ", "23", "A93", "GP", "GQ"), (*_DENSE, "AbsoluteHumidity")),
    "P1": _SHARE,
    **dict.fromkeys(("60", "NX", "GK", "NA", "H64", "59", "61", "M29"), _PURE),
    "C62": ("Dimensionless", "Count"),
    **dict.fromkeys(("D10", "H61", "G42", "G43"), ("Conductivity",)),
    **dict.fromkeys(("SIE",), ("Conductance",)),
    **dict.fromkeys(("KGM", "GRM", "MGM", "MC", "TNE", "LBR", "ONZ"), ("Mass",)),
    **dict.fromkeys(("MTR", "CMT", "MMT", "KMT", "INH", "FOT", "4H"), ("Length", "Altitude")),
    **dict.fromkeys(("LTR", "MLT", "MTQ", "DMQ", "CMQ"), ("Volume",)),
    **dict.fromkeys(("SEC", "MIN", "HUR", "DAY"), ("Time",)),
    **dict.fromkeys(("PAL", "KPA", "BAR", "MBR", "A97", "ATM"), ("Pressure",)),
    **dict.fromkeys(("MTS", "KMH"), ("Speed",)),
    **dict.fromkeys(("VLT",), ("Voltage",)),
    **dict.fromkeys(("AMP",), ("ElectricCurrent",)),
    **dict.fromkeys(("WTT", "KWT"), ("Power",)),
    **dict.fromkeys(("HTZ",), ("Frequency",)),
    **dict.fromkeys(("LUX",), ("Illuminance",)),
    **dict.fromkeys(("DD", "C81"), ("Angle",)),
}
# Types of which every unit stands above: another code cannot be right.
_CLOSED = frozenset({"Temperature", "RelativeHumidity", "Conductivity"})


def unit_fault(type: str, uom: str) -> str | None:
    """Code of what is wrong with `uom` for a report of `type`; None for types of others (URIs) and unlisted codes.

    >>> unit_fault("Temperature", "GL"), unit_fault("Temperature", "CEL"), unit_fault("Voltage", "2Z")
    ('unit_of_other_quantity', None, None)
    """
    if ":" in type:
        return None
    if not (2 <= len(uom) <= 3 and uom.isascii() and uom.isalnum() and uom.upper() == uom):
        return "unit_unknown"
    types = _UNITS.get(uom)
    if types is None:
        return "unit_of_other_quantity" if type in _CLOSED else None
    return None if type in types else "unit_of_other_quantity"


@dataclass(frozen=True)
class Measure:
    """How a value of ours is written: CBV type and Rec 20 code, its own property name, the substance it is of."""

    type: str
    uom: str
    property: str = ""
    substance: str = ""


_SHARE_CODES: Mapping[str, str] = {
    "%": "P1", "g/100g": "P1", "‰": "NX", "g/kg": "GK", "mg/g": "H64", "mg/kg": "NA", "kg/kg": "M29", "ppm": "59",
}  # fmt: skip
_CONCENTRATION_CODES: Mapping[str, str] = {
    "g/L": "GL",
    "g/l": "GL",
    "mg/L": "M1",
    "mg/l": "M1",
    "kg/m³": "KMQ",
}
_CONDUCTIVITY_CODES: Mapping[str, str] = {"mS/cm": "H61", "µS/cm": "G42", "μS/cm": "G42", "S/m": "D10"}
_OTHER: Mapping[tuple[str, str], Measure] = {
    ("temperature", "°C"): Measure("Temperature", "CEL"),
    ("relative_humidity", "%RH"): Measure("RelativeHumidity", "P1"),
    ("relative_humidity", "%"): Measure("RelativeHumidity", "P1"),
}
_NAMES: Mapping[str, str] = {"nacl": "salinity"}
_SUBSTANCES: Mapping[str, str] = {"nacl": NACL, "salinity": NACL}


def measure_of(parameter: str, *, unit: str) -> Measure | None:
    """How a value of `parameter` in `unit` is written; None for a unit that has no code here.

    >>> measure_of("moisture", unit="%"), measure_of("salinity", unit="g/L").type
    (Measure(type='Dimensionless', uom='P1', property='moisture', substance=''), 'MassConcentration')
    """
    other = _OTHER.get((parameter, unit))
    if other:
        return other
    name, substance = _NAMES.get(parameter, parameter), _SUBSTANCES.get(parameter, "")
    if unit in _CONDUCTIVITY_CODES:
        return Measure("Conductivity", _CONDUCTIVITY_CODES[unit])
    if unit in _CONCENTRATION_CODES:
        return Measure("MassConcentration", _CONCENTRATION_CODES[unit], name, substance)
    code = _SHARE_CODES.get(unit)
    return Measure("Dimensionless", code, name, substance) if code else None
