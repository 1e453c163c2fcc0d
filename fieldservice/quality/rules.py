"""Signals: when readings or complaints about one batch ask for a hold. Pure."""

from backend.core.choices import Code


class SignalRule(Code):
    REPEATED_READINGS = "repeated_readings"
    REPEATED_COMPLAINTS = "repeated_complaints"
