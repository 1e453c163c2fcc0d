"""What a code says: the one answer shape of this concept."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from backend.core.errors import mark as _

Ais = tuple[tuple[str, str], ...]


class Status(StrEnum):
    """`ok`: nothing to add. `warn`: usable, but read the warnings. `reject`: the code is broken and means nothing.

    `unknown`: a code we cannot read; kept for QC.
    """

    OK = "ok"
    WARN = "warn"
    REJECT = "reject"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """What the code is. `sscc` is a logistic unit in any notation but a web address."""

    EMPTY = "empty"
    TEXT = "text"
    GS1 = "gs1"
    GS1_DL = "gs1_dl"
    GTIN = "gtin"
    SSCC = "sscc"
    BATCH = "batch"
    SERIAL = "serial"
    OWN_TOKEN = "own_token"
    URL = "url"
    HANDLE = "handle"


# Permanent codes → what they tell a person. The first part explains a rejection or a warning.
WARNINGS: dict[str, str] = {
    "empty": _("The code is empty."),
    "too_long": _("Longer than any code we read."),
    "control_character": _("Holds a NUL, a lone surrogate or a character that turns the writing direction."),
    "no_data": _("A field is announced but empty."),
    "unknown_ai": _("An application identifier that does not exist."),
    "bad_character": _("A character that GS1 data may not hold."),
    "bad_format": _("A field of the wrong length or kind."),
    "bad_date": _("A date or time that does not exist."),
    "bad_value": _("A value outside its list or range."),
    "check_digit": _("The check digit is wrong: misread or mistyped."),
    "too_many_fields": _("More fields than a label can hold."),
    "repeated_differs": _("A field occurs twice with different values."),
    "forbidden_pair": _("Two fields that exclude each other."),
    "missing_pair": _("A field stands without the one it belongs to; look for a second code on the item."),
    "lost_separator": _("The reader lost a separator: the lot or serial number runs into the next field."),
    "reads_on": _("The lot or serial number ends like another field; compare it with the print."),
    "replaced_separator": _("Another character stands where the separator should be."),
    "not_gs1": _("Printed as a GS1 code, but the content is a house code."),
    "aim_conflict": _("The reader names another symbology than the code itself."),
    "in_store_number": _("A number for use inside one shop or company, not a trade item of the world."),
    "book_number": _("A book or magazine number."),
    "addon_only": _("Only the supplement beside the code was read."),
    "wrong_length": _("This symbology always carries another number of digits."),
    "foreign_host": _("The web address is not ours; it was not opened."),
    "look_alike_host": _("The web address imitates one of ours."),
    "user_in_address": _("The web address carries a user name in front of its host."),
    "bad_address": _("The web address is malformed."),
    "short_names": _("An old form of Digital Link with names instead of numbers."),
    "short_gtin": _("A GTIN that was not filled up to 14 digits."),
    "misplaced_field": _("A field stands in the query that belongs into the path, or in the wrong order."),
    "bad_percent": _("A percent sign that encodes nothing; part of the address may be missing."),
    "compressed_link": _("A compressed Digital Link; these are not supported."),
    "no_token": _("Our address without its token."),
    "bad_token": _("Our address with something that is no token."),
    "from_text": _("Found inside a longer text."),
    "several_batches": _("More than one batch in one code."),
    "two_readings": _("The code can be read in two ways."),
    "date_code": _("Reads as a date-coded number as well as a trade number."),
    "not_ours": _("A number with a right check digit that belongs to nobody we know."),
    "spaced": _("Written with gaps or small letters that the code does not have."),
    "aim_unknown": _("The reader names a symbology that does not exist."),
    # From here on: said, but no reason to doubt the reading.
    "cleaned": _("Invisible or full-width characters were replaced."),
    "spelled_separator": _("The separator was spelled out as text."),
    "untagged_gs1": _("GS1 data without a symbology identifier."),
}
NOTICES = frozenset({"aim_unknown", "cleaned", "spelled_separator", "untagged_gs1"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """Another way to read the code. `reason` is a code of WARNINGS; nothing here is a fact."""

    kind: Kind
    reason: str
    gtin: str | None = None
    lot: str | None = None
    serial: str | None = None
    sscc: str | None = None
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class LabelData:
    """One code, read.

    gtin, content_gtin: 14 digits. sscc: 18. lot, serial, batch, token: as in the code, leading zeros kept.
    `batch` is a code of the house, `lot` the value of AI (10). exp: AI (17), or (15) where there is no (17):
    the end of 保质期, after which food may not be sold either way. mfg: AI (11). net_kg: AI (310n).
    ais: every (AI, value) in the order of the code. warnings: codes of WARNINGS. raw, aim: as they came.
    A rejected code has no fields but its address.
    """

    status: Status
    kind: Kind
    gtin: str | None = None
    lot: str | None = None
    serial: str | None = None
    sscc: str | None = None
    exp: date | None = None
    mfg: date | None = None
    batch: str | None = None
    token: str | None = None
    content_gtin: str | None = None
    count: int | None = None
    net_kg: Decimal | None = None
    url: str | None = None
    ais: Ais = ()
    warnings: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    raw: str | bytes = ""
    aim: str | None = None
