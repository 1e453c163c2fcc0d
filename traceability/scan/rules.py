"""What a scan can come to, and what the caller may do next. Pure."""

from backend.core.choices import Code


class Outcome(Code):
    """One answer for every code. `ambiguous` and `unknown` never name a batch."""

    OK = "ok"
    HELD = "held"
    RECALLED = "recalled"
    EXPIRED = "expired"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"
    INVALID = "invalid"
    SUSPICIOUS = "suspicious"


class ScanSource(Code):
    TEXT = "text"
    PHOTO = "photo"
    TYPED = "typed"


class UnknownState(Code):
    OPEN = "open"
    SETTLED = "settled"
    DISMISSED = "dismissed"
