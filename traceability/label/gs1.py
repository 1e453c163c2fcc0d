"""GS1 element strings, scanned or in brackets: split and checked strictly."""

import re
from dataclasses import dataclass

from traceability.label.application_identifier import ApplicationIdentifier, BadElement, ai_at, ai_named
from traceability.label.association import lacks_company, refuse_contradictions
from traceability.label.config import LabelConfig
from traceability.label.label_data import Ais, Candidate, Kind

GS = "\x1d"
# How readers, keyboard wedges and JSON encoders spell the separator; more backslashes are text escaped twice.
_SPELLED_GS = re.compile(
    r"<GS>|\{GS\}|\[GS\]|<FNC1>|\{FNC1\}|\[FNC1\]|<0x1D>|\\{1,8}u001d|\\{1,8}x1d|\\{1,8}0?35|&#x1D;|&#29;|\^\]|\u241d|\u2194",
    re.IGNORECASE,
)
# What some readers put in the separator's place; none of them may stand in GS1 data.
_REPLACED_GS = " |~^\t\n\r\x1c\x1e\x1f#$@"
_LOT, _SERIAL = "10", "21"
_OPEN_ENDED = (_LOT, _SERIAL)
_LONGEST_HEAD = 20
# As many as the reference implementation takes.
_MOST_ELEMENTS = 64
_BEHIND_LOT = frozenset({"00", "01", "02", "11", "12", "13", "15", "16", "17", "31"})
_BRACKETS = {"(": ")", "[": "]", "【": "】", "〔": "〕"}
_GROUP = re.compile(r"\(([0-9]{2,4})\)((?:\\.|[^(\\]|\\$)*)")
_BRACKETED_AI = {
    left: re.compile(f"{re.escape(left)}([0-9]{{2,4}}){re.escape(right)}")
    for left, right in _BRACKETS.items()
}


@dataclass(frozen=True, slots=True)
class ElementStrings:
    """`ais`: what the code says for certain. `candidates`: readings of a field that may have swallowed the next."""

    ais: Ais
    warnings: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()


def spelled_separators(text: str) -> str:
    """`text` with every spelled-out separator as the real character."""
    return _SPELLED_GS.sub(GS, text)


def begins_with_separator(text: str) -> bool:
    """Whether a separator stands in front, as itself or spelled out: the FNC1 of the first position."""
    return text.startswith(GS) or _SPELLED_GS.match(text) is not None


def read_scanned(text: str, *, config: LabelConfig) -> ElementStrings:
    """The element strings of scanned GS1 data, separators as \\x1d. Raises BadElement."""
    plain = spelled_separators(text)
    spelled = ("spelled_separator",) if plain != text else ()
    try:
        read = _split(plain, config=config)
    except BadElement as fault:
        read = _split_repaired(plain, fault=fault, config=config)
        spelled = (*spelled, "replaced_separator")
    return _associated(read, warnings=spelled)


def looks_bracketed(text: str) -> bool:
    """Whether `text` begins like `(01)`, with any kind of bracket; full-width ones are plain by now."""
    return text[:1] in _BRACKETED_AI and _BRACKETED_AI[text[0]].match(text) is not None


def read_bracketed(text: str) -> ElementStrings:
    """The element strings of `(01)…(10)…`; `\\(` is a bracket inside a value. Raises BadElement."""
    if text[:1] in _BRACKETED_AI and text[0] != "(":
        text = _BRACKETED_AI[text[0]].sub(r"(\1)", text)
    ais: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        group = _GROUP.match(text, position)
        if group is None:
            raise BadElement("unknown_ai")
        ai = ai_named(group[1])
        if ai is None:
            raise BadElement("unknown_ai", group[1])
        value = re.sub(r"\\([()\\])", r"\1", group[2].strip())
        # People space out long numbers; a space has no meaning in digits.
        value = value.replace(" ", "") if value.replace(" ", "").isdigit() else value
        ai.refuse_bad(value)
        ais.append((ai.code, value))
        position = group.end()
    return associated(tuple(ais))


def associated(ais: Ais, *, warnings: tuple[str, ...] = ()) -> ElementStrings:
    """Checked elements as the answer. Raises BadElement where they contradict each other."""
    return _associated(ElementStrings(ais=ais), warnings=warnings)


def _associated(read: ElementStrings, *, warnings: tuple[str, ...]) -> ElementStrings:
    refuse_contradictions(read.ais)
    # With a field withheld, what is missing may be in it.
    incomplete = (
        ("missing_pair",) if "lost_separator" not in read.warnings and lacks_company(read.ais) else ()
    )
    return ElementStrings(
        ais=read.ais, warnings=(*warnings, *read.warnings, *incomplete), candidates=read.candidates
    )


