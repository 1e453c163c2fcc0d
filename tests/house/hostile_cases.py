"""Hostile requests for one operation, made from the OpenAPI document and a complete example. Deterministic."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.house.hostile_values import HOSTILE, must_refuse
from tests.openapi import Document

MULTIPART = "multipart/form-data; boundary=edge"
MARK = '"@@here@@"'
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Case:
    """One request. `refused`: 4xx is the only right answer; else anything below 500."""

    name: str
    path: str
    body: bytes
    content_type: str = "application/json"
    refused: bool = True
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """One operation with a good request: method, template, filled path, query, example body."""

    document: Document
    method: str
    template: str
    ids: dict[str, str]
    query: str
    example: Any
    photo: dict[str, Any] | None = None  # the multipart fields, the file among them as bytes

    @property
    def described(self) -> dict[str, Any]:
        return self.document.body["paths"][self.template][self.method.lower()]

    @property
    def content_type(self) -> str:
        return "application/json" if self.photo is None else MULTIPART

    @property
    def body(self) -> bytes:
        if self.photo is not None:
            return multipart(self.photo)
        return b"" if self.example is None else json.dumps(self.example, default=str).encode()

    def path(self, *, query: str | None = None, **ids: str) -> str:
        filled = self.template
        for name, value in {**self.ids, **ids}.items():
            filled = filled.replace("{" + name + "}", value)
        query = self.query if query is None else query
        return f"{filled}?{query}" if query else filled

    def schema_of_body(self) -> dict[str, Any]:
        content = self.described.get("requestBody", {}).get("content", {})
        return self.resolve(content.get("application/json", {}).get("schema", {}))

    def schema_of_form(self) -> dict[str, Any]:
        content = self.described.get("requestBody", {}).get("content", {})
        return self.resolve(content.get("multipart/form-data", {}).get("schema", {}))

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        """`schema` without references; one branch of oneOf/allOf merged in, null kept."""
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            return self.resolve(self.document.body["components"]["schemas"][name])
        for word in ("allOf", "oneOf", "anyOf"):
            if word in schema:
                branches = [self.resolve(branch) for branch in schema[word]]
                return _merged(branches)
        return schema


def multipart(fields: dict[str, Any]) -> bytes:
    """The body of a form; bytes are files."""
    parts = []
    for name, value in fields.items():
        file = '; filename="f"' if isinstance(value, bytes) else ""
        head = f'--edge\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        parts.append(head.encode() + (value if isinstance(value, bytes) else str(value).encode()) + b"\r\n")
    return b"".join(parts) + b"--edge--\r\n"


def _merged(branches: list[dict[str, Any]]) -> dict[str, Any]:
    types: list[str] = []
    merged: dict[str, Any] = {}
    for branch in branches:
        given = branch.get("type", [])
        types += given if isinstance(given, list) else [given]
        merged = {**branch, **merged}
    return {**merged, "type": sorted(set(types))} if types else merged


def cases_of(target: Target) -> Iterator[Case]:
    """Every hostile request for the operation, in a fixed order."""
    yield from path_cases(target)
    yield from query_cases(target)
    yield from header_cases(target)
    if target.photo is None:
        yield from whole_body_cases(target)
        yield from field_cases(target)
    else:
        yield from multipart_cases(target)


def mutations_of(target: Target, *, seed: str) -> Iterator[Case]:
    """Good requests with bytes changed, taken out, doubled or put in; the same ones for the same seed, without end."""
    dice = random.Random(seed)
    while True:
        body = bytearray(target.body or b"{}")
        for _ in range(dice.randint(1, 4)):
            at, until = sorted(dice.randrange(len(body) + 1) for _ in range(2))
            body[at:until] = dice.choice(
                [
                    b"",
                    bytes(body[at:until]) * 2,
                    bytes([dice.randrange(256)]),
                    dice.choice(SHARDS),
                    body[at:until],
                ]
            )
            body = body or bytearray(b"{")
        yield Case(
            f"mutation {bytes(body)[:80]!r}",
            target.path(),
            bytes(body[:200_000]),
            content_type=target.content_type,
            refused=False,
        )


SHARDS = [
    b"null", b"true", b"-1", b"1e999", b"NaN", b"[]", b"{}", b'""', b"\\u0000", b"\\ud800", b"\xff", b"\x00", b'"',
    b"[" * 50, b"9" * 19, "\u202e".encode(), "１２".encode(), b"0001-01-01T00:00:00+23:59",
    b"9999-12-31T23:59:59-23:00", b"\r\n--edge",
]  # fmt: skip

PATH_VALUES = [
    "a%00b", "%00", "%ED%A0%80", "%FF", "%E2%80%AE1", "1", "-1", "15.7", "1_5", "%EF%BC%91%EF%BC%95", "%20",
    "0", "018f000000007000800000000000dead", "%7B018f0000-0000-7000-8000-00000000dead%7D", "null", "undefined",
    "..%2F..%2Fetc%2Fpasswd", "A" * 3000, "A" * 9000, "%0d%0aSet-Cookie:x=1", "'%20OR%201=1--", "%F0%9F%98%80",
    str(2**64), "2026-02-30",
]  # fmt: skip


def path_cases(target: Target) -> Iterator[Case]:
    for name in target.ids:
        for value in PATH_VALUES:
            label = f"path {name}={value[:40]}"
            yield Case(label, target.path(**{name: value}), target.body, content_type=target.content_type)


QUERY_VALUES = [
    "a%00b", "%ED%A0%80", "%FF", "%E2%80%AE1", "-1", "0", "1e400", "1" + "0" * 30, str(2**63), "NaN", "true",
    "%EF%BC%91%EF%BC%92", "1_0", "%205", "0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:00",
    "0282-03-01T00:00:00%2B21:10", "9999-12-31T23:59:59", "2026-02-30", "0001-01-01", "1", "null", "[]",
    "'%20OR%201=1--", "A" * 3000, "018f000000007000800000000000dead", "", "%25", "%5C", "%F0%9F%98%80",
    "bz0yMDAwMDA%3D", "cD0wMDAw", "cj0xJnA9JTAw",
]  # fmt: skip
FORBIDDEN_IN_URL = {"a%00b", "%ED%A0%80", "%FF", "%E2%80%AE1"}
NOT_EMPTY_CLOSED = {"integer", "uuid", "date", "date-time", "enum", "boolean"}
LEGAL = {
    "integer": {"1", ""},
    "boolean": {"true", "", "1", "0"},
    "date": {""},
    "date-time": {""},
    "uuid": {""},
}


def query_cases(target: Target) -> Iterator[Case]:
    for parameter in target.described.get("parameters", []):
        if parameter["in"] == "query":
            name, schema = parameter["name"], target.resolve(parameter["schema"])
            for value in QUERY_VALUES:
                query = "&".join(filter(None, [target.query, f"{name}={value}"]))
                refused = value in FORBIDDEN_IN_URL or _is_closed(name, schema, value)
                yield Case(
                    f"query {name}={value[:40]}", target.path(query=query), target.body, refused=refused
                )
    for extra in (
        "ordering=password",
        "page=2",
        "offset=99999999999999999999",
        "%00=1",
        "id__in=1,2",
        "format=api",
    ):
        query = "&".join(filter(None, [target.query, extra]))
        yield Case(f"unknown query {extra}", target.path(query=query), target.body)


def _is_closed(name: str, schema: dict[str, Any], value: str) -> bool:
    """Whether the parameter's schema leaves no room for `value`."""
    if name == "limit":
        return value not in {"1"}
    kind = "enum" if "enum" in schema else schema.get("format") or schema.get("type")
    if kind == "enum":
        return value not in {*schema["enum"], ""}
    return kind in LEGAL and value not in LEGAL[kind]


