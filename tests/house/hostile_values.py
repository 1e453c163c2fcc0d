"""Hostile JSON values, and which of them a field of a given schema must refuse."""

import json
from dataclasses import dataclass
from typing import Any

ANY = frozenset({"string", "number", "integer", "boolean", "array", "object", "null"})


@dataclass(frozen=True)
class Hostile:
    """One raw JSON text. `kind` is its JSON type; `never` marks what no field may take, whatever its type."""

    name: str
    raw: str
    kind: str
    never: bool = False


def _text(name: str, raw: str, *, never: bool = False) -> Hostile:
    return Hostile(name, f'"{raw}"', "string", never)


HOSTILE = [
    _text("NUL", "a\\u0000b", never=True),
    _text("lone surrogate", "\\ud800", never=True),
    _text("lone low surrogate inside", "x\\udfffy", never=True),
    _text("bidi override", "\\u202e001-sihT", never=True),
    _text("bidi isolate", "a\\u2066b", never=True),
    _text("full-width digits", "１２"),
    _text("exponent text", "1e5"),
    _text("hexadecimal text", "0x10"),
    _text("grouped digits", "1_000"),
    _text("padded digits", " 5 "),
    _text("fraction text", "15.7"),
    _text("negative text", "-1"),
    _text("infinite text", "Infinity"),
    _text("empty text", ""),
    _text("blank text", " \\t\\n "),
    _text("emoji", "😀" * 50),
    _text("formula", "=cmd|' /C calc'!A0"),
    _text("markup", "<script>alert(1)</script>"),
    _text("template", "{{7*7}}${7*7}#{7*7}%s%n"),
    _text("quote", "' OR 1=1; --"),
    _text("path", "../../../../etc/passwd"),
    _text("line separators", "a\\u2028b\\u0085c\\u001fd"),
    _text("huge text", "A" * 100_000),
    _text("first moment", "0001-01-01T00:00:00+23:59"),
    _text("last moment", "9999-12-31T23:59:59-23:00"),
    _text("third-century moment", "0282-03-01T00:00:00+21:10"),
    _text("naive last moment", "9999-12-31T23:59:59"),
    _text("naive moment", "2026-03-01T08:30:00"),
    _text("impossible date", "2026-02-30"),
    _text("first date", "0001-01-01"),
    _text("last date", "9999-12-31"),
    _text("week date", "2026-W07-7"),
    _text("UUID without hyphens", "018f000000007000800000000000dead"),
    _text("UUID in braces", "{018f0000-0000-7000-8000-00000000dead}"),
    _text("UUID as URN", "urn:uuid:018f0000-0000-7000-8000-00000000dead"),
    Hostile("ten to the thirty", "1" + "0" * 30, "integer", never=True),
    Hostile("beyond bigint", str(2**63), "integer"),
    Hostile("below bigint", str(-(2**63) - 1), "integer"),
    Hostile("minus one", "-1", "integer"),
    Hostile("zero", "0", "integer"),
    Hostile("integer key", "15", "integer"),
    Hostile("fraction", "15.7", "number"),
    Hostile("long fraction", "0.1234567890123456789", "number"),
    Hostile("overflow", "1e400", "number", never=True),
    Hostile("underflow", "1e-400", "number", never=True),
    Hostile("a gigabyte of zeros", "1e999999999", "number", never=True),
    Hostile("zero with a giant exponent", "0e-999999999", "number", never=True),
    Hostile("not a number", "NaN", "number", never=True),
    Hostile("infinity", "Infinity", "number", never=True),
    Hostile("minus infinity", "-Infinity", "number", never=True),
    Hostile("true", "true", "boolean"),
    Hostile("null", "null", "null"),
    Hostile("empty array", "[]", "array"),
    Hostile("array of null", "[null]", "array"),
    Hostile("array of itself", "[[[[[]]]]]", "array"),
    Hostile("long array", "[" + "1," * 5000 + "1]", "array"),
    Hostile("empty object", "{}", "object"),
    Hostile("strange object", '{"__proto__": {"x": 1}, "": null}', "object"),
    Hostile("key with NUL", '{"a\\u0000b": 1}', "object", never=True),
    Hostile("key with surrogate", '{"\\ud800": 1}', "object", never=True),
    Hostile("duplicate keys", '{"a": 1, "a": 2}', "object", never=True),
    Hostile("1,000 arrays", "[" * 1000 + "]" * 1000, "array", never=True),
    Hostile("1,000 objects", '{"a":' * 1000 + "1" + "}" * 1000, "object", never=True),
]


def types_of(schema: dict[str, Any]) -> set[str]:
    """The JSON types a resolved schema takes; decimals may come as a number too."""
    given = schema.get("type", list(ANY))
    types = set(given if isinstance(given, list) else [given])
    if schema.get("format") == "decimal":
        types |= {"number", "integer"}
    if "number" in types:
        types.add("integer")
    return types


def must_refuse(value: Hostile, schema: dict[str, Any]) -> bool:
    """Whether a field of `schema` may not take `value`; False where it might be a legal value."""
    if value.never or value.kind not in types_of(schema):
        return True
    if value.kind == "string":
        closed = {"enum", "format", "pattern"} & set(schema)
        if schema.get("format") == "decimal":
            return value.name not in {"fraction text", "negative text"}
        if closed:
            return not (value.raw == '""' and "" in schema.get("enum", ()))
        return len(json.loads(value.raw).strip()) > schema.get("maxLength", 99_999)
    if value.name in ("beyond bigint", "below bigint", "long fraction"):
        return True
    return value.name == "long array" and "array" in types_of(schema)
