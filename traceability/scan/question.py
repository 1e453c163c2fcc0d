"""One scan to be resolved, and what its label names: numbers, trade numbers, serial codes. Pure."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from traceability.label.batch_code import BadBatchCode, normalise
from traceability.label.label_data import Candidate as LabelCandidate
from traceability.label.label_data import LabelData
from traceability.scan.facts import BatchFact
from traceability.serial import token

LONGEST_REGISTERED = 300  # CodeAlias.code
OneReading = LabelData | LabelCandidate


@dataclass(frozen=True, slots=True)
class Question:
    """One scan to be resolved. `number`: a batch number typed beside the code. `on`: the day of the scan.

    `plain` is the label as it reads without knowing what is registered, where that is another reading.
    `beside`: batches whose codes are in the same photo. `spelling`: the code without the
    reader's identifier; `asked`: every spelling by which it may be registered.
    """

    label: LabelData
    plain: LabelData
    on: date
    spelling: str = ""
    asked: tuple[str, ...] = ()
    number: str | None = None
    is_confirmed: bool = True
    beside: tuple[BatchFact, ...] = ()


@lru_cache(maxsize=1024)
def comparable(number: str | None) -> str | None:
    """A lot or batch number as batches are compared; None where no batch can be named so."""
    if not number:
        return None
    try:
        return normalise(number)
    except BadBatchCode:
        return None


def gtin_of(reading: OneReading) -> str | None:
    """The trade number that tells the product: of the item, or of what a pallet holds."""
    return reading.gtin or (reading.content_gtin if isinstance(reading, LabelData) else None)


def readings_of(label: LabelData) -> tuple[OneReading, ...]:
    """The label's own reading and the other ways to read it."""
    return (label, *label.candidates)


def serial_in(label: LabelData, *, spelling: str) -> str | None:
    """The label's serial number, else all of the text where that is a serial code of ours; as it is compared."""
    found = token.read(label.serial or label.token or spelling)
    return found.text if found else label.serial or label.token