def header_cases(target: Target) -> Iterator[Case]:
    headers = [
        {"Idempotency-Key": "x" * 129}, {"Idempotency-Key": "\u00ff" * 20}, {"X-Sent-At": "0001-01-01T00:00:00+23:59"},
        {"X-Sent-At": "9999-12-31T23:59:59-23:00"}, {"X-Sent-At": "yesterday"}, {"X-Request-ID": "a\x00b"},
        {"Accept-Language": "x" * 5000}, {"Accept": "text/html"}, {"Accept": "application/yaml;q=nan"},
        {"X-Forwarded-For": "'; DROP TABLE--, ::::, 999.1.1.1"}, {"X-HTTP-Method-Override": "DELETE"},
        {"If-Modified-Since": "99999"}, {"Range": "bytes=-99999999999999999999"},
        {"Cookie": "sessionid=\x00; csrftoken=%00"},
    ]  # fmt: skip
    for given in headers:
        [(name, value)] = given.items()
        yield Case(f"header {name}: {value[:30]!r}", target.path(), target.body, refused=False, headers=given)
    for value in (
        "Token",
        "Token x y",
        "Token " + "\u00e9" * 64,
        "Token " + "0" * 5000,
        "Basic eDp5",
        "Bearer \x00",
    ):
        headers_ = {"Authorization": value}
        yield Case(
            f"authorization {value[:20]!r}", target.path(), target.body, refused=False, headers=headers_
        )


