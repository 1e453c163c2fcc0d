"""Field instruments: kinds, accuracy and whether one is fit on a day. Pure."""

from backend.core.choices import Code


class InstrumentKind(Code):
    SALINITY_METER = "salinity_meter"
    CONDUCTIVITY_METER = "conductivity_meter"
    REFRACTOMETER = "refractometer"
    HALOGEN_MOISTURE_ANALYSER = "halogen_moisture_analyser"
    NIR_MOISTURE_METER = "nir_moisture_meter"
    BALANCE = "balance"
    THERMOHYGROMETER = "thermohygrometer"


class CalibrationKind(Code):
    """校准 and 检定 are different things in Chinese metrology law."""

    CALIBRATION = "calibration"
    VERIFICATION = "verification"


class CalibrationResult(Code):
    PASS = "pass"
    FAIL = "fail"
