"""A scanned web address taken apart: whose it is and what token it carries. Nothing here ever opens one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus

from traceability.label.application_identifier import BadElement
from traceability.label.config import LabelConfig, OwnUrlRule
from traceability.label.label_data import Kind

_SCHEMES = ("https://", "http://")
_LONGEST_HOST = 253
_TOKEN_PLACE = "{token}"
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{1,64}")
_BLANK = re.compile(r"\s")
_PORT = re.compile(r":[0-9]{0,5}$")
# Character and the Latin letter it is drawn like.
_ALIKE = """
аa еe оo рp сc уy хx іi ѕs јj һh ԁd ԛq ԝw ѵv кk мm тt вb нh гr пn αa οo ρp νv τt υu ιi κk εe γy ωw ɑa ɡg łl øo ée èe
íi ìi óo òo áa àa ıi 0o 1i li |i 5s 3e
"""
_DRAWN_ALIKE = str.maketrans({pair[0]: pair[1] for pair in _ALIKE.split()})
# Second-level names under which strangers register; a host below one of them says nothing about its owner.
_PUBLIC = frozenset({"com", "net", "org", "gov", "edu", "ac", "co"})


@dataclass(frozen=True, slots=True)
class WebAddress:
    """`host` in lower case without its last dot; `path` and `query` as scanned, percent signs and all."""

    host: str
    path: str
    query: str

    def parameters(self) -> list[tuple[str, str]]:
        """Query parameters in their order, still encoded; one without `=` has no value and is left out."""
        pairs = (part.partition("=") for part in self.query.split("&"))
        return [(name, value) for name, equals, value in pairs if equals]


def split_address(text: str, *, own_hosts: Sequence[str]) -> WebAddress | None:
    """`text` as an address with http or https, or as one of our hosts without a scheme; None for other text.

    Raises BadElement for an address that browsers and people read differently.
    """
    lower = text[: _LONGEST_HOST + 10].lower()
    scheme = next((scheme for scheme in _SCHEMES if lower.startswith(scheme)), "")
    if not scheme and not any(_begins_with_host(lower, host) for host in own_hosts):
        return None
    if _BLANK.search(text):
        return None
    rest = text[len(scheme) :]
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    tail = rest[len(authority) :]
    if "\\" in text or not authority:
        raise BadElement("bad_address")
    if "@" in authority:
        raise BadElement("user_in_address")
    host = _PORT.sub("", authority).lower().replace("。", ".").rstrip(".")
    if not host or len(host) > _LONGEST_HOST:
        raise BadElement("bad_address")
    path, _, query = tail.partition("#")[0].partition("?")
    return WebAddress(host=host, path=path, query=query)


def imitates(host: str, *, own_hosts: Sequence[str]) -> bool:
    """Whether a foreign host is made to look like one of ours."""
    return any(_is_imitation(host, own) for own in own_hosts)


def own_token(address: WebAddress, *, config: LabelConfig) -> tuple[Kind, str] | None:
    """The token one of our addresses carries; None where no rule fits the path. Raises BadElement for a bad one."""
    for rule in config.own_url_rules:
        values = _rule_values(rule, address)
        if values is None:
            continue
        if len(set(values)) > 1:
            raise BadElement("repeated_differs")
        if not values or not values[0]:
            raise BadElement("no_token")
        if not _TOKEN.fullmatch(values[0]):
            raise BadElement("bad_token")
        return rule.kind, values[0]
    return None


def _rule_values(rule: OwnUrlRule, address: WebAddress) -> list[str] | None:
    """What stands where the rule expects the token; None where the path is another one."""
    # A QR code in alphanumeric mode knows capitals only.
    shouted = address.path == address.path.upper()

    def same(given: str, named: str) -> bool:
        return given == named or (shouted and given == named.upper())

    if rule.param is not None:
        if not same(address.path.rstrip("/"), rule.path.rstrip("/")):
            return None
        return [
            unquote_plus(value)
            for name, value in address.parameters()
            if same(unquote_plus(name), rule.param)
        ]
    named, given = rule.path.split("/"), address.path.split("/")
    if given[-1] == "" and len(given) == len(named) + 1:
        given.pop()
    if len(named) != len(given):
        return None
    place = named.index(_TOKEN_PLACE)
    fits = all(at == place or same(given[at], named[at]) for at in range(len(named)))
    return [unquote(given[place])] if fits else None


def _begins_with_host(text: str, host: str) -> bool:
    return text.startswith(host) and text[len(host) : len(host) + 1] in ("", "/", "?", "#", ":")


def _is_imitation(host: str, own: str) -> bool:
    drawn, own_drawn = _skeleton(_readable(host)), _skeleton(own)
    parent = own.partition(".")[2]
    if "." in parent and parent.partition(".")[0] not in _PUBLIC and host.endswith(f".{parent}"):
        # A neighbour under our own domain may hold our name by chance: `test.…` ends like `t.…`.
        return drawn == own_drawn
    return own in host or host.rpartition(".")[0] == own.rpartition(".")[0] or own_drawn in drawn


def _readable(host: str) -> str:
    """`host` with its punycode labels in the characters a browser would show."""
    return ".".join(_label(label) for label in host.split("."))


def _label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def _skeleton(host: str) -> str:
    return (
        host.translate(_DRAWN_ALIKE).replace("rn", "m").replace("vv", "w").replace("-", "").replace(".", "")
    )
