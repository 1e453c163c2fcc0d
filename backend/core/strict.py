"""The input guard: what may come in at all, before any view sees it.

Nine classes of input make stock Django + DRF + PostgreSQL answer 500 (NUL in a path, dates beyond PostgreSQL,
numbers beyond bigint, deep nesting, lone surrogates …). They are stopped here once, for every operation.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

import orjson
from django.http import HttpRequest, HttpResponse
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from backend.core.errors import DomainError
from backend.core.errors import mark as _
from backend.core.problems import BodyTooLarge, problem

MAX_BODY_BYTES = 1_048_576
MAX_DEPTH = 20
MAX_URL_CHARS = 4_096
# Controls that reorder text on screen: a code that shows other than it is stored.
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
FORBIDDEN = re.compile(f"[\x00\ud800-\udfff{BIDI}]")
# Possessive, and an open string runs to the end: otherwise half a megabyte of \" costs hours.
TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)


class BadText(DomainError):
    """NUL, a lone surrogate or a bidirectional control character."""

    code, status, title = "bad_text", 400, _("The text holds characters that are not allowed")


class BadJson(DomainError):
    code, status, title = "bad_json", 400, _("The body is not valid JSON")
    detail, texts = _("{reason}"), ("reason",)


class TooDeep(DomainError):
    code, status, title = "too_deep", 400, _("The body is nested too deeply")
    detail = _("At most {limit} levels are taken.")


class BadUrl(DomainError):
    code, status, title = "bad_url", 400, _("The address holds characters that are not allowed")


def check_text(text: str) -> None:
    """Raises BadText where `text` holds NUL, a surrogate or a bidi control."""
    if FORBIDDEN.search(text):
        raise BadText


def check_tree(value: Any) -> None:
    """Raises BadText for any forbidden text in a decoded JSON value, keys included."""
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            check_text(node)
        elif isinstance(node, dict):
            stack.extend(node.keys())
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def depth(body: bytes) -> int:
    """Deepest nesting of brackets outside strings."""
    level = deepest = 0
    for token in TOKENS.finditer(body):
        first = body[token.start()]
        if first in b"[{":
            level += 1
            deepest = max(deepest, level)
        elif first in b"]}":
            level -= 1
    return deepest


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadJson(reason=_("A key stands twice in one object."))
    return found


def _no_constant(name: str) -> NoReturn:
    raise BadJson(reason=_("NaN and Infinity are not JSON."))


def _int(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= int(text) < 2**63:
        raise BadJson(reason=_("A whole number has more than 64 bits."))
    return int(text)


def _decimal(text: str) -> Decimal:
    if len(text) > 40:
        raise BadJson(reason=_("A number has more than 40 characters."))
    value = Decimal(text)
    if abs(value.adjusted()) > 40:  # 1e999999999 is eleven characters; written out it is a gigabyte
        raise BadJson(reason=_("A number is too large or too small."))
    return value


def parse_json(body: bytes) -> Any:
    """Decoded JSON: fractions as Decimal, no duplicate keys, no NaN, at most 20 levels, no forbidden text.

    Raises BadJson, TooDeep, BadText, BodyTooLarge.
    """
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge(limit=MAX_BODY_BYTES)
    if depth(body) > MAX_DEPTH:
        raise TooDeep(limit=MAX_DEPTH)
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
            parse_float=_decimal,
            parse_int=_int,
        )
    except (ValueError, RecursionError) as error:
        raise BadJson(reason=_("It cannot be read as JSON.")) from error
    check_tree(value)
    return value


class StrictJSONParser(BaseParser):
    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read(MAX_BODY_BYTES + 1)
        return parse_json(body) if body else {}


class PhotoParser(MultiPartParser):
    """multipart/form-data for the few operations that take a file; the field texts are guarded as well."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        parsed = super().parse(stream, media_type, parser_context)
        for name, values in parsed.data.lists():
            check_text(name)
            for value in values:
                check_text(value)
        return parsed


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


class OrjsonRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset: Any = None
    render_style = "binary"

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        """JSON in UTF-8; Decimals as strings so that no phone rounds them."""
        return b"" if data is None else orjson.dumps(data, default=_plain, option=orjson.OPT_UTC_Z)


class AlwaysJson(BaseContentNegotiation):
    """The answer's form is the operation's, not the Accept header's."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        wanted = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == wanted), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class UrlGuard:
    """Refuses addresses that hold NUL, control characters, broken UTF-8 or bidi controls."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self.is_clean(request.get_full_path()):
            return problem(BadUrl(), request)
        return self.get_response(request)

    @staticmethod
    def is_clean(url: str) -> bool:
        if len(url) > MAX_URL_CHARS:
            return False
        try:
            text = unquote_to_bytes(url).decode("utf-8")
        except UnicodeDecodeError:
            return False
        return not any(unicodedata.category(ch) in ("Cc", "Cs") or ch in BIDI for ch in text)


def body_of(request: Request) -> Mapping[str, Any]:
    """The body as an object. Raises BadJson where it is a list, a text or a number."""
    return object_of(request.data)


def object_of(data: object) -> Mapping[str, Any]:
    """Decoded JSON that must be an object. Raises BadJson for anything else."""
    if not isinstance(data, Mapping):
        raise BadJson(reason=_("An object is expected."))
    return data