def _split(text: str, *, config: LabelConfig | None) -> ElementStrings:
    """`config` None: a plain split, without looking for lost separators."""
    # Some readers send the FNC1 of the first position too.
    position = 1 if text.startswith(GS) else 0
    if position == len(text):
        raise BadElement("no_data")
    ais: list[tuple[str, str]] = []
    warnings: list[str] = []
    candidates: tuple[Candidate, ...] = ()
    while position < len(text):
        ai = ai_at(text[position : position + 4])
        if ai is None:
            raise BadElement("unknown_ai", text[position : position + 4])
        if len(ais) == _MOST_ELEMENTS:
            raise BadElement("too_many_fields")
        start = position + len(ai.code)
        end = _end_of_value(text, ai=ai, start=start)
        value = text[start:end]
        swallowed = _swallowed(value, ai=ai, before=ais, config=config) if config else ()
        if swallowed and (end == len(text) or not ai.pattern.fullmatch(value)):
            return ElementStrings(
                ais=tuple(ais), warnings=(*warnings, "lost_separator"), candidates=(*candidates, *swallowed)
            )
        if swallowed:
            # A separator follows, so the printer does set them; the value is what it says, most likely.
            warnings.append("reads_on")
            candidates = (*candidates, *swallowed)
        ai.refuse_bad(value)
        ais.append((ai.code, value))
        position = end + 1 if text[end : end + 1] == GS else end
    return ElementStrings(ais=tuple(ais), warnings=tuple(warnings), candidates=candidates)


def _end_of_value(text: str, *, ai: ApplicationIdentifier, start: int) -> int:
    if ai.length is not None:
        return min(start + ai.length, len(text))
    separator = text.find(GS, start)
    return separator if separator >= 0 else len(text)


def _swallowed(
    value: str, *, ai: ApplicationIdentifier, before: list[tuple[str, str]], config: LabelConfig
) -> tuple[Candidate, ...]:
    """How the `value` of an open-ended field may hold further fields; empty where it is what it says.

    Without a separator `10A0117271231` is lot A0117271231, or lot A01 to be used by 2027-12-31. A date or
    number with a check digit behind it is taken for one; a lot or serial number only where our patterns
    know it, since every October date holds a `10`.
    """
    fits = ai.pattern.fullmatch(value) is not None
    if ai.length is not None or (fits and ai.code not in _OPEN_ENDED):
        return ()
    # A field that was already there is not there again behind a lost separator.
    seen = {code for code, _ in before}
    cuts = [
        (value[:cut], fields)
        for cut in range(1, min(len(value) - 1, _LONGEST_HEAD + 1))
        if (fields := _plain_fields(value[cut:])) is not None
        and ai.pattern.fullmatch(value[:cut])
        and seen.isdisjoint(fields)
    ]
    if not cuts:
        return ()
    registered = config.registered([value, *(head for head, _ in cuts)]) if ai.code in _OPEN_ENDED else {}
    if value in registered:
        return ()
    is_house = {_LOT: config.is_batch, _SERIAL: config.is_serial}.get(ai.code, _never)
    of_house = [(head, fields) for head, fields in cuts if head in registered or is_house(head)]
    if not of_house and is_house(value):
        return ()
    found = of_house[:1] or [(head, fields) for head, fields in cuts if _is_telling(fields, config=config)]
    whole = [(value, dict[str, str]())] if found and fits else []
    return tuple(_reading(ai, head, fields) for head, fields in [*found, *whole])


def _is_telling(fields: dict[str, str], *, config: LabelConfig) -> bool:
    """Whether fields found behind a cut can hardly be chance."""
    return (
        next(iter(fields))[:2] in _BEHIND_LOT
        or config.is_batch(fields.get(_LOT, ""))
        or config.is_serial(fields.get(_SERIAL, ""))
    )


def _never(_: str) -> bool:
    return False


def _plain_fields(text: str) -> dict[str, str] | None:
    if ai_at(text[:4]) is None:
        return None
    try:
        read = _split(text, config=None)
        refuse_contradictions(read.ais)
    except BadElement:
        return None
    return dict(read.ais)


def _reading(ai: ApplicationIdentifier, value: str, fields: dict[str, str]) -> Candidate:
    return Candidate(
        kind=Kind.GS1,
        reason="lost_separator",
        gtin=fields.get("01"),
        lot=value if ai.code == _LOT else fields.get(_LOT),
        serial=value if ai.code == _SERIAL else fields.get(_SERIAL),
        sscc=fields.get("00"),
    )


def _split_repaired(text: str, *, fault: BadElement, config: LabelConfig) -> ElementStrings:
    """`text` with the one foreign character that stands between fields as separator; raises `fault` if it does not.

    At an end it separates nothing: then it is dirt, and the data are not to be trusted.
    """
    strangers = {character for character in text if character in _REPLACED_GS}
    if len(strangers) != 1 or GS in text or strangers & {text[0], text[-1]}:
        raise fault
    try:
        return _split(text.replace(strangers.pop(), GS), config=config)
    except BadElement:
        raise fault from None
