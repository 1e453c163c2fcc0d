"""What this house prints on its labels: hosts, patterns, registered codes, products."""

import re
from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from biip import ParseError
from biip.gs1_prefixes import GS1CompanyPrefix

from backend.core.errors import DomainError
from backend.core.errors import mark as _
from traceability.label.check_digit import is_digits
from traceability.label.label_data import Kind
from traceability.label.pattern import check_pattern

# No house code is longer; it bounds what an unlucky pattern can cost.
LONGEST_HOUSE_CODE = 256
_LONGEST_PATTERN = 200
_TOKEN_PLACE = "{token}"
_TOKEN_FIELDS = {"token": Kind.OWN_TOKEN, "batch": Kind.BATCH, "serial": Kind.SERIAL}
_REGISTERED_KINDS = {
    "batch": Kind.BATCH,
    "lot": Kind.BATCH,
    "serial": Kind.SERIAL,
    "unit": Kind.SERIAL,
    "gtin": Kind.GTIN,
    "sscc": Kind.SSCC,
    "token": Kind.OWN_TOKEN,
}


CodeLookUp = Callable[[Collection[str]], Mapping[str, str]]


class InvalidLabelConfig(DomainError):
    """The label configuration cannot be used; `what` says where it fails."""

    code, status, title = "invalid_label_config", 400, _("The label configuration cannot be used")
    detail = _("{what}")


@dataclass(frozen=True, slots=True)
class OwnUrlRule:
    """Where one of our web addresses carries its token: `path` with a `{token}` segment, or query `param`."""

    path: str
    param: str | None = None
    kind: Kind = Kind.OWN_TOKEN

    def __post_init__(self) -> None:
        if self.path.split("/").count(_TOKEN_PLACE) != (0 if self.param else 1) or not self.path.startswith(
            "/"
        ):
            raise InvalidLabelConfig(what=f"own_url_rules: {self.path}")


@dataclass(frozen=True, slots=True)
class LabelConfig:
    """Hosts in lower case. Patterns are regular expressions for a whole code (ASCII digits), tried in order.

    `known_codes`: registered code → kind (batch, lot, serial, unit, gtin, sscc, token), as a mapping or as a
    look-up that takes several codes at once and answers for those it knows. `products`: our GTINs with 14
    digits, as a container or a look-up. `company_prefixes`: our GS1 company prefixes; they tell our own
    pallet numbers from chance. Raises InvalidLabelConfig for a pattern or rule that cannot work, or a pattern
    that some text could make slow.
    """

    own_hosts: tuple[str, ...] = ()
    own_url_rules: tuple[OwnUrlRule, ...] = ()
    batch_patterns: tuple[str, ...] = ()
    serial_patterns: tuple[str, ...] = ()
    known_codes: Mapping[str, str] | CodeLookUp = field(default_factory=dict)
    products: Container[str] | Callable[[str], bool] = ()
    company_prefixes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for pattern in (*self.batch_patterns, *self.serial_patterns):
            _compiled(pattern)

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> "LabelConfig":
        """From the object of a configuration file; every key may be absent, unknown keys are left alone."""
        gtins = tuple(code.zfill(14) for code in _texts(data, "products"))
        known = data.get("known_codes", {})
        if not isinstance(known, Mapping) or not all(kind in _REGISTERED_KINDS for kind in known.values()):
            raise InvalidLabelConfig(what="known_codes")
        return cls(
            own_hosts=tuple(host.lower().rstrip(".") for host in _texts(data, "own_hosts")),
            own_url_rules=tuple(_url_rule(rule) for rule in _list(data, "own_url_rules")),
            batch_patterns=_texts(data, "batch_patterns"),
            serial_patterns=_texts(data, "serial_patterns"),
            known_codes={str(code): str(kind) for code, kind in known.items()},
            products=frozenset(gtins),
            company_prefixes=_texts(data, "company_prefixes") or company_prefixes(gtins),
        )

    def registered(self, codes: Collection[str]) -> dict[str, Kind]:
        """Those of `codes` that are registered, with their kind; one look-up for all of them."""
        known = self.known_codes if isinstance(self.known_codes, Mapping) else self.known_codes(codes)
        return {code: _REGISTERED_KINDS[known[code]] for code in codes if code in known}

    def has_product(self, gtin: str) -> bool:
        """Whether the 14-digit GTIN is one of ours."""
        return self.products(gtin) if callable(self.products) else gtin in self.products

    def is_own_number(self, number: str) -> bool:
        """Whether a GTIN-14 or SSCC (one leading digit, then the company prefix) was issued by us."""
        return number[1:].startswith(self.company_prefixes) if self.company_prefixes else False

    def is_batch(self, code: str) -> bool:
        """Whether the whole of `code` has the form of one of our batch numbers."""
        return _matches(code, self.batch_patterns)

    def is_serial(self, code: str) -> bool:
        """Whether the whole of `code` has the form of one of our serial numbers."""
        return _matches(code, self.serial_patterns)

    def expects_digits(self, digits: str, kind: Kind) -> bool:
        """Whether a pattern of that kind is made for digits; to one that takes letters, digits only happen."""
        patterns = self.batch_patterns if kind is Kind.BATCH else self.serial_patterns
        return any(
            _matches(digits, (pattern,))
            and not any(
                _matches(f"{digits[:at]}A{digits[at + 1 :]}", (pattern,)) for at in range(len(digits))
            )
            for pattern in patterns
        )


def company_prefixes(gtins: Iterable[str]) -> tuple[str, ...]:
    """The GS1 company prefixes of 14-digit GTINs; where the length is not public, the shortest China uses (7)."""
    whole = (gtin for gtin in gtins if is_digits(gtin) and len(gtin) == 14 and not gtin.startswith("000000"))
    return tuple(sorted({_company_prefix(gtin[1:]) for gtin in whole}))


def _company_prefix(number: str) -> str:
    try:
        prefix = GS1CompanyPrefix.extract(number)
    except ParseError:
        prefix = None
    return prefix.value if prefix else number[:7]


def _matches(code: str, patterns: tuple[str, ...]) -> bool:
    return 0 < len(code) <= LONGEST_HOUSE_CODE and any(
        _compiled(pattern).fullmatch(code) for pattern in patterns
    )


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    if len(pattern) > _LONGEST_PATTERN:
        raise InvalidLabelConfig(what=f"pattern longer than {_LONGEST_PATTERN} characters")
    try:
        check_pattern(pattern)
        return re.compile(pattern, re.ASCII)
    except re.error as error:
        raise InvalidLabelConfig(what=f"{pattern}: {error}") from error


def _url_rule(rule: object) -> OwnUrlRule:
    if not isinstance(rule, Mapping):
        raise InvalidLabelConfig(what="own_url_rules")
    path, param, field = rule.get("path"), rule.get("param"), rule.get("field", "token")
    if not isinstance(path, str) or not isinstance(param, str | None) or field not in _TOKEN_FIELDS:
        raise InvalidLabelConfig(what="own_url_rules")
    return OwnUrlRule(path=path, param=param, kind=_TOKEN_FIELDS[field])


def _list(data: Mapping[str, object], key: str) -> list[object]:
    value = data.get(key, [])
    if not isinstance(value, list):
        raise InvalidLabelConfig(what=key)
    return value


def _texts(data: Mapping[str, object], key: str) -> tuple[str, ...]:
    values = _list(data, key)
    if not all(isinstance(value, str) for value in values):
        raise InvalidLabelConfig(what=key)
    return tuple(str(value) for value in values)
