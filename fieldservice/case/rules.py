"""Cases: origin, state, grade. Pure. (The five-step complaint loop is built on this later.)"""

from backend.core.choices import Code


class CaseKind(Code):
    COMPLAINT = "complaint"
    QUALITY = "quality"


class CaseStatus(Code):
    OPEN = "open"
    CLOSED = "closed"
