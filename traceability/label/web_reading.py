"""A scanned web address as an answer: our token, a Digital Link, or only an address."""

from datetime import date

from traceability.label.answer import from_elements, rejected, single, unknown
from traceability.label.application_identifier import BadElement
from traceability.label.config import LabelConfig
from traceability.label.digital_link import is_compressed, read_link
from traceability.label.label_data import Kind, LabelData
from traceability.label.web_address import WebAddress, imitates, own_token, split_address


def read_web(text: str, *, config: LabelConfig, today: date) -> LabelData | None:
    """What the address says; None for other text. Nothing is fetched and no address is ever called safe."""
    try:
        address = split_address(text, own_hosts=config.own_hosts)
    except BadElement as bad:
        return rejected(Kind.URL, bad.code, url=text)
    if address is None:
        return None
    own = address.host in config.own_hosts
    if not own and imitates(address.host, own_hosts=config.own_hosts):
        return rejected(Kind.URL, "look_alike_host", url=text)
    found = _token(address, text, config=config) if own else None
    found = found or _link(address, text, own=own, today=today)
    return found or unknown(Kind.URL, *(() if own else ("foreign_host",)), url=text)


def _token(address: WebAddress, text: str, *, config: LabelConfig) -> LabelData | None:
    try:
        token = own_token(address, config=config)
    except BadElement as bad:
        return rejected(Kind.OWN_TOKEN, bad.code, url=text)
    return single(*token, url=text) if token is not None else None


def _link(address: WebAddress, text: str, *, own: bool, today: date) -> LabelData | None:
    try:
        read = read_link(address, own=own)
    except BadElement as bad:
        return rejected(Kind.GS1_DL, bad.code, url=text)
    if read is not None:
        foreign = () if own else ("foreign_host",)
        return from_elements(read, today=today, kind=Kind.GS1_DL, url=text, warnings=foreign)
    return unknown(Kind.GS1_DL, "compressed_link", url=text) if is_compressed(address) else None
