"""Recording scans: each one a permanent row with the answer it got; unknown codes reach QC's inbox."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import orjson
import structlog
from django.db import transaction

from backend.accounts.models import User
from backend.accounts.rules import Role
from backend.core import clock
from backend.core.clock import Stamp, factory_date
from backend.core.errors import DomainError, IdReuse, InFlight
from backend.core.errors import mark as _
from backend.core.queue import emit
from traceability.customer.position import Position
from traceability.photo.code import Code
from traceability.photo.image import read_codes
from traceability.scan import inbox, log
from traceability.scan.answer import Body, Told, answer
from traceability.scan.far_away import Sighting
from traceability.scan.models import LabelProfile, Scan
from traceability.scan.plain_scan import Place
from traceability.scan.profile import config_of
from traceability.scan.queries import Meaning, Scanned, meanings
from traceability.scan.reading import Raw
from traceability.scan.rules import Outcome, ScanSource, Verdict, Why, suspected
from traceability.scan.sighting import Asked, Unit, far_away, only

logger = structlog.get_logger("saltline.scan")

MOST_CODES = 50  # of one photo; the first ones are the surest
TRIES = 3  # another request may store the same scans between our look and our write


class NoCodeFound(DomainError):
    code, status, title = "no_code_found", 422, _("No code was found in the photo")
    detail = _("Hold the phone closer, avoid glare, fill half of the picture with the code.")


@dataclass(frozen=True, slots=True)
class Entry:
    """One scan as it came in. `code`: text, or bytes where the reader gave these.

    `digest` is of the content sent: the same id with another digest is refused.
    """

    id: UUID
    code: str | bytes
    aim: str
    source: ScanSource
    stamp: Stamp
    digest: str
    place: Place | None = None
    batch_number: str = ""
    photo_id: str | None = None
    photo_code: Code | None = None


@dataclass(frozen=True, slots=True)
class Author:
    """Who scans. `audit` opens the history context; it is entered only where a row with history is written."""

    user: User
    device_id: UUID | None
    audit: Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The JSON of a scan's answer, or its refusal. `is_repeat`: this scan was stored before."""

    body: bytes = b""
    is_repeat: bool = False
    error: DomainError | None = None


def record_scan(entry: Entry, *, by: Author) -> Recorded:
    """Resolves and stores one scan: one look-up, one insert; between them one more for a serial number.

    The same scan again gives the stored answer. Raises IdReuse (409) for the same id with other content.
    """
    [meaning] = _meant([entry], by=by)
    if _is_for_inbox(meaning) or _is_far_away(meaning) or _is_at_a_dealers(meaning, by=by):
        recorded = record_scans([entry], by=by)[0]
    else:
        body = orjson.dumps(_answer(entry, meaning, by=by), default=_plain, option=orjson.OPT_UTC_Z)
        if log.write([_row(entry, meaning, body=body, by=by)]):
            return Recorded(body=body)
        recorded = _repeat(entry, log.stored([entry.id])[entry.id], by=by)
    if recorded.error:
        raise recorded.error
    return recorded


def record_scans(entries: Sequence[Entry], *, by: Author, in_one_photo: bool = False) -> list[Recorded]:
    """Resolves and stores many scans in one transaction, in their order; refusals stand in their place.

    The number of statements does not depend on the number of scans. Raises InFlight (409) where other
    requests keep storing the same ids.
    """
    for _try in range(TRIES):
        known = log.stored(entry.id for entry in entries)
        new = list({entry.id: entry for entry in reversed(entries) if entry.id not in known}.values())
        bodies = _store(new, by=by, in_one_photo=in_one_photo) if new else {}
        if bodies is not None:
            return _results(entries, known, bodies, by=by)
    raise InFlight


