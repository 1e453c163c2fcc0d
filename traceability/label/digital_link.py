"""GS1 Digital Link: element strings in a web address (GS1 Digital Link: URI Syntax 1.2 and later)."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from urllib.parse import quote, unquote, unquote_plus

from traceability.label.application_identifier import ApplicationIdentifier, BadElement, ai_named
from traceability.label.check_digit import is_digits
from traceability.label.gs1 import ElementStrings, associated
from traceability.label.trade_number import gtin14
from traceability.label.web_address import WebAddress

# Primary key → its qualifiers in their order; `|` separates alternatives.
_KEYS = {
    "00": "",
    "01": "22 10 21|235",
    "253": "",
    "255": "",
    "401": "",
    "402": "",
    "414": "254|7040",
    "415": "8020",
    "417": "7040",
    "8003": "",
    "8004": "7040",
    "8006": "22 10 21",
    "8010": "8011",
    "8013": "",
    "8017": "8019",
    "8018": "8019",
}
# Never a query parameter.
_PATH_ONLY = frozenset({"03", "21", "22", "235", "254", "7040", "8011", "8014", "8019", "8020", "8200"})
# The alphabetic names of versions 1.0 and 1.1.
_NAMES = {
    "gtin": "01",
    "lot": "10",
    "ser": "21",
    "cpv": "22",
    "sscc": "00",
    "gln": "414",
    "glnx": "254",
    "party": "417",
    "payto": "415",
    "refno": "8020",
    "gdti": "253",
    "gcn": "255",
    "ginc": "401",
    "gsin": "402",
    "grai": "8003",
    "giai": "8004",
    "itip": "8006",
    "cpid": "8010",
    "cpsn": "8011",
    "gmn": "8013",
    "gsrnp": "8017",
    "gsrn": "8018",
    "srin": "8019",
}
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]{10,}")
_GTIN_BITS = 47


def read_link(address: WebAddress, *, own: bool) -> ElementStrings | None:
    """The element strings of a Digital Link; None where the address is none.

    A foreign address is one only if its key has the form of that key: `/01/8832771` is somebody's page.
    Raises BadElement for a link that is wrong.
    """
    pairs = _path_pairs(address.path)
    if not pairs:
        return None
    warnings: list[str] = []
    if any(name in _NAMES.values() and not is_digits(written) for name, written, _ in pairs):
        warnings.append("short_names")
    if _BAD_PERCENT.search(address.path):
        warnings.append("bad_percent")
    key, _, encoded = pairs[0]
    key_ai, key_value = _ai(key), _decoded(encoded)
    full = _filled_up(key_ai, key_value, own=own)
    if not own and not key_ai.pattern.fullmatch(full):
        return None
    if full != key_value:
        warnings.append("short_gtin")
    qualifiers = [name for name, _, _ in pairs[1:]]
    if not _is_sequence(key, qualifiers):
        raise BadElement("misplaced_field")
    ais = [(key, full), *((name, _decoded(value)) for name, _, value in pairs[1:])]
    for name, value in _query_fields(address, key=key, qualifiers=qualifiers):
        padded = _filled_up(_ai(name), value, own=own)
        if padded != value:
            warnings.append("short_gtin")
        ais.append((name, padded))
    for name, value in ais:
        _ai(name).refuse_bad(value)
    return associated(tuple(ais), warnings=tuple(dict.fromkeys(warnings)))


def is_compressed(address: WebAddress) -> bool:
    """Whether the path ends in what a compressed Digital Link of a GTIN would be. It is recognised, never decoded:

    the known decoders change digits of their own output.
    """
    segment = address.path.rpartition("/")[2]
    if not _BASE64URL.fullmatch(segment):
        return False
    head = urlsafe_b64decode(segment[: len(segment) // 4 * 4])
    # AI 01 is 8 bits; 0A to 0F and 1A to 1F stand for frequent combinations that begin with it.
    if head[0] != 0x01 and not (head[0] >> 4 in (0, 1) and head[0] & 15 > 9):
        return False
    bits = int.from_bytes(head[1:7], "big") >> (48 - _GTIN_BITS)
    return len(head) > 6 and gtin14(f"{bits:014d}") is not None


def link_uri(host: str, *, ais: Sequence[tuple[str, str]]) -> str:
    """`https://host/01/…/10/…?17=…` for our own labels; the first AI is the key. Raises BadElement for bad elements."""
    key, qualifiers = ais[0][0], [name for name, _ in ais[1:]]
    if key not in _KEYS:
        raise BadElement("misplaced_field", key)
    for name, value in ais:
        _ai(name).refuse_bad(value)
    associated(tuple(ais))
    in_path = [name for name in qualifiers if name in _qualifier_names(key)]
    if not _is_sequence(key, in_path):
        raise BadElement("misplaced_field")
    path = "".join(
        f"/{name}/{quote(value, safe='')}" for name, value in ais if name == key or name in in_path
    )
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in ais[1:] if name not in in_path)
    return f"https://{host}{path}{'?' if query else ''}{query}"


def _path_pairs(path: str) -> list[tuple[str, str, str]]:
    """(AI, as written, encoded value) from the rightmost key to the end; empty where there is no key."""
    segments = path.split("/")[1:]
    pairs: list[tuple[str, str, str]] = []
    for at in range(len(segments) - 2, -1, -2):
        written = segments[at]
        name = _NAMES.get(written.lower(), written)
        if not 2 <= len(name) <= 4 or ai_named(name) is None:
            return []
        pairs.insert(0, (name, written, segments[at + 1]))
        if name in _KEYS:
            return pairs
    return []


def _query_fields(address: WebAddress, *, key: str, qualifiers: list[str]) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    for encoded_name, value in address.parameters():
        name = unquote_plus(encoded_name)
        if not is_digits(name):
            continue
        if not 2 <= len(name) <= 4 or ai_named(name) is None:
            raise BadElement("unknown_ai", name)
        if name == key or name in qualifiers or name in dict(fields):
            raise BadElement("repeated_differs", name)
        could_be_in_path = any(
            _is_sequence(key, [*qualifiers[:at], name, *qualifiers[at:]]) for at in range(len(qualifiers) + 1)
        )
        if name in _PATH_ONLY or could_be_in_path:
            raise BadElement("misplaced_field", name)
        fields.append((name, _decoded_query(value)))
    return fields


def _is_sequence(key: str, qualifiers: list[str]) -> bool:
    """Whether the qualifiers stand in the order of one of the key's alternatives."""
    return any(
        [name for name in alternative.split() if name in qualifiers] == qualifiers
        for alternative in _KEYS[key].split("|")
    )


def _qualifier_names(key: str) -> set[str]:
    return set(_KEYS[key].replace("|", " ").split())


def _filled_up(ai: ApplicationIdentifier, value: str, *, own: bool) -> str:
    """A GTIN written with 8, 12 or 13 digits as 14. Foreign eight digits are left: any page number looks so."""
    lengths = (8, 12, 13) if own else (12, 13)
    return (gtin14(value) or value) if ai.code == "01" and len(value) in lengths else value


def _ai(name: str) -> ApplicationIdentifier:
    ai = ai_named(name)
    if ai is None:
        raise BadElement("unknown_ai", name)
    return ai


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise BadElement("bad_character") from error


def _decoded_query(text: str) -> str:
    return _decoded(text.replace("+", " "))
