"""Readings: parameters, verdicts and how one is judged. Pure."""

from backend.core.choices import Code


class Parameter(Code):
    MOISTURE = "moisture"
    NACL = "nacl"
    CONDUCTIVITY = "conductivity"


class Verdict(Code):
    """ILAC-G8:09/2019 §4.2.3, non-binary, plus `inconclusive`; the three screening outcomes of field salinity."""

    PASS = "pass"
    CONDITIONAL_PASS = "conditional_pass"
    CONDITIONAL_FAIL = "conditional_fail"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    CONSISTENT = "consistent"
    SUSPICIOUS = "suspicious"
    GROSS_DEVIATION = "gross_deviation"


SCREENING_VERDICTS = (Verdict.INCONCLUSIVE, Verdict.CONSISTENT, Verdict.SUSPICIOUS, Verdict.GROSS_DEVIATION)