def whole_body_cases(target: Target) -> Iterator[Case]:
    good, path = target.body, target.path()
    reads_body = target.method in ("POST", "PATCH", "PUT")
    may_be_empty = not target.schema_of_body().get("required")
    for name, body, always in [
        ("empty", b"", not may_be_empty),
        ("an array", b"[]", True),
        ("a number", b"1", True),
        ("a text", b'"text"', True),
        ("true", b"true", True),
        ("null", b"null", True),
        ("blank", b"   ", True),
        ("truncated", good[: max(1, len(good) // 2)] if len(good) > 2 else b"{", True),
        ("truncated by one", good[:-1] if len(good) > 2 else b"{", True),
        ("followed by more", good + b"{}" if good else b"{}{}", True),
        ("not UTF-8", b'{"a": "\xff\xfe"}', True),
        ("UTF-16", '{"a": 1}'.encode("utf-16"), True),
        ("byte order mark", b"\xef\xbb\xbf{}", True),
        ("single quotes", b"{'a': 1}", True),
        ("comment", b"{/* */}", True),
        ("1,000 arrays", b"[" * 1000 + b"]" * 1000, True),
        ("100,000 open brackets", b"[" * 100_000, True),
        ("1,000 objects", b'{"a":' * 1000 + b"1" + b"}" * 1000, True),
        ("21 levels", b'{"a":' * 21 + b"1" + b"}" * 21, True),
        ("a key twice", b'{"a": 1, "a": 1}', True),
        ("unknown field", _with(good, '"is_admin": true'), True),
        ("prototype", _with(good, '"__proto__": {"x": 1}'), True),
        ("key of NUL", _with(good, '"\\u0000": 1'), True),
        ("key of a surrogate", _with(good, '"\\udc00": 1'), True),
        ("not a number", _with(good, '"a": NaN'), True),
        ("ten to the thirty", _with(good, '"a": 1' + "0" * 30), True),
        ("over a megabyte", _with(good, '"a": "' + "x" * 1_048_576 + '"'), True),
    ]:
        yield Case(f"body: {name}", path, body, refused=always and reads_body)
    for kind in (
        "text/plain",
        "application/xml",
        FORM,
        "application/yaml",
        "multipart/form-data",
        ";;;",
        "*/*",
    ):
        yield Case(f"content type {kind}", path, good or b"{}", content_type=kind, refused=reads_body)
    form = b'--b\r\nContent-Disposition: form-data; name="meta"\r\n\r\nnull\r\n--b--\r\n'
    multipart, charset = "multipart/form-data; boundary=b", "application/json; charset=utf-16"
    yield Case("multipart null", path, form, content_type=multipart, refused=reads_body)
    yield Case("charset utf-16", path, good or b"{}", content_type=charset, refused=False)


def _with(body: bytes, member: str) -> bytes:
    """The object `body` with one more member."""
    rest = body.strip()[1:] if body.strip().startswith(b"{") else b"}"
    return ("{" + member).encode() + (b"," if rest.strip() != b"}" else b"") + rest


# (name, text, whether every field refuses it)
FORM_TEXTS = [
    ("NUL", "a\0b", True),
    ("bidi override", "\u202e1", True),
    ("null", "null", True),
    ("empty", "", True),
    ("ten to the thirty", "1" + "0" * 30, True),
    ("overflow", "1e400", True),
    ("giant exponent", "1e999999999", True),
    ("not a number", "NaN", True),
    ("full-width digits", "１２", True),
    ("true", "true", True),
    ("an object", '{"a": 1}', True),
    ("1,000 arrays", "[" * 1000 + "]" * 1000, True),
    ("first moment", "0001-01-01T00:00:00+23:59", True),
    ("last moment", "9999-12-31T23:59:59-23:00", True),
    ("naive moment", "2026-03-01T08:30:00", True),
    ("UUID without hyphens", "018f000000007000800000000000dead", True),
    ("huge text", "A" * 100_000, True),
    ("a file", b"\x00\xff", True),
]
FORM_FILES = [
    ("empty", b""),
    ("one byte", b"\xff"),
    ("text", b"hello"),
    ("SVG", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    ("GIF", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
    (
        "PNG that ends early",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff\xff\xff\xff\xff\xff\xff\xff\x08\x02\x00\x00\x00",
    ),
    ("JPEG that ends early", b"\xff\xd8\xff\xe0\x00\x10JFIF"),
    ("ZIP", b"PK\x03\x04" + b"\x00" * 64),
]


def multipart_cases(target: Target) -> Iterator[Case]:
    """Forms: bad frames, bad files, every field × every hostile text, every field missing and twice."""
    good, path = target.photo or {}, target.path()
    file = next(name for name, value in good.items() if isinstance(value, bytes))
    frames = [
        ("empty", b"", MULTIPART),
        ("no closing edge", target.body[:-10], MULTIPART),
        ("truncated", target.body[: len(target.body) // 2], MULTIPART),
        ("other edge", target.body, "multipart/form-data; boundary=other"),
        ("no edge", target.body, "multipart/form-data"),
        ("edge of 1,000", target.body, f"multipart/form-data; boundary={'x' * 1000}"),
        ("JSON", b"{}", "application/json"),
        ("JSON of the fields", b'{"photo": "x"}', "application/json"),
        ("url-encoded", b"photo=x", FORM),
        ("plain text", b"x", "text/plain"),
        ("60 fields", multipart({**good, **{f"f{n}": "x" for n in range(60)}}), MULTIPART),
        ("9 files", multipart({**good, **{f"f{n}": b"x" for n in range(9)}}), MULTIPART),
        ("unknown field", multipart({**good, "is_admin": "true"}), MULTIPART),
        ("NUL in a name", multipart({**good, "a\0b": "x"}), MULTIPART),
    ]
    yield from (Case(f"form: {name}", path, body, content_type=kind) for name, body, kind in frames)
    for name, data in FORM_FILES:
        yield Case(f"{file} is {name}", path, multipart({**good, file: data}), content_type=MULTIPART)
    required = target.schema_of_form().get("required", [])
    for field_ in good:
        rest = {name: value for name, value in good.items() if name != field_}
        yield Case(
            f"{field_} is missing", path, multipart(rest), content_type=MULTIPART, refused=field_ in required
        )
        for name, text, always in FORM_TEXTS:
            if isinstance(text, bytes) and field_ == file:
                continue
            body = multipart({**good, field_: text})
            yield Case(f"{field_} = {name}", path, body, content_type=MULTIPART, refused=always)


def field_cases(target: Target) -> Iterator[Case]:
    """Every field × every hostile value, and every field missing."""
    schema, path = target.schema_of_body(), target.path()
    for trail, inner, required in fields_of(target, schema):
        label = "/".join(map(str, trail))
        if trail[-1] != 0:
            missing = _dump(_without(target.example, trail)).encode()
            yield Case(f"{label} is missing", path, missing, refused=required)
        for value in HOSTILE:
            body = _dump(_replaced(target.example, trail)).replace(MARK, value.raw)
            yield Case(f"{label} = {value.name}", path, body.encode(), refused=must_refuse(value, inner))


Trail = tuple[str | int, ...]


def fields_of(
    target: Target, schema: dict[str, Any], trail: Trail = ()
) -> Iterator[tuple[Trail, dict[str, Any], bool]]:
    """(where, schema, required) of every field, objects and the first item of lists gone into."""
    required = schema.get("required", [])
    for name, raw in schema.get("properties", {}).items():
        inner = target.resolve(raw)
        here = (*trail, name)
        if raw.get("nullable") and "null" not in inner.get("type", []):
            inner = {**inner, "type": [inner.get("type"), "null"]}
        yield here, inner, name in required
        yield from fields_of(target, inner, here)
        if "items" in inner:
            item = target.resolve(inner["items"])
            yield (*here, 0), item, False
            yield from fields_of(target, item, (*here, 0))


def _dump(value: Any) -> Any:
    return json.dumps(value, default=str)


def _replaced(example: Any, trail: Trail) -> Any:
    return _edit(example, trail, lambda holder, key: holder.__setitem__(key, MARK.strip('"')))


def _without(example: Any, trail: Trail) -> Any:
    return _edit(example, trail, lambda holder, key: holder.pop(key, None))


def _edit(example: Any, trail: Trail, change: Any) -> Any:
    """A copy of `example`, changed at `trail`; steps that are not there are made."""
    copy = json.loads(json.dumps(example or {}, default=str))
    holder = copy
    for here, after in pairwise(trail):
        fresh: Any = [None] if isinstance(after, int) else {}
        if isinstance(holder, list) and not holder:
            holder.append(fresh)
        elif isinstance(holder, dict) and not isinstance(holder.get(here), (dict, list)):
            holder[here] = fresh
        elif isinstance(holder, list) and not isinstance(holder[0], (dict, list)):
            holder[0] = fresh
        if isinstance(holder, list):
            here = 0
        holder = holder[here]
    if isinstance(holder, list) and not holder:
        holder.append(None)
    change(holder, trail[-1])
    return copy