def _store(entries: Sequence[Entry], *, by: Author, in_one_photo: bool) -> Mapping[UUID, bytes] | None:
    """Id → answer of the scans written; None (and nothing written) where another request was quicker."""
    found = _meant(entries, by=by, in_one_photo=in_one_photo)
    received_at = entries[0].stamp.received_at
    with by.audit(), transaction.atomic():
        unknown = [(inbox.entry_text(m.spelling), m.label.aim or "") for m in found if _is_for_inbox(m)]
        reports = inbox.report(unknown, at=received_at) if unknown else {}
        bodies = {}
        rows = []
        for entry, meaning in zip(entries, found, strict=True):
            report_id = reports[inbox.entry_text(meaning.spelling)] if _is_for_inbox(meaning) else None
            told = _answer(entry, meaning, by=by, report_id=report_id)
            bodies[entry.id] = orjson.dumps(told, default=_plain, option=orjson.OPT_UTC_Z)
            rows.append(_row(entry, meaning, body=bodies[entry.id], by=by))
        if len(log.write(rows)) < len(rows):
            transaction.set_rollback(True)
            return None
        for entry, meaning in zip(entries, found, strict=True):
            if _is_far_away(meaning):
                emit("scan.suspicious", scan_id=entry.id)
            if _is_at_a_dealers(meaning, by=by):
                emit("scan.at_dealer", scan_id=entry.id)
    return bodies


def _meant(entries: Sequence[Entry], *, by: Author, in_one_photo: bool = False) -> list[Meaning]:
    """What the codes mean, and whether a bag was seen too far away from here."""
    found = meanings(
        [_scanned(entry) for entry in entries], regions=by.user.regions, in_one_photo=in_one_photo
    )
    asked = {
        index: Asked(unit, _sighting(entries[index], by=by))
        for index, meaning in enumerate(found)
        if (unit := _unit(meaning)) is not None
    }
    if asked:
        for index, is_far in zip(asked, far_away([*asked.values()], on=clock.today()), strict=True):
            if is_far:
                found[index] = _suspected(found[index])
    return found


def _unit(meaning: Meaning) -> Unit | None:
    """The bag: by its serial code, or by a serial number of a product we know."""
    found = meaning.resolution
    if found.token is not None:
        return Unit(serial=found.token, product_id=None)
    serial = _serial(meaning)
    return Unit(serial=serial, product_id=found.product.id) if serial and found.product else None


def _serial(meaning: Meaning) -> str:
    label, found = meaning.label, meaning.resolution
    return (found.token or label.serial or label.token or found.serial or "")[:64]


def _sighting(entry: Entry, *, by: Author) -> Sighting:
    place = entry.place
    return Sighting(
        at=entry.stamp.corrected_at,
        position=Position(float(place.latitude), float(place.longitude), place.datum) if place else None,
        blur_m=float(place.accuracy_m or 0) if place else 0,
        region=only(by.user.regions),
    )


def _suspected(meaning: Meaning) -> Meaning:
    found = meaning.resolution
    worse = suspected(Verdict(found.outcome, found.why), Why.SEEN_FAR_AWAY)
    return replace(meaning, resolution=replace(found, outcome=worse.outcome, why=worse.why))


def _is_far_away(meaning: Meaning) -> bool:
    return Why.SEEN_FAR_AWAY in meaning.resolution.why


def _is_at_a_dealers(meaning: Meaning, *, by: Author) -> bool:
    """Goods in the hands of a customer: whether they were ever sent there is looked up afterwards."""
    return by.user.role == Role.DEALER and meaning.resolution.batch is not None


def _results(
    entries: Sequence[Entry], known: Mapping[UUID, Scan], bodies: Mapping[UUID, bytes], *, by: Author
) -> list[Recorded]:
    first: dict[UUID, Entry] = {}
    results = []
    for entry in entries:
        if entry.id in known:
            results.append(_repeat(entry, known[entry.id], by=by))
        elif entry.id in first:
            same = first[entry.id].digest == entry.digest
            results.append(
                Recorded(body=bodies[entry.id], is_repeat=True) if same else Recorded(error=IdReuse())
            )
        else:
            first[entry.id] = entry
            results.append(Recorded(body=bodies[entry.id]))
    return results


def _repeat(entry: Entry, row: Scan, *, by: Author) -> Recorded:
    if row.digest != entry.digest or row.recorded_by_id != by.user.pk:
        return Recorded(error=IdReuse())
    return Recorded(body=orjson.dumps(row.answer), is_repeat=True)


