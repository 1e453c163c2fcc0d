"""GS1 keys inside URIs: Digital Links and EPC URNs, checked digit by digit. Pure.

A URI that is neither is a name somebody else gave; nothing can be said against it.
"""

import re
from urllib.parse import unquote

from traceability.label.application_identifier import BadElement
from traceability.label.digital_link import read_link
from traceability.label.web_address import split_address

GS1_HOST = "id.gs1.org"  # whatever stands there must be a Digital Link
# EPC URN → digits of company prefix and reference together (Tag Data Standard §6.3); None: free.
_URN_DIGITS = {"sgtin": 13, "lgtin": 13, "sscc": 17, "sgln": 12, "pgln": 12, "gdti": 12, "grai": 12}
_URN_PARTS = {"sgtin": 3, "lgtin": 3, "sscc": 2, "sgln": 3, "pgln": 2, "gdti": 3, "grai": 3}
_URN = re.compile(r"urn:epc:(?:id|class):([a-z]+):(.*)", re.DOTALL)
_DIGITS = re.compile(r"[0-9]+")


def identifier_fault(uri: str) -> str | None:
    """Code of what is wrong with a GS1 key in `uri`; None where nothing is, or where it is no GS1 identifier."""
    urn = _URN.fullmatch(uri)
    if urn:
        return _urn_fault(urn[1], urn[2])
    if not uri.lower().startswith(("https://", "http://")):
        return None
    try:
        address = split_address(uri, own_hosts=())
        if address is None:
            return "bad_identifier"
        link = read_link(address, own=False)
    except BadElement as error:
        return "bad_check_digit" if error.code == "check_digit" else "bad_identifier"
    is_gs1 = address.host == GS1_HOST and address.path.strip("/") != ""
    return "bad_identifier" if link is None and is_gs1 else None


def _urn_fault(scheme: str, rest: str) -> str | None:
    """EPC URNs leave the check digit out: what can be wrong is the number of digits."""
    parts = rest.split(".", _URN_PARTS.get(scheme, 2) - 1)
    digits = _URN_DIGITS.get(scheme)
    if digits is None:
        return None
    if len(parts) != _URN_PARTS[scheme] or any(part == "" for part in parts):
        return "bad_identifier"
    prefix, reference = parts[0], parts[1]
    if not _DIGITS.fullmatch(prefix) or not 6 <= len(prefix) <= 12:
        return "bad_identifier"
    if reference and not _DIGITS.fullmatch(reference):
        return "bad_identifier"
    return None if len(prefix) + len(reference) == digits else "bad_identifier"


def spelled(uri: str) -> str:
    """`uri` as we compare it: percent signs of unreserved characters resolved, host in lower case.

    >>> spelled("HTTPS://ID.GS1.org/01/06901234567892/10/A%2D1")
    'https://id.gs1.org/01/06901234567892/10/A-1'
    """
    scheme, mark, rest = uri.partition("://")
    if not mark:
        return uri
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{host.lower()}{slash}{_ESCAPED.sub(_unreserved, path)}"


_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")


def _unreserved(match: re.Match[str]) -> str:
    character = unquote(match[0], errors="replace")
    return character if re.fullmatch(r"[A-Za-z0-9._~-]", character) else match[0].upper()
