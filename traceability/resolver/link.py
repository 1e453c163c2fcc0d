"""The address of a request, read as a GS1 Digital Link. Pure; nothing is opened."""

import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, unquote

from traceability.label.application_identifier import BadElement, element_date
from traceability.label.digital_link import read_link
from traceability.label.label_data import WARNINGS
from traceability.label.web_address import WebAddress
from traceability.resolver.rules import BadDigitalLink

GS1 = "https://gs1.org/voc/"
# The vocabulary has moved; both homes and the short form are understood.
_HOMES = ("gs1:", GS1, "https://ref.gs1.org/voc/", "http://gs1.org/voc/")
_WHOLE_SET = frozenset({"all", "linkset"})
_LOT_WITH_SLASH = re.compile(r"(?P<item>/(?i:01|gtin)/[0-9]{8,14}/(?i:10|lot)/)(?P<lot>[^/]+(?:/[^/]+)+)")
_LINK_TYPE = re.compile(r"[A-Za-z]{1,40}")


@dataclass(frozen=True)
class Link:
    """What is asked for: an item with its lot, or a logistic unit. GTIN with 14 digits, SSCC with 18."""

    gtin: str = ""
    lot: str = ""
    serial: str = ""
    sscc: str = ""
    expires_on: date | None = None

    @property
    def path(self) -> str:
        """Our own address of it, without the serial number: that is the bag's, not the batch's."""
        if self.sscc:
            return f"/00/{self.sscc}"
        lot = f"/10/{quote(self.lot, safe='')}" if self.lot else ""
        return f"/01/{self.gtin}{lot}"


def read(path: str, *, query: str, today: date) -> Link:
    """`path` and `query` with their percent signs. Raises BadDigitalLink (400).

    A server in front of us may have decoded the slash of a lot such as A/7 already; it is put back.
    """
    bare = path.rstrip("/")
    try:
        found = read_link(WebAddress(host="", path=bare, query=query), own=True)
        if found is None and (halves := _LOT_WITH_SLASH.fullmatch(bare)):
            whole = f"{halves['item']}{quote(unquote(halves['lot']), safe='')}"
            found = read_link(WebAddress(host="", path=whole, query=query), own=True)
    except BadElement as bad:
        raise BadDigitalLink(reason=WARNINGS[bad.code]) from bad
    if found is None:
        raise BadDigitalLink(reason=WARNINGS["bad_address"])
    values = dict(found.ais)
    if not ("01" in values or "00" in values):  # a key we do not serve stood behind ours
        raise BadDigitalLink(reason=WARNINGS["misplaced_field"])
    expiry = values.get("17") or values.get("15")
    return Link(
        gtin=values.get("01", ""),
        lot=values.get("10", ""),
        serial=values.get("21", ""),
        sscc=values.get("00", ""),
        expires_on=element_date(expiry, today=today) if expiry else None,
    )


def wants_link_set(given: str) -> bool:
    return given in _WHOLE_SET


def link_type(given: str) -> str | None:
    """`gs1:recallStatus` and the like as `recallStatus`; None for another vocabulary."""
    home = next((home for home in _HOMES if given.startswith(home)), None)
    name = given.removeprefix(home) if home else ""
    return name if _LINK_TYPE.fullmatch(name) else None
