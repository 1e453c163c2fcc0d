"""The units readings come in: about a dozen, converted exactly. Pure.

A mass fraction is kept in g/100g, a conductivity in mS/cm. Scales that only look like a mass fraction (PSU, ppt,
the "% NaCl" of seawater meters, g/100mL, ppm) are known by name so that the refusal can say why.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from backend.core.choices import Code
from backend.core.errors import DomainError
from backend.core.errors import mark as _


class Dimension(Code):
    MASS_FRACTION = "mass_fraction"
    CONDUCTIVITY = "conductivity"
    MASS = "mass"
    HUMIDITY = "humidity"


@dataclass(frozen=True)
class Unit:
    """`factor` × a value in this unit = the value in the dimension's own unit."""

    symbol: str
    dimension: Dimension
    factor: Decimal


class UnknownUnit(DomainError):
    code, status, title = "unknown_unit", 400, _("This unit is not known")
    detail = _("“{unit}” is not one of: {known}.")


class IncompatibleUnit(DomainError):
    """A scale that cannot be turned into what is measured without knowing more (density, scale of the meter)."""

    code, status, title = "incompatible_unit", 400, _("This unit does not fit what was measured")
    detail = _("“{unit}” cannot be converted to {wanted}.")


OWN_UNIT: Mapping[Dimension, str] = {
    Dimension.MASS_FRACTION: "g/100g",
    Dimension.CONDUCTIVITY: "mS/cm",
    Dimension.MASS: "g",
    Dimension.HUMIDITY: "%RH",
}
_FRACTION, _CONDUCTIVITY = Dimension.MASS_FRACTION, Dimension.CONDUCTIVITY
_TABLE = (
    Unit("g/100g", _FRACTION, Decimal(1)),
    Unit("%", _FRACTION, Decimal(1)),
    Unit("g/kg", _FRACTION, Decimal("0.1")),
    Unit("mg/g", _FRACTION, Decimal("0.1")),
    Unit("mg/kg", _FRACTION, Decimal("0.0001")),
    Unit("kg/kg", _FRACTION, Decimal(100)),
    Unit("mS/cm", _CONDUCTIVITY, Decimal(1)),
    Unit("µS/cm", _CONDUCTIVITY, Decimal("0.001")),
    Unit("S/m", _CONDUCTIVITY, Decimal(10)),
    Unit("g", Dimension.MASS, Decimal(1)),
    Unit("kg", Dimension.MASS, Decimal(1000)),
    Unit("%RH", Dimension.HUMIDITY, Decimal(1)),
)
# Seen on meters and in notes; none of them is a mass fraction of the salt.
NOT_COMPARABLE = ("PSU", "ppt", "%NaCl", "g/100mL", "g/L", "ppm", "°Bx")


def _key(symbol: str) -> str:
    # NFKC makes one of µ and μ, and of ％ and %.
    return unicodedata.normalize("NFKC", symbol).replace(" ", "").lower()


UNITS: Mapping[str, Unit] = {_key(unit.symbol): unit for unit in _TABLE} | {"us/cm": _TABLE[7]}
_OTHER_SCALES = frozenset(_key(symbol) for symbol in NOT_COMPARABLE)


def unit_of(symbol: str, *, dimension: Dimension) -> Unit:
    """The unit written as `symbol`. Raises UnknownUnit, IncompatibleUnit (400)."""
    key = _key(symbol)
    unit = UNITS.get(key)
    wanted = OWN_UNIT[dimension]
    if unit is None and key not in _OTHER_SCALES:
        known = ", ".join(each.symbol for each in _TABLE if each.dimension is dimension)
        raise UnknownUnit(unit=symbol, known=known, errors={"unit": UnknownUnit.title})
    if unit is None or unit.dimension is not dimension:
        raise IncompatibleUnit(unit=symbol, wanted=wanted, errors={"unit": IncompatibleUnit.title})
    return unit


def convert(value: Decimal, *, unit: Unit, to: Unit) -> Decimal:
    """`value` in the other unit of the same dimension, exactly.

    >>> convert(Decimal("2.8"), unit=UNITS["g/kg"], to=UNITS["%"])
    Decimal('0.28')
    """
    # Factors are powers of ten: neither step can lose a digit.
    return value * unit.factor / to.factor
