"""Any scanned text → what it says. The order below is the law of this concept: the first reading that holds wins.

1 clean · 2 split the symbology identifier · 3 registered codes · 4 what the symbology announces · 5 web
addresses · 6 bracketed element strings · 7 trade numbers by length and check digit · 8 patterns of the house ·
9 unannounced element strings of our own products · 10 unknown, with what it might be.
"""

import re
from dataclasses import replace
from datetime import date

from traceability.label import symbology
from traceability.label.announced import element_answer, read_announced
from traceability.label.answer import from_elements, rejected, single, status_for, trade_item, unknown
from traceability.label.application_identifier import BadElement
from traceability.label.bare_number import read_number
from traceability.label.check_digit import is_digits
from traceability.label.config import LONGEST_HOUSE_CODE, LabelConfig
from traceability.label.gs1 import looks_bracketed, read_bracketed, read_scanned
from traceability.label.house_code import codes_in_text, house_candidate, house_kinds, is_handle
from traceability.label.label_data import Candidate, Kind, LabelData, Status
from traceability.label.web_reading import read_web

# The most a QR code holds (version 40-L, alphanumeric).
LONGEST_CODE = 4296
# Two-digit years need a "now"; a caller without a clock gets the century of this day.
REFERENCE_DAY = date(2026, 1, 1)
_INVISIBLE = "\u00ad\u180e\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff"
_BLANK = " \t\n\r\v\f\x85\xa0\u2028\u2029\u3000"
# NUL, lone surrogates, and what turns the writing direction so that people read another code than we do.
_HOSTILE = re.compile("[\0\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# Full-width forms of an input method → ASCII. Nothing else is folded: ② is not 2.
_WIDTH = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {0x3000: 0x20}
_NO_INVISIBLE = dict.fromkeys(map(ord, _INVISIBLE))
_KEYS = ("00", "01", "02")
_LINK_IN_TEXT = re.compile(r"https?://[\x21-\x7e]+", re.IGNORECASE)


def parse(
    raw: str | bytes, *, config: LabelConfig, aim: str | None = None, today: date = REFERENCE_DAY
) -> LabelData:
    """What `raw` says. Never raises; what cannot be read is `unknown` or `reject`, `warnings` holds the reason.

    `aim` is the symbology identifier where the reader gives it apart from the text. `today` settles the
    century of two-digit years. Nothing is looked up but `config`, nothing is fetched.
    """
    text = _as_text(raw)
    refusal = _hostile(text)
    if refusal is not None:
        return replace(refusal, raw=raw)
    shown = text.strip(_BLANK + _INVISIBLE)
    plain = shown if shown.isascii() else shown.translate(_NO_INVISIBLE).translate(_WIDTH).strip(_BLANK)
    written, payload = symbology.split_identifier(plain)
    payload = payload.strip(_BLANK)
    told = symbology.named(aim) if aim else None
    # Of two identifiers the one that promises more counts; it is checked more strictly too.
    effective = written if written in symbology.GS1 or told is None else told
    data = (
        _registered((shown, plain, payload), config=config)
        or read_announced(payload, aim=effective, config=config, today=today)
        or _unannounced(payload, config=config, today=today)
    )
    more = (
        *(("cleaned",) if plain != shown else ()),
        *(("aim_unknown",) if aim and told is None else ()),
        *(("aim_conflict",) if told and written and told != written else ()),
    )
    return _with_warnings(data, *more, raw=raw, aim=effective)


def _as_text(raw: str | bytes) -> str:
    """Bytes of a QR code: UTF-8, else what Chinese label printers write."""
    if isinstance(raw, str):
        return raw
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _hostile(text: str) -> LabelData | None:
    if len(text) > LONGEST_CODE:
        return rejected(Kind.TEXT, "too_long")
    return rejected(Kind.TEXT, "control_character") if _HOSTILE.search(text) else None


def _with_warnings(data: LabelData, *more: str, raw: str | bytes = "", aim: str | None = None) -> LabelData:
    warnings = (*data.warnings, *more)
    usable = data.status in (Status.OK, Status.WARN)
    status = status_for(warnings) if usable else data.status
    return replace(data, status=status, warnings=warnings, raw=raw, aim=aim)


def _registered(forms: tuple[str, ...], *, config: LabelConfig) -> LabelData | None:
    """A registered code is what it is registered as, whatever else it looks like."""
    registered = config.registered(dict.fromkeys(form for form in forms if form))
    if not registered:
        return None
    code = next(form for form in forms if form in registered)
    return trade_item(code.zfill(14)) if registered[code] is Kind.GTIN else single(registered[code], code)


def _unannounced(payload: str, *, config: LabelConfig, today: date) -> LabelData:
    if not payload:
        return rejected(Kind.EMPTY, "empty")
    web = read_web(payload, config=config, today=today)
    if web is not None:
        return web
    if looks_bracketed(payload):
        return element_answer(lambda: read_bracketed(payload), text=payload, today=today)
    house = house_kinds(payload, config=config)
    number = read_number(payload, house=house, config=config) if is_digits(payload) else None
    if number is not None:
        return number
    guess = _guessed_gs1(payload, config=config, today=today)
    if not house:
        return guess or _text(payload, config=config, today=today)
    others = [house_candidate(kind, payload, reason="two_readings") for kind in house[1:]]
    if guess is not None and guess.status is not Status.UNKNOWN:
        others.append(_as_candidate(guess))
    return single(house[0], payload, *(["two_readings"] if others else []), candidates=tuple(others))


def _guessed_gs1(payload: str, *, config: LabelConfig, today: date) -> LabelData | None:
    """Element strings nobody announced: only from a key on, and a fact only where the key is one of ours."""
    if not payload.startswith(_KEYS) or len(payload) < 16:
        return None
    try:
        read = read_scanned(payload, config=config)
    except BadElement:
        return None
    data = from_elements(read, today=today, warnings=("untagged_gs1",))
    gtins = [gtin for gtin in (data.gtin, data.content_gtin) if gtin is not None]
    if any(map(config.has_product, gtins)) or (data.sscc is not None and config.is_own_number(data.sscc)):
        return data
    return unknown(Kind.TEXT, "not_ours", candidates=(_as_candidate(data), *data.candidates))


def _as_candidate(data: LabelData) -> Candidate:
    return Candidate(
        kind=data.kind,
        reason="untagged_gs1",
        gtin=data.gtin,
        lot=data.lot,
        serial=data.serial,
        sscc=data.sscc,
    )


def _text(payload: str, *, config: LabelConfig, today: date) -> LabelData:
    """Nothing we know as a whole: a Handle, a text with a code in it, or simply unknown."""
    if len(payload) > LONGEST_HOUSE_CODE:
        return unknown()
    found = codes_in_text(payload, config=config)
    serials = tuple(house_candidate(Kind.SERIAL, code, reason="from_text") for code in found.serials)
    batches = tuple(house_candidate(Kind.BATCH, code, reason="several_batches") for code in found.batches)
    if is_handle(payload):
        return unknown(Kind.HANDLE, candidates=(*batches, *serials, *found.doubtful))
    if len(batches) > 1:
        return rejected(Kind.BATCH, "several_batches", candidates=(*batches, *found.doubtful))
    if batches:
        data = single(Kind.BATCH, found.batches[0], "from_text", candidates=(*serials, *found.doubtful))
        return replace(data, gtin=found.gtin)
    link = _own_link_in(payload, config=config, today=today)
    if link is not None:
        return link
    if len(serials) == 1:
        return single(Kind.SERIAL, found.serials[0], "from_text", candidates=found.doubtful)
    return _spaced(payload, config=config) or unknown(candidates=(*serials, *found.doubtful))


def _own_link_in(payload: str, *, config: LabelConfig, today: date) -> LabelData | None:
    """The one address of ours in a text such as a text message."""
    links = _LINK_IN_TEXT.findall(payload)
    data = read_web(links[0], config=config, today=today) if len(links) == 1 else None
    if data is None or "foreign_host" in data.warnings or data.status not in (Status.OK, Status.WARN):
        return None
    return _with_warnings(data, "from_text")


def _spaced(payload: str, *, config: LabelConfig) -> LabelData | None:
    """A number or code typed in groups or in small letters, as a label prints it for the eye."""
    closed = payload.replace(" ", "").replace("-", "")
    house = house_kinds(closed.upper(), config=config)
    number = (
        read_number(closed, house=house, config=config) if closed != payload and is_digits(closed) else None
    )
    if number is not None and not house and number.status in (Status.OK, Status.WARN):
        return _with_warnings(number, "spaced")
    readings = tuple(house_candidate(kind, closed.upper(), reason="spaced") for kind in house)
    return unknown(candidates=readings) if readings else None