def _scanned(entry: Entry) -> Scanned:
    return Scanned(
        raw=Raw(code=entry.code, aim=entry.aim or None, on=_day(entry)),
        number=entry.batch_number or None,
        is_confirmed=entry.photo_code is None or entry.photo_code.confirmed,
    )


def _day(entry: Entry) -> date:
    """The day expiry is judged by: a verdict is about now, so our clock says it, never the phone's."""
    return factory_date(entry.stamp.received_at)


def _is_for_inbox(meaning: Meaning) -> bool:
    return meaning.resolution.outcome is Outcome.UNKNOWN and bool(meaning.spelling)


def _answer(entry: Entry, meaning: Meaning, *, by: Author, report_id: UUID | None = None) -> Body:
    told = Told(
        id=entry.id,
        stamp=entry.stamp,
        label=meaning.label,
        resolution=meaning.resolution,
        photo_code=entry.photo_code,
        report_id=report_id,
    )
    return answer(told, role=by.user.role)


def _row(entry: Entry, meaning: Meaning, *, body: bytes, by: Author) -> dict[str, Any]:
    label, found, place = meaning.label, meaning.resolution, entry.place
    return {
        "id": entry.id,
        "recorded_by_id": by.user.pk,
        "device_id": by.device_id,
        "device_at": entry.stamp.device_at,
        "corrected_at": entry.stamp.corrected_at,
        "received_at": entry.stamp.received_at,
        "clock_suspect": entry.stamp.suspect,
        "source": entry.source.value,
        "raw": _readable(entry.code),
        "raw_bytes": _bytes(entry),
        "aim": label.aim or entry.aim,
        "reader": entry.photo_code.reader.value if entry.photo_code else "",
        "batch_number": entry.batch_number,
        "label_kind": label.kind.value,
        "outcome": found.outcome.value,
        "gtin": label.gtin or label.content_gtin or "",
        "lot": (label.lot or label.batch or "")[:64],
        "serial": _serial(meaning),
        "sscc": label.sscc or "",
        "batch_id": found.batch.id if found.batch else None,
        "product_id": found.product.id if found.product else None,
        "latitude": place.latitude if place else None,
        "longitude": place.longitude if place else None,
        "datum": place.datum if place else "",
        "accuracy_m": place.accuracy_m if place else None,
        "photo_id": entry.photo_id,
        "digest": entry.digest,
        "answer": body.decode(),
    }


def _bytes(entry: Entry) -> bytes:
    if entry.photo_code:
        return entry.photo_code.raw_bytes
    return entry.code if isinstance(entry.code, bytes) else entry.code.encode()


def _readable(code: str | bytes) -> str:
    """The code as text for people and search; `raw_bytes` keeps what was read. PostgreSQL takes no NUL."""
    text = code if isinstance(code, str) else code.decode("utf-8", "replace")
    return text.replace("\0", "\u2400")


def _plain(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def record_photo(photo: bytes, *, first: Entry, by: Author) -> list[Recorded]:
    """Reads the codes of a photo and records each as a scan, at most 50; `first` is the entry of the first.

    A photo that was stored before is not read again. No transaction is open while it is read. Raises
    NoCodeFound (422), IdReuse (409), and what `read_codes` raises.
    """
    ids = [first.id, *(uuid5(first.id, str(number)) for number in range(2, MOST_CODES + 1))]
    known = log.stored(ids)
    if first.id in known:
        found = [known[id] for id in ids if id in known]
        recorded = [_repeat(replace(first, id=row.pk), row, by=by) for row in found]
    else:
        read = read_codes(photo)
        if not read.codes:
            logger.info("photo_without_code", scan_id=str(first.id), ms=read.ms)
            raise NoCodeFound
        entries = [
            replace(first, id=id, code=code.text, aim=code.aim, photo_code=code)
            for id, code in zip(ids, read.codes, strict=False)
        ]
        recorded = record_scans(entries, by=by, in_one_photo=True)
    for result in recorded:
        if result.error:
            raise result.error
    return recorded


@transaction.atomic
def add_label_profile(**fields: Any) -> LabelProfile:
    """A new profile, in force from its date. Raises InvalidLabelConfig (400) for a pattern that cannot work."""
    row = LabelProfile(**fields)
    config_of(row)
    row.save(force_insert=True)
    return row
